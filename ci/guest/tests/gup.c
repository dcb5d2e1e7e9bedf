// SPDX-License-Identifier: GPL-2.0
/*
 * The walk without locks, get_user_pages_fast_only(), across the edge of every
 * page table: it returns each page that is mapped, up to the first that is not
 * or does not allow what is asked for, and none but the right one.
 *
 * Facts:
 *   gup.boundary=entry|level     what the end of a pgd entry is told from: itself
 *				  or, as where no level is folded at run time, its level
 *   gup.edges=<first>-<last>     powers of two at which there was a look
 *   gup.tops=<address>,...       where the tables of each depth end
 *   gup.beyond=nothing|found     what is found behind the end of the address space
 *   gup.prot_none=stops|returned whether reading what nobody may read stops
 *   gup.thp=<kB>|absent          size of a transparent huge page
 *   gup.hugetlb=<kB>|absent      size of a page of hugetlbfs
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "edges.h"
#include "file.h"
#include "ktap.h"
#include "mm.h"
#include "module.h"
#include "modules/gup.h"

#define SIDE		8	/* pages on either side of an edge */
#define PAGES		(2 * SIDE)
#define TRIES		50
#define LOW		16	/* places to try */
#define ANON		(MAP_PRIVATE | MAP_ANONYMOUS)
#define RW		(PROT_READ | PROT_WRITE)
#define NR_HUGE		"/proc/sys/vm/nr_hugepages"

static size_t psize;
static int dev;

static void load(void)
{
	psize = mm_page_size();
	module_load(GUP_NAME);
	dev = open("/dev/" GUP_NAME, O_RDWR | O_CLOEXEC);
	require(dev >= 0, "/dev/" GUP_NAME ": %m");
}

static void begin(void)
{
	struct gup_request none = { .nr = 0 };
	struct utsname uts;

	load();
	if (!ioctl(dev, GUP_FAST_ONLY, &none) || errno != EOPNOTSUPP)
		return;
	/* Not with two levels, nor on riscv of 5.10; 7.3's has it, as all others */
	require(!uname(&uts), "uname: %m");
	require(!strncmp(uts.machine, "arm", 3) ||
		(!strncmp(uts.machine, "riscv", 5) && !mm_kernel_since(7, 3)),
		"no walk without locks on %s", uts.machine);
	skip("this kernel has no walk without locks");
}

/**
 * ask() - ask for pages, once
 * @start: the first
 * @nr: how many
 * @write: for write access
 * @most: more cannot be right
 *
 * Ends the case if a page is another than the one that is mapped.
 *
 * Return: how many were returned.
 */
static size_t ask(const char *start, size_t nr, bool write, size_t most)
{
	static u64 pfns[GUP_PAGES], before[GUP_PAGES], after[GUP_PAGES];
	struct gup_request req = {
		.start = (unsigned long)start,
		.pfns = (unsigned long)pfns,
		.nr = nr,
		.write = write,
	};
	size_t i;

	require(most <= GUP_PAGES, "%zu pages are too many", most);
	edges_frames(start, most, before);
	require(!ioctl(dev, GUP_FAST_ONLY, &req), "GUP_FAST_ONLY: %m");
	require(req.got <= most, "%s %zu pages at %p: %u, not %zu",
		write ? "write" : "read", nr, start, req.got, most);
	edges_frames(start, req.got, after);
	for (i = 0; i < req.got; i++) {
		/* One that moves in between may be either */
		require(pfns[i] == before[i] || pfns[i] == after[i],
			"%s %zu pages at %p: page %zu is frame 0x%llx, not 0x%llx",
			write ? "write" : "read", nr, start, i, pfns[i],
			after[i]);
	}
	return req.got;
}

/*
 * Of @nr pages at @start just the first @want are returned.  The walk may give
 * up where somebody else looks at a page at the same time, so that is tried
 * more than once.
 */
static void expect_pages(const struct edge *e, const char *start, size_t nr,
			 bool write, size_t want)
{
	size_t got, best = 0;
	int i;

	for (i = 0; i < TRIES; i++) {
		if (i)
			usleep(1000);
		got = ask(start, nr, write, want);
		if (got > best)
			best = got;
		if (best == want)
			return;
	}
	require(false,
		"edge %u, tables %#llx: %s %zu pages at %p: %zu, not %zu",
		e->shift, e->tables, write ? "write" : "read", nr, start, best,
		want);
}

static void expect_both(const struct edge *e, const char *start, size_t nr,
			size_t want)
{
	expect_pages(e, start, nr, false, want);
	expect_pages(e, start, nr, true, want);
}

/* A walker of a new process is told where the entry ends, or what is above. */
static void first_entry(const void *unused)
{
	struct gup_boundary b = { .start = 0 };

	load();
	require(!ioctl(dev, GUP_BOUNDARY, &b), "GUP_BOUNDARY: %m");
	expect(b.end && !(b.end & (b.end - 1)), "the first entry ends at %#llx",
	       b.end);
	expect(b.end <= b.pgdir_size, "%#llx is more than a level maps, %#llx",
	       b.end, b.pgdir_size);
	fact("gup.boundary", "%s", b.end < b.pgdir_size ? "entry" : "level");
}

static void touch(char *p, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		mm_poke(p + i * psize, 0x5a);
}

/* Small pages on both sides of the edge, populated.  Return: the first. */
static char *map_pages(const struct edge *e)
{
	char *p = edges_map(e->at - SIDE * psize, PAGES * psize, RW, ANON, -1);

	madvise(p, PAGES * psize, MADV_NOHUGEPAGE);
	touch(p, PAGES);
	return p;
}

/* Every range with a page on both sides, and some with all on one. */
static void expect_parts(const struct edge *e, char *p)
{
	size_t i;

	expect_both(e, p, PAGES, PAGES);
	for (i = 1; i < SIDE; i++)
		expect_pages(e, p + i * psize, PAGES - 2 * i, i % 2,
			     PAGES - 2 * i);
	expect_pages(e, p, SIDE, true, SIDE);
	expect_pages(e, p + SIDE * psize, SIDE, true, SIDE);
}

static void visit_anon(const struct edge *e)
{
	expect_parts(e, map_pages(e));
}

static void anon(const void *unused)
{
	char range[32];

	begin();
	edges_range(range, sizeof(range));
	fact("gup.edges", "%s", range);
	edges_each(PAGES * psize, EDGES_ALL | EDGES_DEEPER, visit_anon);
}

static void visit_file(const struct edge *e)
{
	static struct file f;
	char *p;

	file_create(&f, &tmpfs, PAGES, -1);
	p = edges_map(e->at - SIDE * psize, PAGES * psize, RW, MAP_SHARED,
		      f.fd);
	touch(p, PAGES);
	expect_parts(e, p);
}

static void file(const void *unused)
{
	begin();
	edges_each(PAGES * psize, EDGES_DEEPER, visit_file);
}

/* Where something else is than a page to be returned. */
static const size_t odd_ones[] = {
	0, 1, SIDE - 2, SIDE - 1, SIDE, SIDE + 1, PAGES - 1
};

static void visit_holes(const struct edge *e)
{
	char *p = map_pages(e), *hole;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(odd_ones); i++) {
		hole = p + odd_ones[i] * psize;
		require(!madvise(hole, psize, MADV_DONTNEED),
			"MADV_DONTNEED: %m");
		expect_both(e, p, PAGES, odd_ones[i]);
		expect_pages(e, hole, 1, false, 0);
		/* The rest is where it was */
		expect_pages(e, hole + psize, PAGES - odd_ones[i] - 1, true,
			     PAGES - odd_ones[i] - 1);
		mm_poke(hole, 0x5a);
		expect_both(e, p, PAGES, PAGES);
	}
	/* No table on one side, then on none */
	munmap(p + SIDE * psize, SIDE * psize);
	expect_both(e, p, PAGES, SIDE);
	expect_pages(e, p + SIDE * psize, SIDE, false, 0);
	munmap(p, SIDE * psize);
	expect_both(e, p, PAGES, 0);
	p = map_pages(e);
	munmap(p, SIDE * psize);
	expect_both(e, p, PAGES, 0);
	expect_both(e, p + SIDE * psize, SIDE, SIDE);
}

static void holes(const void *unused)
{
	begin();
	edges_each(PAGES * psize, EDGES_DEEPER, visit_holes);
}

static void protect(char *p, size_t nr, int prot)
{
	require(!mprotect(p, nr * psize, prot), "mprotect: %m");
}

/* Writable again, and written, as a page may be read-only until then. */
static void unprotect(char *p, size_t nr)
{
	protect(p, nr, RW);
	touch(p, nr);
}

static void visit_readonly(const struct edge *e)
{
	char *p = map_pages(e), *odd;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(odd_ones); i++) {
		odd = p + odd_ones[i] * psize;
		protect(odd, 1, PROT_READ);
		expect_pages(e, p, PAGES, false, PAGES);
		expect_pages(e, p, PAGES, true, odd_ones[i]);
		unprotect(odd, 1);
	}
	protect(p, PAGES, PROT_READ);
	expect_pages(e, p, PAGES, false, PAGES);
	expect_pages(e, p, PAGES, true, 0);
}

static void readonly(const void *unused)
{
	begin();
	edges_each(PAGES * psize, EDGES_DEEPER, visit_readonly);
}

/*
 * On s390 such a page is present like any other to who does not look at its
 * permissions, unless the kernel can balance between NUMA nodes.
 */
static bool none_stops(void)
{
	char *p = mmap(NULL, psize, RW, ANON, -1, 0);
	bool stops = true;
	int i;

	require(p != MAP_FAILED, "mmap: %m");
	touch(p, 1);
	protect(p, 1, PROT_NONE);
	for (i = 0; i < TRIES && stops; i++)
		stops = !ask(p, 1, false, 1);
	munmap(p, psize);
	return stops;
}

static bool stops;

static void visit_none(const struct edge *e)
{
	char *p = map_pages(e), *odd;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(odd_ones); i++) {
		odd = p + odd_ones[i] * psize;
		protect(odd, 1, PROT_NONE);
		expect_pages(e, p, PAGES, false, stops ? odd_ones[i] : PAGES);
		expect_pages(e, p, PAGES, true, odd_ones[i]);
		unprotect(odd, 1);
	}
	expect_both(e, p, PAGES, PAGES);
}

static void no_access(const void *unused)
{
	begin();
	stops = none_stops();
	fact("gup.prot_none", "%s", stops ? "stops" : "returned");
	edges_each(PAGES * psize, 0, visit_none);
}

/*
 * From before the edge to behind the next one: the whole table in between,
 * if it is small enough to be filled, or the first hole in it.
 */
static void visit_long(const struct edge *e)
{
	const unsigned long size = 1UL << e->shift;
	char *start = e->at - SIDE * psize, *end = e->at + size / 2, *rest;
	u64 nr;

	map_pages(e);
	if (e->next) {
		edges_map(e->next - SIDE * psize, PAGES * psize, RW,
			  ANON | MAP_POPULATE, -1);
		end = e->next + SIDE * psize;
	}
	/* Not beyond the end of what can be mapped, which ends the walk at once */
	if ((unsigned long)end > edges_top())
		end = (char *)edges_top();
	nr = (end - start) / psize;
	if (nr > INT_MAX)
		nr = INT_MAX;
	expect_both(e, start, nr, PAGES);
	if (size > mm_pmd_size() || !e->next)
		return;
	rest = e->at + SIDE * psize;
	edges_map(rest, size - PAGES * psize, RW, ANON, -1);
	madvise(rest, size - PAGES * psize, MADV_NOHUGEPAGE);
	touch(rest, size / psize - PAGES);
	expect_both(e, start, nr, nr);
	end -= SIDE * psize;
	madvise(end - psize, psize, MADV_DONTNEED);
	expect_pages(e, start, nr, false, nr - SIDE - 1);
}

static void across_tables(const void *unused)
{
	begin();
	edges_each(PAGES * psize, EDGES_DEEPER | EDGES_NEXT, visit_long);
}

static bool is_arm64(void)
{
	struct utsname uts;

	require(!uname(&uts), "uname: %m");
	return !strcmp(uts.machine, "aarch64");
}

/*
 * A range that goes on behind the top is refused as a whole.  But later kernels of
 * arm64 ask their configuration, not the CPU, what is too high, and with a CPU of
 * 48 bits the walk ends at an entry that is none.
 */
static void expect_top(const char *start, bool write)
{
	size_t got = ask(start, PAGES, write, SIDE);

	require(!got || (got == SIDE && is_arm64() && mm_kernel_since(5, 11)),
		"%s %d pages at %p: %zu, not 0", write ? "write" : "read",
		PAGES, start, got);
}

/* The pages below @arg.  Some may be of the stack, which do as well. */
static void below_top(const void *arg)
{
	const unsigned long top = *(const unsigned long *)arg;
	struct edge e = { .shift = __builtin_ctzl(top), .tables = top };
	char *p = (char *)(top - PAGES * psize);
	size_t i;

	for (i = 0; i < PAGES; i++) {
		mmap(p + i * psize, psize, RW, ANON | MAP_FIXED_NOREPLACE, -1,
		     0);
		mm_poke(p + i * psize, mm_read(p + i * psize));
	}
	expect_both(&e, p, PAGES, PAGES);
	for (i = 1; i < PAGES; i += 5)
		expect_both(&e, p + i * psize, PAGES - i, PAGES - i);
	expect_top(p + SIDE * psize, false);
	expect_top(p + SIDE * psize, true);
	expect_both(&e, p + PAGES * psize, 1, 0);
}

static void top(const void *unused)
{
	unsigned long tops[EDGES_TOPS];
	char text[EDGES_TOPS * 20] = "", what[32];
	size_t i, nr;

	begin();
	nr = edges_tops(tops);
	for (i = 0; i < nr; i++) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s0x%lx", i ? "," : "", tops[i]);
		snprintf(what, sizeof(what), "below 0x%lx", tops[i]);
		edges_child(what, below_top, &tops[i]);
	}
	fact("gup.tops", "%s", text);
}

/* Pages near the start of the address space: where neither program nor heap are. */
static char *map_low(void)
{
	char *at, *p = MAP_FAILED;
	int i;

	for (i = 1; i <= LOW && p == MAP_FAILED; i++) {
		at = (char *)(i * mm_pmd_size());
		p = mmap(at, PAGES * psize, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
		require(p == at || (p == MAP_FAILED && errno == EEXIST),
			"mmap at %p: %p, %m", at, p);
	}
	require(p != MAP_FAILED, "all of %d places are in use", LOW);
	return p;
}

/*
 * As far behind the end of the address space as something is behind its start.  A
 * 7.3 kernel for 52 bits finds that on an arm64 CPU of 48: TASK_SIZE_MAX lets it go
 * there, and the levels that are folded ignore what is above.  A fact on arm64.
 */
static void beyond_mapped(unsigned long end)
{
	char *p = map_low();
	u64 pfns[PAGES];
	struct gup_request req = {
		.start = end + (unsigned long)p,
		.pfns = (unsigned long)pfns,
		.nr = PAGES,
	};

	if (req.start < end) {
		/* On s390 no address is */
		fact("gup.beyond", "nothing");
		return;
	}
	touch(p, PAGES);
	require(!ioctl(dev, GUP_FAST_ONLY, &req), "GUP_FAST_ONLY: %m");
	fact("gup.beyond", "%s", req.got ? "found" : "nothing");
	expect(!req.got || is_arm64(), "%u pages at %#llx", req.got, req.start);
}

/* Addresses of the kernel, or of nobody. */
static void beyond(const void *unused)
{
	const unsigned long end = edges_top();
	struct edge e = { .tables = end };
	unsigned long p, rest;

	begin();
	/* Ever nearer to the last, which is beside what is reserved there */
	for (rest = -end; rest > PAGES * psize; rest /= 2) {
		p = -rest & ~(psize - 1);
		expect_both(&e, (char *)p, PAGES, 0);
		expect_both(&e, (char *)p, 1, 0);
	}
	expect_both(&e, (char *)-psize, 1, 0);
	expect_both(&e, (char *)-(2 * psize), PAGES, 0);
	expect_both(&e, NULL, 1, 0);
	beyond_mapped(end);
}

/* Huge pages in what is mapped at @p, which takes a free block of memory. */
static void make_huge(char *p, size_t size)
{
	size_t huge = mm_pmd_size();
	size_t i;
	int tries;

	require(!madvise(p, size, MADV_HUGEPAGE), "MADV_HUGEPAGE: %m");
	for (tries = 0; tries < TRIES; tries++) {
		if (tries) {
			munmap(p, size);
			edges_map(p, size, RW, ANON, -1);
			madvise(p, size, MADV_HUGEPAGE);
			mm_compact();
		}
		for (i = 0; i < size; i += huge)
			mm_poke(p + i, 0x5a);
		if (mm_map(p).anon_huge * 1024 == size)
			return;
	}
	require(false, "%lu of %zu kB at %p are in huge pages",
		mm_map(p).anon_huge, size / 1024, p);
}

static void visit_huge(const struct edge *e)
{
	size_t size = mm_pmd_size(), nr = size / psize;
	char *p = e->at - size;

	edges_map(p, 2 * size, RW, ANON, -1);
	make_huge(p, 2 * size);
	expect_parts(e, e->at - SIDE * psize);
	if (e->shift == (unsigned int)__builtin_ctzl(size))
		expect_both(e, p, 2 * nr, 2 * nr);
	/* Nothing behind the edge, then small pages */
	madvise(e->at, size, MADV_DONTNEED);
	expect_both(e, e->at - SIDE * psize, PAGES, SIDE);
	madvise(e->at, size, MADV_NOHUGEPAGE);
	touch(e->at, SIDE);
	expect_parts(e, e->at - SIDE * psize);
	require(mm_map(p).anon_huge * 1024 == size &&
		!mm_map(e->at).anon_huge, "%lu and %lu kB are huge",
		mm_map(p).anon_huge, mm_map(e->at).anon_huge);
	/* The other way round; no huge page goes where a table was left behind */
	munmap(p, 2 * size);
	edges_map(p, 2 * size, RW, ANON, -1);
	make_huge(e->at, size);
	madvise(p, size, MADV_NOHUGEPAGE);
	touch(e->at - SIDE * psize, SIDE);
	expect_parts(e, e->at - SIDE * psize);
	require(mm_map(e->at).anon_huge * 1024 == size &&
		!mm_map(p).anon_huge, "%lu and %lu kB are huge",
		mm_map(e->at).anon_huge, mm_map(p).anon_huge);
	/* One that allows less stops as a small page does */
	protect(e->at, nr, PROT_READ);
	expect_pages(e, e->at - SIDE * psize, PAGES, false, PAGES);
	expect_pages(e, e->at - SIDE * psize, PAGES, true, SIDE);
}

static void huge_pages(const void *unused)
{
	if (access(MM_THP "enabled", F_OK)) {
		fact("gup.thp", "absent");
		skip("this machine has no huge pages");
	}
	begin();
	mm_set(MM_THP "enabled", "madvise\n");
	mm_set(MM_THP "defrag", "madvise\n");
	fact("gup.thp", "%zu", mm_pmd_size() / 1024);
	edges_each(mm_pmd_size(), 0, visit_huge);
}

static size_t hugetlb_size;

static void visit_hugetlb(const struct edge *e)
{
	const int flags = ANON | MAP_HUGETLB | MAP_POPULATE;
	char *p = e->at - hugetlb_size, *q = e->at - SIDE * psize;

	if (1ULL << e->shift < hugetlb_size)
		return;
	edges_map(p, 2 * hugetlb_size, RW, flags, -1);
	expect_parts(e, q);
	munmap(p, hugetlb_size);
	expect_both(e, q, PAGES, 0);
	edges_map(q, SIDE * psize, RW, ANON, -1);
	touch(q, SIDE);
	expect_parts(e, q);
	munmap(e->at, hugetlb_size);
	expect_both(e, q, PAGES, SIDE);
	munmap(q, SIDE * psize);
	edges_map(p, hugetlb_size, RW, flags, -1);
	edges_map(e->at, SIDE * psize, RW, ANON, -1);
	touch(e->at, SIDE);
	expect_parts(e, q);
	protect(p, hugetlb_size / psize, PROT_READ);
	expect_pages(e, q, PAGES, false, PAGES);
	expect_pages(e, q, PAGES, true, 0);
}

static void huge_reserved(const void *unused)
{
	int i;

	if (access(NR_HUGE, F_OK) ||
	    mm_number("/proc/meminfo", "Hugepagesize") <= 0) {
		fact("gup.hugetlb", "absent");
		skip("this machine has no hugetlbfs");
	}
	begin();
	hugetlb_size = mm_number("/proc/meminfo", "Hugepagesize") * 1024;
	for (i = 0; i < TRIES && mm_number(NR_HUGE, "") < 2; i++) {
		mm_compact();
		mm_set(NR_HUGE, "2\n");
	}
	require(mm_number(NR_HUGE, "") == 2, "%lld of 2 pages reserved",
		mm_number(NR_HUGE, ""));
	fact("gup.hugetlb", "%zu", hugetlb_size / 1024);
	edges_each(hugetlb_size, 0, visit_hugetlb);
	mm_set(NR_HUGE, "0\n");
	expect(!mm_number(NR_HUGE, ""), "%lld huge pages are left",
	       mm_number(NR_HUGE, ""));
}

/* Nothing holds it any more. */
static void unload(const void *unused)
{
	load();
	close(dev);
	expect(!module_unload(GUP_NAME), "rmmod " GUP_NAME ": %m");
	module_load(GUP_NAME);
}

static const struct ktap_case cases[] = {
	{ "first_entry", first_entry, NULL, 0 },
	{ "anon", anon, NULL, 0 },
	{ "file", file, NULL, 0 },
	{ "holes", holes, NULL, 0 },
	{ "readonly", readonly, NULL, 0 },
	{ "prot_none", no_access, NULL, 0 },
	{ "across_tables", across_tables, NULL, 0 },
	{ "top", top, NULL, 0 },
	{ "beyond", beyond, NULL, 0 },
	{ "thp", huge_pages, NULL, 0 },
	{ "hugetlb", huge_reserved, NULL, 0 },
	{ "unload", unload, NULL, 0 },
	{ }
};

int main(int argc, char **argv)
{
	return ktap_main(argc, argv, cases);
}

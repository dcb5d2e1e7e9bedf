// SPDX-License-Identifier: GPL-2.0
/*
 * What walks page tables, across the edges of the tables: mprotect, mlock,
 * madvise, mremap, fork, munmap, truncate, swap, what /proc and mincore show; and
 * from the kernel's side vmap(), remap_pfn_range() and apply_to_page_range().
 * Every page is looked at: what should have changed has, and what holds
 * something holds it still.
 *
 * Facts:
 *   walkers.vmap=<MB>|absent   size of an entry at whose end there was a vmap();
 *                              absent: there is no room for so much
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edges.h"
#include "file.h"
#include "ktap.h"
#include "mm.h"
#include "module.h"
#include "modules/vmfault.h"
#include "modules/walk.h"
#include "swapfile.h"

#define SIDE		20	/* pages on either side of an edge */
#define PAGES		(2 * SIDE)
#define ROOM		(2 * SIDE * psize)
#define TRIES		50
#define SWAP_MB		2
#define ANON		(MAP_PRIVATE | MAP_ANONYMOUS)
#define RW		(PROT_READ | PROT_WRITE)
#define VALUE		0x5a
#define KPF_MLOCKED	33

#ifndef MADV_COLD
#define MADV_COLD	20
#endif

static size_t psize;

/*
 * Parts of the PAGES around an edge that something is done to: all, a few on
 * both sides, and what ends or begins at the edge or next to it.
 */
static const struct part {
	size_t first, nr;
} parts[] = {
	{ 0, PAGES },
	{ SIDE - 3, 6 },
	{ SIDE - 1, 2 },
	{ SIDE - 4, 4 },
	{ SIDE, 4 },
	{ SIDE - 5, 4 },
	{ SIDE + 1, 4 },
	{ SIDE - 6, SIDE },
};

static bool within(const struct part *part, size_t i)
{
	return i >= part->first && i < part->first + part->nr;
}

/* Which pages are mapped: all, or with holes that differ on both sides. */
static bool mapped_all(size_t i)
{
	return true;
}

static bool mapped_third(size_t i)
{
	return i % 3;
}

static bool mapped_but_edge(size_t i)
{
	return i != SIDE - 1 && i != SIDE;
}

static bool mapped_next_to_hole(size_t i)
{
	return i == SIDE - 1 || i == SIDE || i % 7 == 3;
}

static bool mapped_below(size_t i)
{
	return i < SIDE;
}

static bool mapped_above(size_t i)
{
	return i >= SIDE;
}

static bool (*const mapped[])(size_t i) = {
	mapped_all, mapped_third, mapped_but_edge, mapped_next_to_hole,
	mapped_below, mapped_above,
};

/**
 * struct area - memory from before an edge to behind the next
 * @windows: PAGES around each edge; nothing is populated in between
 * @nr: how many windows, 1 or 2
 */
struct area {
	char *windows[2];
	size_t nr;
};

static void fill(char *p, bool (*which)(size_t i))
{
	size_t i;

	for (i = 0; i < PAGES; i++) {
		if (which(i))
			file_page(p + i * psize, i);
	}
}

static void check_page(const struct edge *e, const char *p, size_t i)
{
	require(file_page_ok(p + i * psize, i),
		"edge %u, tables %#llx: page %zu at %p is wrong", e->shift,
		e->tables, i, p);
}

static void check(const struct edge *e, const char *p)
{
	size_t i;

	for (i = 0; i < PAGES; i++)
		check_page(e, p, i);
}

static bool zero(const char *page)
{
	size_t i;

	for (i = 0; i < psize; i += sizeof(u64)) {
		if (*(const u64 *)(page + i))
			return false;
	}
	return true;
}

static char *map(char *p, size_t size)
{
	edges_map(p, size, RW, ANON | MAP_NORESERVE, -1);
	madvise(p, size, MADV_NOHUGEPAGE);
	return p;
}

/* Map PAGES around the edge, and nothing in them yet. */
static char *map_window(const struct edge *e)
{
	return map(e->at - SIDE * psize, PAGES * psize);
}

static size_t area_size(const struct area *a)
{
	return a->windows[a->nr - 1] - a->windows[0] + PAGES * psize;
}

static struct area map_area(const struct edge *e)
{
	struct area a = { .nr = 1 };
	size_t i;

	a.windows[0] = e->at - SIDE * psize;
	if (e->next)
		a.windows[a.nr++] = e->next - SIDE * psize;
	map(a.windows[0], area_size(&a));
	for (i = 0; i < a.nr; i++)
		fill(a.windows[i], mapped_all);
	return a;
}

static void check_area(const struct edge *e, const struct area *a)
{
	size_t i;

	for (i = 0; i < a->nr; i++)
		check(e, a->windows[i]);
}

static sigjmp_buf recover;

static void on_segv(int sig)
{
	siglongjmp(recover, 1);
}

/* Read a byte, or write it back.  Return: false if that was a SIGSEGV. */
static bool try(char *p, bool write)
{
	unsigned char byte;

	/* The mask is left alone, see SA_NODEFER: this is done very often */
	if (sigsetjmp(recover, 0))
		return false;
	byte = mm_read(p);
	if (write)
		mm_poke(p, byte);
	return true;
}

static void check_access(const struct edge *e, char *p,
			 const struct part *part, int prot)
{
	int expected;
	size_t i;

	for (i = 0; i < PAGES; i++) {
		expected = !part || within(part, i) ? prot : RW;
		require(try(p + i * psize, false) == !!(expected & PROT_READ) &&
			try(p + i * psize, true) == !!(expected & PROT_WRITE),
			"edge %u, tables %#llx: page %zu at %p allows what it should not, or does not what it should",
			e->shift, e->tables, i, p);
	}
}

static void visit_mprotect(const struct edge *e)
{
	static const int prots[] = { PROT_READ, PROT_NONE };
	struct sigaction sa = { .sa_handler = on_segv, .sa_flags = SA_NODEFER };
	struct area a = map_area(e);
	size_t i, k, w;
	char *p;

	sigaction(SIGSEGV, &sa, NULL);
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		p = a.windows[0] + parts[i].first * psize;
		k = i % ARRAY_SIZE(prots);
		require(!mprotect(p, parts[i].nr * psize, prots[k]),
			"mprotect: %m");
		check_access(e, a.windows[0], &parts[i], prots[k]);
		require(!mprotect(p, parts[i].nr * psize, RW), "mprotect: %m");
	}
	check_access(e, a.windows[0], NULL, RW);
	/* From before the edge to behind the next one */
	for (k = 0; k < ARRAY_SIZE(prots); k++) {
		require(!mprotect(a.windows[0], area_size(&a), prots[k]),
			"mprotect: %m");
		for (w = 0; w < a.nr; w++)
			check_access(e, a.windows[w], NULL, prots[k]);
	}
	require(!mprotect(a.windows[0], area_size(&a), RW), "mprotect: %m");
	for (w = 0; w < a.nr; w++)
		check_access(e, a.windows[w], NULL, RW);
	check_area(e, &a);
}

static void protection(const void *unused)
{
	edges_each(ROOM, EDGES_DEEPER | EDGES_NEXT, visit_mprotect);
}

/* Just these pages are mapped, say pagemap and mincore. */
static void check_mapped(const struct edge *e, const char *p,
			 bool (*which)(size_t i))
{
	unsigned char vec[PAGES];
	u64 pfns[PAGES];
	size_t i;

	edges_frames(p, PAGES, pfns);
	for (i = 0; i < PAGES; i++)
		require((pfns[i] != NO_FRAME) == which(i),
			"edge %u, tables %#llx: page %zu at %p is %smapped",
			e->shift, e->tables, i, p, which(i) ? "not " : "");
	require(!mincore((void *)p, PAGES * psize, vec), "mincore: %m");
	for (i = 0; i < PAGES; i++)
		require((vec[i] & 1) == which(i),
			"edge %u, tables %#llx: page %zu at %p is %sresident",
			e->shift, e->tables, i, p, which(i) ? "not " : "");
}

static size_t count(bool (*which)(size_t i))
{
	size_t i, n = 0;

	for (i = 0; i < PAGES; i++)
		n += which(i);
	return n;
}

/* Which pages are locked; the others are not, or not mapped. */
static size_t locked(const char *p, bool *is)
{
	u64 pfns[PAGES];
	size_t i, n = 0;

	edges_frames(p, PAGES, pfns);
	for (i = 0; i < PAGES; i++) {
		is[i] = pfns[i] != NO_FRAME &&
			mm_page_flags(pfns[i]) & BIT_ULL(KPF_MLOCKED);
		n += is[i];
	}
	return n;
}

/*
 * Populate what is locked, so that every page is; then unlock a part, which must
 * be all that it does, and the rest.
 */
static void lock_pages(const struct edge *e, bool (*which)(size_t i),
		       const struct part *part)
{
	char *p = map_window(e);
	bool is[PAGES];
	size_t i, nr;

	require(!mlock2(p, PAGES * psize, MLOCK_ONFAULT), "mlock2: %m");
	fill(p, which);
	nr = locked(p, is);
	require(nr == count(which),
		"edge %u, tables %#llx: %zu of %zu pages are locked", e->shift,
		e->tables, nr, count(which));
	require(!munlock(p + part->first * psize, part->nr * psize),
		"munlock: %m");
	locked(p, is);
	for (i = 0; i < PAGES; i++)
		require(is[i] == (which(i) && !within(part, i)),
			"edge %u, tables %#llx: page %zu is %slocked, %zu from %zu were unlocked",
			e->shift, e->tables, i, is[i] ? "" : "not ", part->nr,
			part->first);
	require(!munlock(p, PAGES * psize), "munlock: %m");
	nr = locked(p, is);
	require(!nr, "edge %u, tables %#llx: %zu pages are locked still",
		e->shift, e->tables, nr);
	check_mapped(e, p, which);
	munmap(p, PAGES * psize);
}

static void visit_mlock(const struct edge *e)
{
	bool is[PAGES];
	size_t i;
	char *p;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		lock_pages(e, mapped[i % ARRAY_SIZE(mapped)], &parts[i]);

	/* What is mapped already, and what is not is then */
	p = map_window(e);
	fill(p, mapped_third);
	require(!mlock(p, PAGES * psize), "mlock: %m");
	for (i = 0; i < PAGES; i++)
		require(mapped_third(i) ? file_page_ok(p + i * psize, i) :
			mm_present(p + i * psize) && zero(p + i * psize),
			"edge %u, tables %#llx: page %zu is wrong", e->shift,
			e->tables, i);
	expect(mm_number("/proc/self/status", "VmLck") ==
	       (long long)(PAGES * psize / 1024), "VmLck is %lld kB",
	       mm_number("/proc/self/status", "VmLck"));
	require(!munlock(p, PAGES * psize), "munlock: %m");
	expect(mm_number("/proc/self/status", "VmLck") == 0,
	       "VmLck is %lld kB", mm_number("/proc/self/status", "VmLck"));
	require(!locked(p, is), "some pages are locked still");
}

/*
 * Since v5.18 a page whose lock changes waits in a list of the CPU at hand.  mlock()
 * and munlock() empty that of the CPU on which they end, so stay on one.
 */
static void lock(const void *unused)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	require(!sched_setaffinity(0, sizeof(here), &here),
		"sched_setaffinity: %m");
	edges_each(ROOM, EDGES_DEEPER, visit_mlock);
}

static void visit_shown(const struct edge *e)
{
	struct mm_map m;
	char *p;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mapped); i++) {
		p = map_window(e);
		fill(p, mapped[i]);
		check_mapped(e, p, mapped[i]);
		m = mm_map(p);
		require(m.rss == count(mapped[i]) * psize / 1024 &&
			m.referenced == m.rss,
			"edge %u, tables %#llx: Rss is %lu kB, Referenced %lu kB",
			e->shift, e->tables, m.rss, m.referenced);
		mm_set("/proc/self/clear_refs", "1\n");
		m = mm_map(p);
		require(m.referenced == 0,
			"edge %u, tables %#llx: Referenced is %lu kB",
			e->shift, e->tables, m.referenced);
		munmap(p, PAGES * psize);
	}
}

static void shown(const void *unused)
{
	edges_each(ROOM, EDGES_DEEPER, visit_shown);
}

static void visit_dontneed(const struct edge *e)
{
	struct area a = map_area(e);
	char *p = a.windows[0];
	const struct part *part;
	u64 pfns[PAGES];
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		part = &parts[i];
		require(!madvise(p + part->first * psize, part->nr * psize,
				 MADV_DONTNEED), "MADV_DONTNEED: %m");
		edges_frames(p, PAGES, pfns);
		for (k = 0; k < PAGES; k++) {
			require((pfns[k] == NO_FRAME) == within(part, k),
				"edge %u, tables %#llx: page %zu at %p is %s, %zu from %zu were to go",
				e->shift, e->tables, k, p,
				within(part, k) ? "still there" : "gone",
				part->nr, part->first);
			if (!within(part, k))
				continue;
			require(zero(p + k * psize), "page %zu is not zero", k);
			file_page(p + k * psize, k);
		}
	}
	check_area(e, &a);
	require(!madvise(a.windows[0], area_size(&a), MADV_DONTNEED),
		"MADV_DONTNEED: %m");
	require(mm_map(a.windows[0]).rss == 0,
		"edge %u, tables %#llx: Rss is %lu kB", e->shift, e->tables,
		mm_map(a.windows[0]).rss);
}

static void dontneed(const void *unused)
{
	edges_each(ROOM, EDGES_DEEPER | EDGES_NEXT, visit_dontneed);
}

/* A page in somebody else's hands is left alone; that does not last. */
static void visit_cold(const struct edge *e)
{
	char *p = map_window(e);
	int i;

	fill(p, mapped_all);
	require(mm_map(p).referenced == PAGES * psize / 1024,
		"edge %u: Referenced is %lu kB", e->shift,
		mm_map(p).referenced);
	for (i = 0; i < TRIES && mm_map(p).referenced; i++) {
		if (i)
			usleep(1000);
		mm_drain_lru();
		require(!madvise(p, PAGES * psize, MADV_COLD),
			"MADV_COLD: %m");
	}
	require(mm_map(p).referenced == 0,
		"edge %u, tables %#llx: Referenced is %lu kB", e->shift,
		e->tables, mm_map(p).referenced);
	check(e, p);
}

static void cold(const void *unused)
{
	edges_each(ROOM, EDGES_DEEPER, visit_cold);
}

/* What is swapped out comes back by swapoff, which looks for it. */
static void visit_swap(const struct edge *e)
{
	char *p = map_window(e);

	fill(p, mapped_all);
	mm_page_out(p, PAGES);
	require(!swapfile_off(), "swapoff: %m");
	check_mapped(e, p, mapped_all);
	check(e, p);
	swapfile_on(SWAP_MB);
}

static void swap(const void *unused)
{
	/* A case that failed may have left one */
	swapfile_off();
	swapfile_on(SWAP_MB);
	edges_each(ROOM, EDGES_DEEPER, visit_swap);
	expect(!swapfile_off(), "swapoff: %m");
}

/* @p is moved to @to; there is what was here, and here is nothing. */
static char *move(const struct edge *e, char *p, char *to)
{
	require(mremap(p, PAGES * psize, PAGES * psize,
		       MREMAP_MAYMOVE | MREMAP_FIXED, to) == to,
		"mremap from %p to %p: %m", p, to);
	check(e, to);
	require(msync(p, psize, MS_ASYNC) && errno == ENOMEM,
		"%p is mapped still", p);
	return to;
}

static void visit_mremap(const struct edge *e)
{
	const size_t size = mm_pmd_size();
	char *elsewhere = mm_reserve(PAGES * psize, size, 0);
	char *p = e->at - SIDE * psize;
	size_t i;

	/* The edge is met by where it comes from, where it goes, or both */
	map(elsewhere + psize, PAGES * psize);
	fill(elsewhere + psize, mapped_all);
	p = move(e, elsewhere + psize, p);
	p = move(e, p, elsewhere + 5 * psize);
	p = move(e, p, e->at - psize);
	p = move(e, p, elsewhere - 7 * psize);
	p = move(e, p, e->at - (PAGES - 1) * psize);
	/* To the other side, and so far that the last page goes to the edge */
	p = move(e, p, e->at + psize);
	p = move(e, p, e->at - (PAGES - 1) * psize);
	munmap(p, PAGES * psize);

	/* As a whole, where tables can be moved; a page here and there in it */
	p = map(e->at - size, 2 * size);
	elsewhere = mm_reserve(2 * size, 2 * size, size);
	for (i = 0; i < 2 * size; i += size / 8) {
		file_page(p + i, i / psize);
		file_page(p + i + size / 8 - psize, i / psize + 1);
	}
	require(mremap(p, 2 * size, 2 * size, MREMAP_MAYMOVE | MREMAP_FIXED,
		       elsewhere) == elsewhere, "mremap: %m");
	for (i = 0; i < 2 * size; i += size / 8) {
		require(file_page_ok(elsewhere + i, i / psize) &&
			file_page_ok(elsewhere + i + size / 8 - psize,
				     i / psize + 1),
			"edge %u, tables %#llx: page %zu was not moved",
			e->shift, e->tables, i / psize);
	}
	require(mm_map(elsewhere).rss == 32 * psize / 1024,
		"edge %u: Rss is %lu kB", e->shift, mm_map(elsewhere).rss);
	require(msync(p, psize, MS_ASYNC) && errno == ENOMEM,
		"%p is mapped still", p);
}

static void remap(const void *unused)
{
	edges_each(2 * mm_pmd_size(), EDGES_DEEPER, visit_mremap);
}

static void visit_fork(const struct edge *e)
{
	struct area a = map_area(e);
	size_t i, w;
	int status;
	pid_t pid;

	pid = fork();
	require(pid >= 0, "fork: %m");
	if (!pid) {
		for (w = 0; w < a.nr; w++)
			check_mapped(e, a.windows[w], mapped_all);
		check_area(e, &a);
		for (w = 0; w < a.nr; w++) {
			for (i = 0; i < PAGES; i++)
				memset(a.windows[w] + i * psize, VALUE, psize);
		}
		_exit(0);
	}
	require(waitpid(pid, &status, 0) == pid, "waitpid: %m");
	require(!status, "the child ended with status 0x%x", status);
	check_area(e, &a);
}

/* The child has all of it, and of what it writes the parent sees nothing. */
static void forked(const void *unused)
{
	edges_each(ROOM, EDGES_DEEPER | EDGES_NEXT, visit_fork);
}

static long long tables_kb(void)
{
	return mm_number("/proc/self/status", "VmPTE");
}

static void unmap_area(const struct edge *e, struct area *a)
{
	/* The window's middle, its ends, then everything */
	require(!munmap(a->windows[0] + (SIDE - 3) * psize, 6 * psize),
		"munmap: %m");
	require(!munmap(a->windows[0] + psize, psize), "munmap: %m");
	check_page(e, a->windows[0], 0);
	check_page(e, a->windows[0], SIDE - 4);
	check_page(e, a->windows[0], SIDE + 3);
	check_page(e, a->windows[0], PAGES - 1);
	require(!munmap(a->windows[0], area_size(a)), "munmap: %m");
}

/* Neither a page nor a table is left behind. */
static void visit_munmap(const struct edge *e)
{
	long long before, with, after;
	unsigned long rss, full, left;
	struct area a;
	int round;

	/* The first rounds may leave tables, where they grow, and pages of ours */
	for (round = 0; round < 3; round++) {
		before = tables_kb();
		rss = mm_rollup().rss;
		a = map_area(e);
		with = tables_kb();
		full = mm_rollup().rss;
		unmap_area(e, &a);
		after = tables_kb();
		left = mm_rollup().rss;
	}
	require(full == rss + a.nr * PAGES * psize / 1024,
		"edge %u: Rss went from %lu to %lu kB", e->shift, rss, full);
	require(with > before && after == before,
		"edge %u, tables %#llx: VmPTE was %lld, %lld, and %lld kB",
		e->shift, e->tables, before, with, after);
	require(left == rss, "edge %u: Rss went from %lu to %lu kB", e->shift,
		rss, left);
}

/* What is left at the end of a process, the kernel's own checks report. */
static void unmap(const void *unused)
{
	edges_each(ROOM, EDGES_DEEPER | EDGES_NEXT, visit_munmap);
}

static void visit_truncate(const struct edge *e)
{
	static const size_t lengths[] = { SIDE + 1, SIDE, SIDE - 1, 3 };
	static struct file f;
	size_t i, k;
	char *p;

	file_create(&f, &tmpfs, PAGES, -1);
	p = edges_map(e->at - SIDE * psize, PAGES * psize, RW,
		      MAP_SHARED | MAP_POPULATE, f.fd);
	check(e, p);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		require(!ftruncate(f.fd, lengths[i] * psize), "ftruncate: %m");
		for (k = 0; k < PAGES; k++)
			require(mm_present(p + k * psize) == (k < lengths[i]),
				"edge %u, tables %#llx: page %zu of %zu is %smapped",
				e->shift, e->tables, k, lengths[i],
				k < lengths[i] ? "not " : "");
		for (k = 0; k < lengths[i]; k++)
			check_page(e, p, k);
	}
}

static void truncated(const void *unused)
{
	edges_each(ROOM, EDGES_DEEPER, visit_truncate);
}

static int dev;

static void open_device(const char *name)
{
	char path[64];

	module_load(name);
	snprintf(path, sizeof(path), "/dev/%s", name);
	dev = open(path, O_RDWR | O_CLOEXEC);
	require(dev >= 0, "%s: %m", path);
}

static void visit_pfns(const struct edge *e)
{
	const struct vmfault_setup setup = { .kind = VMFAULT_REMAP };
	char *p = e->at - VMFAULT_PAGES / 2 * psize;
	static char buf[65536];
	size_t i;

	require(!ioctl(dev, VMFAULT_SETUP, &setup), "VMFAULT_SETUP: %m");
	for (i = 0; i < VMFAULT_PAGES; i++) {
		file_page(buf, i);
		require(pwrite(dev, buf, psize, i * psize) == (ssize_t)psize,
			"pwrite: %m");
	}
	edges_map(p, VMFAULT_PAGES * psize, RW, MAP_SHARED, dev);
	for (i = 0; i < VMFAULT_PAGES; i++)
		check_page(e, p, i);
	munmap(p, VMFAULT_PAGES * psize);
}

static void pfns(const void *unused)
{
	open_device(VMFAULT_NAME);
	edges_each(ROOM, EDGES_DEEPER, visit_pfns);
}

static u64 sum_of_frames(const char *p, size_t nr)
{
	u64 pfns[PAGES], sum = 0;
	size_t i;

	edges_frames(p, nr, pfns);
	for (i = 0; i < nr; i++)
		sum += pfns[i] == NO_FRAME ? 0 : pfns[i];
	return sum;
}

/* Just the right entries are visited, @nr of them, and @frames is their sum. */
static void apply(const struct edge *e, const char *p, size_t size,
		  bool existing, size_t nr, u64 frames)
{
	struct walk_apply req = {
		.start = (unsigned long)p, .size = size, .existing = existing,
	};

	require(!ioctl(dev, WALK_APPLY, &req), "WALK_APPLY: %m");
	require(req.visited == nr && !req.wrong,
		"edge %u, tables %#llx: %llu entries were visited, not %zu, and %llu are wrong",
		e->shift, e->tables, req.visited, nr, req.wrong);
	require(req.frames == frames,
		"edge %u, tables %#llx: the frames of %zu entries are wrong",
		e->shift, e->tables, nr);
}

static void visit_apply(const struct edge *e)
{
	struct area a = map_area(e);
	char *p = a.windows[0], *first;
	size_t i, nr;
	u64 sum = 0;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		first = p + parts[i].first * psize;
		nr = parts[i].nr;
		apply(e, first, nr * psize, true, nr, sum_of_frames(first, nr));
		apply(e, first, nr * psize, false, nr, sum_of_frames(first, nr));
	}
	/* From before the edge to behind the next one, most of it missing */
	for (i = 0; i < a.nr; i++)
		sum += sum_of_frames(a.windows[i], PAGES);
	apply(e, p, area_size(&a), true, a.nr * PAGES, sum);
	check_area(e, &a);
	munmap(p, area_size(&a));

	for (i = 0; i < ARRAY_SIZE(mapped); i++) {
		map_window(e);
		fill(p, mapped[i]);
		nr = count(mapped[i]);
		sum = sum_of_frames(p, PAGES);
		apply(e, p, PAGES * psize, true, nr, sum);
		/* It makes the tables that are missing */
		apply(e, p, PAGES * psize, false, PAGES, sum);
		apply(e, p, PAGES * psize, true, nr, sum);
		check_mapped(e, p, mapped[i]);
		munmap(p, PAGES * psize);
	}
}

static void applied(const void *unused)
{
	open_device(WALK_NAME);
	edges_each(ROOM, EDGES_DEEPER | EDGES_NEXT, visit_apply);
}

static void check_vmap(const struct walk_vmap *req)
{
	expect(!req->wrong, "%u of %u pages are wrong", req->wrong, req->nr);
	expect(!req->left, "%u of %u pages are mapped still", req->left,
	       req->nr);
}

static void vmap(const void *unused)
{
	const size_t table = mm_pmd_size() / mm_page_size();
	struct walk_vmap req = { .edge = mm_pmd_size() };
	size_t i;

	open_device(WALK_NAME);
	/* One edge at least, however it is placed; and some more */
	for (i = 0; i < 4; i++) {
		req.nr = (i + 1) * table + 3 * i + 1;
		require(!ioctl(dev, WALK_VMAP, &req), "WALK_VMAP: %m");
		expect(req.edges > i, "%u edges in %u pages", req.edges,
		       req.nr);
		check_vmap(&req);
	}
}

/* Across the edge of the next level, if this machine has that in its area. */
static void vmap_large(const void *unused)
{
	struct walk_vmap req = { .edge = 1ULL << edges_level(1) };

	open_device(WALK_NAME);
	/* It maps no more pages than there are, so this takes some */
	req.nr = mm_number("/proc/meminfo", "MemTotal") * 1024 / psize / 2;
	require(!ioctl(dev, WALK_VMAP, &req) || errno == ENOMEM,
		"WALK_VMAP: %m");
	if (!req.edges) {
		fact("walkers.vmap", "absent");
		skip("no room for the edge of a larger table");
	}
	fact("walkers.vmap", "%llu", req.edge >> 20);
	check_vmap(&req);
}

/* Nothing holds it any more. */
static void unload(const void *unused)
{
	open_device(WALK_NAME);
	close(dev);
	expect(!module_unload(WALK_NAME), "rmmod " WALK_NAME ": %m");
	module_load(WALK_NAME);
}

static const struct ktap_case cases[] = {
	{ "mprotect", protection, NULL, 0 },
	{ "mlock", lock, NULL, 0 },
	{ "shown", shown, NULL, 0 },
	{ "dontneed", dontneed, NULL, 0 },
	{ "cold", cold, NULL, 0 },
	{ "swap", swap, NULL, 0 },
	{ "mremap", remap, NULL, 0 },
	{ "fork", forked, NULL, 0 },
	{ "munmap", unmap, NULL, 0 },
	{ "truncate", truncated, NULL, 0 },
	{ "remap_pfn_range", pfns, NULL, 0 },
	{ "apply", applied, NULL, 0 },
	{ "vmap", vmap, NULL, 0 },
	{ "vmap_large", vmap_large, NULL, 0 },
	{ "unload", unload, NULL, 0 },
	{ }
};

int main(int argc, char **argv)
{
	psize = mm_page_size();
	return ktap_main(argc, argv, cases);
}

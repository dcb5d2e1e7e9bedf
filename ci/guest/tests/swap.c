// SPDX-License-Identifier: GPL-2.0
/*
 * Pages go to a swap file and come back: by a fault, by swapoff, by fork, and
 * by khugepaged, which brings in the missing ones of a huge page itself; and are
 * copied when somebody else has them too, once, and not otherwise.
 *
 * Facts:
 *   swap.khugepaged=collapsed|no|absent   a huge page was made of pages of
 *                                         which some were swapped out; absent:
 *                                         this machine has no huge pages
 *   swap.faults_to_copy=1|2               to swap in and copy a page that
 *                                         somebody else has too
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "file.h"
#include "ktap.h"
#include "mm.h"
#include "swapfile.h"

#define SWAP_MB		24
#define PAGES		256
#define WRITE_MS	20000	/* until pages are written, at most, on a busy host */
#define BATCH		33	/* a CPU adds its counts of a cgroup up to so many */

static size_t psize;

static void begin(void)
{
	psize = mm_page_size();
	/* A case that failed may have left one */
	swapfile_off();
	swapfile_on(SWAP_MB);
	/* One page per fault: what is counted is then what was asked for */
	mm_set("/proc/sys/vm/page-cluster", "0\n");
}

static void fill(char *p, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		file_page(p + i * psize, i);
}

static void check(const char *p, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		require(file_page_ok(p + i * psize, i),
			"page %zu is not what was swapped out", i);
}

static char *anonymous(size_t nr)
{
	char *p = mm_reserve(nr * psize, mm_pmd_size(), 0);

	require(mmap(p, nr * psize, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p,
		"mmap: %m");
	madvise(p, nr * psize, MADV_NOHUGEPAGE);
	fill(p, nr);
	return p;
}

static void anon_read(const void *unused)
{
	long faults;
	size_t i;
	char *p;

	begin();
	p = anonymous(PAGES);
	mm_page_out(p, PAGES);
	expect(mm_map(p).swap == PAGES * psize / 1024, "Swap is %lu kB",
	       mm_map(p).swap);
	faults = mm_minor_faults() + mm_major_faults();
	for (i = 0; i < PAGES; i++)
		mm_read(p + i * psize);
	faults = mm_minor_faults() + mm_major_faults() - faults;
	expect(faults == PAGES, "%ld faults for %d pages", faults, PAGES);
	check(p, PAGES);
	expect(!swapfile_off(), "swapoff: %m");
}

/* A write fault makes the page writable at once: no copy, no second fault. */
static void anon_write(const void *unused)
{
	long faults;
	size_t i;
	char *p;

	begin();
	p = anonymous(PAGES);
	mm_page_out(p, PAGES);
	faults = mm_minor_faults() + mm_major_faults();
	for (i = 0; i < PAGES; i++)
		mm_poke(p + i * psize, 0x5a);
	faults = mm_minor_faults() + mm_major_faults() - faults;
	expect(faults == PAGES, "%ld faults for %d pages", faults, PAGES);
	expect(mm_map(p).rss == PAGES * psize / 1024, "Rss is %lu kB",
	       mm_map(p).rss);
	for (i = 0; i < PAGES; i++) {
		require(mm_read(p + i * psize) == 0x5a, "a write was lost");
		mm_poke(p + i * psize, file_byte(i, 0));
	}
	check(p, PAGES);
	expect(!swapfile_off(), "swapoff: %m");
}

static void anon_swapoff(const void *unused)
{
	char *p;

	begin();
	p = anonymous(PAGES);
	mm_page_out(p, PAGES);
	require(!swapfile_off(), "swapoff: %m");
	expect(!mm_swapped_pages(p, PAGES), "%zu pages are still out",
	       mm_swapped_pages(p, PAGES));
	expect(mm_map(p).rss == PAGES * psize / 1024, "Rss is %lu kB",
	       mm_map(p).rss);
	check(p, PAGES);
}

/* Both sides of a fork write to pages that are swapped out. */
static void anon_fork(const void *unused)
{
	const size_t nr = PAGES;
	size_t mine, i;
	int status;
	pid_t pid;
	char *p;

	begin();
	p = anonymous(nr);
	mm_page_out(p, nr);
	pid = fork();
	require(pid >= 0, "fork: %m");
	/* Each writes to half of the pages and sees none of the other's */
	mine = pid ? 0 : 1;
	for (i = mine; i < nr; i += 2)
		mm_poke(p + i * psize, 0x5a);
	for (i = mine; i < nr; i += 2) {
		require(mm_read(p + i * psize) == 0x5a, "a write was lost");
		mm_poke(p + i * psize, file_byte(i, 0));
	}
	check(p, nr);
	if (!pid)
		_exit(0);
	require(waitpid(pid, &status, 0) == pid, "waitpid: %m");
	require(!status, "the child ended with status 0x%x", status);
	expect(!swapfile_off(), "swapoff: %m");
}

/* Pages of tmpfs, and private copies of them. */
static void shmem(const void *off_first)
{
	struct file f;
	char *p, *q;
	size_t i, copies = 0;
	int tries;

	begin();
	file_create(&f, &tmpfs, PAGES / 2, -1);
	p = mmap(NULL, f.pages * psize, PROT_READ | PROT_WRITE, MAP_SHARED,
		 f.fd, 0);
	q = mmap(NULL, f.pages * psize, PROT_READ | PROT_WRITE, MAP_PRIVATE,
		 f.fd, 0);
	require(p != MAP_FAILED && q != MAP_FAILED, "mmap: %m");
	for (i = 0; i < f.pages; i += 2)
		mm_poke(q + i * psize + psize / 2, 0x5a);
	for (i = 0; i < f.pages; i++)
		mm_read(p + i * psize);
	for (tries = 0; tries < 50; tries++) {
		if (tries)
			usleep(10000);
		mm_drain_lru();
		madvise(q, f.pages * psize, MADV_PAGEOUT);
		madvise(p, f.pages * psize, MADV_PAGEOUT);
		if (mm_map(p).swap >= f.pages * psize / 1024 &&
		    mm_map(q).swap >= f.pages / 2 * psize / 1024)
			break;
	}
	/* A page that was busy stays, unmapped and out of reach: not all go */
	require(mm_map(p).swap >= f.pages / 2 * psize / 1024,
		"%lu kB of the file are swapped out", mm_map(p).swap);
	for (i = 0; i < f.pages; i += 2)
		copies += mm_swapped(q + i * psize);
	require(copies >= f.pages / 4,
		"%zu of %zu private copies are swapped out", copies,
		f.pages / 2);
	if (off_first)
		require(!swapfile_off(), "swapoff: %m");

	check(p, f.pages);
	for (i = 0; i < f.pages; i++) {
		if (i % 2)
			require(file_page_ok(q + i * psize, i),
				"page %zu of the private mapping is wrong", i);
		else
			require(mm_read(q + i * psize + psize / 2) == 0x5a,
				"page %zu: the private copy is lost", i);
	}
	if (!off_first)
		expect(!swapfile_off(), "swapoff: %m");
}

static const bool off_first = true;

/**
 * struct copies - counts the pages that a memory cgroup is charged with
 * @cg: the cgroup.  A page read from swap counts one, a copy another; page tables
 *	do not.
 * @cached: the pages are in the swap cache still when they are written to
 */
struct copies {
	const struct cgroup *cg;
	bool cached;
};

static long long charges(const struct copies *c)
{
	char path[96];
	long long n;

	snprintf(path, sizeof(path), "%s/memory.stat", c->cg->dir);
	n = mm_number(path, "pgpgin");
	require(n >= 0, "%s: no pgpgin", path);
	return n;
}

/*
 * How many faults it is to take to swap a page in and copy it.  One does both, but
 * not with the long descriptors of 32-bit arm: there an entry is not read back
 * as it was set, so the copy looks late, is thrown away, and made again by a
 * second one.  It is these, too, that give arm its huge pages.
 */
static long faults_to_copy(void)
{
	struct utsname uts;

	require(!uname(&uts), "uname: %m");
	return !strncmp(uts.machine, "arm", 3) && !access(MM_THP "enabled", F_OK) ?
	       2 : 1;
}

/*
 * Write to byte @at of each page; that must take @want pages and @each faults
 * a page, and no other.  Return: how many faults a page it took.
 */
static long write_all(const struct copies *c, char *p, size_t at,
		      long long want, long each, const char *who)
{
	long long pages;
	long faults;
	size_t i;

	/* What measuring itself needs is there after the first time */
	for (i = 0; i < 2; i++) {
		pages = charges(c);
		faults = mm_minor_faults() + mm_major_faults();
	}
	for (i = 0; i < PAGES; i++)
		mm_poke(p + i * psize + at, 0x5a);
	faults = mm_minor_faults() + mm_major_faults() - faults;
	pages = charges(c) - pages;
	expect(faults == each * PAGES, "%s: %ld faults for %d pages", who,
	       faults, PAGES);
	expect(llabs(pages - want) <= BATCH,
	       "%s: writing to %d pages took about %lld, not %lld",
	       who, PAGES, pages, want);
	expect(mm_map(p).rss == PAGES * psize / 1024 &&
	       mm_map(p).anonymous == PAGES * psize / 1024 && !mm_map(p).swap,
	       "%s: Rss is %lu kB, Anonymous %lu kB, Swap %lu kB", who,
	       mm_map(p).rss, mm_map(p).anonymous, mm_map(p).swap);
	/* Nothing else has changed, nor does anybody else's write show */
	for (i = 0; i < PAGES; i++) {
		require(mm_read(p + i * psize + at) == 0x5a,
			"%s: a write was lost", who);
		mm_poke(p + i * psize + at, file_byte(i, at));
	}
	check(p, PAGES);
	return (faults + PAGES / 2) / PAGES;
}

/* How many of the pages that are swapped out are in the swap cache as well. */
static size_t in_swap_cache(char *p)
{
	unsigned char vec[PAGES];
	size_t i, n = 0;

	require(!mincore(p, PAGES * psize, vec), "mincore: %m");
	for (i = 0; i < PAGES; i++)
		n += vec[i] & 1;
	return n;
}

/* Swap out; all of it stays in the swap cache, or nothing. */
static char *swapped_memory(const struct copies *c)
{
	const size_t wanted = c->cached ? PAGES : 0;
	char *p = anonymous(PAGES);
	long long end = now_ms() + limit_ms(WRITE_MS);
	size_t i;

	mm_page_out(p, PAGES);
	/* Clean pages, which are not written again, are let go at once */
	while (in_swap_cache(p) != wanted && now_ms() < end) {
		usleep(5000);
		for (i = 0; i < PAGES; i++) {
			if (c->cached)
				mm_poke(p + i * psize, file_byte(i, 0));
			else
				mm_read(p + i * psize);
		}
		mm_page_out(p, PAGES);
	}
	require(in_swap_cache(p) == wanted, "%zu pages are in the swap cache",
		in_swap_cache(p));
	return p;
}

/* What nobody else has is never copied. */
static void write_alone(void *arg)
{
	const struct copies *c = arg;
	char *p = swapped_memory(c);

	write_all(c, p, 0, c->cached ? 0 : PAGES, 1, "alone");
}

/*
 * What a child has as well is copied once, for whom comes first.  The other
 * has it alone then, in the swap cache, and gets no copy.
 */
static void write_shared(void *arg)
{
	const struct copies *c = arg;
	const long copies = faults_to_copy();
	long took;
	char *p = swapped_memory(c);
	int go[2], status;
	char byte = 0;
	pid_t pid;
	size_t i;

	require(!pipe(go), "pipe: %m");
	pid = fork();
	require(pid >= 0, "fork: %m");
	if (!pid) {
		require(read(go[0], &byte, 1) == 1, "read: %m");
		expect(mm_map(p).swap == PAGES * psize / 1024,
		       "child: Swap is %lu kB", mm_map(p).swap);
		write_all(c, p, psize - 1, 0, 1, "child");
		_exit(0);
	}
	took = write_all(c, p, 0, (c->cached ? 0 : PAGES) + copies * PAGES,
			 copies, "parent");
	fact("swap.faults_to_copy", "%ld", took);
	for (i = 0; i < PAGES; i++)
		mm_poke(p + i * psize, 0x5a);
	require(write(go[1], &byte, 1) == 1, "write: %m");
	require(waitpid(pid, &status, 0) == pid, "waitpid: %m");
	require(!status, "the child ended with status 0x%x", status);
	for (i = 0; i < PAGES; i++)
		mm_poke(p + i * psize, file_byte(i, 0));
	check(p, PAGES);
}

/**
 * struct writer - one case
 * @run: the code, in a memory cgroup of its own, with a struct copies
 * @cached: see struct copies
 */
struct writer {
	void (*run)(void *copies);
	bool cached;
};

static const struct writer writers[] = {
	{ write_alone, false },
	{ write_alone, true },
	{ write_shared, false },
	{ write_shared, true },
};

static void count_copies(const void *arg)
{
	const struct writer *w = arg;
	struct cgroup cg;
	struct copies c = { .cg = &cg, .cached = w->cached };
	cpu_set_t one;

	begin();
	cgroup_create(&cg, "swap", 0);
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	require(!sched_setaffinity(0, sizeof(one), &one),
		"sched_setaffinity: %m");
	cgroup_run(&cg, w->run, &c);
	expect(!swapfile_off(), "swapoff: %m");
	cgroup_remove(&cg);
}

/* Settings of khugepaged under which it does its work at once. */
static void hurry(size_t huge_pages)
{
	mm_set(MM_THP "enabled", "madvise\n");
	mm_set(MM_THP "khugepaged/defrag", "1\n");
	mm_set(MM_THP "khugepaged/scan_sleep_millisecs", "10\n");
	mm_set(MM_THP "khugepaged/alloc_sleep_millisecs", "10\n");
	mm_set(MM_THP "khugepaged/pages_to_scan", "%zu\n",
	       mm_pmd_size() / psize * huge_pages * 4);
	mm_set(MM_THP "khugepaged/max_ptes_none", "0\n");
	mm_set(MM_THP "khugepaged/max_ptes_swap", "%zu\n",
	       mm_pmd_size() / psize / 8);
}

static void collapse(const void *unused)
{
	const size_t huge_pages = 2;
	size_t nr, out = 0, huge, i, k;
	long long collapsed, made = 0;
	unsigned long kb;
	long long end;
	char *p;

	if (access(MM_THP "khugepaged/scan_sleep_millisecs", F_OK)) {
		fact("swap.khugepaged", "absent");
		skip("this machine has no huge pages");
	}
	begin();
	hurry(huge_pages);
	huge = mm_pmd_size() / psize;
	nr = huge_pages * huge;
	p = anonymous(nr);
	/* The first, the last, some neighbours, and some alone */
	for (k = 0; k < huge_pages; k++) {
		const size_t which[] = { 0, 1, 7, 8, 9, 100, huge - 2,
					 huge - 1 };

		for (i = 0; i < ARRAY_SIZE(which); i++)
			mm_page_out(p + (k * huge + which[i]) * psize, 1);
		out += ARRAY_SIZE(which);
	}
	require(mm_swapped_pages(p, nr) == out, "%zu pages are out, not %zu",
		mm_swapped_pages(p, nr), out);
	/* It takes only what is in use; at least half must look young */
	for (i = 0; i < nr; i++) {
		if (!mm_swapped(p + i * psize))
			mm_read(p + i * psize);
	}
	collapsed = mm_number(MM_THP "khugepaged/pages_collapsed", "");
	madvise(p, nr * psize, MADV_HUGEPAGE);
	kb = nr * psize / 1024;
	/* A page is counted a moment after it has been mapped */
	end = now_ms() + limit_ms(WRITE_MS);
	while (now_ms() < end) {
		made = mm_number(MM_THP "khugepaged/pages_collapsed", "") - collapsed;
		if (mm_map(p).anon_huge >= kb && made >= (long long)huge_pages)
			break;
		usleep(40000);
	}
	expect(mm_map(p).anon_huge == kb && made == (long long)huge_pages,
	       "%lld huge pages were made, AnonHugePages is %lu kB", made,
	       mm_map(p).anon_huge);
	fact("swap.khugepaged", "%s",
	     mm_map(p).anon_huge == kb ? "collapsed" : "no");
	check(p, nr);
	expect(mm_map(p).rss == kb, "Rss is %lu kB", mm_map(p).rss);
	munmap(p, nr * psize);
	expect(!swapfile_off(), "swapoff: %m");
}

static const struct ktap_case cases[] = {
	{ "anon_read", anon_read, NULL, 0 },
	{ "anon_write", anon_write, NULL, 0 },
	{ "anon_swapoff", anon_swapoff, NULL, 0 },
	{ "anon_fork", anon_fork, NULL, 0 },
	{ "shmem", shmem, NULL, 0 },
	{ "shmem_swapoff", shmem, &off_first, 0 },
	{ "write_alone", count_copies, &writers[0], 0 },
	{ "write_alone_cached", count_copies, &writers[1], 0 },
	{ "write_shared", count_copies, &writers[2], 0 },
	{ "write_shared_cached", count_copies, &writers[3], 0 },
	{ "khugepaged", collapse, NULL, 0 },
	{ }
};

int main(int argc, char **argv)
{
	return ktap_main(argc, argv, cases);
}

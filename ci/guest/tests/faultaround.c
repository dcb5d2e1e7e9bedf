// SPDX-License-Identifier: GPL-2.0
/*
 * A read fault on a file mapping also maps the cached pages around it.  Which
 * ones, how they are counted, and whether they look used.
 *
 * Facts:
 *   faultaround.prefaulted=old|young    the neighbours; the page that was
 *                                       asked for is always young
 *   faultaround.large=page|folio|all|none
 *                                       what is young where the cache holds
 *                                       folios of 8 pages; none: it does not
 *   faultaround.window_kb               what one fault maps as booted
 *   faultaround.minor_faults_per_window most faults to touch all of a window
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "file.h"
#include "ktap.h"
#include "mm.h"

#define WINDOW_FILE	"/sys/kernel/debug/fault_around_bytes"
#define WINDOW		16	/* pages; 64 KiB with 4 KiB pages */
#define PAGES		64	/* of the usual file: four windows */
#define FOLIO		8	/* pages that are written at once, half a window */
#define NO_HOLE		(-1)

/**
 * struct kind - a way to map a file
 * @name: for case names
 * @prot: for mmap()
 * @flags: for mmap()
 */
struct kind {
	const char *name;
	int prot;
	int flags;
};

static const struct kind shared = {
	"shared", PROT_READ | PROT_WRITE, MAP_SHARED
};

static const struct kind private = {
	"private", PROT_READ | PROT_WRITE, MAP_PRIVATE
};

static const struct kind exec = {
	"exec", PROT_READ | PROT_EXEC, MAP_PRIVATE
};

static const struct kind read_only = {
	"read-only", PROT_READ, MAP_SHARED
};

/**
 * struct mapping - what neighbours() looks at
 * @fs: where the file is
 * @kind: how it is mapped
 */
struct mapping {
	const struct fs *fs;
	const struct kind *kind;
};

static const struct mapping shared_tmpfs = { &tmpfs, &shared };
static const struct mapping shared_ext4 = { &ext4, &shared };
static const struct mapping private_tmpfs = { &tmpfs, &private };
static const struct mapping private_ext4 = { &ext4, &private };
static const struct mapping exec_tmpfs = { &tmpfs, &exec };
static const struct mapping exec_ext4 = { &ext4, &exec };

enum mode { UNKNOWN, OLD, YOUNG };

static const char * const mode_name[] = { "unknown", "old", "young" };

/**
 * struct seen - what the cases tell each other, in shared memory
 * @nr: entries in @mode
 * @mode: of the neighbours, one entry per measurement
 * @faults: most minor faults that a window took
 */
struct seen {
	int nr;
	enum mode mode[32];
	long faults;
};

static struct seen *seen;
static size_t psize;

/* Start of every case: a file of @pages, and a window of @window pages. */
static void begin(struct file *f, const struct fs *fs, size_t pages, long hole,
		  size_t window)
{
	psize = mm_page_size();
	mm_set(WINDOW_FILE, "%zu\n", window * psize);
	file_create(f, fs, pages, hole);
}

/* Map pages [first, first + nr) of the file at an address of our choice. */
static char *map_at(char *at, const struct file *f, const struct kind *kind,
		    size_t first, size_t nr)
{
	char *p = mmap(at, nr * psize, kind->prot,
		       kind->flags | MAP_FIXED_NOREPLACE, f->fd,
		       first * psize);

	require(p == at, "mmap %s at %p: %m", kind->name, at);
	return p;
}

/* The same at the start of a page table; every window is aligned there. */
static char *map_aligned(const struct file *f, const struct kind *kind,
			 size_t first, size_t nr)
{
	return map_at(mm_reserve(nr * psize, mm_pmd_size(), 0), f, kind, first,
		      nr);
}

/**
 * expect_mapped() - exactly these pages of a mapping are present
 * @p: the mapping
 * @nr: its length in pages
 * @first: first page that should be present
 * @end: page after the last one
 * @hole: a page in between that should not, or NO_HOLE
 */
static void expect_mapped(const char *p, size_t nr, size_t first, size_t end,
			  long hole)
{
	size_t i, present = 0, wrong = 0, at = 0;
	bool want, is;

	for (i = 0; i < nr; i++) {
		is = mm_present(p + i * psize);
		want = i >= first && i < end && (long)i != hole;
		present += is;
		if (is != want && !wrong++)
			at = i;
	}
	expect(!wrong,
	       "%zu pages are mapped, not exactly [%zu, %zu); first wrong: %zu",
	       present, first, end, at);
}

/* Resident size of a mapping is this many pages. */
static void expect_rss(const char *p, size_t pages)
{
	struct mm_map m = mm_map(p);

	expect(m.rss == pages * psize / 1024, "Rss is %lu kB, not %zu kB",
	       m.rss, pages * psize / 1024);
}

/**
 * touch() - read one byte, count the faults that it takes
 * @p: the address
 * @major: where the number of major faults goes, or NULL
 *
 * Return: the number of minor faults.
 */
static long touch(const char *p, long *major)
{
	long minor_before, minor, major_before;

	/* The code and the stack of the measurement take no fault then */
	mm_major_faults();
	mm_minor_faults();
	mm_read((char *)&minor_before);

	major_before = mm_major_faults();
	minor_before = mm_minor_faults();
	mm_read(p);
	minor = mm_minor_faults() - minor_before;
	if (major)
		*major = mm_major_faults() - major_before;
	return minor;
}

/* Old or young: by the sum in smaps, and page by page in the idle bitmap. */
static enum mode neighbours_mode(const struct file *f, const char *p,
				 size_t at, size_t first, size_t end)
{
	struct mm_map m = mm_map(p);
	size_t one = psize / 1024, all = (end - first) * one;
	size_t i, old = 0;
	enum mode mode = UNKNOWN;

	expect(m.rss == all, "Rss is %lu kB, not %zu kB", m.rss, all);
	if (m.referenced == one)
		mode = OLD;
	else if (m.referenced == all)
		mode = YOUNG;
	expect(mode != UNKNOWN,
	       "Referenced is %lu kB: neither one page nor the window",
	       m.referenced);

	/* From here on the young bits are gone */
	expect(!mm_idle(f->pfn[at]), "the page of the fault is old");
	for (i = first; i < end; i++)
		old += i != at && mm_idle(f->pfn[i]);
	expect(old == (mode == OLD ? end - first - 1 : 0),
	       "%zu of %zu neighbours are old, smaps says %s", old,
	       end - first - 1, mode_name[mode]);
	return mode;
}

static void neighbours(const void *arg)
{
	const struct mapping *m = arg;
	const struct kind *kind = m->kind;
	const size_t at = WINDOW + 7;
	struct file f;
	size_t i;
	char *p;

	begin(&f, m->fs, PAGES, NO_HOLE, WINDOW);
	file_settle(&f);
	p = map_aligned(&f, kind, 0, PAGES);
	expect_rss(p, 0);

	if (kind->prot & PROT_EXEC)
		file_call(p + at * psize);
	else
		mm_read(p + at * psize);

	expect_mapped(p, PAGES, WINDOW, 2 * WINDOW, NO_HOLE);
	seen->mode[seen->nr++] = neighbours_mode(&f, p, at, WINDOW,
						 2 * WINDOW);
	for (i = 0; i < PAGES; i++) {
		if (i < WINDOW || i >= 2 * WINDOW)
			expect(mm_idle(f.pfn[i]),
			       "page %zu outside the window was used", i);
	}
	for (i = 0; i < PAGES; i++)
		expect(file_page_ok(p + i * psize, i), "page %zu: wrong data",
		       i);
}

/* Write the file again, FOLIO pages at once, which the cache may then hold as one. */
static void write_folios(struct file *f)
{
	char *buf = malloc(FOLIO * psize);
	size_t i, k;

	require(!ftruncate(f->fd, 0), "ftruncate: %m");
	for (i = 0; i < f->pages; i += FOLIO) {
		for (k = 0; k < FOLIO; k++)
			file_page(buf + k * psize, i + k);
		require(pwrite(f->fd, buf, FOLIO * psize, i * psize) ==
			(ssize_t)(FOLIO * psize), "pwrite: %m");
	}
	free(buf);
}

/* Is page @i of the file in one folio with the FOLIO pages around it? */
static bool in_folio(const struct file *f, size_t i)
{
	size_t first = i / FOLIO * FOLIO, k;

	for (k = 1; k < FOLIO; k++) {
		if (!(mm_page_flags(f->pfn[first + k]) &
		      BIT_ULL(KPF_COMPOUND_TAIL)))
			return false;
	}
	return f->pfn[first + FOLIO - 1] == f->pfn[first] + FOLIO - 1;
}

/*
 * Pages of one folio are mapped together, and so are all young or all old.  The
 * folio of the page that was asked for is young, as that is.
 */
static void large_folio(const void *unused)
{
	const size_t one = mm_page_size() / 1024, all = WINDOW * one;
	const size_t at = WINDOW + 5;
	const char *young;
	struct mm_map m;
	struct file f;
	size_t i;
	char *p;

	begin(&f, &ext4, PAGES, NO_HOLE, WINDOW);
	write_folios(&f);
	file_settle(&f);
	if (!in_folio(&f, at)) {
		fact("faultaround.large", "none");
		skip("the cache has no folios of %d pages", FOLIO);
	}
	p = map_aligned(&f, &shared, 0, PAGES);
	expect(touch(p + at * psize, NULL) == 1, "not one minor fault");
	expect_mapped(p, PAGES, WINDOW, 2 * WINDOW, NO_HOLE);
	m = mm_map(p);
	expect(m.rss == all, "Rss is %lu kB, not %zu kB", m.rss, all);
	young = m.referenced == all ? "all" :
		m.referenced == one ? "page" : "folio";
	require(m.referenced == all || m.referenced == one ||
		m.referenced == FOLIO * one,
		"Referenced is %lu kB: no page, folio or window", m.referenced);
	fact("faultaround.large", "%s", young);
	expect(!mm_idle(f.pfn[at]), "the page of the fault is old");
	if (strcmp(young, "all")) {
		for (i = WINDOW; i < 2 * WINDOW; i++)
			expect(i / FOLIO == at / FOLIO || mm_idle(f.pfn[i]),
			       "page %zu, of another folio, is young", i);
		seen->mode[seen->nr++] = OLD;
	} else {
		seen->mode[seen->nr++] = YOUNG;
	}
	for (i = 0; i < PAGES; i++)
		expect(file_page_ok(p + i * psize, i), "page %zu: wrong data",
		       i);
}

/**
 * struct cost - what a window of a mapping took, the worst of them
 * @first: minor faults of the first touch
 * @major: major faults of it
 * @rest: minor faults of the neighbours
 */
struct cost {
	long first;
	long major;
	long rest;
};

static struct cost touch_windows(const char *p)
{
	struct cost worst = { .first = 1 };
	long first, rest, major;
	size_t w, i;

	for (w = 0; w < PAGES; w += WINDOW) {
		first = touch(p + (w + 5) * psize, &major);
		for (i = 0, rest = 0; i < WINDOW; i++)
			rest += touch(p + (w + i) * psize, NULL);
		if (first != 1)
			worst.first = first;
		if (worst.major < major)
			worst.major = major;
		if (worst.rest < rest)
			worst.rest = rest;
	}
	return worst;
}

/*
 * One fault per window, none for the pages that came with it. A page that the
 * kernel happens to hold just then is rightly left out: three tries.
 */
static void minor_faults(const void *arg)
{
	const struct kind *kinds[] = { &shared, &private, &exec };
	struct cost cost;
	struct file f;
	size_t k;
	char *p;
	int try;

	begin(&f, arg, PAGES, NO_HOLE, WINDOW);
	file_settle(&f);
	for (k = 0; k < 3; k++) {
		for (try = 1;; try++) {
			p = map_aligned(&f, kinds[k], 0, PAGES);
			cost = touch_windows(p);
			if (try == 3 || (cost.first == 1 && !cost.major &&
					 !cost.rest))
				break;
			note("%s: try %d: %ld and %ld minor faults",
			     kinds[k]->name, try, cost.first, cost.rest);
			munmap(p, PAGES * psize);
		}
		expect(cost.first == 1 && !cost.major,
		       "%s: first touch: %ld minor, %ld major faults",
		       kinds[k]->name, cost.first, cost.major);
		expect(!cost.rest, "%s: the neighbours took %ld minor faults",
		       kinds[k]->name, cost.rest);
		if (seen->faults < cost.first + cost.rest)
			seen->faults = cost.first + cost.rest;
		expect_mapped(p, PAGES, 0, PAGES, NO_HOLE);
		munmap(p, PAGES * psize);
	}
}

static void window_default(const void *unused)
{
	size_t pages = FILE_PAGES_MAX / 2;
	struct file f;
	long bytes;
	char *p;

	psize = mm_page_size();
	bytes = mm_number(WINDOW_FILE, "");
	require(bytes > 0, WINDOW_FILE ": %m");
	file_create(&f, &tmpfs, pages, NO_HOLE);
	p = map_aligned(&f, &shared, 0, pages);
	mm_read(p + pages / 2 * psize);
	expect_rss(p, bytes / psize);
	fact("faultaround.window_kb", "%lu", mm_map(p).rss);
}

static void window_of(const void *arg)
{
	const size_t window = *(const size_t *)arg;
	size_t pages = FILE_PAGES_MAX / 2, at = pages / 2 + 3;
	size_t first = at / window * window;
	struct file f;
	char *p;

	begin(&f, &tmpfs, pages, NO_HOLE, window);
	require(mm_number(WINDOW_FILE, "") == (long long)(window * psize),
		"fault_around_bytes is %lld", mm_number(WINDOW_FILE, ""));
	p = map_aligned(&f, &private, 0, pages);
	expect(touch(p + at * psize, NULL) == 1, "not one minor fault");
	expect_rss(p, window);
	expect_mapped(p, pages, first, first + window, NO_HOLE);
}

static const size_t window_1 = 1, window_16 = 16, window_256 = 256;

/* What the kernel counts is what is mapped. */
static void rss_counters(const void *arg)
{
	const struct fs *fs = arg;
	const char *part = fs->backed ? "RssFile" : "RssShmem";
	const long long want = WINDOW * mm_page_size() / 1024;
	long long before[4], after[4];
	struct file f;
	char *p, *q;
	int round, i;

	begin(&f, arg, PAGES, NO_HOLE, WINDOW);
	p = map_aligned(&f, &shared, 0, PAGES);
	/* The first round is there to fault in everything but @p */
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 2; i++) {
			if (i)
				mm_read(p + psize);
			/*
			 * Counters are kept per thread for a while; unmapping
			 * something brings them together.
			 */
			q = mmap(NULL, psize, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			mm_poke(q, 1);
			munmap(q, psize);
			memcpy(before, after, sizeof(before));
			after[0] = mm_number("/proc/self/status", "VmRSS");
			after[1] = mm_number("/proc/self/status", part);
			after[2] = mm_rollup().rss;
			after[3] = mm_map(p).rss;
		}
		if (!round)
			madvise(p, PAGES * psize, MADV_DONTNEED);
	}
	expect(after[3] - before[3] == want, "smaps: %+lld kB, not %lld kB",
	       after[3] - before[3], want);
	expect(after[2] - before[2] == want,
	       "smaps_rollup: %+lld kB, not %lld kB", after[2] - before[2],
	       want);
	expect(after[1] - before[1] == want, "%s: %+lld kB, not %lld kB", part,
	       after[1] - before[1], want);
	expect(after[0] - before[0] == want, "VmRSS: %+lld kB, not %lld kB",
	       after[0] - before[0], want);

	munmap(p, PAGES * psize);
	expect(mm_number("/proc/self/status", part) == before[1],
	       "%s: %lld kB after munmap(), %lld kB before the fault", part,
	       mm_number("/proc/self/status", part), before[1]);
}

static sigjmp_buf bus_jump;

static void on_bus(int sig)
{
	siglongjmp(bus_jump, sig);
}

/* Does reading @p raise SIGBUS? */
static bool is_bus_error(const char *p)
{
	signal(SIGBUS, on_bus);
	if (sigsetjmp(bus_jump, 1))
		return true;
	mm_read(p);
	return false;
}

static void edge_eof(const void *arg)
{
	struct file f;
	size_t i;
	char *p;

	begin(&f, arg, WINDOW, NO_HOLE, WINDOW);
	require(!ftruncate(f.fd, 5 * psize + 100), "ftruncate: %m");
	p = map_aligned(&f, &shared, 0, WINDOW);
	mm_read(p + 2 * psize);
	expect_mapped(p, WINDOW, 0, 6, NO_HOLE);
	expect_rss(p, 6);
	for (i = 0; i < 5; i++)
		expect(file_page_ok(p + i * psize, i), "page %zu: wrong data",
		       i);
	for (i = 100; i < psize; i++)
		require(!p[5 * psize + i], "byte %zu after the end is %d",
			i - 100, p[5 * psize + i]);
	expect(is_bus_error(p + 6 * psize), "no SIGBUS after the last page");
	expect(is_bus_error(p + 15 * psize), "no SIGBUS in the last page");
	expect_mapped(p, WINDOW, 0, 6, NO_HOLE);

	require(!ftruncate(f.fd, WINDOW * psize), "ftruncate: %m");
	expect(!is_bus_error(p + 6 * psize) && !p[6 * psize],
	       "the file was extended, and page 6 is not zero");

	/* Cut away what is mapped */
	require(!ftruncate(f.fd, 2 * psize), "ftruncate: %m");
	expect_mapped(p, WINDOW, 0, 2, NO_HOLE);
	expect(is_bus_error(p + 3 * psize), "no SIGBUS where it was cut");
}

/* A page that is not in the cache is left out, and faults by itself. */
static void edge_hole(const void *arg)
{
	const struct fs *fs = arg;
	const long hole = WINDOW + 5;
	long minor, major;
	struct file f;
	char *p;

	begin(&f, fs, PAGES, fs->backed ? NO_HOLE : hole, WINDOW);
	if (fs->backed) {
		file_settle(&f);
		posix_fadvise(f.fd, hole * psize, psize, POSIX_FADV_DONTNEED);
	}
	p = map_aligned(&f, &shared, 0, PAGES);
	mm_read(p + (hole - 1) * psize);
	expect_mapped(p, PAGES, WINDOW, 2 * WINDOW, hole);
	expect_rss(p, WINDOW - 1);

	minor = touch(p + hole * psize, &major);
	if (fs->backed) {
		expect(major == 1, "%ld major faults for the missing page",
		       major);
		expect(file_page_ok(p + hole * psize, hole), "wrong data");
	} else {
		expect(minor == 1 && !major,
		       "%ld minor and %ld major faults for the hole", minor,
		       major);
		expect(!p[hole * psize], "the hole is not zero");
	}
	expect_mapped(p, PAGES, WINDOW, 2 * WINDOW, NO_HOLE);
	expect_rss(p, WINDOW);
}

/*
 * The page asked for is the one that is missing: fault-around maps its
 * neighbours, the page itself comes from the file system, and is young.
 */
static void edge_hole_at_fault(const void *unused)
{
	const long hole = WINDOW + 5;
	size_t one, all;
	struct mm_map m;
	struct file f;
	char *p;

	begin(&f, &tmpfs, PAGES, NO_HOLE, WINDOW);
	file_settle(&f);
	require(!fallocate(f.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			   hole * psize, psize), "fallocate: %m");
	p = map_aligned(&f, &shared, 0, PAGES);
	expect(touch(p + hole * psize, NULL) == 1, "not one minor fault");
	expect(!p[hole * psize], "the hole is not zero");

	one = psize / 1024;
	all = WINDOW * one;
	m = mm_map(p);
	expect(m.rss == all, "Rss is %lu kB, not %zu kB", m.rss, all);
	expect(m.referenced == one || m.referenced == all,
	       "Referenced is %lu kB: neither one page nor the window",
	       m.referenced);
	seen->mode[seen->nr++] = m.referenced == one ? OLD : YOUNG;
}

/* Nothing is cached: the page comes from the disk, and is young. */
static void cold(const void *unused)
{
	struct mm_map m;
	struct file f;
	long major;
	char *p;

	begin(&f, &ext4, PAGES, NO_HOLE, WINDOW);
	file_settle(&f);
	posix_fadvise(f.fd, 0, 0, POSIX_FADV_DONTNEED);
	p = map_aligned(&f, &private, 0, PAGES);
	posix_madvise(p, PAGES * psize, POSIX_MADV_RANDOM);
	touch(p + 21 * psize, &major);
	expect(major == 1, "%ld major faults", major);
	expect_mapped(p, PAGES, 21, 22, NO_HOLE);
	m = mm_map(p);
	expect(m.rss == psize / 1024, "Rss is %lu kB", m.rss);
	expect(m.referenced == psize / 1024, "the page of the fault is old");
	expect(file_page_ok(p + 21 * psize, 21), "wrong data");
}

/* The window ends where the mapping does. */
static void edge_vma(const void *arg)
{
	struct file f;
	char *at, *p;
	size_t i;

	begin(&f, arg, PAGES, NO_HOLE, WINDOW);
	at = mm_reserve(PAGES * psize, mm_pmd_size(), 3 * psize);
	p = map_at(at, &f, &shared, 19, 6);
	mm_read(p + 2 * psize);
	expect_mapped(p, 6, 0, 6, NO_HOLE);
	for (i = 0; i < 6; i++)
		expect(file_page_ok(p + i * psize, 19 + i),
		       "page %zu: wrong data", i);
	munmap(p, 6 * psize);

	/* Where a mapping begins inside a window, the window begins there */
	p = map_at(at, &f, &shared, 0, 40);
	mm_read(p);
	expect_mapped(p, 40, 0, WINDOW, NO_HOLE);
	/* and the next one is aligned again */
	mm_read(p + 35 * psize);
	expect_mapped(p + 20 * psize, 20, 29 - 20, 40 - 20, NO_HOLE);
}

/* The window never leaves the page table of the address. */
static void edge_pmd(const void *arg)
{
	struct file f;
	size_t i;
	char *p;

	begin(&f, arg, PAGES, NO_HOLE, WINDOW);
	p = map_at(mm_reserve(PAGES * psize, mm_pmd_size(),
			      mm_pmd_size() - 3 * psize),
		   &f, &private, 0, PAGES);
	mm_read(p + psize);
	expect_mapped(p, PAGES, 0, 3, NO_HOLE);
	mm_read(p + 3 * psize);
	expect_mapped(p, PAGES, 0, 3 + WINDOW, NO_HOLE);
	for (i = 0; i < PAGES; i++)
		expect(file_page_ok(p + i * psize, i), "page %zu: wrong data",
		       i);
}

/* Address and file offset need not be aligned to each other. */
static void edge_offset(const void *arg)
{
	struct file f;
	size_t i;
	char *p;

	begin(&f, arg, PAGES, NO_HOLE, WINDOW);
	p = map_aligned(&f, &exec, 5, 40);
	mm_read(p + 20 * psize);
	expect_mapped(p, 40, WINDOW, 2 * WINDOW, NO_HOLE);
	for (i = 0; i < 40; i++)
		expect(file_page_ok(p + i * psize, 5 + i),
		       "page %zu: wrong data", i);
}

static void expect_byte(const struct file *f, size_t page, unsigned char want)
{
	unsigned char c = 0;

	require(pread(f->fd, &c, 1, page * psize) == 1, "pread: %m");
	expect(c == want, "byte 0 of page %zu is 0x%02x, not 0x%02x", page, c,
	       want);
}

/* A neighbour that came along clean is written to later. */
static void write_shared(const void *arg)
{
	const size_t at = WINDOW + 4, other = WINDOW + 9, far = 3 * WINDOW + 1;
	struct mm_map m;
	struct file f;
	size_t i;
	char *p;

	begin(&f, arg, PAGES, NO_HOLE, WINDOW);
	file_settle(&f);
	p = map_aligned(&f, &shared, 0, PAGES);
	mm_read(p + at * psize);
	m = mm_map(p);
	if (f.fs->backed)
		expect(!m.private_dirty, "%lu kB are dirty after a read",
		       m.private_dirty);

	mm_poke(p + other * psize, 0x5a);
	expect_rss(p, WINDOW);
	m = mm_map(p);
	if (f.fs->backed)
		expect(m.private_dirty == psize / 1024,
		       "%lu kB are dirty, one page was written",
		       m.private_dirty);
	expect_byte(&f, other, 0x5a);

	/* A write fault brings no neighbours */
	mm_poke(p + far * psize, 0xa5);
	expect_rss(p, WINDOW + 1);
	expect_byte(&f, far, 0xa5);

	munmap(p, PAGES * psize);
	require(!fsync(f.fd), "fsync: %m");
	mm_drain_lru();
	posix_fadvise(f.fd, 0, 0, POSIX_FADV_DONTNEED);
	expect_byte(&f, other, 0x5a);
	expect_byte(&f, far, 0xa5);
	p = map_aligned(&f, &read_only, 0, PAGES);
	for (i = 0; i < PAGES; i++) {
		if (i != other && i != far)
			expect(file_page_ok(p + i * psize, i),
			       "page %zu: wrong data", i);
	}
}

/* A write to a private mapping copies one page; the rest stays shared. */
static void write_private(const void *arg)
{
	const size_t at = WINDOW + 4, other = WINDOW + 9;
	struct mm_map m;
	struct file f;
	long minor;
	size_t i;
	char *p;

	begin(&f, arg, PAGES, NO_HOLE, WINDOW);
	p = map_aligned(&f, &private, 0, PAGES);
	mm_read(p + at * psize);
	m = mm_map(p);
	expect(!m.anonymous, "%lu kB are anonymous after a read", m.anonymous);

	minor = mm_minor_faults();
	mm_poke(p + other * psize, 0x5a);
	minor = mm_minor_faults() - minor;
	expect(minor == 1, "%ld minor faults to copy a page", minor);
	m = mm_map(p);
	expect(m.anonymous == psize / 1024, "%lu kB are anonymous, not a page",
	       m.anonymous);
	expect_rss(p, WINDOW);
	mm_poke(p + at * psize, 0xa5);
	expect_rss(p, WINDOW);

	expect(mm_read(p + other * psize) == 0x5a, "the copy is wrong");
	expect(mm_read(p + at * psize) == 0xa5, "the other copy is wrong");
	mm_poke(p + other * psize, file_byte(other, 0));
	mm_poke(p + at * psize, file_byte(at, 0));
	expect(file_page_ok(p + other * psize, other) &&
	       file_page_ok(p + at * psize, at), "the rest of a copy is wrong");
	munmap(p, PAGES * psize);
	p = map_aligned(&f, &read_only, 0, PAGES);
	for (i = 0; i < PAGES; i++)
		expect(file_page_ok(p + i * psize, i),
		       "page %zu: the file was changed", i);
}

static void lock(const void *arg)
{
	const size_t kb = PAGES * mm_page_size() / 1024;
	struct mm_map m;
	struct file f;
	long minor;
	char *p;

	begin(&f, arg, PAGES, NO_HOLE, WINDOW);
	p = map_aligned(&f, &read_only, 0, PAGES);
	minor = mm_minor_faults();
	require(!mlock(p, PAGES * psize), "mlock: %m");
	minor = mm_minor_faults() - minor;
	expect(minor == PAGES / WINDOW, "%ld minor faults for %d windows",
	       minor, PAGES / WINDOW);
	m = mm_map(p);
	expect(m.rss == kb && m.locked == kb,
	       "Rss %lu kB, Locked %lu kB, not %zu kB", m.rss, m.locked, kb);
	munlock(p, PAGES * psize);
	expect(!mm_map(p).locked, "%lu kB are still locked",
	       mm_map(p).locked);
	munmap(p, PAGES * psize);

	p = map_aligned(&f, &read_only, 0, PAGES);
	require(!mlock2(p, PAGES * psize, MLOCK_ONFAULT), "mlock2: %m");
	expect_rss(p, 0);
	mm_read(p + 3 * psize);
	expect_mapped(p, PAGES, 0, WINDOW, NO_HOLE);
	munmap(p, PAGES * psize);
}

static void populate(const void *arg)
{
	const struct kind kind = {
		"populate", PROT_READ, MAP_PRIVATE | MAP_POPULATE
	};
	struct file f;
	size_t i;
	char *p;

	begin(&f, arg, PAGES, NO_HOLE, WINDOW);
	p = map_aligned(&f, &kind, 0, PAGES);
	expect_mapped(p, PAGES, 0, PAGES, NO_HOLE);
	expect_rss(p, PAGES);
	for (i = 0; i < PAGES; i++)
		expect(file_page_ok(p + i * psize, i), "page %zu: wrong data",
		       i);
}

/* The kernel itself faults: in a copy from user, and in get_user_pages(). */
static void by_kernel(const void *arg)
{
	const size_t near = 3, far = 2 * WINDOW + 3;
	struct iovec iov;
	struct file f;
	int fds[2];
	u64 got[2];
	char *p;

	begin(&f, arg, PAGES, NO_HOLE, WINDOW);
	require(!pipe(fds), "pipe: %m");
	p = map_aligned(&f, &private, 0, PAGES);
	require(write(fds[1], p + near * psize, sizeof(got[0])) ==
		sizeof(got[0]), "write: %m");
	expect_mapped(p, PAGES, 0, WINDOW, NO_HOLE);

	iov.iov_base = p + far * psize;
	iov.iov_len = sizeof(got[1]);
	require(vmsplice(fds[1], &iov, 1, 0) == sizeof(got[1]),
		"vmsplice: %m");
	expect_mapped(p + WINDOW * psize, PAGES - WINDOW, WINDOW, 2 * WINDOW,
		      NO_HOLE);
	/* What was spliced is a page of its own in the pipe */
	require(read(fds[0], &got[0], sizeof(got[0])) == sizeof(got[0]) &&
		read(fds[0], &got[1], sizeof(got[1])) == sizeof(got[1]),
		"read: %m");
	expect(got[0] == file_word(near, 0) && got[1] == file_word(far, 0),
	       "wrong data: 0x%llx and 0x%llx", got[0], got[1]);
}

/* All measurements of the cases above agree. */
static void consistent(const void *unused)
{
	int i;

	if (!seen->nr)
		skip("no case has measured anything");
	for (i = 0; i < seen->nr; i++)
		require(seen->mode[i] == seen->mode[0] && seen->mode[i],
			"neighbours: measurement 0 is %s, measurement %d is %s",
			mode_name[seen->mode[0]], i, mode_name[seen->mode[i]]);
	fact("faultaround.prefaulted", "%s", mode_name[seen->mode[0]]);
	if (seen->faults)
		fact("faultaround.minor_faults_per_window", "%ld", seen->faults);
}

static const struct ktap_case cases[] = {
	{ "window_default", window_default, NULL, 0 },
	{ "neighbours_shared_tmpfs", neighbours, &shared_tmpfs, 0 },
	{ "neighbours_shared_ext4", neighbours, &shared_ext4, 0 },
	{ "neighbours_private_tmpfs", neighbours, &private_tmpfs, 0 },
	{ "neighbours_private_ext4", neighbours, &private_ext4, 0 },
	{ "neighbours_exec_tmpfs", neighbours, &exec_tmpfs, 0 },
	{ "neighbours_exec_ext4", neighbours, &exec_ext4, 0 },
	{ "large_folio", large_folio, NULL, 0 },
	{ "minor_faults_tmpfs", minor_faults, &tmpfs, 0 },
	{ "minor_faults_ext4", minor_faults, &ext4, 0 },
	{ "rss_counters_tmpfs", rss_counters, &tmpfs, 0 },
	{ "rss_counters_ext4", rss_counters, &ext4, 0 },
	{ "window_1", window_of, &window_1, 0 },
	{ "window_16", window_of, &window_16, 0 },
	{ "window_256", window_of, &window_256, 0 },
	{ "edge_eof_tmpfs", edge_eof, &tmpfs, 0 },
	{ "edge_eof_ext4", edge_eof, &ext4, 0 },
	{ "edge_hole_tmpfs", edge_hole, &tmpfs, 0 },
	{ "edge_hole_ext4", edge_hole, &ext4, 0 },
	{ "edge_hole_at_fault", edge_hole_at_fault, NULL, 0 },
	{ "cold", cold, NULL, 0 },
	{ "edge_vma_tmpfs", edge_vma, &tmpfs, 0 },
	{ "edge_vma_ext4", edge_vma, &ext4, 0 },
	{ "edge_pmd_tmpfs", edge_pmd, &tmpfs, 0 },
	{ "edge_pmd_ext4", edge_pmd, &ext4, 0 },
	{ "edge_offset_tmpfs", edge_offset, &tmpfs, 0 },
	{ "edge_offset_ext4", edge_offset, &ext4, 0 },
	{ "write_shared_tmpfs", write_shared, &tmpfs, 0 },
	{ "write_shared_ext4", write_shared, &ext4, 0 },
	{ "write_private_tmpfs", write_private, &tmpfs, 0 },
	{ "write_private_ext4", write_private, &ext4, 0 },
	{ "locked_tmpfs", lock, &tmpfs, 0 },
	{ "locked_ext4", lock, &ext4, 0 },
	{ "populate_tmpfs", populate, &tmpfs, 0 },
	{ "populate_ext4", populate, &ext4, 0 },
	{ "by_kernel_tmpfs", by_kernel, &tmpfs, 0 },
	{ "by_kernel_ext4", by_kernel, &ext4, 0 },
	{ "consistent", consistent, NULL, 0 },
	{ }
};

int main(int argc, char **argv)
{
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	return ktap_main(argc, argv, cases);
}

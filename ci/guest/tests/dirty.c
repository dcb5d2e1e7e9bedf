// SPDX-License-Identifier: GPL-2.0
/*
 * Write-protecting, cleaning and recording the shared mappings of a file, as a
 * driver does that must know what was written: the helpers of
 * mm/mapping_dirty_helpers.c, reached through the module dirty.  What they say
 * that they did, what the next write then has to do, and what stays as it was.
 *
 * Facts:
 *   dirty.set_by=hardware|fault      what makes a clean, writable entry dirty
 *   dirty.levels=<from>-<to>         of what entries map, as powers of two; those in
 *	between that are a level are visited
 *   dirty.huge=yes|no                whether tmpfs gave a huge page
 *   dirty.after_skipped=reached|missed  the walk takes the mappings of a file in
 *	the order of their offsets; whether it goes on after one that it has to
 *	leave alone
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edges.h"
#include "file.h"
#include "ktap.h"
#include "mm.h"
#include "module.h"
#include "modules/dirty.h"

#define PAGES		32	/* of the file, in most cases */
#define ALL		0xffffffffULL
#define SOME		0xb001000dULL	/* of ALL: both ends, neighbours */
#define HALF		8	/* pages on each side of an edge */
#define KPF_DIRTY	4	/* include/uapi/linux/kernel-page-flags.h */
#define MOUNT		"/tmp/dirty"
#define WRITERS		2
#define MS		120	/* how long they write */
#define ENOUGH		20	/* rounds that record something, or it was no race */
#define MORE_MS		20000	/* how long to wait for so many, on a busy host */

/**
 * struct view - a mapping of the file
 * @p: where
 * @first: page of the file that it begins with
 * @nr: pages
 */
struct view {
	char *p;
	size_t first;
	size_t nr;
};

static struct file file;
static size_t psize;
static int dev;
static struct dirty_range range;	/* the last call and its answer */
static unsigned char *bytes;	/* what the first byte of a page has to be */

static void skip_on_arm(void)
{
#ifdef __arm__
	/* Its pte_write() is "not L_PTE_RDONLY": true of what is not mapped, too */
	skip("the helpers take an entry that is not there for one to protect");
#endif
}

/* A file with nothing in it that was written, or of file_create(). */
static void begin(const struct fs *fs, size_t pages, bool empty)
{
	size_t i;

	psize = mm_page_size();
	skip_on_arm();
	module_load(DIRTY_NAME);
	dev = open("/dev/" DIRTY_NAME, O_RDWR | O_CLOEXEC);
	require(dev >= 0, "/dev/" DIRTY_NAME ": %m");
	file_create(&file, fs, empty ? 0 : pages, -1);
	require(!ftruncate(file.fd, pages * psize), "ftruncate: %m");
	/* A child writes too */
	bytes = mmap(NULL, pages, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	require(bytes != MAP_FAILED, "mmap: %m");
	for (i = 0; i < pages; i++)
		bytes[i] = empty ? 0 : file_byte(i, 0);
}

static struct view map_at(void *addr, size_t first, size_t nr)
{
	struct view v = { .first = first, .nr = nr };

	v.p = mmap(addr, nr * psize, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_FIXED, file.fd, first * psize);
	require(v.p != MAP_FAILED, "mmap: %m");
	return v;
}

/*
 * Where @nr pages are in one page table, and not at its end: a walk that goes
 * wrong there is for the cases about edges to see, and not for chance.
 */
static char *inside_table(size_t nr)
{
	return mm_reserve(nr * psize, mm_pmd_size(), HALF * psize);
}

static struct view map(size_t first, size_t nr)
{
	return map_at(inside_table(nr), first, nr);
}

/* Where page @index of the file is mapped. */
static char *at(const struct view *v, size_t index)
{
	return v->p + (index - v->first) * psize;
}

static long faults(void)
{
	return mm_minor_faults() + mm_major_faults();
}

/* Write a byte that is new to page @index.  Return: the faults it took. */
static long poke(const struct view *v, size_t index)
{
	long before;

	bytes[index]++;
	/* The first call is not measured */
	before = faults();
	before = faults();
	mm_poke(at(v, index), bytes[index]);
	return faults() - before;
}

/* Write to the pages whose bits are set in @set; bit 0 is page @first. */
static void poke_set(const struct view *v, size_t first, u64 set)
{
	size_t i;

	for (i = 0; i < 64; i++) {
		if (set >> i & 1)
			poke(v, first + i);
	}
}

/* The same, and each takes @want faults. */
static void expect_pokes(const struct view *v, const char *when, size_t first,
			 u64 set, long want)
{
	long nr;
	size_t i;

	for (i = 0; i < 64; i++) {
		if (!(set >> i & 1))
			continue;
		nr = poke(v, first + i);
		expect(nr == want, "%s: a write to page %zu takes %ld faults",
		       when, first + i, nr);
	}
}

/* Read every page.  Return: the faults it took. */
static long touch(const struct view *v)
{
	long before;
	size_t i;

	before = faults();
	before = faults();
	for (i = 0; i < v->nr; i++)
		mm_read(v->p + i * psize);
	return faults() - before;
}

/* Everything that was written is there, and nothing else has changed. */
static void expect_file(void)
{
	char *buf = malloc(psize);
	size_t i;

	for (i = 0; i < file.pages; i++) {
		require(pread(file.fd, buf, psize, i * psize) == (ssize_t)psize,
			"pread: %m");
		expect((unsigned char)buf[0] == bytes[i],
		       "page %zu: 0x%x was written, the file has 0x%x", i,
		       bytes[i], (unsigned char)buf[0]);
		buf[0] = file_byte(i, 0);
		expect(file_page_ok(buf, i), "page %zu has changed elsewhere",
		       i);
	}
	free(buf);
}

static u64 protect(size_t first, size_t nr)
{
	range.fd = file.fd;
	range.first = first;
	range.nr = nr;
	require(!ioctl(dev, DIRTY_PROTECT, &range), "DIRTY_PROTECT: %m");
	return range.total;
}

static void expect_protect(const char *when, size_t first, size_t nr, u64 want)
{
	u64 total = protect(first, nr);

	expect(total == want, "%s: %llu entries were write-protected, not %llu",
	       when, total, want);
}

/* What @range says about the bitmap is kept. */
static u64 record_more(size_t first, size_t nr)
{
	range.fd = file.fd;
	range.first = first;
	range.nr = nr;
	require(!ioctl(dev, DIRTY_RECORD, &range), "DIRTY_RECORD: %m");
	return range.total;
}

/* Bit 0 is @first, and no bit is set. */
static u64 record(size_t first, size_t nr)
{
	memset(&range, 0, sizeof(range));
	range.bitmap_pgoff = first;
	return record_more(first, nr);
}

static bool recorded(size_t bit)
{
	return range.bitmap[bit / 64] >> (bit % 64) & 1;
}

/*
 * The bits are @set, and @range.start and @range.end are around them; where
 * there are none, as in a call that found none set.
 */
static void expect_bits(const char *when, u64 set)
{
	u64 start = range.nr, end = 0;
	size_t i;

	if (set) {
		start = __builtin_ctzll(set);
		end = 64 - __builtin_clzll(set);
	}
	expect(range.bitmap[0] == set, "%s: 0x%llx is recorded, not 0x%llx",
	       when, range.bitmap[0], set);
	for (i = 1; i < DIRTY_WORDS; i++)
		expect(!range.bitmap[i], "%s: word %zu is 0x%llx", when, i,
		       range.bitmap[i]);
	expect(range.start == start && range.end == end,
	       "%s: from %llu to %llu, not from %llu to %llu", when,
	       range.start, range.end, start, end);
}

/* Each page in @set, with bit 0 for @first, is recorded and was one entry. */
static void expect_record(const char *when, size_t first, size_t nr, u64 set)
{
	u64 total = record(first, nr);

	expect(total == (u64)__builtin_popcountll(set),
	       "%s: %llu entries were cleaned, not %d", when, total,
	       __builtin_popcountll(set));
	expect_bits(when, set);
}

static void protects(const void *fs)
{
	struct view v;
	long nr;

	begin(fs, PAGES, false);
	v = map(0, PAGES);
	touch(&v);
	poke_set(&v, 0, ALL);
	expect_protect("all", 0, PAGES, PAGES);
	expect_protect("once more", 0, PAGES, 0);
	nr = touch(&v);
	expect(!nr, "reads take %ld faults", nr);
	expect_file();

	file_forget_time(&file);
	expect_pokes(&v, "protected", 0, SOME, 1);
	expect(file_time_was_set(&file), "the file system was not told of the write");
	file_forget_time(&file);
	expect_pokes(&v, "written before", 0, SOME, 0);
	expect(!file_time_was_set(&file), "the file system was told of another write");
	expect_protect("some written", 0, PAGES, __builtin_popcountll(SOME));
	expect_pokes(&v, "protected again", 0, ALL, 1);
	expect_file();
}

static void records(const void *fs)
{
	struct view v;
	long nr, first;
	size_t i;

	begin(fs, PAGES, false);
	v = map(0, PAGES);
	touch(&v);
	poke_set(&v, 0, ALL);
	expect_record("all written", 0, PAGES, ALL);
	expect_record("nothing written", 0, PAGES, 0);
	touch(&v);
	expect_record("all read", 0, PAGES, 0);

	/* Still writable: who makes it dirty is the same for all */
	first = poke(&v, 0);
	expect(first == 0 || first == 1, "a write takes %ld faults", first);
	for (i = 1; i < PAGES; i++) {
		if (!(SOME >> i & 1))
			continue;
		nr = poke(&v, i);
		expect(nr == first,
		       "a write to page %zu takes %ld faults, one to page 0 %ld",
		       i, nr, first);
	}
	if (fs == &tmpfs)
		fact("dirty.set_by", "%s", first ? "fault" : "hardware");
	expect_record("some written", 0, PAGES, SOME);
	expect_record("once more", 0, PAGES, 0);
	poke(&v, 7);
	poke(&v, 7);
	expect_record("one written", 0, PAGES, BIT_ULL(7));

	/* Protecting cleans nothing, and cleaning does not protect */
	poke_set(&v, 0, SOME);
	expect_protect("all", 0, PAGES, PAGES);
	expect_record("protected", 0, PAGES, SOME);
	expect_pokes(&v, "protected and cleaned", 0, SOME, 1);
	expect_record("written again", 0, PAGES, SOME);
	expect_protect("cleaned", 0, PAGES, __builtin_popcountll(SOME));
	expect_file();
}

/* Bits that were set stay, and @start and @end get further apart only. */
static void adds(const void *unused)
{
	struct view v;
	u64 total;

	begin(&tmpfs, PAGES, false);
	v = map(0, PAGES);
	poke_set(&v, 0, ALL);
	record(0, PAGES);
	poke(&v, 9);
	memset(&range, 0, sizeof(range));
	range.bitmap[0] = BIT_ULL(5);
	range.start = 5;
	range.end = 6;
	total = record_more(0, PAGES);
	expect(total == 1, "page 9: %llu entries were cleaned", total);
	expect_bits("page 9", BIT_ULL(5) | BIT_ULL(9));
	total = record_more(0, PAGES);
	expect(total == 0, "nothing: %llu entries were cleaned", total);
	expect_bits("nothing", BIT_ULL(5) | BIT_ULL(9));
	poke(&v, 2);
	poke(&v, 7);
	total = record_more(0, PAGES);
	expect(total == 2, "pages 2 and 7: %llu entries were cleaned", total);
	expect_bits("pages 2 and 7",
		    BIT_ULL(2) | BIT_ULL(5) | BIT_ULL(7) | BIT_ULL(9));

	/* The bitmap begins before the range */
	poke_set(&v, 0, ALL);
	memset(&range, 0, sizeof(range));
	range.bitmap_pgoff = 5;
	total = record_more(8, 16);
	expect(total == 16, "8 to 23: %llu entries were cleaned", total);
	expect_bits("8 to 23", 0xffffULL << 3);
	expect_record("the others", 0, PAGES, ALL & ~(0xffffULL << 8));
	expect_file();
}

/* The parts of a mapping, one page at the least, and what is outside it. */
static void parts(const void *fs)
{
	struct view v;

	begin(fs, PAGES, false);
	v = map(8, 16);
	poke_set(&v, 8, 0xffff);
	expect_protect("before it", 0, 8, 0);
	expect_protect("behind it", 24, 8, 0);
	expect_protect("behind the file", PAGES, PAGES, 0);
	expect_record("before it", 0, 8, 0);
	expect_record("behind it", 24, 8, 0);
	expect_pokes(&v, "outside", 8, 0xffff, 0);

	expect_protect("its first page", 0, 9, 1);
	expect_pokes(&v, "not the first page", 9, 0x7fff, 0);
	expect_pokes(&v, "its first page", 8, 1, 1);
	expect_protect("its last page", 23, 9, 1);
	expect_pokes(&v, "not the last page", 8, 0x7fff, 0);
	expect_pokes(&v, "its last page", 23, 1, 1);
	expect_protect("inside", 12, 4, 4);
	expect_pokes(&v, "inside", 12, 0xf, 1);
	expect_pokes(&v, "around", 8, 0xff0f, 0);
	expect_protect("more than it", 0, PAGES, 16);

	expect_record("its first page", 0, 9, BIT_ULL(8));
	expect_record("its last page", 23, 9, BIT_ULL(0));
	expect_record("inside", 12, 4, 0xf);
	expect_record("more than it", 0, PAGES, 0x7f0e00);
	expect_file();
}

/* Written through several mappings: two of them meet on some pages. */
static void offsets(const void *fs)
{
	struct view a, b, c;
	u64 total;

	begin(fs, PAGES, false);
	a = map(0, 16);
	b = map(8, 16);
	c = map(20, 12);
	poke_set(&a, 0, 0xffff);
	poke_set(&b, 8, 0xffff);
	poke_set(&c, 20, 0xfff);
	/* Pages 10 to 21 are 6 of the first, 12 of the second, 2 of the third */
	expect_protect("10 to 21", 10, 12, 20);
	expect_pokes(&a, "before", 0, 0x3ff, 0);
	expect_pokes(&a, "first", 10, 0x3f, 1);
	expect_pokes(&b, "before", 8, 0x3, 0);
	expect_pokes(&b, "second", 10, 0xfff, 1);
	expect_pokes(&b, "behind", 22, 0x3, 0);
	expect_pokes(&c, "third", 20, 0x3, 1);
	expect_pokes(&c, "behind", 22, 0x3ff, 0);
	expect_file();

	total = record(0, PAGES);
	expect(total == 44, "all: %llu entries were cleaned, not 44", total);
	expect_bits("all", ALL);
	poke(&a, 9);
	poke(&a, 12);
	poke(&b, 12);
	poke(&b, 21);
	poke(&c, 22);
	total = record(10, 12);
	expect(total == 3, "10 to 21: %llu entries were cleaned, not 3", total);
	expect_bits("10 to 21", BIT_ULL(2) | BIT_ULL(11));
	expect_record("the others", 0, PAGES, BIT_ULL(9) | BIT_ULL(22));
	expect_file();
}

static bool page_is_dirty(u64 pfn)
{
	return mm_page_flags(pfn) & BIT_ULL(KPF_DIRTY);
}

static void expect_dirty_kb(const struct view *v, const char *when, size_t pages)
{
	struct mm_map m = mm_map(v->p);

	expect(m.shared_dirty + m.private_dirty == pages * psize / 1024,
	       "%s: %lu kB are dirty, not %zu", when,
	       m.shared_dirty + m.private_dirty, pages * psize / 1024);
}

/*
 * Where a write to a writable entry leaves its mark in the entry alone, this is
 * the only one: what the helpers do not record, nobody knows of.
 */
static void entry_only(const void *unused)
{
	u64 pfn[PAGES];
	struct view v;
	size_t i;

	begin(&tmpfs, PAGES, true);
	v = map(0, PAGES);
	touch(&v);
	for (i = 0; i < PAGES; i++) {
		pfn[i] = mm_pfn(at(&v, i));
		require(!page_is_dirty(pfn[i]), "page %zu is dirty", i);
	}
	expect_dirty_kb(&v, "all read", 0);
	poke_set(&v, 0, SOME);
	for (i = 0; i < PAGES; i++)
		require(!page_is_dirty(pfn[i]), "page %zu has been told", i);
	expect_dirty_kb(&v, "written", __builtin_popcountll(SOME));
	expect_record("written", 0, PAGES, SOME);
	expect_dirty_kb(&v, "cleaned", 0);
	poke_set(&v, 0, SOME);
	expect_dirty_kb(&v, "written again", __builtin_popcountll(SOME));
	expect_protect("all", 0, PAGES, PAGES);
	expect_dirty_kb(&v, "protected", __builtin_popcountll(SOME));
	expect_record("protected", 0, PAGES, SOME);
	expect_dirty_kb(&v, "cleaned again", 0);
	/* Without the helper, it is the page that learns of it in the end */
	munmap(v.p, PAGES * psize);
	for (i = 0; i < PAGES; i++)
		expect(!page_is_dirty(pfn[i]), "page %zu is dirty after all",
		       i);
	v = map(0, PAGES);
	touch(&v);
	poke_set(&v, 0, SOME);
	munmap(v.p, PAGES * psize);
	for (i = 0; i < PAGES; i++)
		expect(page_is_dirty(pfn[i]) == (SOME >> i & 1),
		       "page %zu is %sdirty", i, SOME >> i & 1 ? "not " : "");
}

/* Pages that are not mapped stay so, between those that are. */
static void holes(const void *fs)
{
	const u64 set = SOME & ~BIT_ULL(2);
	struct view v;
	size_t i;

	begin(fs, PAGES, false);
	v = map(0, PAGES);
	/* A write maps its own page alone */
	poke_set(&v, 0, SOME);
	require(!madvise(at(&v, 2), psize, MADV_DONTNEED), "madvise: %m");
	expect_protect("all", 0, PAGES, __builtin_popcountll(set));
	expect_record("all", 0, PAGES, set);
	expect_protect("a hole", 4, 8, 0);
	expect_record("a hole", 4, 8, 0);
	for (i = 0; i < PAGES; i++)
		expect(mm_present(at(&v, i)) == (set >> i & 1),
		       "page %zu is %smapped", i, set >> i & 1 ? "not " : "");
	expect_pokes(&v, "mapped", 0, set, 1);
	poke_set(&v, 0, ALL & ~set);
	expect_record("all written", 0, PAGES, ALL);
	expect_file();
}

static void visit_edge(const struct edge *e)
{
	const size_t pages = 2 * HALF, edge_index = HALF;
	struct view v = map_at(e->at - HALF * psize, 0, pages);

	touch(&v);
	poke_set(&v, 0, 0xffff);
	expect_protect("all", 0, pages, pages);
	expect_protect("once more", 0, pages, 0);
	expect(!touch(&v), "reads take faults");
	expect_pokes(&v, "all", 0, 0xffff, 1);
	expect_protect("last before the edge", edge_index - 1, 1, 1);
	expect_pokes(&v, "others", 0, 0xff7f, 0);
	expect_pokes(&v, "last before the edge", 0, 0x80, 1);
	expect_protect("first behind the edge", edge_index, 1, 1);
	expect_pokes(&v, "others", 0, 0xfeff, 0);
	expect_pokes(&v, "first behind the edge", 0, 0x100, 1);
	expect_protect("across the edge", edge_index - 2, 4, 4);
	expect_pokes(&v, "others", 0, 0xfc3f, 0);
	expect_pokes(&v, "across the edge", 0, 0x3c0, 1);

	expect_record("last before the edge", edge_index - 1, 1, 1);
	expect_record("first behind the edge", edge_index, 1, 1);
	expect_record("across the edge", edge_index - 2, 4, 0x9);
	expect_record("the others", 0, pages, 0xfc3f);
	poke_set(&v, 0, 0x180);
	expect_record("both sides", 0, pages, 0x180);
	expect_file();
}

/* Where one entry of a level ends and the next one begins. */
static void edges(const void *unused)
{
	char levels[16];

	begin(&tmpfs, 2 * HALF, false);
	edges_range(levels, sizeof(levels));
	fact("dirty.levels", "%s", levels);
	edges_each(HALF * psize, EDGES_DEEPER, visit_edge);
}

/* Page tables that are not there, between some that are. */
static void sparse(const void *unused)
{
	const size_t pmd = mm_pmd_size() / mm_page_size();
	/* The one in the middle has no page table */
	const size_t pages[] = { 0, HALF - 1, HALF, HALF + pmd - 1,
				 HALF + 2 * pmd, HALF + 3 * pmd - 1,
				 HALF + 3 * pmd, 2 * HALF + 3 * pmd - 1 };
	const size_t nr = 2 * HALF + 3 * pmd;
	size_t i, k, bits = 0;
	struct view v;
	u64 total;

	begin(&tmpfs, nr, true);
	require(nr <= DIRTY_BITS, "a bitmap of %zu", nr);
	v = map_at(mm_reserve(nr * psize, mm_pmd_size(),
			      mm_pmd_size() - HALF * psize), 0, nr);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		poke(&v, pages[i]);
	expect_protect("all", 0, nr, ARRAY_SIZE(pages));
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		expect(poke(&v, pages[i]) == 1,
		       "a write to page %zu takes no fault", pages[i]);
	total = record(0, nr);
	expect(total == ARRAY_SIZE(pages), "%llu entries were cleaned", total);
	for (i = 0; i < DIRTY_BITS; i++)
		bits += recorded(i);
	expect(bits == ARRAY_SIZE(pages), "%zu pages are recorded", bits);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		expect(recorded(pages[i]), "page %zu is not recorded",
		       pages[i]);
	expect(range.start == 0 && range.end == nr, "from %llu to %llu",
	       range.start, range.end);
	for (i = 0, k = 0; i < nr; i++)
		k += mm_present(at(&v, i));
	expect(k == ARRAY_SIZE(pages), "%zu pages are mapped", k);
	expect_protect("the hole", HALF + pmd, pmd, 0);
	expect_record("the hole", HALF + pmd, pmd, 0);
}

static char *map_private(void)
{
	char *p = mmap(inside_table(PAGES), PAGES * psize, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_FIXED, file.fd, 0);
	size_t i;

	require(p != MAP_FAILED, "mmap: %m");
	for (i = 0; i < PAGES; i++)
		mm_read(p + i * psize);
	return p;
}

/* A write to the copy that a private mapping has of a page. */
static void expect_copy(char *p, size_t i, unsigned char value)
{
	u64 pfn = mm_pfn(p + i * psize);
	long before;

	before = faults();
	before = faults();
	mm_poke(p + i * psize, value);
	before = faults() - before;
	expect(!before, "a write to copied page %zu takes %ld faults", i,
	       before);
	expect(mm_pfn(p + i * psize) == pfn, "page %zu was copied again", i);
	expect(mm_read(p + i * psize) == value, "the copy has 0x%x",
	       mm_read(p + i * psize));
}

/* Private mappings hold what is nobody else's: left alone. */
static void privates(const void *fs)
{
	struct view v;
	char *p;

	/* Alone */
	begin(fs, PAGES, false);
	p = map_private();
	mm_poke(p + 3 * psize, 0x33);
	mm_poke(p + 4 * psize, 0x44);
	expect_protect("private alone", 0, PAGES, 0);
	expect_copy(p, 3, 0x5a);
	expect_record("private alone", 0, PAGES, 0);
	expect_copy(p, 4, 0x5b);
	munmap(p, PAGES * psize);

	/* Behind a shared one, which is mapped first */
	v = map(0, PAGES);
	poke_set(&v, 0, ALL);
	record(0, PAGES);
	p = map_private();
	mm_poke(p + 3 * psize, 0x33);
	mm_poke(p + 4 * psize, 0x44);
	poke(&v, 5);
	expect_protect("shared and private", 0, PAGES, PAGES);
	expect_copy(p, 3, 0x5a);
	expect_record("shared and private", 0, PAGES, BIT_ULL(5));
	expect_copy(p, 4, 0x5b);
	expect(mm_read(p + 3 * psize) == 0x5a, "page 3 of the copy has 0x%x",
	       mm_read(p + 3 * psize));
	expect_pokes(&v, "shared", 0, ALL, 1);
	expect_file();
}

/* What can never be written through is left alone; what might be, is not. */
static void read_only(const void *fs)
{
	struct view v;
	char path[64], *p;
	size_t i;
	int fd;

	begin(fs, PAGES, false);
	v = map(0, PAGES);
	poke_set(&v, 0, ALL);
	record(0, PAGES);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file.fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	require(fd >= 0, "%s: %m", path);
	p = mmap(inside_table(PAGES), PAGES * psize, PROT_READ,
		 MAP_SHARED | MAP_FIXED, fd, 0);
	require(p != MAP_FAILED, "mmap: %m");
	for (i = 0; i < PAGES; i++)
		mm_read(p + i * psize);
	poke(&v, 5);
	expect_protect("shared and read-only", 0, PAGES, PAGES);
	expect_record("shared and read-only", 0, PAGES, BIT_ULL(5));
	for (i = 0; i < PAGES; i++)
		expect(mm_present(p + i * psize), "page %zu is not mapped", i);
	munmap(v.p, PAGES * psize);
	expect_protect("read-only", 0, PAGES, 0);
	expect_record("read-only", 0, PAGES, 0);
	for (i = 0; i < PAGES; i++)
		expect(mm_pfn(p + i * psize) && mm_read(p + i * psize) ==
		       bytes[i], "page %zu reads 0x%x", i,
		       mm_read(p + i * psize));
	munmap(p, PAGES * psize);

	/* It was writable when it was written */
	v = map(0, PAGES);
	poke_set(&v, 0, ALL);
	record(0, PAGES);
	poke_set(&v, 0, SOME);
	require(!mprotect(v.p, PAGES * psize, PROT_READ), "mprotect: %m");
	expect_protect("no longer writable", 0, PAGES, 0);
	expect_record("no longer writable", 0, PAGES, SOME);
	require(!mprotect(v.p, PAGES * psize, PROT_READ | PROT_WRITE),
		"mprotect: %m");
	poke_set(&v, 0, SOME);
	expect_record("writable again", 0, PAGES, SOME);
	expect_file();
}

/* A shared mapping that the walk meets after one that it leaves alone. */
static void behind_skipped(const void *unused)
{
	struct view v;
	u64 total;
	char *p;

	begin(&tmpfs, PAGES, false);
	p = map_private();
	mm_poke(p + 3 * psize, 0x33);
	v = map(8, 16);
	poke_set(&v, 8, 0xffff);
	total = protect(0, PAGES);
	expect(total == 0 || total == 16,
	       "%llu of 16 entries were write-protected", total);
	expect_pokes(&v, "shared", 8, 0xffff, total ? 1 : 0);
	expect_copy(p, 3, 0x5a);
	expect_record("all", 0, PAGES, total ? 0xffff00 : 0);
	fact("dirty.after_skipped", "%s", total ? "reached" : "missed");
	/* Where the private mapping is not in the range, it cannot matter */
	munmap(p, PAGES * psize);
	poke_set(&v, 8, 0xffff);
	expect_protect("alone", 0, PAGES, 16);
	expect_record("alone", 0, PAGES, 0xffff00);
	expect_file();
}

/* One byte to the other process, and one back. */
static void pass_turn(int to, int from)
{
	char c = 0;

	require(write(to, &c, 1) == 1 && read(from, &c, 1) == 1,
		"the other process has ended");
}

/* Another process has page tables of its own. */
static void other_process(const void *fs)
{
	int down[2], up[2], status;
	struct view v;
	pid_t pid;

	begin(fs, PAGES, false);
	v = map(0, PAGES);
	poke_set(&v, 0, ALL);
	require(!pipe(down) && !pipe(up), "pipe: %m");
	pid = fork();
	require(pid >= 0, "fork: %m");
	if (!pid) {
		close(down[1]);
		close(up[0]);
		poke_set(&v, 0, ALL);
		pass_turn(up[1], down[0]);
		expect_pokes(&v, "child, protected", 0, ALL, 1);
		pass_turn(up[1], down[0]);
		poke_set(&v, 0, SOME);
		pass_turn(up[1], down[0]);
		_exit(0);
	}
	close(down[0]);
	close(up[1]);
	require(read(up[0], &status, 1) == 1, "the child has ended");
	expect_protect("both", 0, PAGES, 2 * PAGES);
	pass_turn(down[1], up[0]);
	expect_pokes(&v, "parent, protected", 0, ALL, 1);
	expect(record(0, PAGES) == 2 * PAGES, "%llu entries were cleaned",
	       range.total);
	expect_bits("both", ALL);
	pass_turn(down[1], up[0]);
	expect_record("child", 0, PAGES, SOME);
	require(write(down[1], "", 1) == 1, "the child has ended");
	require(waitpid(pid, &status, 0) == pid, "waitpid: %m");
	require(!status, "the child ended with status 0x%x", status);
	expect_record("nobody", 0, PAGES, 0);
	expect_file();
}

/*
 * A huge page that is mapped as one can be neither written nor dirty here, or
 * the kernel would warn: this is for drivers that do not map huge.  It is left
 * as it is, and the small pages behind it are not.
 */
static void huge_page(const void *unused)
{
	static const struct fs scratch = { "tmpfs", MOUNT, false };
	const size_t pmd = mm_pmd_size() / mm_page_size();
	const size_t nr = pmd + HALF;
	struct mm_map m = { 0 };
	struct view v;
	int tries;
	size_t i;

	if (access(MM_THP, F_OK)) {
		fact("dirty.huge", "no");
		skip("this machine has no huge pages");
	}
	skip_on_arm();
	mkdir(MOUNT, 0755);
	require(!mount("tmpfs", MOUNT, "tmpfs", 0, "huge=always"),
		"tmpfs with huge pages: %m");
	for (tries = 0; tries < 10 && !m.shmem_huge; tries++) {
		if (tries) {
			munmap(v.p, nr * psize);
			close(file.fd);
			close(dev);
			mm_compact();
		}
		begin(&scratch, nr, true);
		v = map_at(mm_reserve(nr * psize, mm_pmd_size(), 0), 0, nr);
		/* No huge page fits there; it is dirty and not to be written */
		poke_set(&v, pmd, 0xa1);
		require(!mprotect(v.p, nr * psize, PROT_READ), "mprotect: %m");
		mm_read(v.p);
		m = mm_map(v.p);
	}
	fact("dirty.huge", "%s", m.shmem_huge ? "yes" : "no");
	require(m.shmem_huge == mm_pmd_size() / 1024, "%lu kB are mapped huge",
		m.shmem_huge);

	expect_protect("all", 0, nr, 0);
	expect_record("inside the huge page", 4, 8, 0);
	expect(record(0, nr) == 3, "%llu entries were cleaned, not 3",
	       range.total);
	for (i = 0; i < DIRTY_BITS; i++)
		expect(recorded(i) == (i >= pmd && i < nr &&
				       (0xa1 >> (i - pmd) & 1)),
		       "page %zu is %srecorded", i, recorded(i) ? "" : "not ");
	expect(mm_map(v.p).shmem_huge == m.shmem_huge,
	       "%lu kB are still mapped huge", mm_map(v.p).shmem_huge);
	for (i = 0; i < pmd; i++)
		expect(!mm_read(at(&v, i)), "page %zu is not zero", i);
	require(!mprotect(v.p, nr * psize, PROT_READ | PROT_WRITE),
		"mprotect: %m");
	poke(&v, 3);
	expect(mm_read(at(&v, 3)) == bytes[3], "page 3 has 0x%x",
	       mm_read(at(&v, 3)));
	munmap(v.p, nr * psize);
	close(file.fd);
	file_unmount(MOUNT);
}

static struct view shared_view;
static int stop;

static void *writer(void *arg)
{
	const size_t me = (size_t)arg;
	size_t i;
	u64 *word;

	for (i = me; !__atomic_load_n(&stop, __ATOMIC_SEQ_CST); i += 7) {
		word = (u64 *)at(&shared_view, i % PAGES) + 1 + me;
		__atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

/* Take what is recorded over into @copy.  Return: how many pages. */
static size_t follow(char *copy)
{
	size_t i, nr = 0;

	record(0, PAGES);
	for (i = 0; i < PAGES; i++) {
		if (!recorded(i))
			continue;
		memcpy(copy + i * psize, at(&shared_view, i), psize);
		nr++;
	}
	return nr;
}

/*
 * Threads write while the range is recorded, and each page that is recorded is
 * copied: in the end the copy has everything.  A write that nobody records, as
 * one through an entry that a CPU still has in its TLB, is missing there.
 */
static void logging(const void *protecting)
{
	pthread_t threads[WRITERS];
	size_t rounds = 0, i;
	long long end;
	char *copy;

	begin(&tmpfs, PAGES, false);
	shared_view = map(0, PAGES);
	touch(&shared_view);
	poke_set(&shared_view, 0, ALL);
	copy = malloc(PAGES * psize);
	expect(follow(copy) == PAGES, "not all pages are recorded");
	for (i = 0; i < WRITERS; i++)
		require(!pthread_create(&threads[i], NULL, writer, (void *)i),
			"pthread_create");
	for (end = now_ms() + MS; now_ms() < end ||
	     (rounds < ENOUGH && now_ms() < end + limit_ms(MORE_MS));) {
		if (protecting)
			protect(0, PAGES);
		rounds += !!follow(copy);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < WRITERS; i++)
		require(!pthread_join(threads[i], NULL), "pthread_join");
	expect(rounds >= ENOUGH, "%zu rounds with a write", rounds);
	follow(copy);
	expect(!follow(copy), "written by nobody");
	for (i = 0; i < PAGES; i++)
		expect(!memcmp(copy + i * psize, at(&shared_view, i), psize),
		       "a write to page %zu was not recorded", i);
}

/* What is no range of a regular file is refused; nothing holds the module. */
static void unload(const void *unused)
{
	struct dirty_range bad = { .nr = 1 };

	begin(&tmpfs, PAGES, false);
	bad.fd = dev;
	expect(ioctl(dev, DIRTY_PROTECT, &bad), "a device was protected");
	bad.fd = -1;
	expect(ioctl(dev, DIRTY_RECORD, &bad), "nothing was recorded");
	bad.fd = file.fd;
	bad.nr = DIRTY_BITS + 1;
	expect(ioctl(dev, DIRTY_RECORD, &bad), "more than the bitmap holds");
	bad.nr = 1;
	bad.bitmap_pgoff = 1;
	expect(ioctl(dev, DIRTY_RECORD, &bad), "a page before the bitmap");
	expect(module_unload(DIRTY_NAME), "unloaded while it is open");
	close(dev);
	expect(!module_unload(DIRTY_NAME), "cannot be unloaded: %m");
	expect(access("/dev/" DIRTY_NAME, F_OK), "the device is still there");
	module_load(DIRTY_NAME);
}

static const bool protecting = true;

static const struct ktap_case cases[] = {
	{ "protect_tmpfs", protects, &tmpfs, 0 },
	{ "protect_ext4", protects, &ext4, 0 },
	{ "record_tmpfs", records, &tmpfs, 0 },
	{ "record_ext4", records, &ext4, 0 },
	{ "record_more", adds, NULL, 0 },
	{ "entry_only", entry_only, NULL, 0 },
	{ "parts_tmpfs", parts, &tmpfs, 0 },
	{ "parts_ext4", parts, &ext4, 0 },
	{ "offsets_tmpfs", offsets, &tmpfs, 0 },
	{ "offsets_ext4", offsets, &ext4, 0 },
	{ "holes_tmpfs", holes, &tmpfs, 0 },
	{ "holes_ext4", holes, &ext4, 0 },
	{ "edges", edges, NULL, 0 },
	{ "sparse", sparse, NULL, 0 },
	{ "private_tmpfs", privates, &tmpfs, 0 },
	{ "private_ext4", privates, &ext4, 0 },
	{ "read_only_tmpfs", read_only, &tmpfs, 0 },
	{ "read_only_ext4", read_only, &ext4, 0 },
	{ "behind_skipped", behind_skipped, NULL, 0 },
	{ "fork_tmpfs", other_process, &tmpfs, 0 },
	{ "fork_ext4", other_process, &ext4, 0 },
	{ "huge_page", huge_page, NULL, 0 },
	{ "log", logging, NULL, 0 },
	{ "log_protect", logging, &protecting, 0 },
	{ "unload", unload, NULL, 0 },
	{ }
};

int main(int argc, char **argv)
{
	return ktap_main(argc, argv, cases);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * How many instructions the kernel takes for a page fault, for looking up pages
 * without faults, and for making, changing and taking down page tables.
 *
 * QEMU is to run with "-icount shift=0,sleep=off" and one CPU: its clock then
 * goes on by a nanosecond with each instruction.  The first case looks whether it
 * does; without that nothing is measured.
 *
 * Facts, all numbers.  What is counted in instructions, to a tenth:
 *   fault.read_page	read fault on a cached page, with a window of one page
 *   fault.read_window	the same with the default window, its 16 pages cached
 *   fault.write_anon	first write to an anonymous page
 *   fault.gup_1, fault.gup_16, fault.gup_512
 *			get_user_pages_fast() of that many pages
 *   fault.fork_exit	fork() and the end of the child
 *   fault.fork_exec_exit
 *			the same with execve() of a static program
 *   fault.mprotect_page, fault.munmap_page
 *			per page, of full page tables
 *   fault.mprotect_table, fault.munmap_table
 *			per page table with one page
 * And of a fixed pattern of reads of a cached file:
 *   fault.minor_faults	how many there were
 *   fault.rss		KiB that are mapped then
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "ktap.h"
#include "mm.h"

#define DEBUGFS		"/sys/kernel/debug/"
#define RW		(PROT_READ | PROT_WRITE)
#define ANON		(MAP_PRIVATE | MAP_ANONYMOUS)

/*
 * How often a workload is counted, and before that not.  The interquartile mean is
 * reported: a batch that a timer interrupt or the work of another process fell
 * into is not in it, as a batch is shorter than half of what is between two timer
 * interrupts, 4 million instructions; and it does not jump, as the median does, if
 * every other batch takes a few more.
 */
#define BATCHES		100
#define WARM_UP		20

/* Pages that are mapped: what a page table maps on all but s390, where it is two. */
#define PAGES		512

/* Pages that fault-around maps by default, 64 KiB. */
#define WINDOW		16

/* Page tables with one page each. */
#define TABLES		16

/* The CPU's clock. */
static inline u64 ticks(void)
{
	u64 t;

#if defined(__aarch64__)
	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r" (t) : : "memory");
#elif defined(__x86_64__)
	unsigned int low, high;

	__asm__ volatile("rdtsc" : "=a" (low), "=d" (high) : : "memory");
	t = (u64)high << 32 | low;
#elif defined(__s390x__)
	__asm__ volatile("stckf %0" : "=Q" (t) : : "cc", "memory");
#else
	require(false, "no way to count instructions on this architecture");
	t = 0;
#endif
	return t;
}

/* Instructions, which are nanoseconds of QEMU's, per tick. */
static double per_tick(void)
{
#if defined(__aarch64__)
	u64 frequency;

	__asm__("mrs %0, cntfrq_el0" : "=r" (frequency));
	return 1e9 / frequency;
#elif defined(__s390x__)
	return 1000 / 4096.0;	/* bit 51 is a microsecond */
#else
	return 1;		/* 1 GHz, by QEMU */
#endif
}

/* Run a known number of instructions, @n. */
static void spin(unsigned long n)
{
#if defined(__aarch64__)
	n /= 2;
	__asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r" (n) : : "cc");
#elif defined(__x86_64__)
	n /= 2;
	__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r" (n) : : "cc");
#elif defined(__s390x__)
	__asm__ volatile("1: brctg %0, 1b" : "+r" (n));
#endif
}

static u64 spin_ticks(unsigned long n)
{
	u64 best = ~0ULL, t;
	int i;

	for (i = 0; i < BATCHES; i++) {
		t = ticks();
		spin(n);
		t = ticks() - t;
		if (t < best)
			best = t;
	}
	return best;
}

/* Ends the case unless the clock counts instructions. */
static void need_counter(void)
{
	/* What comes with the reading of the clock is in both */
	const unsigned long n = 100000;
	double got = (spin_ticks(2 * n) - spin_ticks(n)) * per_tick();
	double off = got - n;

	require(off < 2 * per_tick() + 1 && -off < 2 * per_tick() + 1,
		"%lu instructions are %.1f ns, not as many: no -icount shift=0?",
		n, got);
}

static void counter(const void *unused)
{
	need_counter();
}

/**
 * struct work - what is counted
 * @name: of its fact, behind "fault."
 * @ops: how often it does it
 * @before: makes what it needs; not counted
 * @run: what is counted
 * @again: what comes with it and is to be taken off, or NULL
 * @after: cleans up; not counted
 */
struct work {
	const char *name;
	size_t ops;
	void (*before)(void);
	void (*run)(void);
	void (*again)(void);
	void (*after)(void);
};

static size_t psize;
static char *area;
static size_t area_size;
static struct file cached;

static void nothing(void)
{
}

static double count(void (*run)(void))
{
	u64 t = ticks();

	run();
	return (ticks() - t) * per_tick();
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Report the interquartile mean of @values, which are for @ops each. */
static void report(const char *name, double *values, size_t ops)
{
	double sum = 0;
	char full[64];
	int i;

	snprintf(full, sizeof(full), "fault.%s", name);
	qsort(values, BATCHES, sizeof(*values), compare);
	for (i = BATCHES / 4; i < BATCHES * 3 / 4; i++)
		sum += values[i];
	note("%s: %.1f to %.1f", full, values[0] / ops,
	     values[BATCHES - 1] / ops);
	fact(full, "%.1f", sum / (BATCHES / 2) / ops);
}

static void measure(const struct work *work)
{
	void (*again)(void) = work->again ? work->again : nothing;
	static double values[BATCHES];
	int i;

	for (i = -WARM_UP; i < BATCHES; i++) {
		double n;

		work->before();
		n = count(work->run);
		n -= count(again);
		work->after();
		if (i >= 0)
			values[i] = n;
	}
	report(work->name, values, work->ops);
}

static void set_window(size_t pages)
{
	mm_set(DEBUGFS "fault_around_bytes", "%zu\n", pages * psize);
}

/* A file system that is all page cache, and calls what most others call. */
static const struct fs ramfs = { "ramfs", "/tmp/ramfs", false };

static void make_file(size_t pages)
{
	mkdir(ramfs.dir, 0700);
	require(!mount("ramfs", ramfs.dir, "ramfs", 0, NULL), "ramfs: %m");
	file_create(&cached, &ramfs, pages, -1);
	umount2(ramfs.dir, MNT_DETACH);
}

/* An aligned piece of address space, so that page tables are full. */
static char *reserve(size_t size)
{
	area_size = size;
	return mm_reserve(size, mm_pmd_size(), 0);
}

static void map_file(char *at, size_t pages)
{
	area = mmap(at, pages * psize, PROT_READ, MAP_SHARED | MAP_FIXED,
		    cached.fd, 0);
	require(area == at, "mmap: %m");
	area_size = pages * psize;
}

static void map_anon(size_t size)
{
	char *at = reserve(size);

	area = mmap(at, size, RW, ANON | MAP_FIXED, -1, 0);
	require(area == at, "mmap: %m");
	madvise(area, size, MADV_NOHUGEPAGE);
}

static void read_pages(void)
{
	size_t i;

	for (i = 0; i < area_size; i += psize)
		mm_read(area + i);
}

static void read_windows(void)
{
	size_t i;

	for (i = 0; i < area_size; i += WINDOW * psize)
		mm_read(area + i);
}

static void write_pages(void)
{
	size_t i;

	for (i = 0; i < area_size; i += psize)
		mm_poke(area + i, 1);
}

/* Unmaps the pages, and keeps the page tables. */
static void drop(void)
{
	require(!madvise(area, area_size, MADV_DONTNEED), "MADV_DONTNEED: %m");
}

static void expect_rss(size_t pages)
{
	require(mm_map(area).rss * 1024 == pages * psize,
		"%lu KiB are mapped, not %zu pages", mm_map(area).rss, pages);
}

static void read_fault(const void *arg)
{
	const struct work *work = arg;

	psize = mm_page_size();
	need_counter();
	make_file(PAGES);
	map_file(reserve(PAGES * psize), PAGES);
	set_window(PAGES / work->ops);
	work->run();
	expect_rss(PAGES);
	drop();
	mm_read(area);
	expect_rss(PAGES / work->ops);
	measure(work);
	set_window(WINDOW);
}

static const struct work read_page = {
	"read_page", PAGES, drop, read_pages, read_pages, nothing
};

static const struct work read_window = {
	"read_window", PAGES / WINDOW, drop, read_windows, read_windows, nothing
};

static void write_fault(const void *arg)
{
	psize = mm_page_size();
	need_counter();
	map_anon(PAGES * psize);
	write_pages();
	expect_rss(PAGES);
	measure(arg);
}

static const struct work write_anon = {
	"write_anon", PAGES, drop, write_pages, write_pages, nothing
};

/*
 * As mm/gup_benchmark.c has it.  Since v5.11 it is mm/gup_test.c and shorter, where the
 * flags are followed by what is 0 here.
 */
struct gup_benchmark {
	__u64 get_delta_usec;
	__u64 put_delta_usec;
	__u64 addr;
	__u64 size;
	__u32 nr_pages_per_call;
	__u32 flags;
	__u64 expansion[10];
};

#define GUP_TEST_SIZE		80
#define GUP_FAST_BENCHMARK	_IOWR('g', 1, struct gup_benchmark)
#define GUP_FAST_TEST		_IOC(_IOC_READ | _IOC_WRITE, 'g', 1, GUP_TEST_SIZE)

/*
 * It counts in microseconds, a thousand instructions: enough pages that these are
 * one in a thousand.  They are those of the file again and again.
 */
#define GUP_PAGES	32768

static const unsigned int gup_sizes[] = { 1, 16, 512 };

static void gup_fast(const void *arg)
{
	const unsigned int *nr = arg;
	unsigned long command = GUP_FAST_BENCHMARK;
	static double values[BATCHES];
	char *at, name[32];
	size_t i;
	int fd, n;

	psize = mm_page_size();
	need_counter();
	fd = open(DEBUGFS "gup_benchmark", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		command = GUP_FAST_TEST;
		fd = open(DEBUGFS "gup_test", O_RDWR | O_CLOEXEC);
	}
	require(fd >= 0, DEBUGFS "gup_benchmark, gup_test: %m");
	make_file(PAGES);
	at = reserve(GUP_PAGES * psize);
	for (i = 0; i < GUP_PAGES; i += PAGES) {
		map_file(at + i * psize, PAGES);
		read_pages();
	}
	for (n = -WARM_UP; n < BATCHES; n++) {
		struct gup_benchmark gup = {
			.addr = (unsigned long)at,
			/* One page at a time takes so much longer */
			.size = GUP_PAGES * psize / (*nr == 1 ? 4 : 1),
			.nr_pages_per_call = *nr,
		};
		u64 size = gup.size;

		require(!ioctl(fd, command, &gup), "GUP_FAST_BENCHMARK: %m");
		require(gup.size == size, "%llu bytes were found, not %llu",
			gup.size, size);
		if (n >= 0)
			values[n] = gup.get_delta_usec * 1000.0 /
				    (size / psize / *nr);
	}
	snprintf(name, sizeof(name), "gup_%u", *nr);
	report(name, values, 1);
}

static void reap(pid_t pid)
{
	int status;

	require(pid > 0, "fork: %m");
	require(waitpid(pid, &status, 0) == pid && !status,
		"the child ended with %#x", status);
}

static void fork_exit(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	reap(pid);
}

#define CHILD	"fault-child"

static void fork_exec_exit(void)
{
	char * const argv[] = { CHILD, NULL }, * const envp[] = { NULL };
	pid_t pid = fork();

	if (!pid) {
		execve("/proc/self/exe", argv, envp);
		_exit(127);
	}
	reap(pid);
}

/* What is run as CHILD: it uses pages in tables of their own, and ends. */
static int child_main(void)
{
	size_t i;

	psize = mm_page_size();
	map_anon(TABLES * mm_pmd_size());
	for (i = 0; i < TABLES; i++)
		mm_poke(area + i * mm_pmd_size(), 1);
	return 0;
}

static void process(const void *arg)
{
	char *p;
	size_t i;

	psize = mm_page_size();
	need_counter();
	map_anon(PAGES * psize);
	write_pages();
	p = area;
	map_anon(TABLES * mm_pmd_size());
	for (i = 0; i < TABLES; i++)
		mm_poke(area + i * mm_pmd_size(), 1);
	measure(arg);
	munmap(p, PAGES * psize);
}

static const struct work fork_only = {
	"fork_exit", 1, nothing, fork_exit, NULL, nothing
};

static const struct work fork_exec = {
	"fork_exec_exit", 1, nothing, fork_exec_exit, NULL, nothing
};

static void protect_twice(void)
{
	require(!mprotect(area, area_size, PROT_READ), "mprotect: %m");
	require(!mprotect(area, area_size, RW), "mprotect: %m");
}

static void unmap(void)
{
	require(!munmap(area, area_size), "munmap: %m");
}

static void full_tables(void)
{
	map_anon(PAGES * psize);
	write_pages();
}

static void sparse_tables(void)
{
	size_t i;

	map_anon(TABLES * mm_pmd_size());
	for (i = 0; i < TABLES; i++)
		mm_poke(area + i * mm_pmd_size(), 1);
}

static void tables(const void *arg)
{
	psize = mm_page_size();
	need_counter();
	measure(arg);
}

static const struct work mprotect_page = {
	"mprotect_page", 2 * PAGES, full_tables, protect_twice, NULL, unmap
};

static const struct work mprotect_table = {
	"mprotect_table", 2 * TABLES, sparse_tables, protect_twice, NULL, unmap
};

static const struct work munmap_page = {
	"munmap_page", PAGES, full_tables, unmap, NULL, nothing
};

static const struct work munmap_table = {
	"munmap_table", TABLES, sparse_tables, unmap, NULL, nothing
};

/* Read a file here and there, and count faults and what is mapped. */
static void resident(const void *unused)
{
	/* Odd, so that the reads are spread over its windows, and leave some out */
	const size_t pages = 1024, stride = 37, reads = 40;
	long minor, major;
	size_t i;

	psize = mm_page_size();
	make_file(pages);
	map_file(reserve(pages * psize), pages);
	minor = mm_minor_faults();
	major = mm_major_faults();
	for (i = 0; i < reads; i++)
		mm_read(area + i * stride % pages * psize);
	minor = mm_minor_faults() - minor;
	require(mm_major_faults() == major, "the file was not cached");
	fact("fault.minor_faults", "%ld", minor);
	fact("fault.rss", "%lu", mm_map(area).rss);
}

static const struct ktap_case cases[] = {
	{ "counter", counter, NULL, 0 },
	{ "read_page", read_fault, &read_page, 0 },
	{ "read_window", read_fault, &read_window, 0 },
	{ "write_anon", write_fault, &write_anon, 0 },
	{ "gup_1", gup_fast, &gup_sizes[0], 0 },
	{ "gup_16", gup_fast, &gup_sizes[1], 0 },
	{ "gup_512", gup_fast, &gup_sizes[2], 0 },
	{ "fork_exit", process, &fork_only, 0 },
	{ "fork_exec_exit", process, &fork_exec, 0 },
	{ "mprotect_page", tables, &mprotect_page, 0 },
	{ "mprotect_table", tables, &mprotect_table, 0 },
	{ "munmap_page", tables, &munmap_page, 0 },
	{ "munmap_table", tables, &munmap_table, 0 },
	{ "resident", resident, NULL, 0 },
	{ }
};

int main(int argc, char **argv)
{
	if (!strcmp(argv[0], CHILD))
		return child_main();
	return ktap_main(argc, argv, cases);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Writes through a shared mapping of ext4, whose ->page_mkwrite is asked before
 * a page becomes writable: how often, after what, what reaches the file while
 * writeback, truncation and other writers race, and what happens when it says
 * no or may not be asked.
 *
 * A fault that asks it drops the mmap lock before it throttles the writer.  On
 * 5.10 it is then done in a second round, and so counts as one major fault; since
 * v6.0 it ends with VM_FAULT_COMPLETED, and counts as a minor one.
 *
 * Fact:
 *   mkwrite.swapfile=stale|kept   flags of a fault after a write to a swap file
 *                                 was refused: those for ->page_mkwrite, or its own
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/swap.h>
#include <unistd.h>

#include "file.h"
#include "ktap.h"
#include "mm.h"
#include "module.h"
#include "modules/swapdev.h"
#include "swapfile.h"

#define PAGES		32
#define AT		5	/* page that is looked at most */
#define VALUE		0x5a
#define WRITERS		2
#define MS		150	/* how long the writers race, in at least */
#define ROUNDS		6	/* so many rounds */
#define ENOUGH		(2 * PAGES)	/* calls of page_mkwrite, or it was no race */
#define MORE_MS		20000	/* how long to wait for so many, on a busy host */
#define FILLER		"/mnt/filler"
#define TRIES		10

static struct file file;
static size_t psize;
static __thread sigjmp_buf *recover;

static void on_bus(int sig)
{
	if (!recover) {
		signal(sig, SIG_DFL);
		return;
	}
	siglongjmp(*recover, 1);
}

static void allow_bus(void)
{
	struct sigaction sa = { .sa_handler = on_bus,
				.sa_flags = SA_NODEFER };

	sigaction(SIGBUS, &sa, NULL);
}

/* Write a byte.  Return: false if that was a SIGBUS. */
static bool try_poke(char *p)
{
	sigjmp_buf env;

	recover = &env;
	if (sigsetjmp(env, 1)) {
		recover = NULL;
		return false;
	}
	mm_poke(p, VALUE);
	recover = NULL;
	return true;
}

static char *map(int fd, size_t pages)
{
	char *p = mmap(NULL, pages * psize, PROT_READ | PROT_WRITE, MAP_SHARED,
		       fd, 0);

	require(p != MAP_FAILED, "mmap: %m");
	return p;
}

static char *begin(void)
{
	psize = mm_page_size();
	file_create(&file, &ext4, PAGES, -1);
	return map(file.fd, PAGES);
}

/* Write a byte; it must take so many faults of each kind, and ask if @asks. */
static void poke_counted(char *p, const char *when, long major, long minors,
			 bool asks)
{
	long minor, majors;

	file_forget_time(&file);
	/* The first call of each is not measured */
	minor = mm_minor_faults();
	majors = mm_major_faults();
	minor = mm_minor_faults();
	majors = mm_major_faults();
	mm_poke(p, VALUE);
	majors = mm_major_faults() - majors;
	minor = mm_minor_faults() - minor;
	expect(majors == major && minor == minors,
	       "%s: %ld major and %ld minor faults, not %ld and %ld", when,
	       majors, minor, major, minors);
	expect(file_time_was_set(&file) == asks, "%s: page_mkwrite was %scalled", when,
	       asks ? "not " : "");
}

/* The same of a cached page, which takes a fault if it asks. */
static void poke(char *p, const char *when, long faults, bool asks)
{
	if (mm_second_round())
		poke_counted(p, when, faults, 0, asks);
	else
		poke_counted(p, when, 0, faults, asks);
}

/* What the disk has, once nothing is cached. */
static void read_back(int fd, void *buf, size_t first, size_t nr)
{
	require(!fsync(fd), "fsync: %m");
	mm_drop_caches();
	require(!posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), "fadvise");
	require(pread(fd, buf, nr * psize, first * psize) ==
		(ssize_t)(nr * psize), "pread: %m");
}

static void first_write(const void *unused)
{
	char *p = begin(), *buf = malloc(PAGES * psize);
	size_t i;

	for (i = 0; i < PAGES; i++)
		mm_read(p + i * psize);
	poke(p + AT * psize, "first write", 1, true);
	poke(p + AT * psize, "second write", 0, false);
	expect(mm_map(p).shared_dirty + mm_map(p).private_dirty ==
	       psize / 1024, "%lu kB are dirty",
	       mm_map(p).shared_dirty + mm_map(p).private_dirty);
	require(!msync(p, PAGES * psize, MS_SYNC), "msync: %m");
	munmap(p, PAGES * psize);
	read_back(file.fd, buf, 0, PAGES);
	expect((unsigned char)buf[AT * psize] == VALUE, "the file has 0x%x",
	       (unsigned char)buf[AT * psize]);
	buf[AT * psize] = file_byte(AT, 0);
	for (i = 0; i < PAGES; i++)
		expect(file_page_ok(buf + i * psize, i),
		       "page %zu of the file is wrong", i);
}

/* Drop a page that is clean; a CPU's list of new ones may have it for a while. */
static void uncache(int fd, const char *p)
{
	unsigned char resident = 1;
	int tries;

	for (tries = 0; tries < TRIES && resident & 1; tries++) {
		mm_drain_lru();
		mm_drop_caches();
		require(!posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED),
			"fadvise");
		require(!mincore((void *)p, psize, &resident), "mincore: %m");
	}
	require(!(resident & 1), "the page stays cached");
}

/* The page is not mapped before, and not cached the second time. */
static void write_unmapped(const void *unused)
{
	char *p = begin(), *buf = malloc(psize);

	poke(p + AT * psize, "cached", 1, true);
	munmap(p, PAGES * psize);
	read_back(file.fd, buf, AT, 1);
	expect((unsigned char)buf[0] == VALUE, "the file has 0x%x", buf[0]);
	p = map(file.fd, PAGES);
	uncache(file.fd, p + AT * psize);
	poke_counted(p + AT * psize + 1, "not cached", 1, 0, true);
	munmap(p, PAGES * psize);
	read_back(file.fd, buf, AT, 1);
	expect(buf[1] == VALUE, "the file has 0x%x", buf[1]);
}

/* Writeback takes the right to write away, and only that. */
static void write_again(const void *unused)
{
	const unsigned int whole = SYNC_FILE_RANGE_WAIT_BEFORE |
				   SYNC_FILE_RANGE_WRITE |
				   SYNC_FILE_RANGE_WAIT_AFTER;
	char *p = begin(), *at = p + AT * psize;
	long faults;

	mm_read(at);
	poke(at, "first write", 1, true);
	poke(at, "second write", 0, false);
	require(!msync(p, PAGES * psize, MS_SYNC), "msync: %m");
	faults = mm_minor_faults() + mm_major_faults();
	mm_read(at);
	faults = mm_minor_faults() + mm_major_faults() - faults;
	expect(!faults, "a read after msync takes %ld faults", faults);
	poke(at, "write after msync", 1, true);
	poke(at, "and once more", 0, false);
	require(!sync_file_range(file.fd, AT * psize, psize, whole),
		"sync_file_range: %m");
	poke(at, "write after sync_file_range", 1, true);
	require(!fsync(file.fd), "fsync: %m");
	poke(at, "write after fsync", 1, true);
	/* It was page AT alone */
	poke(at + psize, "neighbour", 1, true);
}

/*
 * Every writer counts up a word of its own in every page, in rounds.  All of
 * them meet on the same entries, and on what @disturb does to them.
 */
static u64 *words;	/* WRITERS in each page */
static int stop;
static bool may_vanish;	/* words may turn into zero: truncation, holes */
static u64 counts[WRITERS][PAGES];
static u64 lost_page, lost_found, lost_want;
static int lost;

static u64 *word(size_t writer, size_t pagenr)
{
	return words + pagenr * psize / sizeof(u64) + writer;
}

static void count_up(size_t writer, size_t pagenr)
{
	u64 *w = word(writer, pagenr);
	u64 now = __atomic_load_n(w, __ATOMIC_SEQ_CST);

	/* The first one is told, and not what two writers have found by halves */
	if (now != counts[writer][pagenr] && (now || !may_vanish) &&
	    !__atomic_exchange_n(&lost, 1, __ATOMIC_SEQ_CST)) {
		lost_page = pagenr;
		lost_found = now;
		lost_want = counts[writer][pagenr];
	}
	__atomic_store_n(w, counts[writer][pagenr] + 1, __ATOMIC_SEQ_CST);
	/* Not before: beyond the end of the file there is a SIGBUS instead */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	counts[writer][pagenr]++;
}

static void *writer(void *arg)
{
	const size_t me = (size_t)arg;
	static __thread size_t next;
	sigjmp_buf env;

	recover = &env;
	sigsetjmp(env, 1);
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
		/* Another order for each */
		next++;
		count_up(me, (me ? next * 7 : next) % PAGES);
	}
	recover = NULL;
	return NULL;
}

static void write_back(int round)
{
	switch (round % 3) {
	case 0:
		require(!sync_file_range(file.fd, 0, 0,
					 SYNC_FILE_RANGE_WRITE |
					 SYNC_FILE_RANGE_WAIT_AFTER),
			"sync_file_range: %m");
		break;
	case 1:
		require(!msync(words, PAGES * psize, MS_SYNC), "msync: %m");
		break;
	case 2:
		require(!fsync(file.fd), "fsync: %m");
		break;
	}
}

static void truncate_and_extend(int round)
{
	size_t first = round * 5 % PAGES;

	require(!ftruncate(file.fd, first * psize), "ftruncate: %m");
	usleep(500);
	require(!ftruncate(file.fd, PAGES * psize), "ftruncate: %m");
	require(round % 2 || !sync_file_range(file.fd, 0, 0,
					      SYNC_FILE_RANGE_WRITE),
		"sync_file_range: %m");
}

static void punch(int round)
{
	require(!fallocate(file.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			   round * 5 % PAGES * psize, 7 * psize),
		"fallocate: %m");
	usleep(500);
	require(round % 2 || !sync_file_range(file.fd, 0, 0,
					      SYNC_FILE_RANGE_WRITE),
		"sync_file_range: %m");
}

/**
 * struct race - one case
 * @disturb: what is done meanwhile
 * @may_vanish: it takes away what was written
 */
struct race {
	void (*disturb)(int round);
	bool may_vanish;
};

/*
 * Calls of page_mkwrite by all threads, which are major faults.  Where they are
 * minor ones, reads are counted too, and a writer reads before it writes.
 */
static long asked(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return mm_second_round() ? usage.ru_majflt : usage.ru_minflt / 2;
}

static void race(const void *arg)
{
	const struct race *r = arg;
	pthread_t threads[WRITERS];
	u64 *buf, *disk, sum = 0;
	long long end;
	long faults;
	size_t wrong = 0, i, k;
	int round;

	words = (u64 *)begin();
	buf = calloc(PAGES, psize);
	require(pwrite(file.fd, buf, PAGES * psize, 0) ==
		(ssize_t)(PAGES * psize), "pwrite: %m");
	may_vanish = r->may_vanish;
	allow_bus();
	faults = asked();
	for (i = 0; i < WRITERS; i++)
		require(!pthread_create(&threads[i], NULL, writer, (void *)i),
			"pthread_create");
	end = now_ms() + MS;
	for (round = 0; round < ROUNDS || now_ms() < end ||
	     (asked() - faults <= ENOUGH && now_ms() < end + limit_ms(MORE_MS)); round++)
		r->disturb(round);
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	faults = asked() - faults;
	expect(!lost, "page %llu: a writer found %llu, and had written %llu",
	       lost_page, lost_found, lost_want);

	/* At rest, once more each: nothing takes it away */
	may_vanish = false;
	for (i = 0; i < WRITERS && r->may_vanish; i++) {
		for (k = 0; k < PAGES; k++)
			__atomic_store_n(word(i, k), ++counts[i][k],
					 __ATOMIC_SEQ_CST);
	}
	require(!munmap(words, PAGES * psize), "munmap: %m");
	read_back(file.fd, buf, 0, PAGES);
	for (i = 0; i < WRITERS; i++) {
		for (k = 0; k < PAGES; k++) {
			disk = buf + k * psize / sizeof(u64) + i;
			wrong += *disk != counts[i][k];
			if (*disk != counts[i][k] && wrong == 1)
				note("page %zu: the file has %llu, writer %zu wrote %llu",
				     k, *disk, i, counts[i][k]);
			sum += counts[i][k];
		}
	}
	expect(!wrong, "%zu words of the file are not what was written last",
	       wrong);
	expect(faults > ENOUGH, "page_mkwrite was called %ld times", faults);
	note("%d rounds, %llu writes, %ld calls of page_mkwrite", round, sum,
	     faults);
}

static const struct race races[] = {
	{ write_back, false },
	{ truncate_and_extend, true },
	{ punch, true },
};

/* Take all of the disk's blocks, in ever smaller pieces. */
static int fill_disk(void)
{
	int fd = open(FILLER, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	off_t at = 0, piece = 32 << 20;

	require(fd >= 0, FILLER ": %m");
	while (piece >= (off_t)psize) {
		if (!fallocate(fd, 0, at, piece)) {
			at += piece;
			continue;
		}
		require(errno == ENOSPC, "fallocate: %m");
		piece /= 2;
	}
	return fd;
}

/* A hole in a file on a full disk: refused, and possible when there is room. */
static void no_space(const void *unused)
{
	char *p, *buf;
	int fd;

	psize = mm_page_size();
	unlink(FILLER);
	file_create(&file, &ext4, PAGES, AT);
	p = map(file.fd, PAGES);
	buf = malloc(psize);
	allow_bus();
	expect(!mm_read(p + AT * psize), "the hole is not zero");
	/* Blocks that were freed are free with the next commit, not when it suits */
	sync();
	fd = fill_disk();
	expect(!try_poke(p + AT * psize), "no SIGBUS on a full disk");
	expect(!try_poke(p + AT * psize), "no SIGBUS the second time");
	expect(!mm_read(p + AT * psize), "something was written");
	/* What has its blocks needs no more */
	expect(try_poke(p + (AT + 1) * psize), "SIGBUS beside the hole");
	close(fd);
	require(!unlink(FILLER), "unlink: %m");
	/* The blocks come back with the next commit */
	sync();
	expect(try_poke(p + AT * psize), "SIGBUS with room on the disk");
	munmap(p, PAGES * psize);
	read_back(file.fd, buf, AT, 1);
	expect(buf[0] == VALUE && !buf[1], "the file has 0x%x 0x%x", buf[0],
	       buf[1]);
}

/*
 * A file that is swapped to may be mapped from before.  Who writes to it
 * then is refused without ->page_mkwrite being asked.
 */
static void swap_file(const void *unused)
{
	size_t faults;
	char *p;

	psize = mm_page_size();
	swapfile_off();
	file.fd = swapfile_create(1);
	p = map(file.fd, PAGES);
	allow_bus();
	mm_read(p + AT * psize);
	require(!swapon(SWAPFILE, 0), "swapon: %m");
	/* Mapped, and not mapped: both ways to get there */
	expect(!try_poke(p + AT * psize), "no SIGBUS where it is mapped");
	expect(!try_poke(p + 2 * AT * psize), "no SIGBUS where it is not");
	expect(!try_poke(p + AT * psize), "no SIGBUS the second time");
	expect(!mm_read(p + AT * psize), "something was written");
	expect(!mm_read(p + 2 * AT * psize), "something was written");
	faults = mm_minor_faults() + mm_major_faults();
	mm_read(p + AT * psize);
	faults = mm_minor_faults() + mm_major_faults() - faults;
	expect(!faults, "a read takes %zu faults", faults);
	require(!swapoff(SWAPFILE), "swapoff: %m");
	poke(p + AT * psize, "write after swapoff", 1, true);
	close(file.fd);
	unlink(SWAPFILE);
}

/*
 * The same refusal, seen from inside: the fault goes on, to its end, after it.
 * Does it then have the flags that it came with, or those that were meant for
 * ->page_mkwrite?
 */
static void swap_file_flags(const void *unused)
{
	const __u32 ask = SWAPDEV_FLAG_WRITE | SWAPDEV_FLAG_MKWRITE;
	struct swapdev_seen seen;
	char *p;
	int fd;

	psize = mm_page_size();
	module_load(SWAPDEV_NAME);
	fd = open("/dev/" SWAPDEV_NAME, O_RDWR | O_CLOEXEC);
	if (fd < 0 && errno == EOPNOTSUPP)
		skip("this kernel has no kprobes");
	require(fd >= 0, "/dev/" SWAPDEV_NAME ": %m");
	p = map(fd, 1);
	require(!ioctl(fd, SWAPDEV_START), "SWAPDEV_START: %m");
	allow_bus();
	expect(!try_poke(p), "no SIGBUS");
	require(!ioctl(fd, SWAPDEV_SEEN, &seen), "SWAPDEV_SEEN: %m");
	expect(!seen.asked, "page_mkwrite was called %u times", seen.asked);
	require(seen.faults == 1 && seen.freed == 1,
		"%u pages were given and %u freed, not one", seen.faults,
		seen.freed);
	require(seen.before & SWAPDEV_FLAG_WRITE &&
		seen.before & SWAPDEV_FLAG_USER,
		"a write from here has the flags 0x%x", seen.before);
	require(seen.after == seen.before || seen.after == ask,
		"flags 0x%x before and 0x%x after", seen.before, seen.after);
	fact("mkwrite.swapfile", "%s", seen.after == seen.before ? "kept" :
								   "stale");
	munmap(p, psize);
	close(fd);
}

static const struct ktap_case cases[] = {
	{ "first_write", first_write, NULL, 0 },
	{ "write_unmapped", write_unmapped, NULL, 0 },
	{ "write_again", write_again, NULL, 0 },
	{ "race_writeback", race, &races[0], 0 },
	{ "race_truncate", race, &races[1], 0 },
	{ "race_punch", race, &races[2], 0 },
	{ "no_space", no_space, NULL, 0 },
	{ "swap_file", swap_file, NULL, 0 },
	{ "swap_file_flags", swap_file_flags, NULL, 0 },
	{ }
};

int main(int argc, char **argv)
{
	return ktap_main(argc, argv, cases);
}

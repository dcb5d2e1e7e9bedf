// SPDX-License-Identifier: GPL-2.0
/*
 * Threads fault on a file at random while its pages, its mappings or its page
 * tables are taken away; afterwards no data is wrong, the counters agree with
 * what is mapped, and no page is left behind.
 *
 * Facts:
 *   race.shmem_huge=yes|absent  whether tmpfs gave huge pages (huge=always);
 *                               absent: this machine has none
 */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "file.h"
#include "ktap.h"
#include "mm.h"

#define MOUNT		"/tmp/race"
#define MS		250	/* how long the threads run, at least */
#define ROUNDS		3	/* and how often they are disturbed, without faultline.rounds */
#define READERS		2
#define PAGES		96	/* of the file: six windows */
#define SLOTS		4	/* mappings of the file */
#define DROPPED		8	/* pages at a time */
#define READ_AGAIN	32	/* pages that had been dropped, at least */
#define LOOKS		100	/* each reader has to have taken */
#define MORE_MS		20000	/* for these, at most, on a busy host */
#define FREE_MS		2000	/* until all pages are freed */

/* What a reader may meet, besides the right data */
#define ZERO		1
#define BUS		2
#define SEGV		4

/**
 * struct race - one case
 * @fs: where the file is
 * @disturb: what is done meanwhile, over and over
 * @allow: ZERO, BUS, SEGV
 * @huge: the file is in huge pages, one slot per huge page
 */
struct race {
	const struct fs *fs;
	void (*disturb)(void);
	int allow;
	bool huge;
};

/* tmpfs mounted for one case, so that unmounting it must free everything */
static const struct fs scratch = { "tmpfs", MOUNT, false };

static const struct race *race;
static struct file file;
static char *slots[SLOTS];
static size_t slot_pages;
static size_t psize;
static int stop, held;
static long looks[READERS];
static long long read_before;	/* see pages_read() */
static u64 wrong_page, wrong_word;
static int wrong;

static __thread sigjmp_buf *recover;

static void on_fault(int sig)
{
	int may = sig == SIGBUS ? BUS : SEGV;

	if (!recover || !(race->allow & may)) {
		signal(sig, SIG_DFL);
		return;
	}
	siglongjmp(*recover, sig);
}

static unsigned int random_below(unsigned int n)
{
	static __thread u64 state;
	struct timespec ts;

	if (!state) {
		clock_gettime(CLOCK_MONOTONIC, &ts);
		state = (ts.tv_nsec ^ (u64)pthread_self()) | 1;
	}
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 16) % n;
}

/* The page of the file that a page of a slot shows. */
static size_t file_index(size_t slot, size_t page)
{
	return race->huge ? slot * slot_pages + page : page;
}

/*
 * A page that is written again after it has been a hole: whoever copies into
 * it may have got to any byte of a word, on a CPU that copies by bytes.
 */
static bool hole_or_copied(u64 word, u64 right)
{
	const unsigned char *is = (unsigned char *)&word;
	const unsigned char *will = (unsigned char *)&right;
	size_t i;

	for (i = 0; i < sizeof(word); i++) {
		if (is[i] && is[i] != will[i])
			return false;
	}
	return true;
}

static void look(size_t slot, size_t page)
{
	char *p = slots[slot] + page * psize;
	size_t index = file_index(slot, page);
	u64 word = __atomic_load_n((u64 *)p, __ATOMIC_SEQ_CST);
	u64 right = file_word(index, 0);

	if (word != right &&
	    !((race->allow & ZERO) && hole_or_copied(word, right)) &&
	    !__atomic_exchange_n(&wrong, 1, __ATOMIC_SEQ_CST)) {
		wrong_page = index;
		wrong_word = word;
	}
	/* Now and then dirty or copy it, with the byte that is there anyway */
	if (slot % 2 && !random_below(8))
		mm_poke(p + psize - 1, file_byte(index, psize - 1));
}

static void *reader(void *count)
{
	sigjmp_buf env;

	recover = &env;
	sigsetjmp(env, 0);
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
		if (__atomic_load_n(&held, __ATOMIC_SEQ_CST)) {
			sched_yield();
			continue;
		}
		look(random_below(SLOTS), random_below(slot_pages));
		__atomic_fetch_add((long *)count, 1, __ATOMIC_SEQ_CST);
	}
	recover = NULL;
	return NULL;
}

/* One slot in four, so both are always there. */
static bool is_private(size_t slot)
{
	return slot % 4 == 3;
}

static void map_slot(size_t slot)
{
	char *p = mmap(slots[slot], slot_pages * psize, PROT_READ | PROT_WRITE,
		       (is_private(slot) ? MAP_PRIVATE : MAP_SHARED) | MAP_FIXED,
		       file.fd, file_index(slot, 0) * psize);

	require(p == slots[slot], "mmap: %m");
}

/* Pages of the file, with what those @ahead of them hold. */
static void write_as(size_t first, size_t end, size_t ahead)
{
	char *buf = malloc(psize);
	size_t i;

	for (i = first; i < end; i++) {
		file_page(buf, i + ahead);
		require(pwrite(file.fd, buf, psize, i * psize) ==
			(ssize_t)psize, "pwrite: %m");
	}
	free(buf);
}

static void write_pages(size_t first, size_t end)
{
	write_as(first, end, 0);
}

/*
 * Nothing is written to a hole of the file but a last byte, so what a shared mapping
 * shows otherwise has left the file.  Every other time, as looking is a fault as well.
 */
static void expect_hole(size_t first, size_t end)
{
	size_t i, k;
	u64 word;

	if (race->huge || random_below(2))
		return;
	for (i = 0; i < SLOTS; i++) {
		for (k = first; k < end && !is_private(i); k++) {
			word = __atomic_load_n((u64 *)(slots[i] + k * psize),
					       __ATOMIC_SEQ_CST);
			require(!word, "page %zu of slot %zu began with 0x%llx in a hole",
				k, i, word);
		}
	}
}

static void some_range(size_t nr, size_t *first, size_t *end)
{
	*first = random_below(nr);
	*end = *first + 1 + random_below(nr - *first);
}

static void dontneed(void)
{
	size_t slot = random_below(SLOTS), first, end;

	some_range(slot_pages, &first, &end);
	madvise(slots[slot] + first * psize, (end - first) * psize,
		MADV_DONTNEED);
}

/* A new mapping in the place of the old one: its page table goes away. */
static void remap(void)
{
	map_slot(random_below(SLOTS));
}

static void protect(void)
{
	static const int prots[] = {
		PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE
	};
	size_t slot = random_below(SLOTS), first, end;

	some_range(slot_pages, &first, &end);
	require(!mprotect(slots[slot] + first * psize, (end - first) * psize,
			  prots[random_below(ARRAY_SIZE(prots))]),
		"mprotect: %m");
}

static void truncate_extend(void)
{
	size_t first = random_below(file.pages);

	require(!ftruncate(file.fd, first * psize), "ftruncate: %m");
	usleep(random_below(1000));
	require(!ftruncate(file.fd, file.pages * psize), "ftruncate: %m");
	expect_hole(first, file.pages);
	write_pages(first, first + 8 < file.pages ? first + 8 : file.pages);
}

static void punch(void)
{
	size_t first, end;

	some_range(file.pages, &first, &end);
	require(!fallocate(file.fd,
			   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			   first * psize, (end - first) * psize),
		"fallocate: %m");
	expect_hole(first, end);
	write_pages(first, first + 8 < end ? first + 8 : end);
}

/* The same through the mapping; only shared ones can. */
static void remove_pages(void)
{
	size_t slot = random_below(SLOTS / 2) * 2, first, end;

	some_range(slot_pages, &first, &end);
	require(!madvise(slots[slot] + first * psize, (end - first) * psize,
			 MADV_REMOVE), "MADV_REMOVE: %m");
	expect_hole(first, end);
	first = file_index(slot, first);
	write_pages(first, first + 4 < file.pages ? first + 4 : file.pages);
}

/*
 * From the page cache.  Only what is clean and mapped nowhere goes, and the readers
 * may be so fast that nothing ever is: every other time they are held.
 */
static void drop(void)
{
	size_t first = random_below(file.pages - DROPPED + 1), slot;

	__atomic_store_n(&held, random_below(2), __ATOMIC_SEQ_CST);
	require(!fdatasync(file.fd), "fdatasync: %m");
	for (slot = 0; slot < SLOTS; slot++)
		madvise(slots[slot] + first * psize, DROPPED * psize,
			MADV_DONTNEED);
	posix_fadvise(file.fd, first * psize, DROPPED * psize,
		      POSIX_FADV_DONTNEED);
	__atomic_store_n(&held, 0, __ATOMIC_SEQ_CST);
}

static void fork_exit(void)
{
	pid_t pid = fork();
	int i, status;

	require(pid >= 0, "fork: %m");
	if (!pid) {
		/* What the child sees, it has to tell */
		wrong = 0;
		for (i = 0; i < 8; i++)
			look(random_below(SLOTS), random_below(slot_pages));
		_exit(wrong);
	}
	require(waitpid(pid, &status, 0) == pid, "waitpid: %m");
	require(!status, "the child ended with status 0x%x", status);
}

/* Huge pages: map, zap, split in both ways, give back. */
static void zap_huge(void)
{
	size_t slot = random_below(SLOTS);

	switch (random_below(5)) {
	case 0:
		madvise(slots[slot], slot_pages * psize, MADV_DONTNEED);
		break;
	case 1:
		dontneed();
		break;
	case 2:
		protect();
		break;
	case 3:
		punch();
		break;
	case 4:
		truncate_extend();
		break;
	}
}

/* What the counters say and the walk does not; constant if both are right. */
static long long rss_difference(void)
{
	char *p = mmap(NULL, psize, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* Unmapping brings the counters of this thread up to date */
	mm_poke(p, 1);
	munmap(p, psize);
	return mm_number("/proc/self/status", "VmRSS") -
	       (long long)mm_rollup().rss;
}

static void lay_out(void)
{
	size_t pages = PAGES, i;
	char *area;

	slot_pages = PAGES;
	if (race->huge) {
		slot_pages = mm_pmd_size() / psize;
		/* No room for more than these in FILE_PAGES_MAX */
		pages = 0;
	}
	file_create(&file, race->huge ? &scratch : race->fs, pages, -1);
	if (race->huge) {
		file.pages = SLOTS * slot_pages;
		write_pages(0, file.pages);
	}

	area = mm_reserve(SLOTS * mm_pmd_size(), mm_pmd_size(), 0);
	for (i = 0; i < SLOTS; i++) {
		slots[i] = area + i * mm_pmd_size();
		map_slot(i);
	}
}

/* How many slots have a huge page mapped as one. */
static size_t huge_slots(void)
{
	size_t huge = 0, i;

	for (i = 0; i < SLOTS; i++)
		huge += !!mm_map(slots[i]).shmem_huge;
	return huge;
}

/* The same in huge pages; where memory is in pieces that takes a few tries. */
static void lay_out_huge(void)
{
	size_t huge = 0, i;
	int tries;

	for (tries = 0; tries < 10 && huge < SLOTS; tries++) {
		if (tries) {
			munmap(slots[0], SLOTS * mm_pmd_size());
			close(file.fd);
			mm_compact();
		}
		lay_out();
		for (i = 0; i < SLOTS; i++)
			mm_read(slots[i]);
		huge = huge_slots();
	}
	require(huge == SLOTS, "tmpfs gave %zu huge pages, not %d", huge,
		SLOTS);
}

/* They are split, but one: begin again.  Return: whether one is huge now. */
static bool some_huge(void)
{
	size_t i;

	if (huge_slots())
		return true;
	require(!ftruncate(file.fd, 0) &&
		!ftruncate(file.fd, file.pages * psize), "ftruncate: %m");
	write_pages(0, file.pages);
	/* No huge page goes where there is a page table */
	for (i = 0; i < SLOTS; i++) {
		map_slot(i);
		mm_read(slots[i]);
	}
	return huge_slots();
}

/*
 * What is in a shared mapping is of the file: that is seen once the file says
 * another thing.
 */
static void expect_no_stale_page(void)
{
	size_t i, k;

	write_as(0, file.pages, file.pages);
	for (i = 0; i < SLOTS; i++) {
		if (is_private(i))
			continue;
		require(!mprotect(slots[i], slot_pages * psize,
				  PROT_READ | PROT_WRITE), "mprotect: %m");
		for (k = 0; k < slot_pages; k++)
			require(file_page_ok(slots[i] + k * psize,
					     file_index(i, k) + file.pages),
				"page %zu of slot %zu is not the file's",
				file_index(i, k), i);
	}
}

static long fewest_looks(void)
{
	long fewest = LONG_MAX, n;
	size_t i;

	for (i = 0; i < READERS; i++) {
		n = __atomic_load_n(&looks[i], __ATOMIC_SEQ_CST);
		if (n < fewest)
			fewest = n;
	}
	return fewest;
}

/* Read from the disk since the beginning: there is nobody else here. */
static long long pages_read(void)
{
	return (mm_number("/proc/vmstat", "pgpgin") - read_before) * 1024 /
	       (long long)psize;
}

/* Has what is to happen at the same time happened? */
static bool enough(void)
{
	return fewest_looks() >= LOOKS &&
	       (race->disturb != drop || pages_read() >= READ_AGAIN);
}

static void compete(void *cg)
{
	pthread_t threads[READERS];
	struct sigaction sa = { .sa_handler = on_fault,
				.sa_flags = SA_NODEFER };
	long long end, before, after;
	long rounds = 0, huge_rounds = 0, least, seen;
	size_t i, k;

	if (race->huge)
		lay_out_huge();
	else
		lay_out();
	/* The first call faults in what the second one needs */
	rss_difference();
	before = rss_difference();
	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	for (i = 0; i < READERS; i++)
		require(!pthread_create(&threads[i], NULL, reader, &looks[i]),
			"pthread_create");
	least = guest_option("faultline.rounds", ROUNDS);
	read_before = mm_number("/proc/vmstat", "pgpgin");
	for (end = now_ms() + MS; now_ms() < end || rounds < least ||
	     (!enough() && now_ms() < end + limit_ms(MORE_MS)); rounds++) {
		huge_rounds += race->huge && some_huge();
		race->disturb();
	}
	seen = fewest_looks();
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);

	expect(seen >= LOOKS, "a reader has looked %ld times only", seen);
	expect(!wrong, "page %llu began with 0x%llx, not 0x%llx", wrong_page,
	       wrong_word, file_word(wrong_page, 0));

	/* Or else they are not what they are called */
	if (race->huge)
		expect(huge_rounds * 2 >= rounds,
		       "%ld of %ld rounds had a huge page", huge_rounds, rounds);
	if (race->disturb == drop)
		expect(pages_read() >= READ_AGAIN,
		       "in %ld rounds %lld pages were read again", rounds,
		       pages_read());
	expect_no_stale_page();

	/* At rest everything is there again, in the file and in a mapping */
	write_pages(0, file.pages);
	for (i = 0; i < SLOTS; i++) {
		map_slot(i);
		for (k = 0; k < slot_pages; k++)
			require(file_page_ok(slots[i] + k * psize,
					     file_index(i, k)),
				"page %zu is wrong at rest", file_index(i, k));
	}
	/*
	 * Or else finding none later would say nothing.  A huge page that
	 * nothing has split is charged, and counted, as its first page.
	 */
	require(cgroup_pages(cg, true, NULL) >= (race->huge ? SLOTS : PAGES),
		"%zu pages in the cgroup", cgroup_pages(cg, true, NULL));
	after = rss_difference();
	expect(before == after,
	       "VmRSS and the mapped pages differ by %lld kB, by %lld kB before",
	       after, before);
	for (i = 0; i < SLOTS; i++)
		munmap(slots[i], slot_pages * psize);
	after = rss_difference();
	expect(before == after,
	       "unmapped, VmRSS and the mapped pages differ by %lld kB, by %lld kB before",
	       after, before);
	note("%ld rounds, %ld asked for; %ld looks or more of each reader",
	     rounds, least, seen);
}

static long long vm_counter(const char *key)
{
	mm_write("/proc/sys/vm/stat_refresh", "1\n");
	return mm_number("/proc/vmstat", key);
}

/* No page of the cgroup may be left; some are freed a little later. */
static void expect_no_pages(const struct cgroup *cg)
{
	long long end = now_ms() + limit_ms(FREE_MS);
	u64 flags = 0;
	size_t left;

	while ((left = cgroup_pages(cg, false, &flags)) && now_ms() < end) {
		mm_drain_lru();
		mm_drop_caches();
		usleep(20000);
	}
	expect(!left, "%zu pages are left behind, one with flags 0x%llx", left,
	       flags);
}

static void run(const void *arg)
{
	const char *options = "";
	long long shmem;
	struct cgroup cg;

	race = arg;
	psize = mm_page_size();
	if (race->huge) {
		if (access(MM_THP, F_OK))
			skip("this machine has no huge pages");
		options = "huge=always";
	}
	cgroup_create(&cg, "race", 0);
	shmem = vm_counter("nr_shmem");
	if (race->fs == &scratch) {
		mkdir(MOUNT, 0755);
		require(!mount("tmpfs", MOUNT, "tmpfs", 0, options),
			"tmpfs with '%s': %m", options);
	}
	cgroup_run(&cg, compete, &cg);
	if (race->fs == &scratch)
		file_unmount(MOUNT);
	else
		sync();

	expect_no_pages(&cg);
	expect(vm_counter("nr_shmem") == shmem, "nr_shmem is %lld, was %lld",
	       vm_counter("nr_shmem"), shmem);
	cgroup_remove(&cg);
}

/* At rest a huge page of tmpfs can be split: nothing else refers to it. */
static void split_all(void *unused)
{
	long long splits, failed;
	size_t i;

	lay_out_huge();
	fact("race.shmem_huge", "yes");
	/* In small pages, each with fault-around; then all in one again */
	for (i = 0; i < SLOTS; i++) {
		madvise(slots[i] + psize, psize, MADV_DONTNEED);
		mm_read(slots[i] + psize);
		mm_read(slots[i] + (slot_pages - 1) * psize);
	}
	mm_drain_lru();
	splits = mm_number("/proc/vmstat", "thp_split_page");
	failed = mm_number("/proc/vmstat", "thp_split_page_failed");
	for (i = 0; i < SLOTS; i++)
		require(!fallocate(file.fd,
				   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				   (i * slot_pages + 3) * psize, psize),
			"fallocate: %m");
	expect(mm_number("/proc/vmstat", "thp_split_page_failed") == failed,
	       "%lld huge pages could not be split",
	       mm_number("/proc/vmstat", "thp_split_page_failed") - failed);
	expect(mm_number("/proc/vmstat", "thp_split_page") == splits + SLOTS,
	       "%lld of %d huge pages were split",
	       mm_number("/proc/vmstat", "thp_split_page") - splits, SLOTS);
	for (i = 0; i < file.pages; i++) {
		const char *p = slots[i / slot_pages] +
				i % slot_pages * psize;

		if (i % slot_pages == 3)
			expect(!*(u64 *)p, "page %zu is not zero", i);
		else
			require(file_page_ok(p, i), "page %zu is wrong", i);
	}
}

static void split_at_rest(const void *arg)
{
	struct cgroup cg;

	race = arg;
	psize = mm_page_size();
	if (access(MM_THP, F_OK)) {
		fact("race.shmem_huge", "absent");
		skip("this machine has no huge pages");
	}
	cgroup_create(&cg, "race", 0);
	mkdir(MOUNT, 0755);
	require(!mount("tmpfs", MOUNT, "tmpfs", 0, "huge=always"),
		"tmpfs with huge pages: %m");
	cgroup_run(&cg, split_all, NULL);
	file_unmount(MOUNT);
	expect_no_pages(&cg);
	cgroup_remove(&cg);
}

static const struct race races[] = {
	{ &scratch, dontneed, 0, false },
	{ &ext4, dontneed, 0, false },
	{ &scratch, remap, 0, false },
	{ &ext4, remap, 0, false },
	{ &scratch, protect, SEGV, false },
	{ &ext4, protect, SEGV, false },
	{ &scratch, truncate_extend, ZERO | BUS, false },
	{ &ext4, truncate_extend, ZERO | BUS, false },
	{ &scratch, punch, ZERO, false },
	{ &ext4, punch, ZERO, false },
	{ &scratch, remove_pages, ZERO, false },
	{ &ext4, drop, 0, false },
	{ &scratch, fork_exit, 0, false },
	{ &ext4, fork_exit, 0, false },
	{ &scratch, zap_huge, ZERO | BUS | SEGV, true },
};

static const struct ktap_case cases[] = {
	{ "dontneed_tmpfs", run, &races[0], 0 },
	{ "dontneed_ext4", run, &races[1], 0 },
	{ "remap_tmpfs", run, &races[2], 0 },
	{ "remap_ext4", run, &races[3], 0 },
	{ "mprotect_tmpfs", run, &races[4], 0 },
	{ "mprotect_ext4", run, &races[5], 0 },
	{ "truncate_tmpfs", run, &races[6], 0 },
	{ "truncate_ext4", run, &races[7], 0 },
	{ "punch_tmpfs", run, &races[8], 0 },
	{ "punch_ext4", run, &races[9], 0 },
	{ "remove_tmpfs", run, &races[10], 0 },
	{ "drop_ext4", run, &races[11], 0 },
	{ "fork_tmpfs", run, &races[12], 0 },
	{ "fork_ext4", run, &races[13], 0 },
	{ "huge_tmpfs", run, &races[14], 0 },
	{ "split_at_rest", split_at_rest, &races[14], 0 },
	{ }
};

int main(int argc, char **argv)
{
	return ktap_main(argc, argv, cases);
}

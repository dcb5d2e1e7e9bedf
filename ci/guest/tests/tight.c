// SPDX-License-Identifier: GPL-2.0
/*
 * Faults that need a new page table each, in a memory cgroup without room,
 * while the same file is being written back.
 *
 * A kernel that allocates the page table while it holds the page's lock can
 * wait for ever: reclaim waits for writeback of a page, which waits for the
 * locked page to go out in the same batch.  Or it runs out of memory, where
 * reclaim does not wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cgroup.h"
#include "file.h"
#include "ktap.h"
#include "mm.h"

#define LIMIT_PAGES	1536
#define MS		1500	/* how long, at least */
#define ROUNDS		3	/* of faulting, at least, without faultline.rounds */
#define MORE_MS		60000	/* for those, at most */
#define PAGES		1024	/* of the file: two thirds of the limit */
#define SPOTS		512	/* places that need a page table each */

static struct file file;
static char *area;
static size_t psize;
static int stop;

/* One mapping of one page in every page table of the area. */
static void map_spots(void)
{
	char *p;
	int i;

	for (i = 0; i < SPOTS; i++) {
		p = area + i * mm_pmd_size();
		require(mmap(p, psize, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_FIXED, file.fd,
			     (i * 7 % PAGES) * psize) == p, "mmap: %m");
	}
}

/* Fault everywhere; then give the page tables back and begin again. */
static void *fault(void *rounds)
{
	size_t page;
	char *p;
	int i;

	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
		for (i = 0; i < SPOTS; i++) {
			p = area + i * mm_pmd_size();
			page = i * 7 % PAGES;
			/*
			 * Fault-around gets the page table for a read; for
			 * this one the fault itself does
			 */
			if (i % 2 == 0)
				mm_poke(p + psize - 1,
					file_byte(page, psize - 1));
			require(*(u64 *)p == file_word(page, 0),
				"page %zu is wrong", page);
			if (i % 4 == 1)
				mm_poke(p + psize - 1,
					file_byte(page, psize - 1));
		}
		munmap(area, SPOTS * mm_pmd_size());
		map_spots();
		__atomic_fetch_add((long *)rounds, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

/* Dirty the file and send it out in large batches. */
static void *write_back(void *rounds)
{
	char *buf = malloc(psize);
	size_t i;

	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
		for (i = 0; i < PAGES; i++) {
			file_page(buf, i);
			require(pwrite(file.fd, buf, psize, i * psize) ==
				(ssize_t)psize, "pwrite: %m");
		}
		require(!sync_file_range(file.fd, 0, 0,
					 SYNC_FILE_RANGE_WRITE),
			"sync_file_range: %m");
		++*(long *)rounds;
	}
	free(buf);
	return NULL;
}

/* Page tables are charged to the group, but on these. */
static bool may_be_uncharged(void)
{
	struct utsname uts;

	require(!uname(&uts), "uname: %m");
	return !strcmp(uts.machine, "s390x") || !strncmp(uts.machine, "ppc", 3);
}

/*
 * Or else nothing has had to wait: s390 charges page tables since v5.11, and
 * with pages of 64 KiB on powerpc sixteen of them are in one.
 */
static void expect_tight(const struct cgroup *cg)
{
	long long tables, hits;
	char path[128];

	snprintf(path, sizeof(path), "%s/memory.kmem.usage_in_bytes", cg->dir);
	tables = mm_number(path, "") / (long long)psize;
	snprintf(path, sizeof(path), "%s/memory.failcnt", cg->dir);
	hits = mm_number(path, "");
	note("%lld pages of the kernel are charged; the limit was met %lld times",
	     tables, hits);
	if (!hits && tables < SPOTS / 2 && may_be_uncharged())
		skip("page tables are not charged to a group here");
	expect(hits > 0, "the limit was never met");
}

static void squeeze(void *cg)
{
	pthread_t threads[2];
	const long least = guest_option("faultline.rounds", ROUNDS);
	const long long begin = now_ms();
	long faults = 0, writes = 0;
	size_t i;

	file_create(&file, &ext4, PAGES, -1);
	area = mm_reserve(SPOTS * mm_pmd_size(), mm_pmd_size(), 0);
	map_spots();
	require(!pthread_create(&threads[0], NULL, fault, &faults) &&
		!pthread_create(&threads[1], NULL, write_back, &writes),
		"pthread_create");
	do {
		usleep(100000);
	} while (now_ms() < begin + MS ||
		 (__atomic_load_n(&faults, __ATOMIC_SEQ_CST) < least &&
		  now_ms() < begin + limit_ms(MORE_MS)));
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	note("%ld rounds of %d page tables, %ld asked for; %ld of writing",
	     faults, SPOTS, least, writes);
	expect(faults && writes, "not one round in %lld ms", now_ms() - begin);
	for (i = 0; i < SPOTS; i++)
		require(file_page_ok(area + i * mm_pmd_size(), i * 7 % PAGES),
			"page %zu is wrong at rest", i * 7 % PAGES);
	expect_tight(cg);
}

static void writeback(const void *unused)
{
	struct cgroup cg;

	psize = mm_page_size();
	cgroup_create(&cg, "tight", LIMIT_PAGES * psize / 1024);
	cgroup_run(&cg, squeeze, &cg);
	cgroup_remove(&cg);
}

static const struct ktap_case cases[] = {
	{ "writeback", writeback, NULL, 120 },
	{ }
};

int main(int argc, char **argv)
{
	return ktap_main(argc, argv, cases);
}

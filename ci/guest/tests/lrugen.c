// SPDX-License-Identifier: GPL-2.0
/*
 * The aging walk of multi-gen LRU visits each page-table entry of a process, and
 * clears its accessed bit: what has been touched is counted as young once, and
 * once more when it has been touched again.  The pages are on both sides of what
 * a pmd and a pud entry map, low and high in the address space.
 *
 * Linux 5.10 has no multi-gen LRU, and only a CPU that sets the accessed bit is
 * walked for.  From 6.1 on, a lack is a failure on x86_64; elsewhere it is a skip.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>

#include "ktap.h"
#include "mm.h"

#define LRU_GEN		"/sys/kernel/mm/lru_gen/enabled"
#define DEBUGFS		"/sys/kernel/debug/"
#define WALKS		2		/* LRU_GEN_MM_WALK, in 0x0007 */
#define GIB		BIT_ULL(30)	/* of a pud, with pages of 4 KiB */
#define LOW		(8 * GIB)	/* above a program that is not moved */
#define PAGES		256		/* of each region, half on each side */
#define REGIONS		3

static size_t psize;
static char *regions[REGIONS];

/**
 * struct aged - what lru_gen_full tells of the topmost memory cgroup
 * @id: of the cgroup; by the ids of others 7.3 finds none in the first hierarchy
 * @seq: its youngest generation
 * @young: entries that all walks have found young
 */
struct aged {
	u64 id;
	unsigned long seq;
	unsigned long young;
};

static struct aged look(void)
{
	struct aged a = { 0 };
	unsigned long seq, age;
	bool ours = false, found = false;
	char line[256], path[64];
	char *word, *rest, mark;
	FILE *f = fopen(DEBUGFS "lru_gen_full", "r");
	u64 id;

	require(f, "lru_gen_full: %m");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "memcg %llu %63s", &id, path) == 2) {
			ours = !strcmp(path, "/");
			if (ours)
				a.id = id;
			continue;
		}
		if (!ours)
			continue;
		/* "  seq  age  pages  pages"; or counts, a letter after each */
		if (sscanf(line, " %lu %lu%c", &seq, &age, &mark) == 3 &&
		    mark == ' ') {
			a.seq = seq;
			found = true;
		}
		for (word = strtok_r(line, "\n ", &rest); word;
		     word = strtok_r(NULL, "\n ", &rest)) {
			if (strchr(word, 'Y'))
				require(sscanf(word, "%luY", &a.young) == 1,
					"lru_gen_full says %s", word);
		}
	}
	fclose(f);
	require(found, "lru_gen_full says nothing of /");
	return a;
}

/* Return: how many entries a walk has found young. */
static unsigned long age(void)
{
	struct aged before = look(), after;

	/* All swappiness, and every table, whatever the Bloom filter says */
	mm_set(DEBUGFS "lru_gen", "+ %llu 0 %lu 200 1\n", before.id,
	       before.seq);
	after = look();
	require(after.seq == before.seq + 1, "generation %lu after %lu",
		after.seq, before.seq);
	return after.young - before.young;
}

static void touch(void)
{
	size_t i, k;

	for (i = 0; i < REGIONS; i++) {
		for (k = 0; k < PAGES; k++)
			mm_read(regions[i] + k * psize);
	}
}

static void map(size_t i, char *middle)
{
	char *p = middle - PAGES / 2 * psize;
	size_t k;

	regions[i] = mmap(p, PAGES * psize, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			  -1, 0);
	require(regions[i] == p, "mmap at %p: %m", (void *)p);
	madvise(p, PAGES * psize, MADV_NOHUGEPAGE);
	for (k = 0; k < PAGES; k++)
		mm_poke(p + k * psize, 1);
}

static void age_regions(void)
{
	const unsigned long all = REGIONS * PAGES;
	unsigned long young;
	int i;

	map(0, (char *)(unsigned long)LOW);
	map(1, mm_reserve(GIB, GIB, 0));
	map(2, mm_reserve(mm_pmd_size(), mm_pmd_size(), 0));
	mm_drain_lru();

	/* Besides, there are this program and those that wait for it */
	for (i = 0; i < 2; i++) {
		touch();
		young = age();
		expect(young >= all && young < 2 * all,
		       "%lu entries are young, %lu have been touched", young,
		       all);
		young = age();
		expect(young < all / 4,
		       "%lu entries are young, none of %lu has been touched",
		       young, all);
	}
}

static void aging(const void *arg)
{
	struct utsname uts;
	unsigned int caps;
	char word[32];
	bool strict;

	psize = mm_page_size();
	require(!uname(&uts), "uname: %m");
	strict = mm_kernel_since(6, 1) && !strcmp(uts.machine, "x86_64");
	if (mm_write(LRU_GEN, "y\n")) {
		require(!strict, LRU_GEN ": %m");
		skip("no multi-gen LRU");
	}
	require(!mm_word(LRU_GEN, word, sizeof(word)) &&
		sscanf(word, "%x", &caps) == 1, "cannot read " LRU_GEN);
	if (!(caps & WALKS)) {
		require(!strict, "no page table is walked: %s", word);
		skip("this CPU sets no accessed bit");
	}
	age_regions();
}

static const struct ktap_case cases[] = {
	{ .name = "aging", .run = aging },
	{ }
};

int main(int argc, char **argv)
{
	int status = ktap_main(argc, argv, cases);

	/* It is for this test only; who has none does not mind */
	mm_write(LRU_GEN, "n\n");
	return status;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel tells about memory: per mapping, per page, per machine.
 *
 * The functions end the case (see require() in ktap.h) when a file of procfs,
 * sysfs or debugfs cannot be read or written, unless they say otherwise.
 */
#ifndef FAULTLINE_MM_H
#define FAULTLINE_MM_H

#include "base.h"
#include <sys/types.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif

/* Bits of /proc/kpageflags, from include/uapi/linux/kernel-page-flags.h */
#define KPF_LRU		5
#define KPF_MMAP	11
#define KPF_ANON	12
#define KPF_SLAB	7
#define KPF_COMPOUND_TAIL	16
#define KPF_IDLE	25
#define KPF_PGTABLE	26
#define KPF_PRIVATE	35

/* The settings of transparent huge pages; missing where there are none */
#define MM_THP		"/sys/kernel/mm/transparent_hugepage/"

/**
 * struct mm_map - one mapping as /proc/self/smaps describes it, in KiB
 * @size: length
 * @rss: mapped now
 * @pss: the same, shared pages divided by their users
 * @referenced: of @rss, used since it was last looked at
 * @shared_clean: mapped more than once, not written
 * @shared_dirty: mapped more than once, written
 * @private_clean: mapped once, not written
 * @private_dirty: mapped once, written
 * @anonymous: of @rss, without a file
 * @anon_huge: of @anonymous, in huge pages mapped as such
 * @shmem_huge: the same for tmpfs
 * @swap: swapped out
 * @locked: of @pss, locked
 */
struct mm_map {
	unsigned long size;
	unsigned long rss;
	unsigned long pss;
	unsigned long referenced;
	unsigned long shared_clean;
	unsigned long shared_dirty;
	unsigned long private_clean;
	unsigned long private_dirty;
	unsigned long anonymous;
	unsigned long anon_huge;
	unsigned long shmem_huge;
	unsigned long swap;
	unsigned long locked;
};

/* The page size in bytes. */
size_t mm_page_size(void);

/**
 * mm_kernel_since() - does the running kernel have a version's changes?
 * @major: of the version, 6 of v6.0
 * @minor: 0 of v6.0
 *
 * For what the base counts in another way since a version.  What it offers is to
 * be tried instead.
 *
 * Return: true if the kernel is that version or a later one.
 */
bool mm_kernel_since(int major, int minor);

/**
 * mm_second_round() - is a write fault that throttles done in a second round?
 *
 * It drops the mmap lock for that.  Before v6.0 it is then done again, and counts
 * as one major fault; since then it ends with VM_FAULT_COMPLETED, and counts as a
 * minor one.
 */
bool mm_second_round(void);

/**
 * mm_pmd_size() - what one page of page-table entries maps
 *
 * Return: bytes: 2 MiB with 4 KiB pages, 1 MiB on s390.
 */
size_t mm_pmd_size(void);

/**
 * mm_map() - the mapping that holds an address
 * @addr: the address
 *
 * Looks at neither the young nor the dirty bits in a way that changes them.
 */
struct mm_map mm_map(const void *addr);

/**
 * mm_rollup() - the sum over all mappings, from /proc/self/smaps_rollup
 */
struct mm_map mm_rollup(void);

/**
 * mm_number() - a number out of a file
 * @path: the file
 * @key: the word in front of the number, "" for the file's first word
 *
 * Understands "key: 12 kB" (status, meminfo) and "key 12" (vmstat).
 *
 * Return: the number, or -1 when the file or the key is missing.
 */
long long mm_number(const char *path, const char *key);

/**
 * mm_write() - write a text to a file of procfs, sysfs or debugfs
 * @path: the file
 * @fmt: printf format of the text
 *
 * Return: 0, or -1 with errno set; the caller decides what that means.
 */
int mm_write(const char *path, const char *fmt, ...)
	__printf(2, 3);

/* The same; failing ends the case. */
void mm_set(const char *path, const char *fmt, ...)
	__printf(2, 3);

/**
 * mm_word() - the chosen word of a sysfs file like "always [madvise] never"
 * @path: the file
 * @word: where it goes; the whole first line if there are no brackets
 * @size: of @word
 *
 * Return: 0, or -1 when the file is missing.
 */
int mm_word(const char *path, char *word, size_t size);

/* Is the page at @addr mapped in this process? (/proc/self/pagemap) */
bool mm_present(const void *addr);

/* Is the page at @addr swapped out? */
bool mm_swapped(const void *addr);

/**
 * mm_swapped_pages() - how many pages are swapped out
 * @p: the first
 * @nr: of how many
 */
size_t mm_swapped_pages(const char *p, size_t nr);

/**
 * mm_page_out() - swap pages out, or end the case
 * @p: the first
 * @nr: how many
 *
 * Those under writeback, or in use for a moment, need another try.
 */
void mm_page_out(char *p, size_t nr);

/* Page frame number of the page mapped at @addr; ends the case if none. */
u64 mm_pfn(const void *addr);

/* The flags of a page frame, bits KPF_* (/proc/kpageflags) */
u64 mm_page_flags(u64 pfn);

/**
 * mm_idle_set() - mark page frames as idle
 * @pfns: page frame numbers
 * @nr: how many
 *
 * Clears the young bit of every mapping of these pages, so do it before the
 * mapping to be looked at exists.
 *
 * Return: the number of pages that are idle now; one that is not on an LRU
 * list (yet) cannot be.
 */
size_t mm_idle_set(const u64 *pfns, size_t nr);

/**
 * mm_idle() - has no mapping of this page been young since mm_idle_set()?
 * @pfn: page frame number
 *
 * Walks the mappings and clears their young bits, so it is the last thing to
 * look at; but a page seen young stays "not idle" until the next
 * mm_idle_set().
 */
bool mm_idle(u64 pfn);

/* Put pages that wait in lists of the CPUs onto their LRU lists. */
void mm_drain_lru(void);

/* Give up what the page cache, the dentries and the inodes can spare. */
void mm_drop_caches(void);

/*
 * Make free blocks of memory, for huge pages: after other tests it is in
 * pieces, and that may take a few tries.
 */
void mm_compact(void);

/* Minor and major faults of this thread so far. */
long mm_minor_faults(void);
long mm_major_faults(void);

/* Read one byte in a way no compiler may leave out or move. */
static inline unsigned char mm_read(const void *addr)
{
	return __atomic_load_n((const unsigned char *)addr, __ATOMIC_SEQ_CST);
}

/* Write one byte, likewise. */
static inline void mm_poke(void *addr, unsigned char value)
{
	__atomic_store_n((unsigned char *)addr, value, __ATOMIC_SEQ_CST);
}

/**
 * mm_reserve() - a piece of address space with a chosen alignment
 * @size: bytes
 * @align: power of two
 * @offset: added to the aligned address
 *
 * Return: an address for MAP_FIXED, with nothing mapped at it, and
 * one unmapped @align of room on both sides.
 */
void *mm_reserve(size_t size, size_t align, size_t offset);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A memory cgroup of a test's own, and which page frames belong to it.
 */
#ifndef FAULTLINE_CGROUP_H
#define FAULTLINE_CGROUP_H

#include "base.h"

/*
 * Where the memory controller is mounted, as a cgroup v1: only there reclaim
 * waits for writeback. It stays in this hierarchy, as a kernel that sees pages
 * charged in one and uncharged in another warns about its counters.
 */
#define CGROUP	"/cgroup"

/**
 * struct cgroup - a memory cgroup
 * @dir: its folder
 * @ino: inode number of @dir, which is how /proc/kpagecgroup names it
 */
struct cgroup {
	char dir[64];
	u64 ino;
};

/**
 * cgroup_create() - make a memory cgroup
 * @cg: the cgroup
 * @name: of its folder
 * @kb: limit in KiB, 0 for none
 *
 * Skips the case when the kernel has no memory cgroups.
 */
void cgroup_create(struct cgroup *cg, const char *name, unsigned long kb);

/* Move the calling process in, or back to the root. */
void cgroup_enter(const struct cgroup *cg);
void cgroup_leave(void);

/* Remove it; it must hold no process.  Return: 0, or -1 with errno set. */
int cgroup_remove(const struct cgroup *cg);

/**
 * cgroup_run() - run a function in a child that is in the cgroup
 * @cg: the cgroup, or NULL for none
 * @fn: the function; it may use expect() and require()
 * @arg: for @fn
 *
 * Ends the case when the child does not end well.
 */
void cgroup_run(const struct cgroup *cg, void (*fn)(void *arg), void *arg);

/**
 * cgroup_pages() - page frames still charged to the cgroup
 * @cg: the cgroup
 * @buffers: also pages that a file system holds buffers of.  A journal keeps
 *	some of the block device's for long; a page that was truncated has none.
 * @flags: set to the flags of one of them (bits KPF_*); may be NULL
 *
 * Counts user pages and page tables, exactly and one by one; slab and other
 * kernel memory is left out.  With no process in the cgroup and no file of
 * its left, anything else than 0 has leaked.
 *
 * Return: how many.
 */
size_t cgroup_pages(const struct cgroup *cg, bool buffers, u64 *flags);

#endif

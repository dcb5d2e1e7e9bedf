/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What /dev/walk offers to a test, shared with ci/guest/tests/walkers.c.
 */
#ifndef FAULTLINE_WALK_H
#define FAULTLINE_WALK_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define WALK_NAME	"walk"

/**
 * struct walk_apply - a call of apply_to_page_range() on the caller's memory
 * @start: address
 * @size: bytes
 * @existing: apply_to_existing_page_range() instead, which leaves out what is
 *	not mapped
 * @visited: entries that were visited
 * @wrong: of these, not in the order of their addresses, or outside
 * @frames: sum of the page frame numbers of those that are mapped
 */
struct walk_apply {
	__u64 start;
	__u64 size;
	__u32 existing;
	__u32 unused;
	__u64 visited;
	__u64 wrong;
	__u64 frames;
};

/**
 * struct walk_vmap - pages mapped with vmap(), looked at, unmapped
 * @nr: how many at once; pages here and there
 * @edge: bytes, a power of two: the same is done again behind that, until a
 *	multiple of it is within what was mapped; just the last is looked at
 * @edges: multiples of @edge within that; 0 if there is no room for it
 * @wrong: pages that are not translated to what they are mapped to, or do not
 *	show what that holds
 * @left: pages that are mapped after that was unmapped
 */
struct walk_vmap {
	__u64 edge;
	__u32 nr;
	__u32 edges;
	__u32 wrong;
	__u32 left;
};

#define WALK_APPLY	_IOWR('w', 1, struct walk_apply)
#define WALK_VMAP	_IOWR('w', 2, struct walk_vmap)

#endif

/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What /dev/gup offers to a test, shared with ci/guest/tests/gup.c.
 */
#ifndef FAULTLINE_GUP_H
#define FAULTLINE_GUP_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define GUP_NAME	"gup"
#define GUP_PAGES	4096

/**
 * struct gup_request - a call of get_user_pages_fast_only() and its answer
 * @start: address in the caller
 * @pfns: address of room for GUP_PAGES page frame numbers, one for each page
 *	that was returned
 * @nr: pages asked for; may be more than GUP_PAGES, if fewer are mapped
 * @write: asked for write access
 * @got: pages returned; they are given back at once
 */
struct gup_request {
	__u64 start;
	__u64 pfns;
	__u32 nr;
	__u32 write;
	__u32 got;
	__u32 unused;
};

/**
 * struct gup_boundary - how far a walker goes with a pgd entry of the caller
 * @start: address
 * @end: where the entry that maps it ends, by pgd_addr_end()
 * @pgdir_size: what an entry of that level maps if no level is folded at run
 *	time
 */
struct gup_boundary {
	__u64 start;
	__u64 end;
	__u64 pgdir_size;
};

/* -EOPNOTSUPP where the kernel has no walk without locks: on arm with two levels */
#define GUP_FAST_ONLY	_IOWR('g', 1, struct gup_request)
#define GUP_BOUNDARY	_IOWR('g', 2, struct gup_boundary)

#endif

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

#define GUP_FAST_ONLY	_IOWR('g', 1, struct gup_request)

#endif

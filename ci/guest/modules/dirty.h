/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What /dev/dirty offers to a test, shared with ci/guest/tests/dirty.c: the
 * helpers of mm/mapping_dirty_helpers.c, for any regular file.
 */
#ifndef FAULTLINE_DIRTY_H
#define FAULTLINE_DIRTY_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define DIRTY_NAME	"dirty"
#define DIRTY_BITS	8192	/* three tables of 16 KiB, and some */
#define DIRTY_WORDS	(DIRTY_BITS / 64)

/**
 * struct dirty_range - one call of a helper
 * @fd: the file
 * @first: first page of the range, as an offset in the file
 * @nr: pages of the range
 * @total: set to what the helper returns
 * @bitmap_pgoff: page of the file that bit 0 of @bitmap stands for
 * @start: as the helper takes and leaves it
 * @end: likewise
 * @bitmap: likewise; bit i is bit i % 64 of word i / 64
 *
 * DIRTY_PROTECT reads the first three only.  DIRTY_RECORD fails with EINVAL if
 * the range is not within the bitmap.
 */
struct dirty_range {
	__s64 fd;
	__u64 first;
	__u64 nr;
	__u64 total;
	__u64 bitmap_pgoff;
	__u64 start;
	__u64 end;
	__u64 bitmap[DIRTY_WORDS];
};

/* wp_shared_mapping_range() and clean_record_shared_mapping_range() */
#define DIRTY_PROTECT	_IOWR('d', 1, struct dirty_range)
#define DIRTY_RECORD	_IOWR('d', 2, struct dirty_range)

#endif

/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What /dev/swapdev offers to a test, shared with ci/guest/tests/mkwrite.c.
 *
 * A shared mapping of the device gets a new page at each fault.  From
 * SWAPDEV_START on the device's file counts as one that is swapped to, so that
 * a write is refused before ->page_mkwrite is asked, and the page is freed
 * again.  That is the moment when the flags of the fault are looked at once
 * more.  The device can be open once at a time; EOPNOTSUPP if the kernel has no
 * kprobes, which the look takes.
 */
#ifndef FAULTLINE_SWAPDEV_H
#define FAULTLINE_SWAPDEV_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define SWAPDEV_NAME	"swapdev"

/* FAULT_FLAG_* of the kernel; the module does not compile if they differ */
#define SWAPDEV_FLAG_WRITE	0x01
#define SWAPDEV_FLAG_MKWRITE	0x02
#define SWAPDEV_FLAG_USER	0x40

/**
 * struct swapdev_seen - what happened since SWAPDEV_START
 * @faults: calls of ->fault
 * @asked: calls of ->page_mkwrite
 * @freed: pages that were freed by the fault that got them from ->fault
 * @before: flags of the last fault, as ->fault found them
 * @after: its flags when the page was freed
 */
struct swapdev_seen {
	__u32 faults;
	__u32 asked;
	__u32 freed;
	__u32 before;
	__u32 after;
};

#define SWAPDEV_START	_IO('s', 1)
#define SWAPDEV_SEEN	_IOR('s', 2, struct swapdev_seen)

#endif

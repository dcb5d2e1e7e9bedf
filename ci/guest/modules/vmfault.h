/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What /dev/vmfault offers to a test, shared with ci/guest/tests/handlers.c.
 *
 * The device has VMFAULT_PAGES pages of memory.  read() and write() reach it
 * without a mapping; mmap() shows it, page by page, in the way that
 * VMFAULT_SETUP chose before.  It can be open once at a time.
 */
#ifndef FAULTLINE_VMFAULT_H
#define FAULTLINE_VMFAULT_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define VMFAULT_NAME	"vmfault"
#define VMFAULT_PAGES	16
#define VMFAULT_CALLS	64

/**
 * enum vmfault_kind - how mmap() maps
 * @VMFAULT_PFNMAP: VM_PFNMAP, vmf_insert_pfn() per fault; shared only
 * @VMFAULT_MIXED: VM_MIXEDMAP, vmf_insert_mixed() per fault
 * @VMFAULT_REMAP: VM_PFNMAP, remap_pfn_range() at once, no fault handler
 * @VMFAULT_PAGE: ordinary pages
 */
enum vmfault_kind {
	VMFAULT_PFNMAP,
	VMFAULT_MIXED,
	VMFAULT_REMAP,
	VMFAULT_PAGE,
};

/**
 * enum vmfault_answer - what ->page_mkwrite and ->pfn_mkwrite return
 * @VMFAULT_LOCKED: VM_FAULT_LOCKED with the page locked; 0 for pfns
 * @VMFAULT_ZERO: 0 with the page unlocked and part of the file's mapping
 * @VMFAULT_NOPAGE_ONCE: VM_FAULT_NOPAGE once, then as VMFAULT_LOCKED
 * @VMFAULT_SIGBUS_ONCE: VM_FAULT_SIGBUS once, then as VMFAULT_LOCKED
 * @VMFAULT_LOST_ONCE: 0 with a page that has left its mapping, as if truncated,
 *	once, then as VMFAULT_LOCKED; of pages only
 */
enum vmfault_answer {
	VMFAULT_LOCKED,
	VMFAULT_ZERO,
	VMFAULT_NOPAGE_ONCE,
	VMFAULT_SIGBUS_ONCE,
	VMFAULT_LOST_ONCE,
};

struct vmfault_setup {
	__u32 kind;
	__u32 answer;
};

enum vmfault_handler {
	VMFAULT_FAULT = 1,
	VMFAULT_PAGE_MKWRITE,
	VMFAULT_PFN_MKWRITE,
};

/* FAULT_FLAG_* of include/linux/mm.h; the module does not compile if they differ */
#define VMFAULT_FLAG_WRITE		0x01
#define VMFAULT_FLAG_MKWRITE		0x02
#define VMFAULT_FLAG_ALLOW_RETRY	0x04
#define VMFAULT_FLAG_KILLABLE		0x10
#define VMFAULT_FLAG_TRIED		0x20
#define VMFAULT_FLAG_USER		0x40
#define VMFAULT_FLAG_INTERRUPTIBLE	0x200

/* For the kernel's own use: it has looked at the entry.  5.10 does not have it. */
#define VMFAULT_FLAG_ORIG_PTE_VALID	0x800

/**
 * struct vmfault_call - one call of a handler
 * @handler: VMFAULT_FAULT etc.
 * @flags: of struct vm_fault, as the handler found them
 * @address: likewise
 * @pgoff: likewise
 * @frame: page frame number of its page, 0 if it has none
 */
struct vmfault_call {
	__u32 handler;
	__u32 flags;
	__u64 address;
	__u64 pgoff;
	__u64 frame;
};

/**
 * struct vmfault_log - the calls since VMFAULT_SETUP or the last VMFAULT_LOG
 * @nr: how many; those beyond VMFAULT_CALLS are counted only
 * @vmf_size: sizeof(struct vm_fault)
 * @calls: in their order
 */
struct vmfault_log {
	__u32 nr;
	__u32 vmf_size;
	struct vmfault_call calls[VMFAULT_CALLS];
};

/**
 * struct vmfault_frames - where the memory is
 * @pfn: page frame number of each page
 * @special: page-table entries here can say that there is no page behind them;
 *	else VMFAULT_MIXED maps pages, and none of its writes is asked about
 */
struct vmfault_frames {
	__u64 pfn[VMFAULT_PAGES];
	__u64 special;
};

#define VMFAULT_SETUP	_IOW('v', 1, struct vmfault_setup)
#define VMFAULT_LOG	_IOR('v', 2, struct vmfault_log)
#define VMFAULT_FRAMES	_IOR('v', 3, struct vmfault_frames)

#endif

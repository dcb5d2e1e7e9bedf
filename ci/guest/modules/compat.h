/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the bases that the modules are built against have in different forms, as
 * Kbuild has found out.
 */
#ifndef FAULTLINE_COMPAT_H
#define FAULTLINE_COMPAT_H

#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#ifndef HAVE_VM_FLAGS_SET
static inline void vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags |= flags;
}
#endif

/* For vmf_insert_mixed() */
#ifdef HAVE_PFN_T
#include <linux/pfn_t.h>
#define mixed_pfn(pfn)	__pfn_to_pfn_t(pfn, PFN_DEV)
#else
#define mixed_pfn(pfn)	(pfn)
#endif

#ifdef HAVE_FOLIO
static inline void set_page_index(struct page *page, pgoff_t index)
{
	page_folio(page)->index = index;
}
#else
static inline void set_page_index(struct page *page, pgoff_t index)
{
	page->index = index;
}
#endif

/* Of an address_space_operations: marks what it is given dirty, and no more */
#ifdef HAVE_DIRTY_FOLIO
#define JUST_DIRTY	.dirty_folio = noop_dirty_folio
#else
static inline int just_dirty(struct page *page)
{
	return !TestSetPageDirty(page);
}

#define JUST_DIRTY	.set_page_dirty = just_dirty
#endif

/* Is there a walk without locks? */
#define HAVE_GUP_WITHOUT_LOCKS \
	(IS_ENABLED(CONFIG_HAVE_FAST_GUP) || IS_ENABLED(CONFIG_HAVE_GUP_FAST))

typedef int apply_fn(struct mm_struct *mm, unsigned long addr,
		     unsigned long size, pte_fn_t fn, void *data);

/*
 * Where a function that kprobes have found is called from outside.  On powerpc they
 * give the entry behind the two instructions that set up r2, for who has done so.
 */
static inline void *global_entry(void *at)
{
#ifdef CONFIG_PPC64
	const u32 *insn = at;

	/* addis r2,r12,X; addi r2,r2,Y */
	if ((insn[-2] & 0xffff0000) == 0x3c4c0000 &&
	    (insn[-1] & 0xffff0000) == 0x38420000)
		return (void *)(insn - 2);
#endif
	return at;
}

/*
 * apply_to_existing_page_range(), which modules may call on 5.10 only; kprobes
 * knows where it is.  Return: NULL if not even they do, or a call takes more than
 * an address.
 */
static inline apply_fn *apply_to_existing(void)
{
#ifdef APPLY_TO_EXISTING_EXPORTED
	return apply_to_existing_page_range;
#elif defined(CONFIG_PPC64_ELF_ABI_V1)
	return NULL;
#else
	struct kprobe probe = {
		.symbol_name = "apply_to_existing_page_range",
	};

	if (register_kprobe(&probe))
		return NULL;
	unregister_kprobe(&probe);
	return global_entry(probe.addr);
#endif
}

#endif

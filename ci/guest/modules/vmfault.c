// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/vmfault: memory that is mapped in the ways a driver can choose from,
 * with handlers that write down what struct vm_fault told them.  For the
 * guest's tests; see vmfault.h.
 */
#include <linux/build_bug.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "vmf.h"
#include "vmfault.h"

#define AREA_SIZE	(VMFAULT_PAGES * PAGE_SIZE)

/**
 * struct vmfault - the device
 * @opened: bit 0: it is open
 * @area: its memory
 * @setup: how it is mapped
 * @aops: of the device's inode, while ours are there
 * @lock: protects @setup.answer and @log
 * @log: calls
 */
static struct vmfault {
	unsigned long opened;
	void *area;
	struct vmfault_setup setup;
	const struct address_space_operations *aops;
	spinlock_t lock; /* see above */
	struct vmfault_log log;
} dev = {
	.lock = __SPIN_LOCK_UNLOCKED(dev.lock),
};

static struct page *area_page(pgoff_t index)
{
	return virt_to_page(dev.area + index * PAGE_SIZE);
}

static void note_call(enum vmfault_handler handler, struct vm_fault *vmf)
{
	struct vmfault_call *call;

	spin_lock(&dev.lock);
	if (dev.log.nr < VMFAULT_CALLS) {
		call = &dev.log.calls[dev.log.nr];
		call->handler = handler;
		call->flags = vmf_flags(vmf);
		call->address = vmf_where(vmf)->address;
		call->pgoff = vmf_where(vmf)->pgoff;
		call->frame = vmf->page ? page_to_pfn(vmf->page) : 0;
	}
	dev.log.nr++;
	spin_unlock(&dev.lock);
}

/* What a handler is to answer now; of an answer for once, this was it. */
static enum vmfault_answer next_answer(void)
{
	enum vmfault_answer answer;

	spin_lock(&dev.lock);
	answer = dev.setup.answer;
	if (answer != VMFAULT_ZERO)
		dev.setup.answer = VMFAULT_LOCKED;
	spin_unlock(&dev.lock);
	return answer;
}

static vm_fault_t vmfault_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf_where(vmf)->vma;
	unsigned long address = vmf_where(vmf)->address;
	pgoff_t pgoff = vmf_where(vmf)->pgoff;
	struct page *page;

	note_call(VMFAULT_FAULT, vmf);
	if (pgoff >= VMFAULT_PAGES)
		return VM_FAULT_SIGBUS;
	page = area_page(pgoff);
	switch (dev.setup.kind) {
	case VMFAULT_PFNMAP:
		return vmf_insert_pfn(vma, address, page_to_pfn(page));
	case VMFAULT_MIXED:
		return vmf_insert_mixed(vma, address,
					mixed_pfn(page_to_pfn(page)));
	default:
		get_page(page);
		vmf->page = page;
		return 0;
	}
}

static vm_fault_t vmfault_pfn_mkwrite(struct vm_fault *vmf)
{
	note_call(VMFAULT_PFN_MKWRITE, vmf);
	switch (next_answer()) {
	case VMFAULT_NOPAGE_ONCE:
		return VM_FAULT_NOPAGE;
	case VMFAULT_SIGBUS_ONCE:
		return VM_FAULT_SIGBUS;
	default:
		return 0;
	}
}

static vm_fault_t vmfault_page_mkwrite(struct vm_fault *vmf)
{
	struct address_space *mapping = vmf_where(vmf)->vma->vm_file->f_mapping;

	note_call(VMFAULT_PAGE_MKWRITE, vmf);
	switch (next_answer()) {
	case VMFAULT_NOPAGE_ONCE:
		return VM_FAULT_NOPAGE;
	case VMFAULT_SIGBUS_ONCE:
		return VM_FAULT_SIGBUS;
	case VMFAULT_LOST_ONCE:
		return 0;
	case VMFAULT_ZERO:
		/* The page is not freed before the file is closed */
		set_page_index(vmf->page, vmf_where(vmf)->pgoff);
		vmf->page->mapping = mapping;
		return 0;
	default:
		lock_page(vmf->page);
		return VM_FAULT_LOCKED;
	}
}

static const struct vm_operations_struct pfn_ops = {
	.fault = vmfault_fault,
	.pfn_mkwrite = vmfault_pfn_mkwrite,
};

static const struct vm_operations_struct page_ops = {
	.fault = vmfault_fault,
	.page_mkwrite = vmfault_page_mkwrite,
};

static int vmfault_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;

	if (vma->vm_pgoff >= VMFAULT_PAGES ||
	    size > AREA_SIZE - vma->vm_pgoff * PAGE_SIZE)
		return -EINVAL;
	switch (dev.setup.kind) {
	case VMFAULT_PFNMAP:
		/* A page that is copied at a write could not be told apart */
		if (!(vma->vm_flags & VM_SHARED))
			return -EINVAL;
		vm_flags_set(vma, VM_PFNMAP);
		vma->vm_ops = &pfn_ops;
		return 0;
	case VMFAULT_MIXED:
		vm_flags_set(vma, VM_MIXEDMAP);
		vma->vm_ops = &pfn_ops;
		return 0;
	case VMFAULT_REMAP:
		return remap_pfn_range(vma, vma->vm_start,
				       page_to_pfn(area_page(vma->vm_pgoff)),
				       size, vma->vm_page_prot);
	default:
		vma->vm_ops = &page_ops;
		return 0;
	}
}

static long vmfault_set_up(void __user *arg)
{
	struct vmfault_setup setup;

	if (copy_from_user(&setup, arg, sizeof(setup)))
		return -EFAULT;
	if (setup.kind > VMFAULT_PAGE || setup.answer > VMFAULT_LOST_ONCE)
		return -EINVAL;
	spin_lock(&dev.lock);
	dev.setup = setup;
	dev.log.nr = 0;
	spin_unlock(&dev.lock);
	return 0;
}

static long vmfault_give_log(void __user *arg)
{
	struct vmfault_log *copy = kmalloc(sizeof(*copy), GFP_KERNEL);
	long ret;

	if (!copy)
		return -ENOMEM;
	spin_lock(&dev.lock);
	*copy = dev.log;
	dev.log.nr = 0;
	spin_unlock(&dev.lock);
	copy->vmf_size = sizeof(struct vm_fault);
	ret = copy_to_user(arg, copy, sizeof(*copy)) ? -EFAULT : 0;
	kfree(copy);
	return ret;
}

static long vmfault_give_frames(void __user *arg)
{
	struct vmfault_frames frames;
	pgoff_t i;

	for (i = 0; i < VMFAULT_PAGES; i++)
		frames.pfn[i] = page_to_pfn(area_page(i));
	frames.special = IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL);
	return copy_to_user(arg, &frames, sizeof(frames)) ? -EFAULT : 0;
}

static long vmfault_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	switch (cmd) {
	case VMFAULT_SETUP:
		return vmfault_set_up((void __user *)arg);
	case VMFAULT_LOG:
		return vmfault_give_log((void __user *)arg);
	case VMFAULT_FRAMES:
		return vmfault_give_frames((void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static ssize_t vmfault_read(struct file *file, char __user *to, size_t count,
			    loff_t *pos)
{
	return simple_read_from_buffer(to, count, pos, dev.area, AREA_SIZE);
}

static ssize_t vmfault_write(struct file *file, const char __user *from,
			     size_t count, loff_t *pos)
{
	return simple_write_to_buffer(dev.area, AREA_SIZE, pos, from, count);
}

/* Nothing is ever written back, so the default would not do */
static const struct address_space_operations vmfault_aops = {
	JUST_DIRTY,
};

static int vmfault_open(struct inode *inode, struct file *file)
{
	if (test_and_set_bit(0, &dev.opened))
		return -EBUSY;
	/* The tests leave memory in pieces: reclaim and compact, do not warn */
	dev.area = alloc_pages_exact(AREA_SIZE, GFP_KERNEL | __GFP_ZERO |
						__GFP_RETRY_MAYFAIL |
						__GFP_NOWARN);
	if (!dev.area) {
		clear_bit(0, &dev.opened);
		return -ENOMEM;
	}
	memset(&dev.setup, 0, sizeof(dev.setup));
	dev.log.nr = 0;
	dev.aops = file->f_mapping->a_ops;
	file->f_mapping->a_ops = &vmfault_aops;
	return 0;
}

static int vmfault_release(struct inode *inode, struct file *file)
{
	pgoff_t i;

	file->f_mapping->a_ops = dev.aops;
	for (i = 0; i < VMFAULT_PAGES; i++) {
		ClearPageDirty(area_page(i));
		area_page(i)->mapping = NULL;
	}
	free_pages_exact(dev.area, AREA_SIZE);
	clear_bit(0, &dev.opened);
	return 0;
}

static const struct file_operations vmfault_fops = {
	.owner = THIS_MODULE,
	.open = vmfault_open,
	.release = vmfault_release,
	.read = vmfault_read,
	.write = vmfault_write,
	.llseek = default_llseek,
	.mmap = vmfault_mmap,
	.unlocked_ioctl = vmfault_ioctl,
};

static struct miscdevice vmfault_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = VMFAULT_NAME,
	.fops = &vmfault_fops,
	.mode = 0600,
};

static int __init vmfault_init(void)
{
	BUILD_BUG_ON(VMFAULT_FLAG_WRITE != FAULT_FLAG_WRITE);
	BUILD_BUG_ON(VMFAULT_FLAG_MKWRITE != FAULT_FLAG_MKWRITE);
	BUILD_BUG_ON(VMFAULT_FLAG_ALLOW_RETRY != FAULT_FLAG_ALLOW_RETRY);
	BUILD_BUG_ON(VMFAULT_FLAG_KILLABLE != FAULT_FLAG_KILLABLE);
	BUILD_BUG_ON(VMFAULT_FLAG_TRIED != FAULT_FLAG_TRIED);
	BUILD_BUG_ON(VMFAULT_FLAG_USER != FAULT_FLAG_USER);
	BUILD_BUG_ON(VMFAULT_FLAG_INTERRUPTIBLE != FAULT_FLAG_INTERRUPTIBLE);
	return misc_register(&vmfault_device);
}
module_init(vmfault_init);

static void __exit vmfault_exit(void)
{
	misc_deregister(&vmfault_device);
}
module_exit(vmfault_exit);

MODULE_DESCRIPTION("Shows what the handlers of a mapping get to see");
MODULE_AUTHOR("Faultline <faultline@series.invalid>");
MODULE_LICENSE("GPL");

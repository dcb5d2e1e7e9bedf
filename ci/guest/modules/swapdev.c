// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/swapdev: do the flags of a fault stay what they are when a write is
 * refused because the file is swapped to?  No handler is called after that, and
 * the fault is over at once.  But the page that ->fault has given is put before,
 * and as nobody else has it, it is freed: the fault, deeper in the stack, is
 * still there then.  See swapdev.h.
 */
#include <linux/build_bug.h>
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "swapdev.h"
#include "vmf.h"

/**
 * struct swapdev - the device
 * @opened: bit 0: it is open
 * @probe: at the function that frees a page nobody has any more
 * @task: who is in a fault that has got a page; NULL: nobody
 * @vmf: that fault, on the stack of @task
 * @page: that page
 * @seen: for SWAPDEV_SEEN
 */
static struct swapdev {
	unsigned long opened;
	struct kprobe probe;
	struct task_struct *task;
	struct vm_fault *vmf;
	struct page *page;
	struct swapdev_seen seen;
} dev;

/* As it is called today, and in 5.10 */
static const char *const frees[] = { "__folio_put", "__put_page" };

static int swapdev_freed(struct kprobe *probe, struct pt_regs *regs)
{
	/* Which page it is, is told by the count: the others here are not ours */
	if (READ_ONCE(dev.task) != current || page_ref_count(dev.page))
		return 0;
	dev.seen.after = vmf_flags(dev.vmf);
	dev.seen.freed++;
	WRITE_ONCE(dev.task, NULL);
	return 0;
}

static vm_fault_t swapdev_fault(struct vm_fault *vmf)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

	if (!page)
		return VM_FAULT_OOM;
	dev.seen.faults++;
	dev.seen.before = vmf_flags(vmf);
	dev.vmf = vmf;
	dev.page = page;
	WRITE_ONCE(dev.task, current);
	vmf->page = page;
	return 0;
}

static vm_fault_t swapdev_page_mkwrite(struct vm_fault *vmf)
{
	dev.seen.asked++;
	WRITE_ONCE(dev.task, NULL);
	return VM_FAULT_SIGBUS;
}

static const struct vm_operations_struct swapdev_ops = {
	.fault = swapdev_fault,
	.page_mkwrite = swapdev_page_mkwrite,
};

static int swapdev_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vma->vm_ops = &swapdev_ops;
	return 0;
}

static void count_as_swapfile(struct inode *inode, bool on)
{
	inode_lock(inode);
	if (on)
		inode->i_flags |= S_SWAPFILE;
	else
		inode->i_flags &= ~S_SWAPFILE;
	inode_unlock(inode);
}

static long swapdev_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	switch (cmd) {
	case SWAPDEV_START:
		WRITE_ONCE(dev.task, NULL);
		memset(&dev.seen, 0, sizeof(dev.seen));
		count_as_swapfile(file->f_mapping->host, true);
		return 0;
	case SWAPDEV_SEEN:
		return copy_to_user((void __user *)arg, &dev.seen,
				    sizeof(dev.seen)) ? -EFAULT : 0;
	default:
		return -ENOTTY;
	}
}

static int put_probe(void)
{
	int i, ret = -EOPNOTSUPP;

	if (!IS_ENABLED(CONFIG_KPROBES))
		return ret;
	for (i = 0; ret && i < ARRAY_SIZE(frees); i++) {
		dev.probe = (struct kprobe){
			.symbol_name = frees[i],
			.pre_handler = swapdev_freed,
		};
		ret = register_kprobe(&dev.probe);
	}
	return ret;
}

static int swapdev_open(struct inode *inode, struct file *file)
{
	int ret;

	if (test_and_set_bit(0, &dev.opened))
		return -EBUSY;
	dev.task = NULL;
	ret = put_probe();
	if (ret)
		clear_bit(0, &dev.opened);
	return ret;
}

static int swapdev_release(struct inode *inode, struct file *file)
{
	unregister_kprobe(&dev.probe);
	count_as_swapfile(file->f_mapping->host, false);
	clear_bit(0, &dev.opened);
	return 0;
}

static const struct file_operations swapdev_fops = {
	.owner = THIS_MODULE,
	.open = swapdev_open,
	.release = swapdev_release,
	.mmap = swapdev_mmap,
	.unlocked_ioctl = swapdev_ioctl,
};

static struct miscdevice swapdev_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = SWAPDEV_NAME,
	.fops = &swapdev_fops,
	.mode = 0600,
};

static int __init swapdev_init(void)
{
	BUILD_BUG_ON(SWAPDEV_FLAG_WRITE != FAULT_FLAG_WRITE);
	BUILD_BUG_ON(SWAPDEV_FLAG_MKWRITE != FAULT_FLAG_MKWRITE);
	BUILD_BUG_ON(SWAPDEV_FLAG_USER != FAULT_FLAG_USER);
	return misc_register(&swapdev_device);
}
module_init(swapdev_init);

static void __exit swapdev_exit(void)
{
	misc_deregister(&swapdev_device);
}
module_exit(swapdev_exit);

MODULE_DESCRIPTION("Looks at a fault after a write to a swap file was refused");
MODULE_AUTHOR("Faultline <faultline@series.invalid>");
MODULE_LICENSE("GPL");

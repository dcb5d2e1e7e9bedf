// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/gup: get_user_pages_fast_only() for the guest's tests; see gup.h.
 *
 * It is the walk without locks and nothing else.  Every other way to get at
 * user pages goes on with the locked walk where this one gave up, so that the
 * pages are right whether or not it works.
 */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "gup.h"

static int give_pages(struct gup_request *req, struct page **pages)
{
	u64 __user *pfns = u64_to_user_ptr(req->pfns);
	int ret = 0;
	u32 i;

	for (i = 0; i < req->got; i++) {
		if (!ret)
			ret = put_user((u64)page_to_pfn(pages[i]), &pfns[i]);
		put_page(pages[i]);
	}
	return ret;
}

static long gup_fast_only(void __user *arg)
{
	struct gup_request req;
	struct page **pages;
	long ret;

	if (!HAVE_GUP_WITHOUT_LOCKS)
		return -EOPNOTSUPP;
	if (copy_from_user(&req, arg, sizeof(req)))
		return -EFAULT;
	if (req.nr > INT_MAX || req.start != (unsigned long)req.start)
		return -EINVAL;
	/* Room for what is mapped at most, not for what is asked for */
	pages = kvcalloc(GUP_PAGES, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	ret = get_user_pages_fast_only(req.start, req.nr,
				       req.write ? FOLL_WRITE : 0, pages);
	/* 5.10 says 0 to a range that is refused as a whole, later kernels why */
	req.got = ret < 0 ? 0 : ret;
	ret = give_pages(&req, pages);
	kvfree(pages);
	if (!ret && copy_to_user(arg, &req, sizeof(req)))
		ret = -EFAULT;
	return ret;
}

static long gup_boundary(void __user *arg)
{
	struct gup_boundary b;
	unsigned long start;
	pgd_t *pgd;

	if (copy_from_user(&b, arg, sizeof(b)))
		return -EFAULT;
	start = b.start;
	if (start != b.start)
		return -EINVAL;
	mmap_read_lock(current->mm);
	pgd = pgd_offset(current->mm, start);
#ifdef ADDR_END_OF_ENTRY
	b.end = pgd_addr_end(*pgd, start, -PAGE_SIZE);
#else
	b.end = pgd_addr_end(start, -PAGE_SIZE);
#endif
	mmap_read_unlock(current->mm);
	b.pgdir_size = PGDIR_SIZE;
	return copy_to_user(arg, &b, sizeof(b)) ? -EFAULT : 0;
}

static long gup_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case GUP_FAST_ONLY:
		return gup_fast_only((void __user *)arg);
	case GUP_BOUNDARY:
		return gup_boundary((void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations gup_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = gup_ioctl,
};

static struct miscdevice gup_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = GUP_NAME,
	.fops = &gup_fops,
	.mode = 0600,
};
module_misc_device(gup_device);

MODULE_DESCRIPTION("The walk of get_user_pages_fast() without its slow path");
MODULE_AUTHOR("Faultline <faultline@series.invalid>");
MODULE_LICENSE("GPL");

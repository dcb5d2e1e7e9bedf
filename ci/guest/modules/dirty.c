// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/dirty: write-protects, cleans and records the shared mappings of a file.
 * In the kernel a driver does that, to files of its own only.  For the guest's
 * tests; see dirty.h.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "dirty.h"

/* Words of 64 bits and those of the kernel's bitmaps may differ in size */
static void bitmap_take(unsigned long *bitmap, const __u64 *words)
{
	unsigned int i;

	for (i = 0; i < DIRTY_BITS; i++) {
		if (words[i / 64] >> (i % 64) & 1)
			__set_bit(i, bitmap);
	}
}

static void bitmap_give(__u64 *words, const unsigned long *bitmap)
{
	unsigned int i;

	memset(words, 0, DIRTY_WORDS * sizeof(*words));
	for_each_set_bit(i, bitmap, DIRTY_BITS)
		words[i / 64] |= 1ULL << (i % 64);
}

static long dirty_record(struct address_space *mapping,
			 struct dirty_range *range)
{
	pgoff_t start = range->start, end = range->end;
	unsigned long *bitmap;

	if (range->first < range->bitmap_pgoff || range->nr > DIRTY_BITS ||
	    range->first - range->bitmap_pgoff > DIRTY_BITS - range->nr)
		return -EINVAL;
	bitmap = bitmap_zalloc(DIRTY_BITS, GFP_KERNEL);
	if (!bitmap)
		return -ENOMEM;
	bitmap_take(bitmap, range->bitmap);
	range->total = clean_record_shared_mapping_range(mapping, range->first,
							 range->nr,
							 range->bitmap_pgoff,
							 bitmap, &start, &end);
	bitmap_give(range->bitmap, bitmap);
	bitmap_free(bitmap);
	range->start = start;
	range->end = end;
	return 0;
}

static long dirty_call(unsigned int cmd, struct dirty_range *range)
{
	struct file *file;
	long ret = 0;

	if (!range->nr || range->first + range->nr < range->first)
		return -EINVAL;
	file = fget(range->fd);
	if (!file)
		return -EBADF;
	if (!S_ISREG(file_inode(file)->i_mode))
		ret = -EINVAL;
	else if (cmd == DIRTY_PROTECT)
		range->total = wp_shared_mapping_range(file->f_mapping,
						       range->first, range->nr);
	else
		ret = dirty_record(file->f_mapping, range);
	fput(file);
	return ret;
}

static long dirty_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	struct dirty_range *range;
	long ret;

	if (cmd != DIRTY_PROTECT && cmd != DIRTY_RECORD)
		return -ENOTTY;
	range = memdup_user(user, sizeof(*range));
	if (IS_ERR(range))
		return PTR_ERR(range);
	ret = dirty_call(cmd, range);
	if (!ret && copy_to_user(user, range, sizeof(*range)))
		ret = -EFAULT;
	kfree(range);
	return ret;
}

static const struct file_operations dirty_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = dirty_ioctl,
};

static struct miscdevice dirty_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = DIRTY_NAME,
	.fops = &dirty_fops,
	.mode = 0600,
};

static int __init dirty_init(void)
{
	return misc_register(&dirty_device);
}
module_init(dirty_init);

static void __exit dirty_exit(void)
{
	misc_deregister(&dirty_device);
}
module_exit(dirty_exit);

MODULE_DESCRIPTION("Write-protects, cleans and records shared mappings");
MODULE_AUTHOR("Faultline <faultline@series.invalid>");
MODULE_LICENSE("GPL");

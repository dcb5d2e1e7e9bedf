// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/walk: walks of page tables that only the kernel can ask for, for the
 * guest's tests; see walk.h.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "walk.h"

#define SCATTERED	64	/* pages, a power of two */
#define AREAS		32	/* mapped at once */

/**
 * struct applied - what walk_pte() has seen
 * @req: counts
 * @next: the lowest address that may come now
 */
struct applied {
	struct walk_apply *req;
	unsigned long next;
};

static int walk_pte(pte_t *pte, unsigned long addr, void *data)
{
	struct applied *seen = data;
	struct walk_apply *req = seen->req;

	/* Each one, or those that are mapped, in the order of the addresses */
	if (req->existing ? addr < seen->next : addr != seen->next)
		req->wrong++;
	else if (addr - req->start >= req->size || !PAGE_ALIGNED(addr))
		req->wrong++;
	else if (req->existing && !pte_present(*pte))
		req->wrong++;
	if (pte_present(*pte))
		req->frames += pte_pfn(*pte);
	seen->next = addr + PAGE_SIZE;
	req->visited++;
	return 0;
}

static long walk_apply(void __user *arg)
{
	struct walk_apply req;
	struct applied seen = { .req = &req };
	apply_fn *apply;
	int ret;

	if (copy_from_user(&req, arg, sizeof(req)))
		return -EFAULT;
	if (req.start != (unsigned long)req.start ||
	    req.size != (unsigned long)req.size)
		return -EINVAL;
	req.visited = 0;
	req.wrong = 0;
	req.frames = 0;
	seen.next = req.start;
	apply = req.existing ? apply_to_existing() : apply_to_page_range;
	if (!apply)
		return -EOPNOTSUPP;
	mmap_write_lock(current->mm);
	ret = apply(current->mm, req.start, req.size, walk_pte, &seen);
	mmap_write_unlock(current->mm);
	if (!ret && copy_to_user(arg, &req, sizeof(req)))
		ret = -EFAULT;
	return ret;
}

/**
 * struct scattered - pages that are no neighbours, each with its number in it
 * @pages: the pages
 */
struct scattered {
	struct page *pages[SCATTERED];
};

static void scattered_free(struct scattered *s)
{
	size_t i;

	for (i = 0; i < SCATTERED; i++) {
		if (s->pages[i])
			__free_page(s->pages[i]);
	}
	kfree(s);
}

static struct scattered *scattered_alloc(void)
{
	struct scattered *s = kzalloc(sizeof(*s), GFP_KERNEL);
	size_t i;

	for (i = 0; s && i < SCATTERED; i++) {
		s->pages[i] = alloc_page(GFP_KERNEL);
		if (!s->pages[i]) {
			scattered_free(s);
			return NULL;
		}
		memset32(page_address(s->pages[i]), i,
			 PAGE_SIZE / sizeof(u32));
	}
	return s;
}

/* Which of them is at page @i: never the one behind that of page @i - 1. */
static size_t scattered_nr(size_t i)
{
	return i * 27 % SCATTERED;
}

/* Nothing is read through a translation that is wrong. */
static bool vmap_right(const char *at, const struct page *page, size_t number)
{
	const u32 *word = (const u32 *)at;
	size_t i;

	if (vmalloc_to_page(at) != page)
		return false;
	for (i = 0; i < PAGE_SIZE / sizeof(u32); i += 32) {
		if (word[i] != number)
			return false;
	}
	return true;
}

static u32 edges_within(const struct walk_vmap *req, const void *area)
{
	unsigned long first = (unsigned long)area;
	unsigned long last = first + (req->nr - 1) * PAGE_SIZE;
	unsigned long edge = req->edge;

	return last / edge - first / edge;
}

static void look_at_vmap(struct walk_vmap *req, void **areas,
			 struct page **pages)
{
	size_t nr, last = 0;
	u32 i;

	for (nr = 0; nr < AREAS && !req->edges; nr++) {
		last = nr;
		areas[nr] = vmap(pages, req->nr, VM_MAP, PAGE_KERNEL);
		if (!areas[nr])
			break;
		req->edges = edges_within(req, areas[nr]);
	}
	for (i = 0; req->edges && i < req->nr; i++)
		req->wrong += !vmap_right(areas[last] + i * PAGE_SIZE, pages[i],
					  scattered_nr(i));
	while (nr-- > 0)
		vunmap(areas[nr]);
	for (i = 0; req->edges && i < req->nr; i++)
		req->left += !!vmalloc_to_page(areas[last] + i * PAGE_SIZE);
}

static int walk_vmap_pages(struct walk_vmap *req)
{
	struct scattered *s = scattered_alloc();
	void **areas = kcalloc(AREAS, sizeof(*areas), GFP_KERNEL);
	struct page **pages = kvmalloc_array(req->nr, sizeof(*pages),
					     GFP_KERNEL);
	int ret = -ENOMEM;
	u32 i;

	if (s && areas && pages) {
		for (i = 0; i < req->nr; i++)
			pages[i] = s->pages[scattered_nr(i)];
		look_at_vmap(req, areas, pages);
		ret = 0;
	}
	kvfree(pages);
	kfree(areas);
	if (s)
		scattered_free(s);
	return ret;
}

static long walk_vmap(void __user *arg)
{
	struct walk_vmap req;
	int ret;

	if (copy_from_user(&req, arg, sizeof(req)))
		return -EFAULT;
	if (!req.nr || req.nr > INT_MAX / PAGE_SIZE || !req.edge ||
	    req.edge != (unsigned long)req.edge)
		return -EINVAL;
	req.edges = 0;
	req.wrong = 0;
	req.left = 0;
	ret = walk_vmap_pages(&req);
	if (!ret && copy_to_user(arg, &req, sizeof(req)))
		ret = -EFAULT;
	return ret;
}

static long walk_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case WALK_APPLY:
		return walk_apply((void __user *)arg);
	case WALK_VMAP:
		return walk_vmap((void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations walk_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = walk_ioctl,
};

static struct miscdevice walk_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = WALK_NAME,
	.fops = &walk_fops,
	.mode = 0600,
};
module_misc_device(walk_device);

MODULE_DESCRIPTION("Walks of page tables that only the kernel can ask for");
MODULE_AUTHOR("Faultline <faultline@series.invalid>");
MODULE_LICENSE("GPL");

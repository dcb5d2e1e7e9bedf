// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "file.h"
#include "ktap.h"
#include "mm.h"

#define BUSY_MS		5000

/* The byte at either end is not 0: no page begins as a hole does */
#define MAGIC		0x6661756c746c696eULL	/* "faultlin" */

const struct fs tmpfs = { "tmpfs", "/tmp", false };
const struct fs ext4 = { "ext4", "/mnt", true };

/* The instruction that returns from a function, per architecture. */
static const unsigned char code[] = {
#if defined(__aarch64__)
	0xc0, 0x03, 0x5f, 0xd6
#elif defined(__s390x__)
	0x07, 0xfe
#elif defined(__x86_64__) || defined(__i386__)
	0xc3
#elif defined(__riscv)
	0x67, 0x80, 0x00, 0x00
#elif defined(__arm__)
	0x1e, 0xff, 0x2f, 0xe1
#elif defined(__powerpc__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	0x20, 0x00, 0x80, 0x4e
#elif defined(__powerpc__)
	0x4e, 0x80, 0x00, 0x20
#else
#error "which instruction returns from a function here?"
#endif
};

u64 file_word(size_t index, size_t i)
{
	return MAGIC ^ ((u64)index << 16) ^ i;
}

unsigned char file_byte(size_t index, size_t offset)
{
	u64 word = file_word(index, offset / sizeof(u64));

	return ((unsigned char *)&word)[offset % sizeof(u64)];
}

void file_page(void *buf, size_t index)
{
	u64 *word = buf;
	size_t i;

	for (i = 0; i < mm_page_size() / sizeof(*word); i++)
		word[i] = file_word(index, i);
	memcpy((char *)buf + FILE_CODE_OFFSET, code, sizeof(code));
}

void file_call(const void *page)
{
	const char *at = (const char *)page + FILE_CODE_OFFSET;
#if defined(_CALL_ELF) && _CALL_ELF == 1
	/* A pointer to a function is one to its address, TOC and environment */
	const void * const descriptor[3] = { at };

	/* The call reads them, which the compiler does not count as a use */
	__asm__ volatile("" : : "r" (descriptor) : "memory");
	at = (const char *)descriptor;
#endif
	((void (*)(void))at)();
}

bool file_page_ok(const void *page, size_t index)
{
	static char *want;

	if (!want)
		want = malloc(mm_page_size());
	file_page(want, index);
	return !memcmp(page, want, mm_page_size());
}

static bool mounted(const struct fs *fs)
{
	struct stat dir, up;
	char parent[64];

	snprintf(parent, sizeof(parent), "%s/..", fs->dir);
	return !stat(fs->dir, &dir) && !stat(parent, &up) &&
	       dir.st_dev != up.st_dev;
}

void file_create(struct file *f, const struct fs *fs, size_t pages, long hole)
{
	size_t size = mm_page_size();
	char path[64];
	char *buf = malloc(size);
	size_t i;

	if (!mounted(fs))
		skip("no %s on %s", fs->name, fs->dir);
	require(pages <= FILE_PAGES_MAX, "%zu pages are too many", pages);
	snprintf(path, sizeof(path), "%s/pages-%d", fs->dir, getpid());
	f->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	require(f->fd >= 0, "%s: %m", path);
	require(!unlink(path), "%s: %m", path);
	f->fs = fs;
	f->pages = pages;
	for (i = 0; i < pages; i++) {
		file_page(buf, i);
		if ((long)i == hole)
			continue;
		require(pwrite(f->fd, buf, size, i * size) == (ssize_t)size,
			"%s: %m", path);
	}
	require(!ftruncate(f->fd, pages * size), "%s: %m", path);
	require(!fsync(f->fd), "%s: %m", path);
	free(buf);
}

void file_settle(struct file *f)
{
	size_t size = mm_page_size();
	size_t idle = 0, i;
	int tries;
	char *p;

	require(!fsync(f->fd), "fsync: %m");
	p = mmap(NULL, f->pages * size, PROT_READ, MAP_SHARED | MAP_POPULATE,
		 f->fd, 0);
	require(p != MAP_FAILED, "mmap: %m");
	for (i = 0; i < f->pages; i++) {
		mm_read(p + i * size);
		f->pfn[i] = mm_pfn(p + i * size);
	}
	/* Young entries would mark the page as referenced at munmap() */
	mm_set("/proc/self/clear_refs", "1\n");
	munmap(p, f->pages * size);

	for (tries = 0; tries < 10 && idle < f->pages; tries++) {
		if (tries)
			mm_drain_lru();
		idle = mm_idle_set(f->pfn, f->pages);
	}
	require(idle == f->pages, "%zu of %zu pages can be marked idle", idle,
		f->pages);
}

/* In seconds since 1970 */
#define LONG_AGO	1000000

void file_forget_time(const struct file *f)
{
	const struct timespec ts[2] = { { .tv_sec = LONG_AGO },
					{ .tv_sec = LONG_AGO } };

	require(!futimens(f->fd, ts), "futimens: %m");
}

bool file_time_was_set(const struct file *f)
{
	struct stat st;

	require(!fstat(f->fd, &st), "fstat: %m");
	return st.st_mtim.tv_sec != LONG_AGO;
}

void file_unmount(const char *dir)
{
	long long end = now_ms() + limit_ms(BUSY_MS);

	while (umount(dir)) {
		require(errno == EBUSY && now_ms() < end, "umount: %m");
		usleep(20000);
	}
}

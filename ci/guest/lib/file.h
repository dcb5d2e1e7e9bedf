/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files whose every page tells which page it is.
 */
#ifndef FAULTLINE_FILE_H
#define FAULTLINE_FILE_H

#include "base.h"

#define FILE_PAGES_MAX	1024

/**
 * struct fs - a file system the tests use
 * @name: for case names
 * @dir: where it is mounted
 * @backed: it has a disk: pages can be clean, dropped and read again
 */
struct fs {
	const char *name;
	const char *dir;
	bool backed;
};

extern const struct fs tmpfs, ext4;

/**
 * struct file - an unlinked file with a known content
 * @fd: open for reading and writing
 * @fs: where it is
 * @pages: its length
 * @pfn: page frames of its pages, filled by file_settle()
 */
struct file {
	int fd;
	const struct fs *fs;
	size_t pages;
	u64 pfn[FILE_PAGES_MAX];
};

/**
 * file_create() - make a file, every page in the page cache
 * @f: the file
 * @fs: where; the case is skipped when that is not mounted
 * @pages: length; at most FILE_PAGES_MAX
 * @hole: number of a page to leave out (a hole in the file), or -1
 */
void file_create(struct file *f, const struct fs *fs, size_t pages, long hole);

/**
 * file_settle() - make every cached page look as if nobody had used it
 * @f: the file, mapped nowhere
 *
 * Written back, on an LRU list, not referenced, and idle.  Fills @f->pfn.
 * The file must have no hole.
 */
void file_settle(struct file *f);

/**
 * file_unmount() - unmount what a test has mounted
 * @dir: where
 *
 * Waits for khugepaged, which has a file of huge pages for as long as it looks at it.
 * The case fails when it stays busy.
 */
void file_unmount(const char *dir);

/**
 * file_page() - fill in what a page of the file holds
 * @buf: one page
 * @index: number of the page in the file
 *
 * Every eight bytes differ from those of all other pages, and the first byte
 * is not 0, as that of a hole; at FILE_CODE_OFFSET there is a function that
 * does nothing.
 */
void file_page(void *buf, size_t index);

/* The @i-th eight bytes of page @index. */
u64 file_word(size_t index, size_t i);

/* The byte at @offset of page @index; not for the bytes of the function. */
unsigned char file_byte(size_t index, size_t offset);

#define FILE_CODE_OFFSET	64

/* Call the function of a page that is mapped executable. */
void file_call(const void *page);

/**
 * file_forget_time() - set a file's time to long ago
 * @f: the file
 *
 * A file system sets it when it hears of a write, as by ->page_mkwrite().
 */
void file_forget_time(const struct file *f);

/* Has the time been set since file_forget_time()? */
bool file_time_was_set(const struct file *f);

/* Is @page what file_page() says for @index? */
bool file_page_ok(const void *page, size_t index);

#endif

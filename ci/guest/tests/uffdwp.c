// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of anonymous memory that are write-protected with userfaultfd: a write
 * is reported as one, and is done when the protection is taken away; before,
 * the page is what it was.  Pages that are mapped, that are swapped out, and
 * that a forked child shares.
 *
 * x86_64 has it; on it a lack is a failure, elsewhere it is a skip.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "ktap.h"
#include "mm.h"
#include "swapfile.h"

#define PAGES		16
#define VALUE		0x5a
#define WAIT_MS		5000
#define QUIET_MS	20

static size_t psize;
static int uffd;

/* Ask for it, and skip where there is none. */
static void begin(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct utsname uts;
	bool claims;

	psize = mm_page_size();
	swapfile_off();
	/* Linux 5.10 claims to have it everywhere */
	require(!uname(&uts), "uname: %m");
	claims = !mm_kernel_since(5, 11);
	if (claims && strcmp(uts.machine, "x86_64"))
		skip("%s has no write-protection for userfaultfd", uts.machine);
	uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	require(uffd >= 0, "userfaultfd: %m");
	require(!ioctl(uffd, UFFDIO_API, &api), "UFFDIO_API: %m");
	if (!claims && strcmp(uts.machine, "x86_64") &&
	    !(api.features & UFFD_FEATURE_PAGEFAULT_FLAG_WP))
		skip("%s has no write-protection for userfaultfd", uts.machine);
	require(api.features & UFFD_FEATURE_PAGEFAULT_FLAG_WP,
		"no UFFD_FEATURE_PAGEFAULT_FLAG_WP: 0x%llx", api.features);
}

static void protect(char *p, size_t nr, bool on)
{
	struct uffdio_writeprotect wp = {
		.range = { .start = (unsigned long)p, .len = nr * psize },
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	require(!ioctl(uffd, UFFDIO_WRITEPROTECT, &wp),
		"UFFDIO_WRITEPROTECT: %m");
}

/* Memory with known content, all of it registered and protected. */
static char *protected_memory(void)
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_WP };
	char *p = mmap(NULL, PAGES * psize, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	require(p != MAP_FAILED, "mmap: %m");
	madvise(p, PAGES * psize, MADV_NOHUGEPAGE);
	for (i = 0; i < PAGES; i++)
		file_page(p + i * psize, i);
	reg.range.start = (unsigned long)p;
	reg.range.len = PAGES * psize;
	require(!ioctl(uffd, UFFDIO_REGISTER, &reg), "UFFDIO_REGISTER: %m");
	protect(p, PAGES, true);
	return p;
}

/* Return: false when nothing is reported for so long. */
static bool event(struct uffd_msg *msg, int ms)
{
	struct pollfd pfd = { .fd = uffd, .events = POLLIN };

	return poll(&pfd, 1, ms) == 1 &&
	       read(uffd, msg, sizeof(*msg)) == sizeof(*msg);
}

/**
 * struct write - a write by another thread
 * @p: where
 * @by_kernel: it is read(2) that writes there
 * @done: it is over
 */
struct write {
	char *p;
	bool by_kernel;
	int done;
};

static void *write_byte(void *arg)
{
	struct write *w = arg;
	const char value = VALUE;
	int fds[2];

	if (!w->by_kernel) {
		mm_poke(w->p, VALUE);
	} else if (pipe(fds) || write(fds[1], &value, 1) != 1 ||
		   read(fds[0], w->p, 1) != 1) {
		/* The byte is missing then */
	}
	__atomic_store_n(&w->done, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/*
 * Write to page @i of @p and follow it: reported once as a write to a
 * protected page, not done until the protection goes, and done then.
 */
static void write_and_resolve(char *p, size_t i, bool by_kernel)
{
	struct write w = { .p = p + i * psize, .by_kernel = by_kernel };
	struct uffd_msg msg;
	pthread_t thread;

	require(!pthread_create(&thread, NULL, write_byte, &w),
		"pthread_create");
	require(event(&msg, limit_ms(WAIT_MS)), "a write to page %zu is not reported", i);
	expect(msg.event == UFFD_EVENT_PAGEFAULT, "event 0x%x", msg.event);
	expect(msg.arg.pagefault.flags ==
	       (UFFD_PAGEFAULT_FLAG_WRITE | UFFD_PAGEFAULT_FLAG_WP),
	       "page %zu: flags 0x%llx", i, msg.arg.pagefault.flags);
	expect(msg.arg.pagefault.address == (unsigned long)w.p,
	       "page %zu: reported for 0x%llx, not %p", i,
	       msg.arg.pagefault.address, w.p);
	expect(!event(&msg, QUIET_MS), "page %zu is reported twice", i);
	expect(!__atomic_load_n(&w.done, __ATOMIC_SEQ_CST),
	       "the write to page %zu is done already", i);
	expect(file_page_ok(w.p, i), "page %zu has changed already", i);
	protect(w.p, 1, false);
	require(!pthread_join(thread, NULL), "pthread_join");
	expect(mm_read(w.p) == VALUE, "page %zu: the write is lost", i);
	mm_poke(w.p, file_byte(i, 0));
	expect(file_page_ok(w.p, i), "page %zu is wrong", i);
	expect(!event(&msg, 0), "page %zu is reported after all", i);
}

static void expect_all(const char *p)
{
	struct uffd_msg msg;
	size_t i;

	for (i = 0; i < PAGES; i++)
		expect(file_page_ok(p + i * psize, i), "page %zu is wrong", i);
	expect(!event(&msg, 0), "reads are reported");
}

static void mapped(const void *unused)
{
	char *p;
	u64 pfn;

	begin();
	p = protected_memory();
	expect_all(p);
	pfn = mm_pfn(p + 3 * psize);
	write_and_resolve(p, 3, false);
	expect(mm_pfn(p + 3 * psize) == pfn, "page 3 was copied");
	write_and_resolve(p, 5, true);
	expect_all(p);
	/* Protected anew, reported anew */
	protect(p, PAGES, true);
	write_and_resolve(p, 3, false);
	expect_all(p);
}

static void swapped_out(const void *unused)
{
	char *p;

	begin();
	swapfile_on(4);
	mm_set("/proc/sys/vm/page-cluster", "0\n");
	p = protected_memory();
	mm_page_out(p, PAGES);
	/* The fault that swaps it in is the write */
	write_and_resolve(p, 3, false);
	write_and_resolve(p, 4, true);
	/* It is a read, and the page is protected still */
	expect(file_page_ok(p + 7 * psize, 7), "page 7 is wrong");
	write_and_resolve(p, 7, false);
	expect_all(p);
	write_and_resolve(p, 8, false);
	/* The protection may also go while it is out */
	mm_page_out(p, PAGES);
	protect(p, 1, false);
	mm_poke(p, file_byte(0, 0));
	expect_all(p);
	expect(!swapfile_off(), "swapoff: %m");
}

/* A child is free to write, to pages of its own. */
static void forked(const void *out)
{
	struct uffd_msg msg;
	size_t i;
	int status;
	pid_t pid;
	char *p;

	begin();
	if (out) {
		swapfile_on(4);
		mm_set("/proc/sys/vm/page-cluster", "0\n");
	}
	p = protected_memory();
	if (out)
		mm_page_out(p, PAGES);
	pid = fork();
	require(pid >= 0, "fork: %m");
	if (!pid) {
		alarm(limit_ms(3 * WAIT_MS) / 1000);
		for (i = 0; i < PAGES; i += 2)
			mm_poke(p + i * psize, VALUE);
		for (i = 0; i < PAGES; i += 2)
			mm_poke(p + i * psize, file_byte(i, 0));
		for (i = 0; i < PAGES; i++)
			expect(file_page_ok(p + i * psize, i),
			       "page %zu of the child is wrong", i);
		for (i = 0; i < PAGES; i += 2)
			mm_poke(p + i * psize, VALUE);
		_exit(0);
	}
	require(waitpid(pid, &status, 0) == pid, "waitpid: %m");
	require(!status, "the child ended with status 0x%x", status);
	expect(!event(&msg, 0), "the child's write is reported");
	write_and_resolve(p, 2, false);
	write_and_resolve(p, 3, true);
	expect_all(p);
	if (out)
		expect(!swapfile_off(), "swapoff: %m");
}

static const bool out = true;

static const struct ktap_case cases[] = {
	{ "mapped", mapped, NULL, 0 },
	{ "swapped_out", swapped_out, NULL, 0 },
	{ "forked", forked, NULL, 0 },
	{ "forked_swapped_out", forked, &out, 0 },
	{ }
};

int main(int argc, char **argv)
{
	return ktap_main(argc, argv, cases);
}

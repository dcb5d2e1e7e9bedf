// SPDX-License-Identifier: GPL-2.0
/*
 * What the handlers of a mapping get to see, and what becomes of their answer:
 * ->fault, ->page_mkwrite and ->pfn_mkwrite of /dev/vmfault, a device of the
 * module vmfault.  Which of them is called, how often, with which flags,
 * address and page, and what the mapping shows afterwards.
 *
 * Fact:
 *   handlers.pte_special=yes|no   entries can say that they map no page, so that
 *                                 a handler can be asked before a pfn is written
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "ktap.h"
#include "mm.h"
#include "module.h"
#include "modules/vmfault.h"

#define FIRST	3	/* page of the device that the mapping begins with */
#define PAGES	8	/* of the mapping */
#define AT	5	/* page of the mapping that is looked at most */
#define VALUE	0x5a

/* What every fault from user space starts with, FAULT_FLAG_DEFAULT and USER */
#define READ	(VMFAULT_FLAG_ALLOW_RETRY | VMFAULT_FLAG_KILLABLE | \
		 VMFAULT_FLAG_INTERRUPTIBLE | VMFAULT_FLAG_USER)
#define WRITE	(READ | VMFAULT_FLAG_WRITE)

/* ->pfn_mkwrite is told more on top, ->page_mkwrite has flags of its own */
#define PFN	(WRITE | VMFAULT_FLAG_MKWRITE)
#define PAGE	(VMFAULT_FLAG_WRITE | VMFAULT_FLAG_MKWRITE)

/**
 * struct want - a call that is expected
 * @handler: VMFAULT_FAULT etc.
 * @flags: exactly these
 */
struct want {
	__u32 handler;
	__u32 flags;
};

/**
 * struct way - a way to map the device, shared
 * @kind: for VMFAULT_SETUP
 * @mkwrite: what is called at the first write
 */
struct way {
	__u32 kind;
	struct want mkwrite;
};

static const struct way pfnmap = {
	VMFAULT_PFNMAP, { VMFAULT_PFN_MKWRITE, PFN }
};

static const struct way mixed = {
	VMFAULT_MIXED, { VMFAULT_PFN_MKWRITE, PFN }
};

static const struct way page = {
	VMFAULT_PAGE, { VMFAULT_PAGE_MKWRITE, PAGE }
};

static const struct want read_fault = { VMFAULT_FAULT, READ };

/**
 * struct sent - an answer of a handler
 * @way: how the device is mapped
 * @answer: VMFAULT_NOPAGE_ONCE etc.
 */
struct sent {
	const struct way *way;
	__u32 answer;
};

static struct vmfault_frames frames;
static size_t psize;
static int dev;
static bool walked;	/* pagemap and smaps show what is mapped */
static sigjmp_buf recover;
static void *bus_address;

static void on_bus(int sig, siginfo_t *info, void *unused)
{
	bus_address = info->si_addr;
	siglongjmp(recover, 1);
}

/* Write a byte.  Return: false if that was a SIGBUS, at that byte. */
static bool try_poke(char *p)
{
	struct sigaction sa = { .sa_sigaction = on_bus,
				.sa_flags = SA_SIGINFO | SA_NODEFER };

	sigaction(SIGBUS, &sa, NULL);
	if (sigsetjmp(recover, 1)) {
		signal(SIGBUS, SIG_DFL);
		/* s390 tells the page only */
		expect((unsigned long)bus_address / psize ==
		       (unsigned long)p / psize, "SIGBUS at %p, not at %p",
		       bus_address, p);
		return false;
	}
	mm_poke(p, VALUE);
	signal(SIGBUS, SIG_DFL);
	return true;
}

/* Open the device, with page @i of it as file_page() has it. */
static void begin(__u32 kind, __u32 answer)
{
	const struct vmfault_setup setup = { .kind = kind, .answer = answer };
	static char buf[65536];
	size_t i;

	psize = mm_page_size();
	/* pagemap leaves out VM_PFNMAP */
	walked = kind == VMFAULT_MIXED || kind == VMFAULT_PAGE;
	module_load(VMFAULT_NAME);
	dev = open("/dev/" VMFAULT_NAME, O_RDWR | O_CLOEXEC);
	require(dev >= 0, "/dev/" VMFAULT_NAME ": %m");
	require(!ioctl(dev, VMFAULT_SETUP, &setup), "VMFAULT_SETUP: %m");
	require(!ioctl(dev, VMFAULT_FRAMES, &frames), "VMFAULT_FRAMES: %m");
	for (i = 0; i < VMFAULT_PAGES; i++) {
		file_page(buf, i);
		require(pwrite(dev, buf, psize, i * psize) == (ssize_t)psize,
			"pwrite: %m");
	}
}

/* The same for writes that a handler is asked about. */
static void begin_way(const struct way *way, __u32 answer)
{
	begin(way->kind, answer);
	if (way->kind == VMFAULT_MIXED && !frames.special)
		skip("no special page-table entries: a page with a pfn is mapped as a page");
}

static char *map(int flags)
{
	char *p = mmap(NULL, PAGES * psize, PROT_READ | PROT_WRITE, flags, dev,
		       FIRST * psize);

	require(p != MAP_FAILED, "mmap: %m");
	return p;
}

/*
 * The calls since the last time are these, all of them for page AT of the
 * mapping @p.  Return: whether they are.
 */
static bool expect_calls(const char *p, const char *when,
			 const struct want *want, size_t nr)
{
	const __u64 at = (unsigned long)p + AT * psize;
	struct vmfault_log log;
	struct vmfault_call *call;
	bool good = true;
	size_t i;

	require(!ioctl(dev, VMFAULT_LOG, &log), "VMFAULT_LOG: %m");
	good &= expect(log.nr == nr, "%s: %u calls, not %zu", when, log.nr, nr);
	for (i = 0; i < nr && i < log.nr; i++) {
		call = &log.calls[i];
		good &= expect(call->handler == want[i].handler,
			       "%s: call %zu is of handler %u, not %u", when,
			       i, call->handler, want[i].handler);
		call->flags &= ~VMFAULT_FLAG_ORIG_PTE_VALID;
		good &= expect(call->flags == want[i].flags,
			       "%s: call %zu has flags 0x%x, not 0x%x", when,
			       i, call->flags, want[i].flags);
		good &= expect(call->address == at && call->pgoff == FIRST + AT,
			       "%s: call %zu is for 0x%llx, page %llu", when, i,
			       call->address, call->pgoff);
		if (call->handler == VMFAULT_PAGE_MKWRITE)
			good &= expect(call->frame == frames.pfn[FIRST + AT],
				       "%s: call %zu is for frame 0x%llx", when,
				       i, call->frame);
	}
	return good;
}

/* Page @i of the device begins with @value and is unchanged otherwise. */
static void expect_device(size_t i, unsigned char value)
{
	static char buf[65536];

	require(pread(dev, buf, psize, i * psize) == (ssize_t)psize,
		"pread: %m");
	expect((unsigned char)buf[0] == value,
	       "page %zu of the device begins with 0x%x, not 0x%x", i,
	       (unsigned char)buf[0], value);
	buf[0] = file_byte(i, 0);
	expect(file_page_ok(buf, i), "page %zu of the device is wrong", i);
}

/* Pages besides AT: in the mapping and in the device, as they were. */
static void expect_others(const char *p)
{
	size_t i;

	for (i = 0; i < PAGES; i++)
		expect(i == AT || file_page_ok(p + i * psize, FIRST + i),
		       "page %zu of the mapping is wrong", i);
	for (i = 0; i < VMFAULT_PAGES; i++) {
		if (i != FIRST + AT)
			expect_device(i, file_byte(i, 0));
	}
}

/* Is the page at @at page AT of the device, or a copy? */
static void expect_frame(const char *at, bool own)
{
	if (walked)
		expect((mm_pfn(at) == frames.pfn[FIRST + AT]) == own,
		       "%s is mapped", own ? "a copy" : "the device's own page");
}

/* The mapping shows the device's own page, which has been written. */
static void expect_written(const char *p)
{
	const char *at = p + AT * psize;

	expect_frame(at, true);
	expect(mm_read(at) == VALUE, "the write is not to be seen");
	expect_device(FIRST + AT, VALUE);
	expect_others(p);
	expect(!mm_map(p).anonymous, "%lu kB were copied", mm_map(p).anonymous);
}

static void end(char *p)
{
	munmap(p, PAGES * psize);
	close(dev);
}

/* A read, a write, and what either costs a second time: nothing. */
static void read_write(const void *arg)
{
	const struct way *way = arg;
	char *p;

	begin_way(way, VMFAULT_LOCKED);
	p = map(MAP_SHARED);
	expect(mm_read(p + AT * psize) == file_byte(FIRST + AT, 0),
	       "read 0x%x", mm_read(p + AT * psize));
	expect_calls(p, "read", &read_fault, 1);
	mm_read(p + AT * psize + 1);
	expect_calls(p, "second read", NULL, 0);
	mm_poke(p + AT * psize, VALUE);
	expect_calls(p, "write", &way->mkwrite, 1);
	mm_poke(p + AT * psize, VALUE);
	expect_calls(p, "second write", NULL, 0);
	expect_written(p);
	end(p);
}

/*
 * What a write to a page that is not mapped looks like to ->fault.  On s390 it
 * may look like a read, for want of the facility to tell.
 */
static __u32 first_write_flags(void)
{
	struct vmfault_log log;
	struct utsname uts;
	char *p = map(MAP_SHARED);

	mm_poke(p, file_byte(FIRST, 0));
	require(!ioctl(dev, VMFAULT_LOG, &log), "VMFAULT_LOG: %m");
	require(log.nr, "no handler was called");
	munmap(p, PAGES * psize);
	require(!uname(&uts), "uname: %m");
	if (!strcmp(uts.machine, "s390x") &&
	    !(log.calls[0].flags & VMFAULT_FLAG_WRITE))
		return READ;
	return WRITE;
}

static void write_first(const void *arg)
{
	const struct way *way = arg;
	struct want want[2];
	char *p;

	begin_way(way, VMFAULT_LOCKED);
	want[0].handler = VMFAULT_FAULT;
	want[0].flags = first_write_flags();
	want[1] = way->mkwrite;
	p = map(MAP_SHARED);
	mm_poke(p + AT * psize, VALUE);
	expect_calls(p, "write", want, 2);
	mm_poke(p + AT * psize, VALUE);
	expect_calls(p, "second write", NULL, 0);
	expect_written(p);
	end(p);
}

/* The handler has it done again, or the page is gone: it is called again. */
static void once_more(const void *arg)
{
	const struct sent *sent = arg;
	const struct want twice[] = { sent->way->mkwrite, sent->way->mkwrite };
	char *p;

	begin_way(sent->way, sent->answer);
	p = map(MAP_SHARED);
	mm_read(p + AT * psize);
	expect_calls(p, "read", &read_fault, 1);
	mm_poke(p + AT * psize, VALUE);
	expect_calls(p, "write", twice, 2);
	expect_written(p);
	end(p);
}

/* The same with no page mapped before: ->fault is called again too. */
static void once_more_first(const void *arg)
{
	const struct sent *sent = arg;
	struct want want[4];
	char *p;

	begin_way(sent->way, VMFAULT_LOCKED);
	want[0].handler = VMFAULT_FAULT;
	want[0].flags = first_write_flags();
	want[1] = sent->way->mkwrite;
	want[2] = want[0];
	want[3] = want[1];
	close(dev);
	begin_way(sent->way, sent->answer);
	p = map(MAP_SHARED);
	mm_poke(p + AT * psize, VALUE);
	/* A read fault leaves its page mapped, as a fault on a pfn does */
	if (sent->way->kind != VMFAULT_PAGE ||
	    !(want[0].flags & VMFAULT_FLAG_WRITE)) {
		want[2] = want[1];
		expect_calls(p, "write", want, 3);
	} else {
		expect_calls(p, "write", want, 4);
	}
	expect_written(p);
	end(p);
}

/* The handler refuses: a signal, nothing written, and the next write works. */
static void refused(const void *arg)
{
	const struct way *way = arg;
	char *p;

	begin_way(way, VMFAULT_SIGBUS_ONCE);
	p = map(MAP_SHARED);
	mm_read(p + AT * psize);
	expect_calls(p, "read", &read_fault, 1);
	expect(!try_poke(p + AT * psize), "no SIGBUS");
	expect_calls(p, "first write", &way->mkwrite, 1);
	expect_device(FIRST + AT, file_byte(FIRST + AT, 0));
	expect(mm_read(p + AT * psize) == file_byte(FIRST + AT, 0),
	       "something was written");
	expect_calls(p, "read after it", NULL, 0);
	expect(try_poke(p + AT * psize), "SIGBUS once more");
	expect_calls(p, "write after it", &way->mkwrite, 1);
	expect_written(p);
	end(p);
}

/*
 * A page that belongs to a file, and a handler that leaves the lock to the
 * caller.  Its dirtying is throttled with the mmap lock dropped, if the flags
 * of the fault say that they allow this.  On 5.10 the fault is then done in a
 * second round and counts as a major one; later kernels call it complete.
 */
static void unlocked(const void *unused)
{
	long minor, major;
	char *p;

	begin(VMFAULT_PAGE, VMFAULT_ZERO);
	p = map(MAP_SHARED);
	mm_read(p + AT * psize);
	expect_calls(p, "read", &read_fault, 1);
	/* The first call of each is not measured */
	minor = mm_minor_faults();
	major = mm_major_faults();
	minor = mm_minor_faults();
	major = mm_major_faults();
	mm_poke(p + AT * psize, VALUE);
	major = mm_major_faults() - major;
	minor = mm_minor_faults() - minor;
	expect_calls(p, "write", &page.mkwrite, 1);
	expect(major == mm_second_round() && minor == !mm_second_round(),
	       "%ld major and %ld minor faults", major, minor);
	expect_written(p);
	end(p);
}

static void unlocked_first(const void *unused)
{
	struct want want[2] = { { .handler = VMFAULT_FAULT } };
	char *p;

	begin(VMFAULT_PAGE, VMFAULT_ZERO);
	want[0].flags = first_write_flags();
	want[1] = page.mkwrite;
	p = map(MAP_SHARED);
	mm_poke(p + AT * psize, VALUE);
	expect_calls(p, "write", want, 2);
	expect_written(p);
	end(p);
}

/* The page at @p is a copy of page AT with one byte changed. */
static void expect_copy(const char *p)
{
	char *at = (char *)p + AT * psize;

	expect_frame(at, false);
	expect(mm_read(at) == VALUE, "the write is not to be seen");
	/* smaps of 5.10 leaves out what pagemap does */
	expect(mm_map(p).anonymous ==
	       (walked || mm_kernel_since(5, 11) ? psize / 1024 : 0),
	       "%lu kB are anonymous", mm_map(p).anonymous);
	expect_device(FIRST + AT, file_byte(FIRST + AT, 0));
	mm_poke(at, file_byte(FIRST + AT, 0));
	expect(file_page_ok(at, FIRST + AT), "the copy differs elsewhere");
	expect_others(p);
}

/* A private mapping gets a copy, and no handler is asked. */
static void copy(const void *kind)
{
	char *p;

	begin(*(const __u32 *)kind, VMFAULT_SIGBUS_ONCE);
	p = map(MAP_PRIVATE);
	mm_read(p + AT * psize);
	if (*(const __u32 *)kind != VMFAULT_REMAP)
		expect_calls(p, "read", &read_fault, 1);
	expect_frame(p + AT * psize, true);
	mm_poke(p + AT * psize, VALUE);
	expect_calls(p, "write", NULL, 0);
	expect_copy(p);
	end(p);
}

static void copy_first(const void *kind)
{
	struct want want = { .handler = VMFAULT_FAULT };
	char *p;

	begin(*(const __u32 *)kind, VMFAULT_LOCKED);
	want.flags = first_write_flags();
	p = map(MAP_PRIVATE);
	mm_poke(p + AT * psize, VALUE);
	expect_calls(p, "write", &want, 1);
	expect_copy(p);
	end(p);
}

/* Each of parent and child makes its copy of what neither had written. */
static void copy_fork(const void *kind)
{
	int status;
	pid_t pid;
	char *p;

	begin(*(const __u32 *)kind, VMFAULT_SIGBUS_ONCE);
	p = map(MAP_PRIVATE);
	mm_read(p + AT * psize);
	pid = fork();
	require(pid >= 0, "fork: %m");
	if (!pid) {
		mm_poke(p + AT * psize, VALUE);
		expect_copy(p);
		mm_poke(p + AT * psize, ~VALUE);
		_exit(0);
	}
	require(waitpid(pid, &status, 0) == pid, "waitpid: %m");
	require(!status, "the child ended with status 0x%x", status);
	expect(mm_read(p + AT * psize) == file_byte(FIRST + AT, 0),
	       "the child's write is to be seen");
	mm_poke(p + AT * psize, VALUE);
	expect_copy(p);
	end(p);
}

/* Mapped at once, and nobody to ask: writes just happen. */
static void remap_shared(const void *unused)
{
	char *p;

	begin(VMFAULT_REMAP, VMFAULT_LOCKED);
	p = map(MAP_SHARED);
	mm_poke(p + AT * psize, VALUE);
	expect_calls(p, "write", NULL, 0);
	expect_written(p);
	end(p);
}

/* Nothing holds it any more. */
static void unload(const void *unused)
{
	struct vmfault_log log;

	begin(VMFAULT_PAGE, VMFAULT_LOCKED);
	require(!ioctl(dev, VMFAULT_LOG, &log), "VMFAULT_LOG: %m");
	note("struct vm_fault has %u bytes", log.vmf_size);
	fact("handlers.pte_special", "%s", frames.special ? "yes" : "no");
	expect(module_unload(VMFAULT_NAME), "unloaded while it is open");
	close(dev);
	expect(!module_unload(VMFAULT_NAME), "cannot be unloaded: %m");
	expect(access("/dev/" VMFAULT_NAME, F_OK), "the device is still there");
	module_load(VMFAULT_NAME);
}

static const __u32 kind_mixed = VMFAULT_MIXED, kind_remap = VMFAULT_REMAP,
		   kind_page = VMFAULT_PAGE;

static const struct sent sents[] = {
	{ &pfnmap, VMFAULT_NOPAGE_ONCE },
	{ &mixed, VMFAULT_NOPAGE_ONCE },
	{ &page, VMFAULT_NOPAGE_ONCE },
	{ &page, VMFAULT_LOST_ONCE },
};

static const struct ktap_case cases[] = {
	{ "read_write_pfnmap", read_write, &pfnmap, 0 },
	{ "read_write_mixed", read_write, &mixed, 0 },
	{ "read_write_page", read_write, &page, 0 },
	{ "write_first_pfnmap", write_first, &pfnmap, 0 },
	{ "write_first_mixed", write_first, &mixed, 0 },
	{ "write_first_page", write_first, &page, 0 },
	{ "nopage_pfnmap", once_more, &sents[0], 0 },
	{ "nopage_mixed", once_more, &sents[1], 0 },
	{ "nopage_page", once_more, &sents[2], 0 },
	{ "lost_page", once_more, &sents[3], 0 },
	{ "nopage_first_pfnmap", once_more_first, &sents[0], 0 },
	{ "nopage_first_mixed", once_more_first, &sents[1], 0 },
	{ "nopage_first_page", once_more_first, &sents[2], 0 },
	{ "lost_first_page", once_more_first, &sents[3], 0 },
	{ "refused_pfnmap", refused, &pfnmap, 0 },
	{ "refused_mixed", refused, &mixed, 0 },
	{ "refused_page", refused, &page, 0 },
	{ "unlocked_page", unlocked, NULL, 0 },
	{ "unlocked_first_page", unlocked_first, NULL, 0 },
	{ "copy_mixed", copy, &kind_mixed, 0 },
	{ "copy_remap", copy, &kind_remap, 0 },
	{ "copy_page", copy, &kind_page, 0 },
	{ "copy_first_mixed", copy_first, &kind_mixed, 0 },
	{ "copy_first_page", copy_first, &kind_page, 0 },
	{ "copy_fork_mixed", copy_fork, &kind_mixed, 0 },
	{ "copy_fork_remap", copy_fork, &kind_remap, 0 },
	{ "remap_shared", remap_shared, NULL, 0 },
	{ "unload", unload, NULL, 0 },
	{ }
};

int main(int argc, char **argv)
{
	return ktap_main(argc, argv, cases);
}

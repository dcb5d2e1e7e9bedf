// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edges.h"
#include "ktap.h"
#include "mm.h"

/* Of /proc/self/pagemap */
#define PRESENT	BIT_ULL(63)
#define FRAME	(BIT_ULL(55) - 1)

#define BITS	(8 * sizeof(unsigned long))
#define PROBE	(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | \
		 MAP_FIXED_NOREPLACE)

/*
 * s390 starts a process with three levels, and adds one when it maps something
 * above what they reach, which is final.  The others have all from the start.
 */
static const u64 grows_at[] = { 1ULL << 42, 1ULL << 53 };

static bool is_s390(void)
{
	struct utsname uts;

	require(!uname(&uts), "uname: %m");
	return !strcmp(uts.machine, "s390x");
}

static size_t nr_grows(void)
{
	return is_s390() ? ARRAY_SIZE(grows_at) : 0;
}

void edges_child(const char *what, void (*run)(const void *arg),
		 const void *arg)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	require(pid >= 0, "fork: %m");
	if (!pid) {
		run(arg);
		fflush(NULL);
		_exit(0);
	}
	require(waitpid(pid, &status, 0) == pid, "waitpid: %m");
	expect(!WIFSIGNALED(status), "%s: died of signal %d (%s)", what,
	       WTERMSIG(status), strsignal(WTERMSIG(status)));
	/* 1: require() has said why */
	expect(!WIFEXITED(status) || WEXITSTATUS(status) <= 1,
	       "%s: exit status %d", what, WEXITSTATUS(status));
}

void edges_frames(const char *start, size_t nr, u64 *pfns)
{
	static int fd = -1;
	static pid_t pid;
	ssize_t size = nr * sizeof(*pfns);
	size_t i;

	/* It describes the process that opened it */
	if (pid != getpid())
		fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	pid = getpid();
	require(pread(fd, pfns, size, (unsigned long)start / mm_page_size() *
		      sizeof(*pfns)) == size, "pagemap: %m");
	for (i = 0; i < nr; i++)
		pfns[i] = pfns[i] & PRESENT ? pfns[i] & FRAME : NO_FRAME;
}

/*
 * arm64 with addresses of 52 bits refuses with ENOMEM what begins in the first 48
 * and is larger than those.  Two halves become one mapping.
 */
static char *map_halves(char *at, size_t size, int prot, int flags)
{
	size_t half = size / 2 / mm_page_size() * mm_page_size();

	if (mmap(at, half, prot, flags, -1, 0) != at)
		return MAP_FAILED;
	if (mmap(at + half, size - half, prot, flags, -1, 0) == at + half)
		return at;
	munmap(at, half);
	return MAP_FAILED;
}

static char *try_map(char *at, size_t size, int prot, int flags, int fd)
{
	char *p = mmap(at, size, prot, flags | MAP_FIXED_NOREPLACE, fd, 0);

	if (p == MAP_FAILED && errno == ENOMEM && flags & MAP_ANONYMOUS)
		p = map_halves(at, size, prot, flags | MAP_FIXED_NOREPLACE);
	return p;
}

char *edges_map(char *at, size_t size, int prot, int flags, int fd)
{
	char *p = try_map(at, size, prot, flags, fd);

	require(p == at, "mmap of %zu bytes at %p: %m", size, at);
	return p;
}

/* Is there address space for a page here, in use or not? */
static bool in_reach(unsigned long addr)
{
	size_t size = mm_page_size();
	void *p = mmap((void *)addr, size, PROT_NONE, PROBE, -1, 0);

	if (p == MAP_FAILED)
		return errno == EEXIST;
	munmap(p, size);
	return p == (void *)addr;
}

static void find_top(const void *arg)
{
	unsigned long *top = *(unsigned long *const *)arg;
	unsigned long bit = 1UL << (BITS - 1), last = 0;

	/* The last page, bit by bit */
	for (; bit >= mm_page_size(); bit >>= 1) {
		if (in_reach(last + bit))
			last += bit;
	}
	*top = last + mm_page_size();
}

unsigned long edges_top(void)
{
	static unsigned long top;
	unsigned long *shared;

	if (top)
		return top;
	/* In a child, because looking makes the tables grow */
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	require(shared != MAP_FAILED, "mmap: %m");
	edges_child("the end of the address space", find_top, &shared);
	top = *shared;
	munmap(shared, sizeof(*shared));
	require(top > mm_pmd_size(), "the address space ends at 0x%lx", top);
	return top;
}

size_t edges_tops(unsigned long *tops)
{
	size_t i;

	for (i = 0; i < nr_grows() && grows_at[i] < edges_top(); i++)
		tops[i] = grows_at[i];
	tops[i] = edges_top();
	return i + 1;
}

/* Entries of a table above the lowest, as a power of two; s390 has four pages. */
static unsigned int table_shift(void)
{
	return is_s390() ? 11 : __builtin_ctzl(mm_page_size() / sizeof(long));
}

static unsigned int first_shift(void)
{
	return __builtin_ctzl(mm_pmd_size());
}

unsigned int edges_level(unsigned int level)
{
	return first_shift() + level * table_shift();
}

/* The first that can not be used, for want of address space behind it. */
static unsigned int end_shift(void)
{
	unsigned int shift = first_shift();

	while (shift < BITS && 1UL << shift < edges_top() - mm_pmd_size())
		shift++;
	return shift;
}

void edges_range(char *text, size_t size)
{
	snprintf(text, size, "%u-%u", first_shift(), end_shift() - 1);
}

/**
 * struct visit - one child of edges_each()
 * @edge: where; without the address
 * @room: as given
 * @which: likewise
 * @visit: likewise
 */
struct visit {
	struct edge edge;
	size_t room;
	int which;
	void (*visit)(const struct edge *e);
};

/* Find the first edge with nothing around it, of the program or its stack. */
static void find_free(struct edge *e, const struct visit *v)
{
	unsigned long size = 1UL << e->shift, room = v->room;
	unsigned long end = edges_top() - room, at, length, last = 0;
	char *p;

	for (at = size; at > last && at < end; last = at, at += 2 * size) {
		/* Nothing at address 0 */
		if (at <= room)
			continue;
		length = 2 * room;
		e->next = NULL;
		if (v->which & EDGES_NEXT && end - at > size) {
			length += size;
			e->next = (char *)at + size;
		}
		p = try_map((char *)(at - room), length, PROT_NONE, PROBE, -1);
		if (p == (char *)(at - room)) {
			munmap(p, length);
			e->at = (char *)at;
			return;
		}
		require(p == MAP_FAILED && errno == EEXIST,
			"edge %u: mmap at 0x%lx: %m", e->shift, at - room);
	}
	require(false, "edge %u: all of them are in use", e->shift);
}

static void visit_edge(const void *arg)
{
	const struct visit *v = arg;
	struct edge edge = v->edge;

	/* Of what tables of the next depth reach, the upper part */
	if (edge.tables)
		edges_map((char *)(unsigned long)(edge.tables / 2 * 3),
			  mm_page_size(), PROT_READ, PROBE, -1);
	find_free(&edge, v);
	v->visit(&edge);
}

void edges_each(size_t room, int which, void (*visit)(const struct edge *e))
{
	struct visit v = { .room = room, .which = which, .visit = visit };
	size_t i, depths = which & EDGES_DEEPER ? nr_grows() : 0;
	unsigned int shift, step, end = end_shift();
	char what[64];

	for (i = 0; i <= depths; i++) {
		v.edge.tables = i ? grows_at[i - 1] : 0;
		if (v.edge.tables >= edges_top())
			break;
		step = !i && which & EDGES_ALL ? 1 : table_shift();
		for (shift = first_shift(); shift < end; shift += step) {
			if (i && 1ULL << shift > v.edge.tables / 2)
				break;
			v.edge.shift = shift;
			snprintf(what, sizeof(what), "edge %u, tables %#llx",
				 shift, v.edge.tables);
			edges_child(what, visit_edge, &v);
		}
	}
}

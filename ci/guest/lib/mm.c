// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "ktap.h"
#include "mm.h"

#define PAGEMAP_PRESENT	BIT_ULL(63)
#define PAGEMAP_SWAP	BIT_ULL(62)
#define PAGEMAP_PFN	(BIT_ULL(55) - 1)
#define IDLE_BITMAP	"/sys/kernel/mm/page_idle/bitmap"

size_t mm_page_size(void)
{
	static size_t size;

	if (!size)
		size = sysconf(_SC_PAGESIZE);
	return size;
}

size_t mm_pmd_size(void)
{
	struct utsname uts;

	if (!uname(&uts) && !strcmp(uts.machine, "s390x"))
		return 256 * mm_page_size();
	return mm_page_size() / sizeof(u64) * mm_page_size();
}

bool mm_kernel_since(int major, int minor)
{
	struct utsname uts;
	int have, sub;

	require(!uname(&uts), "uname: %m");
	require(sscanf(uts.release, "%d.%d", &have, &sub) == 2,
		"this kernel calls itself '%s'", uts.release);
	return have > major || (have == major && sub >= minor);
}

bool mm_second_round(void)
{
	return !mm_kernel_since(6, 0);
}

static const struct {
	const char *key;
	size_t offset;
} map_fields[] = {
	{ "Size:",		offsetof(struct mm_map, size) },
	{ "Rss:",		offsetof(struct mm_map, rss) },
	{ "Pss:",		offsetof(struct mm_map, pss) },
	{ "Referenced:",	offsetof(struct mm_map, referenced) },
	{ "Shared_Clean:",	offsetof(struct mm_map, shared_clean) },
	{ "Shared_Dirty:",	offsetof(struct mm_map, shared_dirty) },
	{ "Private_Clean:",	offsetof(struct mm_map, private_clean) },
	{ "Private_Dirty:",	offsetof(struct mm_map, private_dirty) },
	{ "Anonymous:",		offsetof(struct mm_map, anonymous) },
	{ "AnonHugePages:",	offsetof(struct mm_map, anon_huge) },
	{ "ShmemPmdMapped:",	offsetof(struct mm_map, shmem_huge) },
	{ "Swap:",		offsetof(struct mm_map, swap) },
	{ "Locked:",		offsetof(struct mm_map, locked) },
};

static void take_field(struct mm_map *map, const char *line)
{
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(map_fields); i++) {
		len = strlen(map_fields[i].key);
		if (strncmp(line, map_fields[i].key, len))
			continue;
		*(unsigned long *)((char *)map + map_fields[i].offset) =
			strtoul(line + len, NULL, 10);
	}
}

static struct mm_map read_map(const char *path, const void *addr)
{
	bool found = false, inside = false;
	struct mm_map map = { 0 };
	unsigned long start, end;
	char line[512];
	FILE *f = fopen(path, "re");

	require(f, "%s: %m", path);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
			inside = !addr || ((unsigned long)addr >= start &&
					   (unsigned long)addr < end);
			found |= inside;
		} else if (inside) {
			take_field(&map, line);
		}
	}
	fclose(f);
	require(found, "%s: nothing is mapped at %p", path, addr);
	return map;
}

struct mm_map mm_map(const void *addr)
{
	return read_map("/proc/self/smaps", addr);
}

struct mm_map mm_rollup(void)
{
	return read_map("/proc/self/smaps_rollup", NULL);
}

long long mm_number(const char *path, const char *key)
{
	size_t len = strlen(key);
	long long value = -1;
	char line[512];
	FILE *f = fopen(path, "re");

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, len))
			continue;
		if (len && line[len] != ':' && line[len] != ' ')
			continue;
		value = strtoll(line + len + (line[len] == ':'), NULL, 10);
		break;
	}
	fclose(f);
	return value;
}

static int write_text(const char *path, const char *fmt, va_list ap)
{
	char text[256];
	int fd, n, saved;

	n = vsnprintf(text, sizeof(text), fmt, ap);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = write(fd, text, n) == n ? 0 : -1;
	saved = errno;
	close(fd);
	errno = saved;
	return n;
}

int mm_write(const char *path, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = write_text(path, fmt, ap);
	va_end(ap);
	return ret;
}

void mm_set(const char *path, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = write_text(path, fmt, ap);
	va_end(ap);
	require(!ret, "%s: %m", path);
}

int mm_word(const char *path, char *word, size_t size)
{
	char line[256], *open_at, *close_at;
	FILE *f = fopen(path, "re");

	if (!f)
		return -1;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	line[strcspn(line, "\n")] = '\0';
	open_at = strchr(line, '[');
	close_at = open_at ? strchr(open_at, ']') : NULL;
	if (close_at) {
		*close_at = '\0';
		snprintf(word, size, "%s", open_at + 1);
	} else {
		snprintf(word, size, "%s", line);
	}
	return 0;
}

/* One of the files that are arrays of 64-bit words, opened once a process. */
static int array(const char *path, int *fd)
{
	if (*fd < 0)
		*fd = open(path, O_RDWR | O_CLOEXEC);
	if (*fd < 0)
		*fd = open(path, O_RDONLY | O_CLOEXEC);
	require(*fd >= 0, "%s: %m", path);
	return *fd;
}

static u64 read_word(const char *path, int fd, u64 index)
{
	u64 word = 0;

	require(pread(fd, &word, sizeof(word), index * sizeof(word)) ==
		sizeof(word), "%s: word %llu: %m", path,
		(unsigned long long)index);
	return word;
}

static u64 pagemap_entry(const void *addr)
{
	static int fd = -1;
	static pid_t pid;

	/* It describes the process that opened it */
	if (pid != getpid())
		fd = -1;
	pid = getpid();
	array("/proc/self/pagemap", &fd);
	return read_word("/proc/self/pagemap", fd,
			 (unsigned long)addr / mm_page_size());
}

bool mm_present(const void *addr)
{
	return pagemap_entry(addr) & PAGEMAP_PRESENT;
}

bool mm_swapped(const void *addr)
{
	return pagemap_entry(addr) & PAGEMAP_SWAP;
}

size_t mm_swapped_pages(const char *p, size_t nr)
{
	size_t size = mm_page_size(), n = 0, i;

	for (i = 0; i < nr; i++)
		n += mm_swapped(p + i * size);
	return n;
}

void mm_page_out(char *p, size_t nr)
{
	size_t out;
	int tries;

	for (tries = 0; tries < 50 && mm_swapped_pages(p, nr) < nr; tries++) {
		if (tries)
			usleep(10000);
		mm_drain_lru();
		require(!madvise(p, nr * mm_page_size(), MADV_PAGEOUT),
			"MADV_PAGEOUT: %m");
	}
	out = mm_swapped_pages(p, nr);
	require(out == nr, "%zu of %zu pages at %p were swapped out", out, nr,
		p);
}

u64 mm_pfn(const void *addr)
{
	u64 entry = pagemap_entry(addr);

	require(entry & PAGEMAP_PRESENT, "%p is not mapped", addr);
	require(entry & PAGEMAP_PFN, "pagemap hides the page frames");
	return entry & PAGEMAP_PFN;
}

u64 mm_page_flags(u64 pfn)
{
	static int fd = -1;

	array("/proc/kpageflags", &fd);
	return read_word("/proc/kpageflags", fd, pfn);
}

static int idle_bitmap(void)
{
	static int fd = -1;

	return array(IDLE_BITMAP, &fd);
}

size_t mm_idle_set(const u64 *pfns, size_t nr)
{
	int fd = idle_bitmap();
	size_t i, idle = 0;
	u64 bit;

	for (i = 0; i < nr; i++) {
		bit = 1ULL << pfns[i] % 64;
		require(pwrite(fd, &bit, sizeof(bit), pfns[i] / 64 * 8) >= 0,
			IDLE_BITMAP ": %m");
	}
	for (i = 0; i < nr; i++)
		idle += mm_page_flags(pfns[i]) >> KPF_IDLE & 1;
	return idle;
}

bool mm_idle(u64 pfn)
{
	u64 word;

	/*
	 * Reading the bitmap makes the kernel walk the mappings.  The answer
	 * is taken from the page's flags, because the bitmap does not give its
	 * last word when memory ends within it.
	 */
	require(pread(idle_bitmap(), &word, sizeof(word), pfn / 64 * 8) >= 0,
		IDLE_BITMAP ": %m");
	return mm_page_flags(pfn) & BIT_ULL(KPF_IDLE);
}

void mm_drain_lru(void)
{
	cpu_set_t all, one;
	int cpu;
	char *p;

	require(!sched_getaffinity(0, sizeof(all), &all),
		"sched_getaffinity: %m");
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		/* Begins with draining the lists of the CPU it runs on */
		p = mmap(NULL, mm_page_size(), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		require(p != MAP_FAILED, "mmap: %m");
		madvise(p, mm_page_size(), MADV_COLD);
		munmap(p, mm_page_size());
	}
	sched_setaffinity(0, sizeof(all), &all);
}

void mm_drop_caches(void)
{
	/* 4: do it without a line in the log, from now on */
	mm_set("/proc/sys/vm/drop_caches", "4\n");
	mm_set("/proc/sys/vm/drop_caches", "3\n");
}

void mm_compact(void)
{
	mm_drop_caches();
	mm_set("/proc/sys/vm/compact_memory", "1\n");
}

long mm_minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_minflt;
}

long mm_major_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_majflt;
}

void *mm_reserve(size_t size, size_t align, size_t offset)
{
	size_t room = size + 3 * align + offset;
	unsigned long p = (unsigned long)mmap(NULL, room, PROT_NONE,
				      MAP_PRIVATE | MAP_ANONYMOUS |
				      MAP_NORESERVE, -1, 0);

	require((void *)p != MAP_FAILED, "no %zu bytes of address space: %m",
		room);
	munmap((void *)p, room);
	return (void *)(((p + align - 1) & ~(align - 1)) + align + offset);
}

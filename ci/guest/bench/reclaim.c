// SPDX-License-Identifier: GPL-2.0
/*
 * What page reclaim does while files are mapped of which a small part is used.
 *
 * A read fault also maps the cached pages around, up to 64 KiB. Whether those look
 * used decides what reclaim takes for the working set. Each workload has a hot set,
 * which is used all the time and fits into memory with room to spare, and something
 * larger than memory of which a small part is used.
 *
 * Facts, of each workload, all of them differences from its begin to its end:
 *   reclaim.<workload>.scanned     pages that reclaim looked at on inactive lists
 *   reclaim.<workload>.stolen      pages that it freed
 *   reclaim.<workload>.refaults    file pages that had to be read again
 *   reclaim.<workload>.activated   pages that went to an active list
 *   reclaim.<workload>.refilled    pages that it looked at on active lists
 *   reclaim.<workload>.read_kb     read from the disk
 *   reclaim.<workload>.written_kb  written to the disk
 *   reclaim.<workload>.hot_major   major faults of the hot set
 *   reclaim.<workload>.cold_major  major faults of the others
 *
 * The disk (ci/bench-reclaim) holds hot, cold and apps, of lines of 16 bytes: "1", the
 * number of the line in 14 digits, and a newline.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ktap.h"
#include "mm.h"

#define MIB		(1024UL * 1024)
#define LINE		16	/* bytes, of the files */
#define FIRST		100000000000000ULL	/* what the first line says */

/*
 * The machine is given 88 MiB: what the kernel leaves has room for the hot set three times,
 * and not for the cold file.
 */
#define MEMORY_MAX	(128 * MIB)
#define HOT		(24 * MIB)
#define COLD		(160 * MIB)
#define WINDOW		(64UL << 10)	/* bytes that fault-around maps */

#define ROUNDS		30	/* of stream: three times the cold file */
#define CHUNK		(16 * MIB)	/* of the cold file, per round */

#define LAUNCHES	20
#define APPS		4	/* programs that are launched in turn, and then run on */
#define APP		(30 * MIB)
#define APP_PART	20	/* of an app's pages, one in so many is used */

#define SECONDS		600

/**
 * struct counter - a sum of numbers in /proc/vmstat
 * @name: of the fact
 * @keys: of the numbers
 */
struct counter {
	const char *name;
	const char *keys[2];
};

static const struct counter counters[] = {
	{ "scanned",	{ "pgscan_anon", "pgscan_file" } },
	{ "stolen",	{ "pgsteal_anon", "pgsteal_file" } },
	{ "refaults",	{ "workingset_refault_file" } },
	{ "activated",	{ "pgactivate" } },
	{ "refilled",	{ "pgrefill" } },
	{ "read_kb",	{ "pgpgin" } },
	{ "written_kb",	{ "pgpgout" } },
};

/**
 * struct mapping - a part of a file that is mapped for reading
 * @p: the mapping
 * @size: bytes
 * @first: bytes of the file in front of it
 */
struct mapping {
	char *p;
	size_t size;
	size_t first;
};

static long long before[ARRAY_SIZE(counters)];
static long hot_major, cold_major;
static size_t psize;

/* Open a file of the disk, with all its blocks. */
static int open_file(const char *name, size_t size)
{
	char path[32];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "/mnt/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	require(fd >= 0, "%s: %m", path);
	require(!fstat(fd, &st), "%s: %m", path);
	require(st.st_size == (off_t)size, "%s has %lld bytes, not %zu", path,
		(long long)st.st_size, size);
	require(st.st_blocks * 512LL >= st.st_size, "%s has holes", path);
	return fd;
}

static void map(struct mapping *m, int fd, int prot, size_t first, size_t size)
{
	m->p = mmap(NULL, size, prot, MAP_PRIVATE, fd, first);
	require(m->p != MAP_FAILED, "mmap: %m");
	m->size = size;
	m->first = first;
}

/* Use the page at an offset of a mapping; it must be the right one. */
static void touch(const struct mapping *m, size_t offset)
{
	unsigned long long line = strtoull(m->p + offset, NULL, 10);

	require(line == FIRST + (m->first + offset) / LINE,
		"%zu bytes into the file it says %llu", m->first + offset,
		line);
}

/* Use every page of the hot set. */
static void touch_hot(const struct mapping *hot)
{
	long major = mm_major_faults();
	size_t offset;

	for (offset = 0; offset < hot->size; offset += psize)
		touch(hot, offset);
	hot_major += mm_major_faults() - major;
}

/* Read a part of a file through a small buffer. */
static void stream(int fd, size_t first, size_t size)
{
	static char buf[1 << 16];
	size_t offset;

	for (offset = first; offset < first + size; offset += sizeof(buf))
		require(pread(fd, buf, sizeof(buf), offset) == sizeof(buf),
			"pread: %m");
}

/* A number in [0, n) that depends on @seed alone. */
static size_t scatter(u64 seed, size_t n)
{
	seed = (seed + 1) * 0x9e3779b97f4a7c15ULL;
	seed ^= seed >> 32;
	return (seed * 0xd6e8feb86659fd93ULL >> 33) % n;
}

/* What a counter is at now. */
static long long value(const struct counter *c)
{
	long long sum = 0, n;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(c->keys) && c->keys[i]; i++) {
		n = mm_number("/proc/vmstat", c->keys[i]);
		require(n >= 0, "/proc/vmstat has no %s", c->keys[i]);
		sum += n;
	}
	return sum;
}

/*
 * The hot set is in memory and in use, and the rest of memory is full of a file that is
 * not used again, so that what is read from here on needs reclaim, and is no refault the
 * first time.
 */
static void begin(struct mapping *hot, const char *filler, size_t size)
{
	long long total = mm_number("/proc/meminfo", "MemTotal") << 10;
	long long left;
	size_t i;

	psize = mm_page_size();
	require(total > 0 && total < (long long)MEMORY_MAX,
		"%lld bytes of memory, which is not the machine of this measure",
		total);
	/* Reading writes nothing then, and what the mount has written is out */
	require(!mount(NULL, "/mnt", NULL, MS_REMOUNT | MS_NOATIME, NULL),
		"remount: %m");
	sync();
	mm_drop_caches();
	map(hot, open_file("hot", HOT), PROT_READ, 0, HOT);
	stream(open_file(filler, size), 0, size);
	touch_hot(hot);
	touch_hot(hot);
	left = mm_number("/proc/meminfo", "MemFree") << 10;
	require(left < total / 8, "memory is not full: %lld of %lld bytes",
		left, total);
	note("%lld of %lld bytes of memory are free", left, total);
	hot_major = 0;
	cold_major = 0;
	/* What the CPUs have counted for themselves is added */
	mm_write("/proc/sys/vm/stat_refresh", "1\n");
	for (i = 0; i < ARRAY_SIZE(counters); i++)
		before[i] = value(&counters[i]);
}

/* Report what the workload has changed. */
static void end(const char *workload)
{
	char name[64];
	long long n;
	size_t i;

	mm_write("/proc/sys/vm/stat_refresh", "1\n");
	for (i = 0; i < ARRAY_SIZE(counters); i++) {
		n = value(&counters[i]) - before[i];
		snprintf(name, sizeof(name), "reclaim.%s.%s", workload,
			 counters[i].name);
		fact(name, "%lld", n);
		require(n || i > 1, "reclaim had nothing to do: no page was %s",
			counters[i].name);
	}
	snprintf(name, sizeof(name), "reclaim.%s.hot_major", workload);
	fact(name, "%ld", hot_major);
	snprintf(name, sizeof(name), "reclaim.%s.cold_major", workload);
	fact(name, "%ld", cold_major);
}

/* A page in each window of a part of the cold file. */
static void touch_sparsely(const struct mapping *m, size_t first, size_t size)
{
	long major = mm_major_faults();
	size_t offset;

	for (offset = first; offset < first + size; offset += WINDOW)
		touch(m, offset + scatter(offset, WINDOW / psize) * psize);
	cold_major += mm_major_faults() - major;
}

static void run_stream(const void *unused)
{
	struct mapping hot, cold;
	size_t first;
	int fd, i;

	begin(&hot, "apps", APPS * APP);
	fd = open_file("cold", COLD);
	map(&cold, fd, PROT_READ, 0, COLD);
	for (i = 0; i < ROUNDS; i++) {
		first = i * CHUNK % COLD;
		stream(fd, first, CHUNK);
		touch_sparsely(&cold, first, CHUNK);
		touch_hot(&hot);
	}
	end("stream");
}

/* One page in APP_PART of an app's, the same each time. */
static void launch(const struct mapping *app)
{
	size_t pages = APP / psize, i, page;
	long major = mm_major_faults();

	for (i = 0; i < pages / APP_PART; i++) {
		page = scatter(app->first + i, pages);
		touch(app, page * psize);
	}
	cold_major += mm_major_faults() - major;
}

static void run_launch(const void *unused)
{
	struct mapping hot, apps[APPS] = { };
	struct mapping *app;
	int fd, i;

	begin(&hot, "cold", COLD);
	fd = open_file("apps", APPS * APP);
	for (i = 0; i < LAUNCHES; i++) {
		app = &apps[i % APPS];
		/* The last time it was launched it has run until now */
		if (app->p)
			munmap(app->p, app->size);
		map(app, fd, PROT_READ | PROT_EXEC, i % APPS * APP, APP);
		launch(app);
		touch_hot(&hot);
	}
	end("launch");
}

static const struct ktap_case cases[] = {
	{ "stream", run_stream, NULL, SECONDS },
	{ "launch", run_launch, NULL, SECONDS },
	{ }
};

int main(int argc, char **argv)
{
	return ktap_main(argc, argv, cases);
}

// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "ktap.h"
#include "mm.h"

void cgroup_create(struct cgroup *cg, const char *name, unsigned long kb)
{
	char path[96];
	struct stat st;

	if (access(CGROUP "/memory.limit_in_bytes", F_OK))
		skip("no memory cgroups: %s", strerror(errno));
	snprintf(cg->dir, sizeof(cg->dir), CGROUP "/%s", name);
	require(!mkdir(cg->dir, 0755) || errno == EEXIST, "%s: %m", cg->dir);
	require(!stat(cg->dir, &st), "%s: %m", cg->dir);
	cg->ino = st.st_ino;
	if (!kb)
		return;
	snprintf(path, sizeof(path), "%s/memory.limit_in_bytes", cg->dir);
	mm_set(path, "%lu\n", kb * 1024);
}

void cgroup_enter(const struct cgroup *cg)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/cgroup.procs", cg->dir);
	mm_set(path, "0\n");
}

void cgroup_leave(void)
{
	mm_set(CGROUP "/cgroup.procs", "0\n");
}

int cgroup_remove(const struct cgroup *cg)
{
	return rmdir(cg->dir);
}

void cgroup_run(const struct cgroup *cg, void (*fn)(void *arg), void *arg)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	require(pid >= 0, "fork: %m");
	if (!pid) {
		if (cg)
			cgroup_enter(cg);
		fn(arg);
		fflush(NULL);
		_exit(0);
	}
	require(waitpid(pid, &status, 0) == pid, "waitpid: %m");
	require(!WIFSIGNALED(status), "died of signal %d (%s)",
		WTERMSIG(status), strsignal(WTERMSIG(status)));
	/* With any other status the child has already said why */
	if (WEXITSTATUS(status))
		_exit(WEXITSTATUS(status));
}

static bool counts(u64 flags, bool buffers)
{
	if (flags & BIT_ULL(KPF_SLAB) ||
	    (flags & BIT_ULL(KPF_PRIVATE) && !buffers))
		return false;
	return flags & (BIT_ULL(KPF_LRU) | BIT_ULL(KPF_ANON) |
			BIT_ULL(KPF_MMAP) | BIT_ULL(KPF_PGTABLE));
}

static size_t pages_in(int fd, u64 ino, bool buffers, u64 *flags, u64 pfn,
		       u64 end)
{
	static u64 chunk[4096];
	size_t pages = 0, n, i;
	ssize_t got;
	u64 fl;

	for (; pfn < end; pfn += n) {
		n = end - pfn < ARRAY_SIZE(chunk) ? end - pfn :
						    ARRAY_SIZE(chunk);
		got = pread(fd, chunk, n * sizeof(u64), pfn * sizeof(u64));
		require(got >= 0, "/proc/kpagecgroup: %m");
		if (!got)
			break;
		n = got / sizeof(u64);
		for (i = 0; i < n; i++) {
			if (chunk[i] != ino)
				continue;
			fl = mm_page_flags(pfn + i);
			if (!counts(fl, buffers))
				continue;
			pages++;
			if (flags)
				*flags = fl;
		}
	}
	return pages;
}

size_t cgroup_pages(const struct cgroup *cg, bool buffers, u64 *flags)
{
	int fd = open("/proc/kpagecgroup", O_RDONLY | O_CLOEXEC);
	FILE *f = fopen("/proc/iomem", "re");
	unsigned long long start, end;
	char line[256];
	size_t pages = 0;

	require(fd >= 0, "/proc/kpagecgroup: %m");
	require(f, "/proc/iomem: %m");
	while (fgets(line, sizeof(line), f)) {
		if (line[0] == ' ' || !strstr(line, "System RAM"))
			continue;
		if (sscanf(line, "%llx-%llx", &start, &end) == 2)
			pages += pages_in(fd, cg->ino, buffers, flags,
					  start / mm_page_size(),
					  (end + 1) / mm_page_size());
	}
	fclose(f);
	close(fd);
	return pages;
}

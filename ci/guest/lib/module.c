// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ktap.h"
#include "module.h"

void module_load(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/modules/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	require(fd >= 0, "%s: %m", path);
	require(!syscall(SYS_finit_module, fd, "", 0) || errno == EEXIST,
		"%s: %m", path);
	close(fd);
}

int module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK);
}

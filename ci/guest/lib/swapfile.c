// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/swap.h>
#include <unistd.h>

#include "ktap.h"
#include "mm.h"
#include "swapfile.h"

#define SIGNATURE	"SWAPSPACE2"
#define INFO_OFFSET	1024

/**
 * struct swap_info - what mkswap writes at INFO_OFFSET of the first page
 * @version: 1
 * @last_page: number of the last usable page
 * @nr_badpages: 0
 *
 * Source: union swap_header in include/linux/swap.h.  Host byte order.
 */
struct swap_info {
	__u32 version;
	__u32 last_page;
	__u32 nr_badpages;
};

int swapfile_create(unsigned int mb)
{
	size_t size = mm_page_size();
	struct swap_info info = {
		.version = 1,
		.last_page = mb * 1024UL * 1024 / size - 1,
	};
	char *page = calloc(1, size);
	int fd;

	if (access("/proc/swaps", F_OK))
		skip("the kernel cannot swap");
	if (access("/mnt/lost+found", F_OK))
		skip("no disk for a swap file");
	fd = open(SWAPFILE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	require(fd >= 0, SWAPFILE ": %m");
	require(!fallocate(fd, 0, 0, mb * 1024UL * 1024), "fallocate: %m");
	memcpy(page + INFO_OFFSET, &info, sizeof(info));
	memcpy(page + size - strlen(SIGNATURE), SIGNATURE, strlen(SIGNATURE));
	require(pwrite(fd, page, size, 0) == (ssize_t)size, "pwrite: %m");
	require(!fsync(fd), "fsync: %m");
	free(page);
	return fd;
}

void swapfile_on(unsigned int mb)
{
	close(swapfile_create(mb));
	require(!swapon(SWAPFILE, 0), "swapon: %m");
}

int swapfile_off(void)
{
	int ret = swapoff(SWAPFILE);
	int saved = errno;

	unlink(SWAPFILE);
	errno = saved;
	return ret;
}

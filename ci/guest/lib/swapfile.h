/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FAULTLINE_SWAPFILE_H
#define FAULTLINE_SWAPFILE_H

#include "base.h"

#define SWAPFILE	"/mnt/swap"

/**
 * swapfile_create() - make a file that can be swapped to
 * @mb: its size in MiB
 *
 * Skips the case when the kernel cannot swap or there is no disk.
 *
 * Return: its descriptor, open for reading and writing.
 */
int swapfile_create(unsigned int mb);

/**
 * swapfile_on() - swap to a new file on the ext4 disk
 * @mb: its size in MiB
 *
 * Skips the case when the kernel cannot swap or there is no disk.
 */
void swapfile_on(unsigned int mb);

/* Stop using it and remove it.  Return: 0, or -1 with errno set. */
int swapfile_off(void);

#endif

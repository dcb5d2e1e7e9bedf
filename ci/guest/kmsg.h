/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lines to the console by way of the kernel's log.
 *
 * Everything the guest says goes through /dev/kmsg, one write per line, so
 * that a line never mixes with what the kernel itself prints.
 */
#ifndef FAULTLINE_KMSG_H
#define FAULTLINE_KMSG_H

#include "base.h"

/* A record of the kernel's log holds about 1000 bytes; longer ones are refused. */
#define KMSG_LINE_MAX	900

/**
 * kmsg_open() - open /dev/kmsg for kmsg()
 *
 * Needs devtmpfs (or a static node) on /dev.  Until it has succeeded, and on a
 * host, lines go to standard output.
 *
 * Return: 0, or -1 with errno set.
 */
int kmsg_open(void);

/**
 * kmsg() - write one line
 * @fmt: printf format, without a newline at its end
 *
 * Bytes that are not printable become '?', and what is beyond KMSG_LINE_MAX
 * is cut and replaced by a mark that tells how much is missing.
 */
void kmsg(const char *fmt, ...) __printf(1, 2);

#endif

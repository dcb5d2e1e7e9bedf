/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMRUN_CONSOLE_H
#define VMRUN_CONSOLE_H

#include "util.h"

/*
 * printk's longest record is about 1 KiB; 64 KiB is far beyond any line a
 * kernel prints and bounds what vmrun holds; the fuzzer makes it
 * smaller, to get there with less.
 */
#ifndef CONSOLE_LINE_MAX
#define CONSOLE_LINE_MAX (64 * 1024)
#endif

/* Pieces of an over-long line overlap, so that no pattern hides in a cut. */
#define CONSOLE_OVERLAP 256

enum {
	LINE_CUT = 1,	/* a piece of a line longer than CONSOLE_LINE_MAX */
	LINE_OPEN = 2,	/* the output ended before the line did */
};

/**
 * struct console - cuts a byte stream into lines
 * @line: called per line; CRs at its end are gone, NUL bytes became '?'
 * @ctx: passed to @line
 * @buf: bytes of the line being read
 * @len: how many
 * @cut: the line being read was cut before
 */
struct console {
	void (*line)(void *ctx, const char *line, unsigned int flags);
	void *ctx;
	char *buf;
	size_t len;
	bool cut;
};

void console_feed(struct console *c, const char *data, size_t len);
void console_flush(struct console *c);
void console_free(struct console *c);
const char *console_strip(const char *line);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMRUN_TRACE_H
#define VMRUN_TRACE_H

#include "util.h"

/* A KASAN or lockdep report has some 120 lines. */
#define TRACE_LINES_MAX 200

/**
 * struct trace - the lines of one report of the kernel; all zero is empty
 * @lines: what it printed, without time stamps
 * @closed: its last line has come
 */
struct trace {
	struct strvec lines;
	bool closed;
};

void trace_add(struct trace *t, const char *text);
void trace_reset(struct trace *t);
void trace_fingerprint(const struct trace *t, const char *line,
		       struct sbuf *sb);
size_t trace_frame(const char *s, size_t *start);

#endif

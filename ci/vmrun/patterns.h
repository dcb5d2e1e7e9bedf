/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMRUN_PATTERNS_H
#define VMRUN_PATTERNS_H

#include <regex.h>

#include "util.h"

/**
 * struct pattern - one line of a pattern file
 * @text: the expression as written, without the "!" of an allow-line
 * @line: its line number
 * @allow: a console line it matches is never a crash line
 * @re: compiled
 */
struct pattern {
	char *text;
	unsigned int line;
	bool allow;
	regex_t re;
};

/**
 * struct patterns - a pattern file
 * @v: its patterns in order
 * @n: how many
 * @any: all crash patterns in one, so that an ordinary line costs one match
 * @any_ok: @any is compiled
 */
struct patterns {
	struct pattern *v;
	size_t n;
	regex_t any;
	bool any_ok;
};

int patterns_load(struct patterns *p, const char *path, struct sbuf *err);
const struct pattern *patterns_match(const struct patterns *p,
				     const char *line);
void patterns_free(struct patterns *p);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMRUN_KNOWN_H
#define VMRUN_KNOWN_H

#include <regex.h>

#include "util.h"

/**
 * struct known_splat - a report of the base's that is no crash on this machine
 * @pattern: expression for its line, as written
 * @re: compiled
 * @line: the first line that matched, or NULL
 * @count: how many did
 */
struct known_splat {
	char *pattern;
	regex_t re;
	char *line;
	unsigned int count;
};

/**
 * struct known - those of one machine; all zero is none
 * @v: splats
 * @n: how many
 */
struct known {
	struct known_splat *v;
	size_t n;
};

int known_load(struct known *k, const char *path, const char *machine,
	       struct sbuf *err);
bool known_take(struct known *k, const char *text);
void known_forget(struct known *k);
void known_free(struct known *k);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMRUN_SYMBOLS_H
#define VMRUN_SYMBOLS_H

#include "util.h"

struct symbol {
	unsigned long long address;
	char *name;
};

/**
 * struct symbols - the symbols of a kernel, by address; all zero is none
 * @v: symbols; one that is no function has no name
 * @n: how many
 */
struct symbols {
	struct symbol *v;
	size_t n;
};

int symbols_load(struct symbols *s, const char *path, struct sbuf *err);
bool symbols_name(const struct symbols *s, unsigned long long address,
		  struct sbuf *sb);
void symbols_free(struct symbols *s);

#endif

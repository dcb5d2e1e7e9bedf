// SPDX-License-Identifier: GPL-2.0
/* System.map: which function is at an address. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols.h"

/* "ffff800010080000 T _text" */
static int take_line(struct symbols *s, char *line)
{
	unsigned long long address;
	char *end, *name;
	bool function;

	address = strtoull(line, &end, 16);
	if (end == line || *end != ' ' || !end[1] || end[2] != ' ')
		return -1;
	name = end + 3;
	name[strcspn(name, "\r\n")] = '\0';
	/*
	 * "$x" marks code, as does no name on arm; of several names of a place a
	 * function's counts
	 */
	function = strchr("tTwW", end[1]) && *name && *name != '$';
	if (s->n && s->v[s->n - 1].address == address) {
		if (function && !s->v[s->n - 1].name)
			s->v[s->n - 1].name = xstrdup(name);
		return 0;
	}
	if (!(s->n & (s->n - 1)))
		s->v = xrealloc(s->v, (s->n ? 2 * s->n : 1) * sizeof(*s->v));
	s->v[s->n++] = (struct symbol) {
		address, function ? xstrdup(name) : NULL
	};
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

/**
 * symbols_load() - read a System.map
 * @s: result; symbols_free() it in any case
 * @path: the file
 * @err: receives what is wrong
 *
 * Return: 0, or -1 with @err set.
 */
int symbols_load(struct symbols *s, const char *path, struct sbuf *err)
{
	FILE *f = fopen(path, "re");
	unsigned int number = 0;
	char *line = NULL;
	size_t cap = 0;
	int ret = 0;

	memset(s, 0, sizeof(*s));
	if (!f) {
		sb_addf(err, "symbols %s: %s", path, strerror(errno));
		return -1;
	}
	errno = 0;
	while (!ret && getline(&line, &cap, f) >= 0) {
		number++;
		ret = take_line(s, line);
	}
	if (ret) {
		sb_addf(err, "symbols %s:%u: not 'address type name', as a System.map has",
			path, number);
	} else if (ferror(f) || !s->n) {
		sb_addf(err, "symbols %s: %s", path,
			ferror(f) ? strerror(errno) : "no function in it");
		ret = -1;
	} else {
		qsort(s->v, s->n, sizeof(*s->v), by_address);
	}
	free(line);
	fclose(f);
	return ret;
}

/**
 * symbols_name() - the function at an address, as the kernel prints it
 * @s: symbols
 * @address: address
 * @sb: receives "function+0x1c8/0x210"
 *
 * Return: false for an address outside of the kernel's functions.
 */
bool symbols_name(const struct symbols *s, unsigned long long address,
		  struct sbuf *sb)
{
	size_t low = 0, high = s->n;
	unsigned long long next;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (s->v[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	/* behind the last symbol is nothing */
	if (low == s->n || !s->v[low - 1].name)
		return false;
	next = s->v[low].address;
	sb_addf(sb, "%s+0x%llx/0x%llx", s->v[low - 1].name,
		address - s->v[low - 1].address, next - s->v[low - 1].address);
	return true;
}

/**
 * symbols_free() - free what symbols_load() allocated
 * @s: symbols
 */
void symbols_free(struct symbols *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].name);
	free(s->v);
	memset(s, 0, sizeof(*s));
}

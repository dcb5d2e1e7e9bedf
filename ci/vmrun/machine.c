// SPDX-License-Identifier: GPL-2.0
/*
 * Machine files: one "key = value" per line, the same keys in the same order
 * in every file, the last of them optional, "#" comments. Anything else is an
 * error with file:line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

enum key_type {
	TEXT,		/* any non-empty value */
	TEXT_OR_EMPTY,
	WORD,		/* one word */
	NUMBER,		/* 1 to 65536 */
};

static const struct {
	const char *name;
	enum key_type type;
	size_t offset;
} keys[] = {
	{ "description", TEXT, offsetof(struct machine, description) },
	{ "arch", WORD, offsetof(struct machine, arch) },
	{ "kernel", WORD, offsetof(struct machine, kernel) },
	{ "image", WORD, offsetof(struct machine, image) },
	{ "qemu", TEXT, offsetof(struct machine, qemu) },
	{ "board", TEXT, offsetof(struct machine, board) },
	{ "disk", WORD, offsetof(struct machine, disk) },
	{ "console", WORD, offsetof(struct machine, console) },
	{ "memory", NUMBER, offsetof(struct machine, memory) },
	{ "cpus", NUMBER, offsetof(struct machine, cpus) },
	{ "cmdline", TEXT_OR_EMPTY, offsetof(struct machine, cmdline) },
	{ "kvm", WORD, offsetof(struct machine, kvm) },
	{ "steps", WORD, offsetof(struct machine, steps) },
	{ "slow", NUMBER, offsetof(struct machine, slow) },
};

/* The keys from here on may be left out. */
#define N_NEEDED (ARRAY_SIZE(keys) - 1)

/* Cut a comment ("#" at the start or after a blank) and surrounding blanks. */
static char *trim(char *s)
{
	char *hash = s;
	size_t len;

	while ((hash = strchr(hash, '#'))) {
		if (hash == s || hash[-1] == ' ' || hash[-1] == '\t') {
			*hash = '\0';
			break;
		}
		hash++;
	}
	s += strspn(s, " \t");
	len = strlen(s);
	while (len && strchr(" \t\r\n", s[len - 1]))
		s[--len] = '\0';
	return s;
}

static int set_key(struct machine *m, size_t key, const char *value,
		   struct sbuf *err)
{
	char *field = (char *)m + keys[key].offset;
	char *end;
	long n;

	if (!*value && keys[key].type != TEXT_OR_EMPTY) {
		sb_addf(err, "'%s' has no value", keys[key].name);
		return -1;
	}
	if (keys[key].type == NUMBER) {
		n = strtol(value, &end, 10);
		if (*end || n < 1 || n > 65536) {
			sb_addf(err, "'%s' is '%s'; expected a number from 1 to 65536",
				keys[key].name, value);
			return -1;
		}
		*(unsigned int *)field = n;
		return 0;
	}
	if (keys[key].type == WORD && strpbrk(value, " \t")) {
		sb_addf(err, "'%s' is '%s'; expected one word",
			keys[key].name, value);
		return -1;
	}
	*(char **)field = xstrdup(value);
	return 0;
}

/* One line; *next is the index of the key that must come now. */
static int parse_line(struct machine *m, char *line, size_t *next,
		      struct sbuf *err)
{
	char *text = line, *eq, *key;

	text += strspn(text, " \t");
	if (!*text || *text == '\n' || *text == '\r' || *text == '#')
		return 0;
	eq = strchr(text, '=');
	if (!eq) {
		sb_addf(err, "'%s' is not 'key = value'", trim(text));
		return -1;
	}
	*eq = '\0';
	key = trim(text);
	if (*next == ARRAY_SIZE(keys)) {
		sb_addf(err, "key '%s' after the last key '%s'", key,
			keys[*next - 1].name);
		return -1;
	}
	if (strcmp(key, keys[*next].name)) {
		sb_addf(err, "key '%s'; expected '%s' here (the order is fixed)",
			key, keys[*next].name);
		return -1;
	}
	return set_key(m, (*next)++, trim(eq + 1), err);
}

/**
 * machine_load() - read a machine file
 * @m: result; machine_free() it in any case
 * @path: the file
 * @err: receives "file:line: what" on error
 *
 * Return: 0, or -1 with @err set.
 */
int machine_load(struct machine *m, const char *path, struct sbuf *err)
{
	struct sbuf what = {};
	unsigned int number = 0;
	size_t next = 0, cap = 0;
	char *line = NULL;
	int ret = 0;
	FILE *f;

	memset(m, 0, sizeof(*m));
	m->slow = 1;
	m->name = xstrdup(path_base(path));
	f = fopen(path, "re");
	if (!f) {
		sb_addf(err, "machine file %s: %s", path, strerror(errno));
		return -1;
	}
	errno = 0;
	while (!ret && getline(&line, &cap, f) >= 0) {
		number++;
		ret = parse_line(m, line, &next, &what);
	}
	if (!ret && ferror(f)) {
		sb_addf(&what, "%s", strerror(errno));
		ret = -1;
	}
	if (!ret && next < N_NEEDED) {
		sb_addf(&what, "the file ends without key '%s'",
			keys[next].name);
		ret = -1;
	}
	if (ret)
		sb_addf(err, "%s:%u: %s", path, number, sb_str(&what));
	sb_free(&what);
	free(line);
	fclose(f);
	return ret;
}

/**
 * machine_free() - free what machine_load() allocated
 * @m: machine
 */
void machine_free(struct machine *m)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].type != NUMBER)
			free(*(char **)((char *)m + keys[i].offset));
	free(m->name);
	memset(m, 0, sizeof(*m));
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Known splats are data: "machines expression # reason" per line, where machines
 * is a pattern for fnmatch() and the expression a POSIX extended one that must
 * match in the line of the console which says what happened. The reason is not
 * optional.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "known.h"

/* Cut the blanks at the end. */
static void chop(char *s)
{
	size_t len = strlen(s);

	while (len && strchr(" \t\r\n", s[len - 1]))
		s[--len] = '\0';
}

static int take_line(struct known *k, char *line, const char *machine,
		     struct sbuf *err)
{
	char *machines, *pattern, *reason, why[256];
	struct known_splat *new;
	regex_t re;
	int ret;

	chop(line);
	if (!*line || *line == '#')
		return 0;
	machines = line;
	pattern = machines + strcspn(machines, " \t");
	reason = strstr(pattern, " # ");
	if (!*pattern || !reason) {
		sb_addf(err, "expected 'machines expression # reason'");
		return -1;
	}
	*pattern++ = '\0';
	*reason = '\0';
	pattern += strspn(pattern, " \t");
	chop(pattern);
	ret = regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB);
	if (ret) {
		regerror(ret, &re, why, sizeof(why));
		sb_addf(err, "'%s': %s", pattern, why);
		return -1;
	}
	if (!regexec(&re, "", 0, NULL, 0)) {
		sb_addf(err, "'%s' matches an empty line, so every line", pattern);
		ret = -1;
	}
	if (ret || fnmatch(machines, machine, 0)) {
		regfree(&re);
		return ret;
	}
	k->v = xrealloc(k->v, (k->n + 1) * sizeof(*k->v));
	new = &k->v[k->n++];
	*new = (struct known_splat) { .pattern = xstrdup(pattern), .re = re };
	return 0;
}

/**
 * known_load() - read the known splats of a machine
 * @k: result; known_free() it in any case
 * @path: the file
 * @machine: name of the machine
 * @err: receives "file:line: what" on error
 *
 * Return: 0, or -1 with @err set. A file without any is fine.
 */
int known_load(struct known *k, const char *path, const char *machine,
	       struct sbuf *err)
{
	FILE *f = fopen(path, "re");
	struct sbuf what = {};
	unsigned int number = 0;
	char *line = NULL;
	size_t cap = 0;
	int ret = 0;

	memset(k, 0, sizeof(*k));
	if (!f) {
		sb_addf(err, "known splats %s: %s", path, strerror(errno));
		return -1;
	}
	errno = 0;
	while (!ret && getline(&line, &cap, f) >= 0) {
		number++;
		ret = take_line(k, line, machine, &what);
	}
	if (!ret && ferror(f)) {
		sb_addf(&what, "%s", strerror(errno));
		ret = -1;
	}
	if (ret)
		sb_addf(err, "known splats %s:%u: %s", path, number,
			sb_str(&what));
	sb_free(&what);
	free(line);
	fclose(f);
	return ret;
}

/**
 * known_forget() - begin anew: none has been seen
 * @k: known splats, or NULL
 */
void known_forget(struct known *k)
{
	for (size_t i = 0; k && i < k->n; i++) {
		free(k->v[i].line);
		k->v[i].line = NULL;
		k->v[i].count = 0;
	}
}

/**
 * known_take() - is a crash line a known one? If so it is recorded.
 * @k: known splats, or NULL
 * @text: line without its time stamp
 *
 * Return: whether it is.
 */
bool known_take(struct known *k, const char *text)
{
	for (size_t i = 0; k && i < k->n; i++) {
		if (regexec(&k->v[i].re, text, 0, NULL, 0))
			continue;
		if (!k->v[i].count++)
			k->v[i].line = xstrdup(text);
		return true;
	}
	return false;
}

/**
 * known_free() - free what was read and recorded
 * @k: known splats
 */
void known_free(struct known *k)
{
	for (size_t i = 0; i < k->n; i++) {
		free(k->v[i].pattern);
		free(k->v[i].line);
		regfree(&k->v[i].re);
	}
	free(k->v);
	memset(k, 0, sizeof(*k));
}

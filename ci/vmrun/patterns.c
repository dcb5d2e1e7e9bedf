// SPDX-License-Identifier: GPL-2.0
/*
 * Crash patterns are data: one POSIX extended regular expression per line,
 * "#" comments, "!" before an expression whose lines are never crashes. A
 * file that cannot be used is an error, for with it every crash would pass.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "patterns.h"

static int check_text(const char *text, struct sbuf *err)
{
	size_t len = strlen(text);

	if (!len) {
		sb_addf(err, "'!' without an expression");
		return -1;
	}
	if (isspace((unsigned char)text[0]) ||
	    isspace((unsigned char)text[len - 1])) {
		sb_addf(err, "blanks around '%s'; write a wanted one as '[ ]'",
			text);
		return -1;
	}
	for (size_t i = 0; i + 1 < len; i++) {
		if (text[i] != '\\')
			continue;
		if (isdigit((unsigned char)text[i + 1])) {
			sb_addf(err, "back-reference in '%s'; extended expressions have none",
				text);
			return -1;
		}
		i++;
	}
	return 0;
}

static int add_pattern(struct patterns *p, const char *text,
		       unsigned int line, struct sbuf *err)
{
	struct pattern *new;
	bool allow = *text == '!';
	char why[256];
	regex_t re;
	int ret;

	if (allow)
		text++;
	if (check_text(text, err))
		return -1;
	ret = regcomp(&re, text, REG_EXTENDED | REG_NOSUB);
	if (ret) {
		regerror(ret, &re, why, sizeof(why));
		sb_addf(err, "'%s': %s", text, why);
		return -1;
	}
	if (!regexec(&re, "", 0, NULL, 0)) {
		sb_addf(err, "'%s' matches an empty line, so every line", text);
		regfree(&re);
		return -1;
	}
	p->v = xrealloc(p->v, (p->n + 1) * sizeof(*p->v));
	new = &p->v[p->n++];
	new->text = xstrdup(text);
	new->line = line;
	new->allow = allow;
	new->re = re;
	return 0;
}

static void compile_any(struct patterns *p)
{
	struct sbuf all = {};

	for (size_t i = 0; i < p->n; i++)
		if (!p->v[i].allow)
			sb_addf(&all, "%s(%s)", all.len ? "|" : "",
				p->v[i].text);
	p->any_ok = !regcomp(&p->any, sb_str(&all), REG_EXTENDED | REG_NOSUB);
	sb_free(&all);
}

/**
 * patterns_load() - read and compile a pattern file
 * @p: result; patterns_free() it in any case
 * @path: the file
 * @err: receives "file:line: what" on error
 *
 * Return: 0; or -1 with @err set when the file cannot be read, has an invalid
 * expression, or has no crash pattern at all.
 */
int patterns_load(struct patterns *p, const char *path, struct sbuf *err)
{
	struct sbuf what = {};
	unsigned int number = 0;
	bool crash = false;
	char *line = NULL;
	size_t cap = 0;
	int ret = 0;
	FILE *f;

	memset(p, 0, sizeof(*p));
	f = fopen(path, "re");
	if (!f) {
		sb_addf(err, "crash patterns %s: %s", path, strerror(errno));
		return -1;
	}
	errno = 0;
	while (!ret && getline(&line, &cap, f) >= 0) {
		number++;
		line[strcspn(line, "\n")] = '\0';
		if (!*line || *line == '#')
			continue;
		ret = add_pattern(p, line, number, &what);
		crash |= *line != '!';
	}
	if (!ret && ferror(f)) {
		sb_addf(&what, "%s", strerror(errno));
		ret = -1;
	}
	if (!ret && !crash) {
		sb_addf(&what, "no crash pattern in the file; with none, every crash would pass");
		ret = -1;
	}
	if (ret)
		sb_addf(err, "crash patterns %s:%u: %s", path, number,
			sb_str(&what));
	else
		compile_any(p);
	sb_free(&what);
	free(line);
	fclose(f);
	return ret;
}

static const struct pattern *first(const struct patterns *p, const char *line,
				   bool allow)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].allow == allow &&
		    !regexec(&p->v[i].re, line, 0, NULL, 0))
			return &p->v[i];
	return NULL;
}

/**
 * patterns_match() - is a line the kernel's cry for help?
 * @p: patterns
 * @line: console line, stripped of its prefix
 *
 * A line that starts with "#" after blanks is a KTAP comment or the forwarded
 * output of a program, and never a crash line.
 *
 * Return: the crash pattern that matched, or NULL.
 */
const struct pattern *patterns_match(const struct patterns *p,
				     const char *line)
{
	const char *text = line + strspn(line, " ");

	if (text[0] == '#' && (text[1] == ' ' || !text[1]))
		return NULL;
	if (p->any_ok && regexec(&p->any, line, 0, NULL, 0))
		return NULL;
	if (first(p, line, true))
		return NULL;
	return first(p, line, false);
}

/**
 * patterns_free() - free what patterns_load() allocated
 * @p: patterns
 */
void patterns_free(struct patterns *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->v[i].text);
		regfree(&p->v[i].re);
	}
	free(p->v);
	if (p->any_ok)
		regfree(&p->any);
	memset(p, 0, sizeof(*p));
}

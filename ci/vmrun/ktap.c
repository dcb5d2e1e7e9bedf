// SPDX-License-Identifier: GPL-2.0
/*
 * KTAP version 1, nested by two blanks per level, read strictly: plans come
 * first and are met exactly, numbers are consecutive, a group's result closes
 * the group. The first breach is kept in ->error and can never become a pass.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ktap.h"

/* Comments kept for the note of a failed test. */
#define COMMENTS_MAX 2048

/**
 * ktap_init() - start reading
 * @k: parser
 */
void ktap_init(struct ktap *k)
{
	memset(k, 0, sizeof(*k));
	k->depth = -1;
}

static void __printf(2, 3) breach(struct ktap *k, const char *fmt, ...)
{
	struct sbuf sb = {};
	va_list ap;
	char what[512];

	if (k->error)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	sb_addf(&sb, "KTAP: %s", what);
	k->error = sb.s;
}

static void open_level(struct ktap *k, int depth)
{
	struct ktap_level *l;

	if (depth >= KTAP_DEPTH_MAX) {
		breach(k, "nested more than %d deep", KTAP_DEPTH_MAX);
		return;
	}
	if (depth != k->depth + 1) {
		breach(k, depth ? "version line at depth %d without a result of the group before" :
		       "second version line (depth %d)", depth);
		return;
	}
	l = &k->level[++k->depth];
	memset(l, 0, sizeof(*l));
	l->plan = -1;
	l->first_case = k->n_cases;
}

static void prefix_cases(struct ktap *k, size_t first, const char *group)
{
	for (size_t i = first; i < k->n_cases; i++) {
		struct sbuf sb = {};

		sb_addf(&sb, "%s.%s", group, k->cases[i].name);
		free(k->cases[i].name);
		k->cases[i].name = sb.s;
	}
}

static void close_level(struct ktap *k, const char *group)
{
	struct ktap_level *l = &k->level[k->depth--];

	if (l->plan < 0)
		breach(k, "group '%.80s' has no plan", group);
	else if (l->done != l->plan)
		breach(k, "group '%.80s' planned %ld tests and gave %ld results",
		       group, l->plan, l->done);
	if (l->name && strcmp(l->name, group))
		breach(k, "group '%.80s' ends with a result for '%.80s'",
		       l->name, group);
	prefix_cases(k, l->first_case, group);
	free(l->name);
	l->name = NULL;
}

static void add_case(struct ktap *k, const char *name, enum ktap_result result,
		     const char *note)
{
	struct ktap_case *c;

	k->count[result]++;
	if (k->n_cases == KTAP_CASES_MAX) {
		breach(k, "more than %d tests", KTAP_CASES_MAX);
		return;
	}
	/* grow in powers of two: n is 0 or the list is full at a power */
	if (!(k->n_cases & (k->n_cases - 1))) {
		size_t cap = k->n_cases ? 2 * k->n_cases : 1;

		k->cases = xrealloc(k->cases, cap * sizeof(*k->cases));
	}
	c = &k->cases[k->n_cases++];
	c->name = xstrdup(name);
	c->result = result;
	c->note = note && *note ? xstrdup(note) : NULL;
}

/* Blank-separated word at s equal to word, whatever its case. */
static bool is_word(const char *s, const char *word)
{
	size_t len = strlen(word);

	return !strncasecmp(s, word, len) &&
	       (!s[len] || s[len] == ' ' || s[len] == ':');
}

/* Digits only, at most nine of them, so that a long holds it. */
static bool number(const char **s, long *n)
{
	size_t len = strspn(*s, "0123456789");

	if (!len || len > 9)
		return false;
	*n = strtol(*s, NULL, 10);
	*s += len;
	return true;
}

static void read_plan(struct ktap *k, int depth, const char *s)
{
	struct ktap_level *l;
	long n;

	if (!number(&s, &n) || (*s && strncmp(s, " #", 2))) {
		breach(k, "plan that is not '1..N'");
		return;
	}
	if (depth != k->depth) {
		breach(k, "plan at depth %d, the open group is at %d", depth,
		       k->depth);
		return;
	}
	l = &k->level[depth];
	if (l->plan >= 0)
		breach(k, "second plan at depth %d", depth);
	else if (l->done)
		breach(k, "plan after results at depth %d", depth);
	else
		l->plan = n;
}

static void count_result(struct ktap *k, long n, const char *name)
{
	struct ktap_level *l = &k->level[k->depth];

	l->done++;
	if (l->plan < 0)
		breach(k, "result '%.80s' before the plan", name);
	else if (l->done > l->plan)
		breach(k, "result '%.80s' beyond the plan of %ld", name,
		       l->plan);
	if (n != l->done)
		breach(k, "result '%.80s' has number %ld, expected %ld", name,
		       n, l->done);
}

static void take_result(struct ktap *k, int depth, long n, const char *name,
			enum ktap_result result, const char *note)
{
	size_t first = k->n_cases;
	size_t failed = k->count[KTAP_NOT_OK];
	bool group = false;

	if (k->depth >= 1 && depth == k->depth - 1) {
		group = true;
		first = k->level[k->depth].first_case;
		failed = 0;
		for (size_t i = first; i < k->n_cases; i++)
			failed += k->cases[i].result == KTAP_NOT_OK;
		close_level(k, name);
		if (first == k->n_cases && result == KTAP_OK)
			breach(k, "group '%.80s' is ok without a test", name);
	} else if (depth != k->depth) {
		breach(k, "result '%.80s' at depth %d, the open group is at %d",
		       name, depth, k->depth);
		if (result == KTAP_NOT_OK)
			add_case(k, name, result, note);
		return;
	}
	/* a group counts only where its tests do not already say the same */
	if (!group || first == k->n_cases ||
	    (result == KTAP_NOT_OK && !failed))
		add_case(k, name, result, note);
	count_result(k, n, name);
}

/* s is after "ok " or "not ok " */
static void read_result(struct ktap *k, int depth, const char *s, bool ok)
{
	enum ktap_result result = ok ? KTAP_OK : KTAP_NOT_OK;
	const char *hash, *note = "";
	char *name;
	size_t len;
	long n;

	if (!number(&s, &n) || (*s && *s != ' ')) {
		breach(k, "result without a number");
		if (!ok)
			k->count[KTAP_NOT_OK]++;
		return;
	}
	s += strspn(s, " ");
	if (!strncmp(s, "- ", 2))
		s += 2;
	hash = *s == '#' ? s : strstr(s, " #");
	len = hash ? (size_t)(hash - s) : strlen(s);
	while (len && s[len - 1] == ' ')
		len--;
	name = xstrndup(s, len);
	if (hash) {
		note = hash + strspn(hash, " #");
		if (is_word(note, "SKIP")) {
			note += strlen("SKIP");
			note += strspn(note, " :");
			if (ok)
				result = KTAP_SKIP;
		} else if (is_word(note, "TIMEOUT") || is_word(note, "ERROR")) {
			result = KTAP_NOT_OK;
		}
	}
	if (!*name)
		breach(k, "result %ld at depth %d has no name", n, depth);
	if (result == KTAP_NOT_OK && !*note)
		note = sb_str(&k->comments);
	take_result(k, depth, n, name, result, note);
	sb_reset(&k->comments);
	free(name);
}

static void read_fact(struct ktap *k, const char *s)
{
	size_t len = name_span(s, "_-.");
	char *name;

	if (!len || s[len] != '=' || !s[len + 1]) {
		breach(k, "fact that is not 'name=value': '%.80s'", s);
		return;
	}
	name = xstrndup(s, len);
	for (size_t i = 0; i < k->n_facts; i++) {
		if (strcmp(k->facts[i].name, name))
			continue;
		if (strcmp(k->facts[i].value, s + len + 1))
			breach(k, "fact %.80s is '%.80s' and then '%.80s'",
			       name, k->facts[i].value, s + len + 1);
		free(name);
		return;
	}
	if (k->n_facts == KTAP_FACTS_MAX) {
		breach(k, "more than %d facts", KTAP_FACTS_MAX);
		free(name);
		return;
	}
	k->facts = xrealloc(k->facts, (k->n_facts + 1) * sizeof(*k->facts));
	k->facts[k->n_facts].name = name;
	k->facts[k->n_facts++].value = xstrdup(s + len + 1);
}

/* s is after the "#" */
static void read_comment(struct ktap *k, int depth, const char *s)
{
	s += strspn(s, " ");
	if (!strncmp(s, "fact: ", 6)) {
		read_fact(k, s + 6);
		return;
	}
	if (!strncmp(s, "Subtest: ", 9)) {
		if (k->depth >= 1 && depth == k->depth &&
		    !k->level[depth].name)
			k->level[depth].name = xstrdup(s + 9);
		return;
	}
	if (k->comments.len < COMMENTS_MAX)
		sb_addf(&k->comments, "%s%.*s", k->comments.len ? "; " : "",
			COMMENTS_MAX / 4, s);
}

/**
 * ktap_line() - read one line
 * @k: parser
 * @line: console line, stripped of its prefix, indentation kept
 *
 * Lines that are not KTAP, such as kernel messages, may stand anywhere.
 *
 * Return: what kind of line it was; a breach of the format is in @k->error.
 */
enum ktap_kind ktap_line(struct ktap *k, const char *line)
{
	size_t indent = strspn(line, " ");
	const char *s = line + indent;
	enum ktap_kind kind;
	bool ok = true;

	if (*s == '#') {
		read_comment(k, indent / 2, s + 1);
		return KTAP_COMMENT;
	}
	if (!strncmp(s, "KTAP version ", 13))
		kind = KTAP_VERSION;
	else if (!strncmp(s, "1..", 3))
		kind = KTAP_PLAN;
	else if (!strncmp(s, "ok ", 3) && isdigit((unsigned char)s[3]))
		kind = KTAP_RESULT;
	else if (!strncmp(s, "not ok ", 7))
		kind = KTAP_RESULT;
	else
		return KTAP_NONE;

	if (indent % 2)
		breach(k, "indented by %zu blanks; expected two per level",
		       indent);
	if (kind != KTAP_VERSION && k->depth < 0)
		breach(k, "'%.80s' before the version line", s);
	indent /= 2;
	if (kind == KTAP_VERSION) {
		if (strcmp(s + 13, "1"))
			breach(k, "version '%.20s', expected 1", s + 13);
		open_level(k, indent > KTAP_DEPTH_MAX ? KTAP_DEPTH_MAX : indent);
	} else if (k->depth >= 0 && kind == KTAP_PLAN) {
		read_plan(k, indent, s + 3);
	} else if (kind == KTAP_RESULT) {
		if (*s == 'n')
			ok = false;
		read_result(k, indent, s + (ok ? 3 : 7), ok);
	}
	return kind;
}

/**
 * ktap_complete() - has the top-level plan been met, with no group open?
 * @k: parser
 *
 * Return: true when nothing more is due.
 */
bool ktap_complete(const struct ktap *k)
{
	return k->depth == 0 && k->level[0].plan >= 0 &&
	       k->level[0].done == k->level[0].plan;
}

/**
 * ktap_finish() - the output has ended: name the cases of groups still open
 * @k: parser
 */
void ktap_finish(struct ktap *k)
{
	while (k->depth > 0) {
		struct ktap_level *l = &k->level[k->depth--];

		if (l->name)
			prefix_cases(k, l->first_case, l->name);
		breach(k, "group '%.80s' has no result", l->name ? l->name : "?");
		free(l->name);
		l->name = NULL;
	}
}

/**
 * ktap_free() - free what was read
 * @k: parser
 */
void ktap_free(struct ktap *k)
{
	for (size_t i = 0; i < k->n_cases; i++) {
		free(k->cases[i].name);
		free(k->cases[i].note);
	}
	for (size_t i = 0; i < k->n_facts; i++) {
		free(k->facts[i].name);
		free(k->facts[i].value);
	}
	for (int i = 0; i <= k->depth; i++)
		free(k->level[i].name);
	free(k->cases);
	free(k->facts);
	free(k->error);
	sb_free(&k->comments);
	ktap_init(k);
}

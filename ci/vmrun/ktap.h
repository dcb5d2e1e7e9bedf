/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMRUN_KTAP_H
#define VMRUN_KTAP_H

#include "util.h"

#define KTAP_DEPTH_MAX 8
#define KTAP_CASES_MAX 100000
#define KTAP_FACTS_MAX 10000

enum ktap_kind {
	KTAP_NONE,	/* not KTAP */
	KTAP_COMMENT,	/* "# ..." */
	KTAP_VERSION,
	KTAP_PLAN,
	KTAP_RESULT,
};

enum ktap_result {
	KTAP_OK,
	KTAP_NOT_OK,
	KTAP_SKIP,
};

/**
 * struct ktap_case - one test, never a group of tests
 * @name: groups and test, joined with "."
 * @result: what it gave
 * @note: skip reason, diagnostic, or the comments before a failure; or NULL
 */
struct ktap_case {
	char *name;
	enum ktap_result result;
	char *note;
};

/**
 * struct ktap_fact - one "# fact: name=value"
 * @name: letters, digits, "_", "-" and "."
 * @value: the rest of the line
 */
struct ktap_fact {
	char *name;
	char *value;
};

/**
 * struct ktap_level - one open group
 * @name: from its "# Subtest:" line, or NULL
 * @plan: planned tests, -1 before the plan
 * @done: results so far
 * @first_case: index of its first case
 */
struct ktap_level {
	char *name;
	long plan;
	long done;
	size_t first_case;
};

/**
 * struct ktap - KTAP read so far; start it with ktap_init()
 * @level: open groups, the outermost first
 * @depth: index of the innermost open group, -1 before the version line
 * @cases: tests that gave a result
 * @n_cases: how many
 * @count: how many per enum ktap_result
 * @facts: facts
 * @n_facts: how many
 * @error: the first breach of the format, or NULL
 * @comments: comment lines since the last result
 */
struct ktap {
	struct ktap_level level[KTAP_DEPTH_MAX];
	int depth;
	struct ktap_case *cases;
	size_t n_cases;
	size_t count[3];
	struct ktap_fact *facts;
	size_t n_facts;
	char *error;
	struct sbuf comments;
};

void ktap_init(struct ktap *k);
enum ktap_kind ktap_line(struct ktap *k, const char *line);
bool ktap_complete(const struct ktap *k);
void ktap_finish(struct ktap *k);
void ktap_free(struct ktap *k);

#endif

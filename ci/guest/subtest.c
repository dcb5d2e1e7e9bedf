// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kmsg.h"
#include "subtest.h"

#define VERSION	"KTAP version 1"

void subtest_init(struct subtest *t, const char *name)
{
	memset(t, 0, sizeof(*t));
	t->name = name;
	t->plan = -1;
}

/* A decimal number and nothing else up to @end (or the end of the string). */
static int number(const char *s, char **end)
{
	unsigned long n;

	if (!isdigit((unsigned char)*s))
		return -1;
	errno = 0;
	n = strtoul(s, end, 10);
	return errno || n > INT_MAX ? -1 : (int)n;
}

static bool take_plan(struct subtest *t, const char *line)
{
	char *end;
	int n;

	if (strncmp(line, "1..", 3))
		return false;
	n = number(line + 3, &end);
	if (n < 1 || *end || !t->version || t->plan >= 0) {
		t->odd++;
		return false;
	}
	t->plan = n;
	return true;
}

static bool take_result(struct subtest *t, const char *line)
{
	bool bad = !strncmp(line, "not ", 4);
	const char *s = bad ? line + 4 : line;
	const char *directive;
	char *end;

	if (strncmp(s, "ok ", 3))
		return false;
	if (number(s + 3, &end) != t->seen + 1 || *end != ' ' ||
	    t->seen >= t->plan) {
		t->odd++;
		return false;
	}
	t->seen++;
	t->failed += bad;
	directive = strstr(end, " # ");
	if (!bad && directive && !strncmp(directive, " # SKIP", 7))
		t->skipped++;
	return true;
}

void subtest_line(struct subtest *t, const char *line)
{
	if (!strcmp(line, VERSION) && !t->version) {
		t->version = true;
		kmsg("  %s", line);
		kmsg("  # Subtest: %s", t->name);
		return;
	}
	if (take_plan(t, line) || take_result(t, line) ||
	    !strncmp(line, "# ", 2))
		kmsg("  %s", line);
	else
		kmsg("  # > %s", line);
}

bool subtest_verdict(const struct subtest *t, char *reason, size_t size)
{
	if (t->plan < 0)
		snprintf(reason, size, "printed no plan");
	else if (t->seen < t->plan)
		snprintf(reason, size, "printed %d of %d results", t->seen,
			 t->plan);
	else if (t->failed)
		snprintf(reason, size, "%d of %d failed", t->failed, t->plan);
	else if (t->odd)
		snprintf(reason, size, "%d results out of order", t->odd);
	else
		return true;
	return false;
}

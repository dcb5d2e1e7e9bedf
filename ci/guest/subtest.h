/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The output of one test program, turned into a nested KTAP subtest.
 *
 * A test prints KTAP version 1 on its standard output:
 *
 *	KTAP version 1
 *	1..2
 *	ok 1 neighbours_shared_ext4
 *	# fact: faultaround.prefaulted=old
 *	ok 2 neighbours_private_ext4 # SKIP no disk
 *
 * What fits is passed on, two columns further in and under a "# Subtest:"
 * line.  Everything else, a number out of order included, is passed on as a
 * diagnostic "# > text", so nothing a program prints can be taken for a result that it
 * did not have.
 */
#ifndef FAULTLINE_SUBTEST_H
#define FAULTLINE_SUBTEST_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct subtest - what a test has printed so far
 * @name: its name, used in the "# Subtest:" line
 * @version: the version line was seen
 * @plan: number of results it promised; -1 before the plan
 * @seen: results it printed
 * @failed: those that were "not ok"
 * @skipped: those that were skipped
 * @odd: lines that look like KTAP but do not fit what came before
 */
struct subtest {
	const char *name;
	bool version;
	int plan;
	int seen;
	int failed;
	int skipped;
	int odd;
};

void subtest_init(struct subtest *t, const char *name);

/**
 * subtest_line() - take one line from the test's standard output
 * @t: the subtest
 * @line: the line, without its newline
 */
void subtest_line(struct subtest *t, const char *line);

/**
 * subtest_verdict() - judge what was printed
 * @t: the subtest
 * @reason: where the reason goes when it is bad
 * @size: size of @reason in bytes
 *
 * Return: true when the plan was kept and no result was "not ok".
 */
bool subtest_verdict(const struct subtest *t, char *reason, size_t size);

#endif

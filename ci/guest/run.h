/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FAULTLINE_RUN_H
#define FAULTLINE_RUN_H

#include <stdbool.h>

/**
 * run_test() - run one test program and report it
 * @number: its number in the top-level plan
 * @name: its name: the program is /tests/<name>; "<name>.<case>" runs that
 *	case alone
 * @slow: limits of time are this many times what they are otherwise
 *
 * Runs the program in a process group of its own, passes its output on (see
 * subtest.h), and prints its result line.  Whatever it leaves running is
 * killed.  It fails when the program breaks its plan, dies by a signal, exits
 * with another status than 0, or does not end in time.
 *
 * Return: false when the program could not even be killed: it is stuck in the
 * kernel, and nothing that may wait for it (sync, umount) should be tried.
 */
bool run_test(int number, const char *name, unsigned int slow);

#endif

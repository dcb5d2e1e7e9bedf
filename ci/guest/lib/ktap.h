/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A test program for the guest.  A complete one:
 *
 *	#include "ktap.h"
 *
 *	static void pages_are_zero(const void *arg)
 *	{
 *		char *p = mmap(NULL, 4096, PROT_READ,
 *			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
 *
 *		require(p != MAP_FAILED, "mmap: %m");
 *		expect(p[0] == 0, "first byte is %d", p[0]);
 *		fact("example.page_size", "%ld", sysconf(_SC_PAGESIZE));
 *	}
 *
 *	static const struct ktap_case cases[] = {
 *		{ .name = "pages_are_zero", .run = pages_are_zero },
 *		{ }
 *	};
 *
 *	int main(int argc, char **argv)
 *	{
 *		return ktap_main(argc, argv, cases);
 *	}
 *
 * Every case runs in a child, so a case that crashes, hangs or changes its
 * address space is a failure of that case alone.
 *
 * The kernel's own kselftest_harness.h is not used: it prints another dialect
 * (TAP 13, later KTAP) in each tree, and the guest must be the same program
 * whatever tree it judges.
 */
#ifndef FAULTLINE_KTAP_H
#define FAULTLINE_KTAP_H

#include "base.h"

/**
 * struct ktap_case - one case of a test
 * @name: its name, letters, digits and underscores
 * @run: the code; returning means passed, unless expect() failed
 * @arg: for @run
 * @seconds: time limit; 0 means 30
 */
struct ktap_case {
	const char *name;
	void (*run)(const void *arg);
	const void *arg;
	unsigned int seconds;
};

/**
 * ktap_main() - run the cases, print KTAP version 1
 * @argc: of main()
 * @argv: of main(); with arguments, only the cases named there run
 * @cases: ends with an entry without a name
 *
 * Return: exit status: 0 all passed or skipped, 1 otherwise, 2 unknown case.
 */
int ktap_main(int argc, char **argv, const struct ktap_case *cases);

/**
 * ktap_result() - print one result by hand
 * @good: passed
 * @name: of the case
 * @why: diagnostic, may be NULL; beginning with "SKIP " for a skip
 *
 * For programs that find out at run time what their cases are, after
 * ktap_plan(); the others use ktap_main().
 */
void ktap_result(bool good, const char *name, const char *why);

/**
 * ktap_plan() - print the version and the plan
 * @nr: number of results that will follow
 */
void ktap_plan(int nr);

/**
 * guest_option() - a number from the kernel command line
 * @key: such as "faultline.rounds"
 * @fallback: what it is without
 *
 * Return: the positive number of the last "key=number", or @fallback.
 */
long guest_option(const char *key, long fallback);

/**
 * limit_ms() - a limit of time
 * @ms: on a machine that is not slow, and beside a host that may be busy
 *
 * Return: @ms, or n times that with faultline.slow=n.
 */
long long limit_ms(long long ms);

/**
 * expect() - note a failure when @cond does not hold, and go on
 * @cond: the condition
 *
 * The further arguments are a printf format and its values: what was found.
 *
 * Return: whether it held.
 */
#define expect(cond, ...) \
	ktap_check((cond), false, __FILE__, __LINE__, __VA_ARGS__)

/**
 * require() - end the case as failed when @cond does not hold
 * @cond: the condition, followed by a printf format and its values
 */
#define require(cond, ...) \
	ktap_check((cond), true, __FILE__, __LINE__, __VA_ARGS__)

/**
 * skip() - end the case as skipped
 * @fmt: printf format: what is missing, which this machine or kernel need not
 *	have.  Where it ought to be there, the lack is a failure.
 */
void skip(const char *fmt, ...)
	__noreturn __printf(1, 2);

/**
 * note() - print a diagnostic line
 * @fmt: printf format, without a newline
 */
void note(const char *fmt, ...) __printf(1, 2);

/**
 * fact() - report something observed: "# fact: name=value"
 * @name: dotted name, such as "faultaround.prefaulted"
 * @fmt: printf format of the value; the value is one word and the same on
 *	every run with the same kernel and machine
 */
void fact(const char *name, const char *fmt, ...)
	__printf(2, 3);

bool ktap_check(bool good, bool fatal, const char *file, int line,
		const char *fmt, ...) __printf(5, 6);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMRUN_RUN_H
#define VMRUN_RUN_H

#include "qemu.h"
#include "symbols.h"
#include "verdict.h"

/**
 * struct run - one guest to run, and what came of it
 * @boot: what to boot
 * @patterns: crash patterns
 * @known: splats that are no crash, or NULL
 * @symbols: functions of the kernel, for the stacks of a hang, or NULL
 * @dir: where console.log, qemu.log and diagnosis.txt go
 * @prefix: put before those names
 * @silence: seconds without output that make a hang
 * @timeout: seconds in all that make a hang
 * @log_max: MiB of console that make a flood
 * @signals: signalfd for SIGTERM, SIGINT, SIGHUP and SIGCHLD
 * @echo: copy the console to stderr
 * @argv: the command, without what vmrun adds for itself
 * @judge: what the console said
 * @verdict: the verdict
 * @reason: one line that says why
 * @version: QEMU's version, NULL when it never said
 * @boot_ms: from the guest's start to the first KTAP line, -1 without one
 * @total_ms: from the guest's start to the end
 * @interrupted: number of the signal that ended vmrun, 0 without one
 */
struct run {
	struct boot boot;
	const struct patterns *patterns;
	struct known *known;
	const struct symbols *symbols;
	const char *dir;
	const char *prefix;
	unsigned int silence;
	unsigned int timeout;
	unsigned int log_max;
	int signals;
	bool echo;

	struct strvec argv;
	struct judge judge;
	enum verdict verdict;
	struct sbuf reason;
	char *version;
	long long boot_ms;
	long long total_ms;
	int interrupted;
};

void run_guest(struct run *run);
void run_free(struct run *run);

#endif

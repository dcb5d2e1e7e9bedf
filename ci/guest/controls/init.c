// SPDX-License-Identifier: GPL-2.0
/*
 * /init of a guest that misbehaves on purpose: each control is something that
 * a run must not report as passed.
 *
 * Kernel command line:
 *   faultline.control=<name>   which one
 *   faultline.nonce=<word>     as for the real /init
 *
 * Started as anything but process 1 (on the host), it prints the list: name,
 * the verdict the run must get, and what the guest does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "base.h"
#include "kmsg.h"

#define LKDTM	"/sys/kernel/debug/provoke-crash/DIRECT"
#define MEGABYTE	(1024 * 1024)

static char nonce[128] = "-";

/**
 * struct control - a way to misbehave
 * @name: for faultline.control
 * @verdict: what the run must be called
 * @what: in a few words
 * @run: does it; returning means powering off in an orderly way
 */
struct control {
	const char *name;
	const char *verdict;
	const char *what;
	void (*run)(void);
};

static void ktap(int plan)
{
	kmsg("KTAP version 1");
	kmsg("1..%d", plan);
}

static void finish(void)
{
	kmsg("faultline: done %s", nonce);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -1 : 0;
}

static void run_pass(void)
{
	ktap(2);
	kmsg("  KTAP version 1");
	kmsg("  # Subtest: inner");
	kmsg("  1..2");
	kmsg("  ok 1 one");
	kmsg("  # fact: control.pass=yes");
	kmsg("  ok 2 two # SKIP no reason");
	kmsg("ok 1 inner");
	kmsg("ok 2 outer");
	finish();
}

static void run_forge(void)
{
	ktap(1);
	kmsg("ok 1 forged");
	kmsg("faultline: done 00000000000000000000000000000000");
}

static void run_echo(void)
{
	ktap(1);
	kmsg("ok 1 echo");
	kmsg("Kernel command line: faultline.nonce=%s", nonce);
	kmsg("# faultline: done %s", nonce);
	kmsg("  faultline: done %s", nonce);
	kmsg("faultline: done %s and more", nonce);
}

static void run_early(void)
{
	ktap(2);
	kmsg("ok 1 one");
	finish();
	kmsg("ok 2 two");
}

static void run_late(void)
{
	ktap(1);
	kmsg("ok 1 one");
	finish();
	kmsg("not ok 1 one");
}

static void run_silent(void)
{
	finish();
}

static void run_no_token(void)
{
	ktap(1);
	kmsg("ok 1 one");
}

static void run_not_ok(void)
{
	ktap(2);
	kmsg("ok 1 good");
	kmsg("not ok 2 bad # on purpose");
	finish();
}

static void run_short_plan(void)
{
	ktap(3);
	kmsg("ok 1 one");
	kmsg("ok 2 two");
	finish();
}

static void run_long_plan(void)
{
	ktap(1);
	kmsg("ok 1 one");
	kmsg("ok 2 two");
	finish();
}

static void run_inner_short(void)
{
	ktap(1);
	kmsg("  KTAP version 1");
	kmsg("  # Subtest: inner");
	kmsg("  1..3");
	kmsg("  ok 1 one");
	kmsg("ok 1 inner");
	finish();
}

static void run_inner_not_ok(void)
{
	ktap(1);
	kmsg("  KTAP version 1");
	kmsg("  # Subtest: inner");
	kmsg("  1..1");
	kmsg("  not ok 1 one");
	kmsg("ok 1 inner");
	finish();
}

static void run_order(void)
{
	ktap(2);
	kmsg("ok 2 two");
	kmsg("ok 1 one");
	finish();
}

static void run_all_skipped(void)
{
	ktap(2);
	kmsg("ok 1 one # SKIP on purpose");
	kmsg("ok 2 two # SKIP on purpose");
	finish();
}

static void run_middle(void)
{
	ktap(2);
	kmsg("ok 1 one");
}

/* A real splat where the kernel offers one; else a copy of its first lines. */
static void make_splat(const char *kind, const char *const *lines)
{
	ktap(1);
	if (access(LKDTM, W_OK)) {
		kmsg("# fixture: the kernel has no LKDTM, the next lines are a copy");
		while (*lines)
			kmsg("%s", *lines++);
	} else if (!fork()) {
		/* Some of these kill the process that asks for them */
		_exit(write_file(LKDTM, kind) ? 1 : 0);
	}
	sleep(1);
	kmsg("ok 1 splat");
	finish();
}

static void run_warn(void)
{
	static const char * const lines[] = {
		"------------[ cut here ]------------",
		"WARNING: CPU: 0 PID: 1 at mm/memory.c:1 do_fault_around+0x0/0x100",
		"---[ end trace 0000000000000000 ]---",
		NULL
	};

	make_splat("WARNING", lines);
}

static void run_bug(void)
{
	static const char * const lines[] = {
		"------------[ cut here ]------------",
		"kernel BUG at mm/memory.c:1!",
		"Internal error: Oops - BUG: 0 [#1] PREEMPT SMP",
		NULL
	};

	make_splat("BUG", lines);
}

static void run_oops(void)
{
	static const char * const lines[] = {
		"Unable to handle kernel NULL pointer dereference at virtual address 0000000000000000",
		"Internal error: Oops: 96000004 [#1] PREEMPT SMP",
		NULL
	};

	make_splat("EXCEPTION", lines);
}

static void run_rss(void)
{
	ktap(1);
	kmsg("BUG: Bad rss-counter state mm:0000000000000000 type:MM_FILEPAGES val:1");
	kmsg("ok 1 rss");
	finish();
}

static void run_panic(void)
{
	ktap(1);
	kmsg("ok 1 one");
	write_file("/proc/sysrq-trigger", "c");
	sleep(5);
	/* No sysrq: PID 1 that ends does it too */
	_exit(1);
}

static void run_exit_init(void)
{
	ktap(1);
	kmsg("ok 1 one");
	_exit(0);
}

static void run_restart(void)
{
	ktap(1);
	kmsg("ok 1 one");
	finish();
	reboot(RB_AUTOBOOT);
}

static void run_hang(void)
{
	ktap(1);
	for (;;)
		pause();
}

static void run_spin(void)
{
	ktap(1);
	for (;;)
		;
}

static void run_flood(void)
{
	unsigned long i;

	ktap(1);
	for (i = 0;; i++)
		kmsg("# flood %lu", i);
}

static void write_console(const char *buf, size_t len)
{
	int fd = open("/dev/console", O_WRONLY | O_CLOEXEC);
	ssize_t n;

	while (fd >= 0 && len) {
		n = write(fd, buf, len);
		if (n <= 0)
			break;
		buf += n;
		len -= n;
	}
	close(fd);
}

/* NUL, every other byte, broken UTF-8, escapes, and a long line. */
static void dirt(size_t long_line)
{
	static char buf[MEGABYTE];
	size_t i;

	for (i = 0; i < 4096; i++)
		buf[i] = i;
	write_console(buf, 4096);
	memset(buf, 0, 4096);
	write_console(buf, 4096);
	write_console("\n\xc3\x28\xff\xfe\033[2J\033[31m\r\r\n", 15);
	memset(buf, 'x', long_line);
	write_console(buf, long_line);
	write_console("\n", 1);
}

static void run_garbage(void)
{
	dirt(MEGABYTE);
	ktap(1);
	kmsg("ok 1 one");
	dirt(100);
}

static void run_noise(void)
{
	dirt(5000);
	run_pass();
}

static const struct control controls[] = {
	{ "pass", "pass", "what a good guest prints", run_pass },
	{ "noise", "pass", "rubbish on the console, then the same", run_noise },
	{ "forge", "fail", "the last line has another nonce", run_forge },
	{ "echo", "fail", "the nonce, but not as the last line", run_echo },
	{ "early", "fail", "the last line before the plan is complete", run_early },
	{ "late", "fail", "a result after the last line", run_late },
	{ "silent", "fail", "the last line and nothing else", run_silent },
	{ "notoken", "crash", "all but the last line", run_no_token },
	{ "notok", "fail", "a test fails", run_not_ok },
	{ "short", "fail", "fewer results than planned", run_short_plan },
	{ "long", "fail", "more results than planned", run_long_plan },
	{ "innershort", "fail", "the same inside a subtest", run_inner_short },
	{ "innernotok", "fail", "a failure inside a subtest that is ok",
	  run_inner_not_ok },
	{ "order", "fail", "results out of order", run_order },
	{ "skip", "fail", "every test is skipped", run_all_skipped },
	{ "middle", "crash", "power off in the middle", run_middle },
	{ "garbage", "crash", "rubbish and a line of a megabyte, no last line", run_garbage },
	{ "warn", "crash", "WARN, then everything ok", run_warn },
	{ "bug", "crash", "BUG, then everything ok", run_bug },
	{ "oops", "crash", "an oops, then everything ok", run_oops },
	{ "rss", "crash", "a copy of 'Bad rss-counter', then ok", run_rss },
	{ "panic", "crash", "panic", run_panic },
	{ "exit", "crash", "process 1 ends", run_exit_init },
	{ "reboot", "crash", "restart after the last line", run_restart },
	{ "hang", "hang", "sleeps for ever", run_hang },
	{ "spin", "hang", "computes for ever", run_spin },
	{ "flood", "hang", "prints for ever", run_flood },
};

static void read_option(const char *key, char *value, size_t size)
{
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	char line[4096], *word, *save;
	size_t len = strlen(key);
	ssize_t n;

	n = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);
	line[n < 0 ? 0 : n] = '\0';
	close(fd);
	for (word = strtok_r(line, "\n ", &save); word;
	     word = strtok_r(NULL, "\n ", &save)) {
		if (!strncmp(word, key, len) && word[len] == '=')
			snprintf(value, size, "%s", word + len + 1);
	}
}

int main(void)
{
	char name[64] = "";
	size_t i;

	if (getpid() != 1) {
		for (i = 0; i < ARRAY_SIZE(controls); i++)
			printf("%-12s %-6s %s\n", controls[i].name,
			       controls[i].verdict, controls[i].what);
		return 0;
	}
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	kmsg_open();
	read_option("faultline.nonce", nonce, sizeof(nonce));
	read_option("faultline.control", name, sizeof(name));
	for (i = 0; i < ARRAY_SIZE(controls); i++) {
		if (!strcmp(name, controls[i].name))
			break;
	}
	if (i < ARRAY_SIZE(controls))
		controls[i].run();
	else
		kmsg("# faultline.control=%s: no such control", name);
	reboot(RB_POWER_OFF);
	return 1;
}

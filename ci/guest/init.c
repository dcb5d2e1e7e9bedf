// SPDX-License-Identifier: GPL-2.0
/*
 * /init of the test guest: mounts what the tests need, runs the programs in
 * /tests one after the other, and powers the machine off.
 *
 * Kernel command line:
 *   faultline.nonce=<word>   repeated in the last line, "faultline: done <word>"
 *   faultline.disk=1         there is a test disk, ext4 on /dev/vda: without it
 *                            the run fails
 *   faultline.slow=<n>       every limit of time is n times what it is otherwise
 *   faultline.tests=<a,b>    run these only; "a.x" is case x of test a alone;
 *                            "probe" does nothing and passes (is this machine
 *                            able to boot at all?).  Default: all of /tests.
 *
 * A setting of the memory management that a test has changed is set again.
 *
 * Prints: KTAP version 1 with one subtest per program, all of it through
 * /dev/kmsg.  A name that is not in /tests, and a mount that failed, are
 * "not ok" results of the run.  So is, as its last, a disk that cannot be
 * synced and unmounted when no program is left: the kernel has not let go of
 * a page or a file.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base.h"
#include "kmsg.h"
#include "run.h"
#include "settings.h"

#define TESTS		"/tests"
#define DISK		"/dev/vda"
#define DISK_MS		20000	/* for writing it, and as much to let go of it */
#define MAX_TESTS	64

/**
 * struct mount_point - something to mount
 * @source: device, or a name for /proc/mounts
 * @target: directory
 * @type: file system
 * @data: mount options
 */
struct mount_point {
	const char *source;
	const char *target;
	const char *type;
	const char *data;
};

static const struct mount_point mounts[] = {
	{ "devtmpfs",	"/dev",			"devtmpfs",	NULL },
	{ "proc",	"/proc",		"proc",		NULL },
	{ "sysfs",	"/sys",			"sysfs",	NULL },
	{ "debugfs",	"/sys/kernel/debug",	"debugfs",	NULL },
	{ "tmpfs",	"/tmp",			"tmpfs",	NULL },
	{ "memory",	"/cgroup",		"cgroup",	"memory" },
};

static const struct mount_point disk = { DISK, "/mnt", "ext4", NULL };
static bool disk_mounted;

static char cmdline[4096];
static char mount_errors[512];
static char *tests[MAX_TESTS];
static int nr_tests, nr_left_out;

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

static bool try_mount(const struct mount_point *m)
{
	size_t len = strlen(mount_errors);

	if (!mount(m->source, m->target, m->type, 0, m->data))
		return true;
	snprintf(mount_errors + len, sizeof(mount_errors) - len,
		 "%s%s on %s: %s", len ? ", " : "", m->type, m->target,
		 strerror(errno));
	return false;
}

static void read_cmdline(void)
{
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, cmdline, sizeof(cmdline) - 1);

	cmdline[n < 0 ? 0 : n] = '\0';
	cmdline[strcspn(cmdline, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
}

/* The value of the last "key=value" on the command line, or NULL. */
static char *option(const char *key)
{
	char *copy = strdup(cmdline);
	size_t len = strlen(key);
	char *word, *save, *value = NULL;

	for (word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		if (!strncmp(word, key, len) && word[len] == '=')
			value = word + len + 1;
	}
	return value;
}

/* A disk that was promised has to be there. */
static void mount_all(void)
{
	struct stat st;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mounts); i++)
		try_mount(&mounts[i]);
	read_cmdline();
	if (option("faultline.disk") || !stat(DISK, &st))
		disk_mounted = try_mount(&disk);
}

static void add_test(const char *name)
{
	if (nr_tests == MAX_TESTS) {
		nr_left_out++;
		return;
	}
	tests[nr_tests++] = strdup(name);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void select_tests(char *list)
{
	struct dirent **entries;
	char *name, *save;
	int n, i;

	if (list) {
		for (name = strtok_r(list, ",", &save); name;
		     name = strtok_r(NULL, ",", &save))
			add_test(name);
		return;
	}
	n = scandir(TESTS, &entries, visible, alphasort);
	for (i = 0; i < n; i++)
		add_test(entries[i]->d_name);
}

static bool test_exists(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), TESTS "/%s", name);
	path[strcspn(path, ".")] = '\0';
	return name[0] != '.' && !strchr(name, '/') &&
	       !access(path, X_OK);
}

/*
 * Give the disk back, in a child, as a sync that hangs must not keep the machine
 * on.  khugepaged may have a file for as long as it looks at it.
 */
static void give_back_disk(int number, unsigned int slow)
{
	long long end = now_ms() + 2LL * DISK_MS * slow;
	pid_t pid, ended = 0;
	int status = 0;

	pid = fork();
	if (!pid) {
		sync();
		end = now_ms() + (long long)DISK_MS * slow;
		while (umount(disk.target)) {
			if (errno != EBUSY || now_ms() > end)
				_exit(errno);
			usleep(20000);
		}
		_exit(0);
	}
	while (pid > 0 && !ended && now_ms() < end) {
		ended = waitpid(pid, &status, WNOHANG);
		usleep(10000);
	}
	if (pid < 0)
		kmsg("not ok %d disk # fork: %s", number, strerror(errno));
	else if (!ended)
		kmsg("not ok %d disk # sync and umount do not end", number);
	else if (status)
		kmsg("not ok %d disk # umount: %s", number,
		     strerror(WEXITSTATUS(status)));
	else
		kmsg("ok %d disk", number);
}

static void run_all(void)
{
	const char *factor = option("faultline.slow");
	unsigned int slow = factor ? atoi(factor) : 1;
	bool well = true;
	int number = 0;
	int i;

	slow = slow ? slow : 1;
	kmsg("KTAP version 1");
	kmsg("1..%d", nr_tests + !!mount_errors[0] + !nr_tests + !!nr_left_out +
	     disk_mounted);
	if (mount_errors[0])
		kmsg("not ok %d mounts # %s", ++number, mount_errors);
	if (!nr_tests)
		kmsg("not ok %d tests # nothing in " TESTS, ++number);
	if (nr_left_out)
		kmsg("not ok %d tests # %d more than %d", ++number, nr_left_out,
		     MAX_TESTS);
	settings_keep("");
	for (i = 0; i < nr_tests; i++) {
		number++;
		if (!strcmp(tests[i], "probe"))
			kmsg("ok %d probe", number);
		else if (!test_exists(tests[i]))
			kmsg("not ok %d %s # no such test", number, tests[i]);
		else if (!well)
			kmsg("not ok %d %s # not run: the one before is stuck",
			     number, tests[i]);
		else
			well = run_test(number, tests[i], slow);
		if (well)
			settings_give_back();
	}
	if (disk_mounted && well)
		give_back_disk(++number, slow);
	else if (disk_mounted)
		kmsg("not ok %d disk # not run: a test is stuck", ++number);
}

int main(void)
{
	const char *nonce;

	umask(022);
	mount_all();
	kmsg_open();
	/* Already so if printk.devkmsg=on was given, and then not writable */
	write_file("/proc/sys/kernel/printk_devkmsg", "on\n");
	if (chdir("/tmp"))
		kmsg("# /tmp: %s", strerror(errno));

	nonce = option("faultline.nonce");
	if (!nonce)
		kmsg("# no faultline.nonce on the kernel command line");
	select_tests(option("faultline.tests"));
	run_all();
	kmsg("faultline: done %s", nonce ? nonce : "-");

	reboot(RB_POWER_OFF);
	/* Power off is missing: PID 1 that ends is a panic, which says so */
	return 1;
}

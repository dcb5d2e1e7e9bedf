// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the kernel's own test programs as /selftests/list says (in the source:
 * ci/guest/selftests).
 *
 * Fact:
 *   selftests.skipped=<cases>|none   what this machine or kernel cannot run
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"
#include "mm.h"
#include "swapfile.h"

#define DIR		"/selftests"
#define LIST		DIR "/list"
#define WORKDIR		"/tmp/selftests"
#define HUGEPAGES	"/proc/sys/vm/nr_hugepages"
#define MAX_CASES	64
#define MAX_ARGS	16
#define KSFT_SKIP	4

/**
 * struct program - a "run" line
 * @name: of the case
 * @seconds: limit
 * @end: good exit codes, or "alive"
 * @user: to run as
 * @hugepages: to reserve
 * @swap: MiB of swap file
 * @needs: file without which it is skipped, or NULL
 * @argv: program and arguments
 */
struct program {
	char *name;
	unsigned int seconds;
	char *end;
	uid_t user;
	unsigned int hugepages;
	unsigned int swap;
	char *needs;
	char *argv[MAX_ARGS + 1];
};

static struct program programs[MAX_CASES];
static struct ktap_case cases[MAX_CASES + 1];
static char (*skipped)[2048];

static bool take_setting(struct program *p, char *word)
{
	if (!strncmp(word, "user=", 5))
		p->user = atoi(word + 5);
	else if (!strncmp(word, "hugepages=", 10))
		p->hugepages = atoi(word + 10);
	else if (!strncmp(word, "swap=", 5))
		p->swap = atoi(word + 5);
	else if (!strncmp(word, "needs=", 6))
		p->needs = word + 6;
	else
		return false;
	return true;
}

/* Return: false when the line is not well-formed. */
static bool parse(struct program *p, char *line)
{
	char *word, *save, *seconds;
	int argc = 1;

	p->name = strtok_r(NULL, " \t", &line);
	p->argv[0] = strtok_r(NULL, " \t", &line);
	seconds = strtok_r(NULL, " \t", &line);
	p->end = strtok_r(NULL, " \t", &line);
	if (!p->end)
		return false;
	p->seconds = atoi(seconds);
	for (word = strtok_r(line, " \t", &save); word;
	     word = strtok_r(NULL, " \t", &save)) {
		if (argc == 1 && take_setting(p, word))
			continue;
		if (argc == MAX_ARGS)
			return false;
		p->argv[argc++] = word;
	}
	return p->seconds > 0;
}

static void give_up(struct program *p, const char *fmt, const char *what)
{
	size_t len = strlen(*skipped);

	snprintf(*skipped + len, sizeof(*skipped) - len, "%s%s",
		 len ? "," : "", p->name);
	skip(fmt, what);
}

static void set_up(struct program *p)
{
	if (p->needs && access(p->needs, F_OK))
		give_up(p, "no %s", p->needs);
	if (p->hugepages) {
		if (mm_write(HUGEPAGES, "%u\n", p->hugepages) ||
		    mm_number(HUGEPAGES, "") < (long long)p->hugepages)
			give_up(p, "no huge pages%s", "");
		mkdir("huge", 0777);
		require(!mount("hugetlbfs", "huge", "hugetlbfs", 0, NULL),
			"hugetlbfs: %m");
	}
	if (p->swap)
		swapfile_on(p->swap);
}

static void tear_down(struct program *p)
{
	if (p->hugepages) {
		expect(!umount("huge"), "umount: %m");
		mm_set(HUGEPAGES, "0\n");
	}
	if (p->swap)
		expect(!swapfile_off(), "swapoff: %m");
}

static void execute(struct program *p, int out)
{
	char path[128];

	setpgid(0, 0);
	dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	if (p->user && (setgroups(0, NULL) || setgid(p->user) ||
			setuid(p->user)))
		_exit(126);
	snprintf(path, sizeof(path), DIR "/%s", p->argv[0]);
	execv(path, p->argv);
	_exit(127);
}

/* Pass on what it prints, without the colours. */
static bool print_some(int fd, bool show)
{
	static char line[512];
	static size_t len;
	char buf[512];
	ssize_t n = read(fd, buf, sizeof(buf));
	bool escape = false;
	ssize_t i;

	for (i = 0; i < n; i++) {
		if (escape) {
			escape = buf[i] != 'm';
		} else if (buf[i] == '\033') {
			escape = true;
		} else if (buf[i] == '\n' || len == sizeof(line) - 1) {
			line[len] = '\0';
			if (show)
				note("> %s", line);
			len = 0;
		} else {
			line[len++] = buf[i];
		}
	}
	return n > 0;
}

static bool is_good(const char *end, int code)
{
	const char *s = end;
	char *next;

	for (;;) {
		if (strtol(s, &next, 10) == code && next != s)
			return true;
		if (*next != ',')
			return false;
		s = next + 1;
	}
}

static void run(const void *arg)
{
	struct program *p = (struct program *)arg;
	bool forever = !strcmp(p->end, "alive");
	time_t end = time(NULL) + p->seconds + 1;
	struct pollfd poll_fd = { .events = POLLIN };
	bool ended = false;
	int fds[2], status;
	pid_t pid;

	mkdir(WORKDIR, 0777);
	chmod(WORKDIR, 0777);
	require(!chdir(WORKDIR), WORKDIR ": %m");
	set_up(p);
	require(!pipe2(fds, O_CLOEXEC | O_NONBLOCK), "pipe: %m");
	pid = fork();
	require(pid >= 0, "fork: %m");
	if (!pid)
		execute(p, fds[1]);
	close(fds[1]);
	poll_fd.fd = fds[0];
	while (!ended && time(NULL) < end) {
		poll(&poll_fd, 1, 20);
		print_some(fds[0], !forever);
		ended = waitpid(pid, &status, WNOHANG) == pid;
	}
	kill(-pid, SIGKILL);
	if (!ended)
		require(waitpid(pid, &status, 0) == pid, "waitpid: %m");
	while (print_some(fds[0], !forever))
		;

	if (forever)
		expect(!ended, "ended with status 0x%x", status);
	else if (!ended)
		expect(false, "no end after %u s", p->seconds);
	else if (WIFSIGNALED(status))
		expect(false, "died of signal %d (%s)", WTERMSIG(status),
		       strsignal(WTERMSIG(status)));
	else
		expect(is_good(p->end, WEXITSTATUS(status)),
		       "exit status %d, not %s", WEXITSTATUS(status), p->end);
	tear_down(p);
	if (ended && WIFEXITED(status) && WEXITSTATUS(status) == KSFT_SKIP)
		give_up(p, "it says so%s", "");
}

static void summary(const void *unused)
{
	fact("selftests.skipped", "%s", **skipped ? *skipped : "none");
}

int main(int argc, char **argv)
{
	static char lines[MAX_CASES][512];
	FILE *f = fopen(LIST, "re");
	int nr = 0, number = 0;
	char line[512];

	skipped = mmap(NULL, sizeof(*skipped), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!f || skipped == MAP_FAILED) {
		fprintf(stderr, LIST ": %s\n", strerror(errno));
		return 2;
	}
	while (fgets(line, sizeof(line), f)) {
		number++;
		line[strcspn(line, "#\n")] = '\0';
		if (strncmp(line, "run ", 4))
			continue;
		if (nr == MAX_CASES - 1) {
			fprintf(stderr, LIST ": more than %d\n", nr);
			return 2;
		}
		strcpy(lines[nr], line + 4);
		if (!parse(&programs[nr], lines[nr])) {
			fprintf(stderr, LIST ":%d: not understood\n", number);
			return 2;
		}
		cases[nr].name = programs[nr].name;
		cases[nr].run = run;
		cases[nr].arg = &programs[nr];
		cases[nr].seconds = programs[nr].seconds + 10;
		nr++;
	}
	fclose(f);
	cases[nr].name = "summary";
	cases[nr].run = summary;
	return ktap_main(argc, argv, cases);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the kernel's own test programs and modules as /selftests/list says (in
 * the source: ci/guest/selftests), and looks in its log for what ran at boot.
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
#include <sys/syscall.h>
#include <sys/utsname.h>
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
#define ROUND_SECONDS	20	/* for the first round of one that runs for ever */
#define MAX_CASES	64
#define MAX_ARGS	16
#define KSFT_SKIP	4

/**
 * struct program - a "run" line
 * @name: of the case
 * @seconds: limit
 * @end: good exit codes, or "alive"
 * @user: to run as
 * @page: KiB of the pages that it takes for granted, or NULL
 * @hugepages: to reserve
 * @swap: MiB of swap file
 * @thp: for transparent_hugepage/enabled, or NULL
 * @needs: file without which it is skipped, or NULL
 * @argv: program and arguments
 */
struct program {
	char *name;
	unsigned int seconds;
	char *end;
	uid_t user;
	char *page;
	unsigned int hugepages;
	unsigned int swap;
	char *thp;
	char *needs;
	char *argv[MAX_ARGS + 1];
};

/**
 * struct module - a "load" line
 * @name: of the case
 * @module: its name
 * @seconds: limit
 * @results: how many it reports
 * @parameters: for it, with blanks between them
 */
struct module {
	char *name;
	char *module;
	unsigned int seconds;
	unsigned int results;
	char *parameters;
};

/**
 * struct boot - a "boot" line
 * @name: of the case
 * @machines: that have it, comma separated
 * @text: of the kernel's log
 */
struct boot {
	char *name;
	char *machines;
	char *text;
};

static struct program programs[MAX_CASES];
static struct module modules[MAX_CASES];
static struct boot boots[MAX_CASES];
static struct ktap_case cases[MAX_CASES + 1];
static char (*skipped)[2048];
static char thp_before[16];

/**
 * struct totals - what the program at hand says of its tests, if it does
 * @known: it does
 * @passed: tests that passed
 * @skipped: tests that it skipped
 * @rounds: of transhuge-stress
 * @huge: pages that became huge in all of them
 */
static struct totals {
	bool known;
	unsigned int passed;
	unsigned int skipped;
	unsigned int rounds;
	unsigned long huge;
} totals;

static bool take_setting(struct program *p, char *word)
{
	if (!strncmp(word, "user=", 5))
		p->user = atoi(word + 5);
	else if (!strncmp(word, "page=", 5))
		p->page = word + 5;
	else if (!strncmp(word, "hugepages=", 10))
		p->hugepages = atoi(word + 10);
	else if (!strncmp(word, "swap=", 5))
		p->swap = atoi(word + 5);
	else if (!strncmp(word, "thp=", 4))
		p->thp = word + 4;
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

/* The rest of a line, without blanks around it; NULL if that is nothing. */
static char *rest(char *line)
{
	size_t len;

	line += strspn(line, " \t");
	for (len = strlen(line); len && strchr(" \t", line[len - 1]); len--)
		line[len - 1] = '\0';
	return len ? line : NULL;
}

static bool parse_module(struct module *m, char *line)
{
	char *seconds, *results;

	m->name = strtok_r(NULL, " \t", &line);
	m->module = strtok_r(NULL, " \t", &line);
	seconds = strtok_r(NULL, " \t", &line);
	results = strtok_r(NULL, " \t", &line);
	if (!results)
		return false;
	m->seconds = atoi(seconds);
	m->results = atoi(results);
	m->parameters = rest(line);
	return m->seconds > 0 && m->results > 0 && m->parameters;
}

static bool parse_boot(struct boot *b, char *line)
{
	b->name = strtok_r(NULL, " \t", &line);
	b->machines = strtok_r(NULL, " \t", &line);
	b->text = b->machines ? rest(line) : NULL;
	return b->text;
}

static void give_up(const char *name, const char *fmt, const char *what)
{
	size_t len = strlen(*skipped);

	snprintf(*skipped + len, sizeof(*skipped) - len, "%s%s",
		 len ? "," : "", name);
	skip(fmt, what);
}

static void reserve_huge(const struct program *p)
{
	long long kb = mm_number("/proc/meminfo", "Hugepagesize");
	unsigned int nr = p->hugepages;
	char of[64];
	int tries;

	if (access(HUGEPAGES, F_OK) || kb <= 0)
		give_up(p->name, "no huge pages%s", "");
	snprintf(of, sizeof(of), "%u huge pages of %lld kB", nr, kb);
	if (nr * kb > mm_number("/proc/meminfo", "MemTotal") / 2)
		give_up(p->name, "%s are more than half of the memory", of);
	for (tries = 0; tries < 10; tries++) {
		if (tries)
			mm_compact();
		mm_set(HUGEPAGES, "%u\n", nr);
		if (mm_number(HUGEPAGES, "") >= (long long)nr)
			return;
	}
	tries = mm_number(HUGEPAGES, "");
	mm_set(HUGEPAGES, "0\n");
	require(false, "%d huge pages of %u", tries, nr);
}

static void set_up(struct program *p)
{
	if (p->needs && access(p->needs, F_OK))
		give_up(p->name, "no %s", p->needs);
	if (p->thp && access(MM_THP "enabled", F_OK))
		give_up(p->name, "no %s", MM_THP "enabled");
	if (p->page && strtoul(p->page, NULL, 10) * 1024 != mm_page_size())
		give_up(p->name, "it takes pages to be of %s KiB", p->page);
	if (p->hugepages) {
		reserve_huge(p);
		mkdir("huge", 0777);
		require(!mount("hugetlbfs", "huge", "hugetlbfs", 0, NULL),
			"hugetlbfs: %m");
	}
	if (p->swap)
		swapfile_on(p->swap);
	/* A guest has less memory than it takes to be on by default */
	if (p->thp && !mm_word(MM_THP "enabled", thp_before, sizeof(thp_before)))
		mm_set(MM_THP "enabled", "%s\n", p->thp);
}

static void tear_down(struct program *p)
{
	if (p->hugepages) {
		expect(!umount("huge"), "umount: %m");
		mm_set(HUGEPAGES, "0\n");
	}
	if (p->swap)
		expect(!swapfile_off(), "swapoff: %m");
	if (*thp_before)
		mm_set(MM_THP "enabled", "%s\n", thp_before);
}

static void execute(struct program *p, int out)
{
	char path[128], mib[24];
	char **arg;

	snprintf(mib, sizeof(mib), "%lld", p->hugepages *
		 mm_number("/proc/meminfo", "Hugepagesize") / 1024);
	for (arg = p->argv; *arg; arg++)
		if (!strcmp(*arg, "{huge}"))
			*arg = mib;
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

/* A result in KTAP that is bad, for whatever its exit code says. */
static bool is_bad_result(const char *line)
{
	return !strncmp(line, "not ok ", 7) && !strstr(line, "# SKIP") &&
	       !strstr(line, "# TODO") && !strstr(line, "# XFAIL");
}

/* "..., 12 succeed, 4 failed, ..." of transhuge-stress, at the end of a round */
static void count_huge(const char *line)
{
	const char *s = strstr(line, " succeed, ");

	if (!s)
		return;
	while (s > line && strchr("0123456789", s[-1]))
		s--;
	totals.rounds++;
	totals.huge += strtoul(s, NULL, 10);
}

static void read_line(const char *line, bool show)
{
	count_huge(line);
	if (sscanf(line, "# Totals: pass:%u fail:%*u xfail:%*u xpass:%*u skip:%u",
		   &totals.passed, &totals.skipped) == 2)
		totals.known = true;
	expect(!is_bad_result(line), "> %s", line);
	/* gup_benchmark, gup_test: fewer pages than it asked for, which it ends well with */
	expect(!strstr(line, ", truncated (size: "), "> %s", line);
	if (show)
		note("> %s", line);
}

/*
 * Pass on what it prints, without the colours.  Return: false if there is nothing
 * now; at the end of the file the last line need not end.
 */
static bool print_some(int fd, bool show)
{
	static char line[512];
	static bool escape;
	static size_t len;
	char buf[512];
	ssize_t n = read(fd, buf, sizeof(buf));
	ssize_t i;

	for (i = 0; i < n; i++) {
		if (escape)
			escape = buf[i] != 'm';
		else if (buf[i] == '\033')
			escape = true;
		else if (buf[i] != '\n')
			line[len++] = buf[i];
		if (buf[i] == '\n' || len == sizeof(line) - 1) {
			line[len] = '\0';
			read_line(line, show);
			len = 0;
		}
	}
	if (!n && len) {
		line[len] = '\0';
		read_line(line, show);
		len = 0;
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

/* One that makes huge pages for ever has to have ended a round. */
static bool waits_for_round(const struct program *p, time_t end)
{
	return !strcmp(p->end, "alive") && p->thp && !totals.rounds &&
	       time(NULL) < end + ROUND_SECONDS * guest_option("faultline.slow", 1);
}

static void run(const void *arg)
{
	struct program *p = (struct program *)arg;
	bool forever = !strcmp(p->end, "alive");
	unsigned int seconds = p->seconds;
	struct pollfd poll_fd = { .events = POLLIN };
	bool ended = false;
	int fds[2], status;
	time_t end;
	pid_t pid;

	/* How long one runs that does not end is no limit for it */
	if (!forever)
		seconds *= guest_option("faultline.slow", 1);
	mkdir(WORKDIR, 0777);
	chmod(WORKDIR, 0777);
	require(!chdir(WORKDIR), WORKDIR ": %m");
	set_up(p);
	/* The program's own end is to wait for who reads, not to lose what it says */
	require(!pipe2(fds, O_CLOEXEC) &&
		!fcntl(fds[0], F_SETFL, O_NONBLOCK), "pipe: %m");
	end = time(NULL) + seconds + 1;
	pid = fork();
	require(pid >= 0, "fork: %m");
	if (!pid)
		execute(p, fds[1]);
	close(fds[1]);
	poll_fd.fd = fds[0];
	while (!ended && (time(NULL) < end || waits_for_round(p, end))) {
		poll(&poll_fd, 1, 20);
		print_some(fds[0], !forever);
		ended = waitpid(pid, &status, WNOHANG) == pid;
	}
	kill(-pid, SIGKILL);
	if (!ended)
		require(waitpid(pid, &status, 0) == pid, "waitpid: %m");
	while (print_some(fds[0], !forever))
		;

	if (forever) {
		expect(!ended, "ended with status 0x%x", status);
		expect(!p->thp || totals.huge, "no huge page in %u rounds",
		       totals.rounds);
	} else if (!ended) {
		expect(false, "no end after %u s", seconds);
	} else if (WIFSIGNALED(status)) {
		expect(false, "died of signal %d (%s)", WTERMSIG(status),
		       strsignal(WTERMSIG(status)));
	} else {
		expect(is_good(p->end, WEXITSTATUS(status)),
		       "exit status %d, not %s", WEXITSTATUS(status), p->end);
	}
	tear_down(p);
	if (ended && WIFEXITED(status) && WEXITSTATUS(status) == KSFT_SKIP)
		give_up(p->name, "it says so%s", "");
	/* Some end with 0 when they have skipped all, or had nothing to do */
	if (totals.known && !totals.passed && totals.skipped)
		give_up(p->name, "it skips each of its tests%s", "");
	expect(!totals.known || totals.passed, "it ran no test");
}

static int open_log(bool from_now)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	require(fd >= 0, "/dev/kmsg: %m");
	require(lseek(fd, 0, from_now ? SEEK_END : SEEK_SET) >= 0,
		"/dev/kmsg: %m");
	return fd;
}

/*
 * The text of the next record of the kernel's own.  Return: false if there is
 * none yet.
 */
static bool next_record(int fd, char *text, size_t size)
{
	char record[8192], *start;
	ssize_t len;

	/*
	 * EPIPE: some were overwritten, and it goes on behind them.  What was
	 * written to /dev/kmsg, as our report, has another facility than 0.
	 */
	do {
		len = read(fd, record, sizeof(record) - 1);
	} while (len < 0 ? errno == EPIPE || errno == EINTR :
			   strtoul(record, NULL, 10) >> 3);
	require(len >= 0 || errno == EAGAIN, "/dev/kmsg: %m");
	if (len < 0)
		return false;
	record[len] = '\0';
	record[strcspn(record, "\n")] = '\0';
	/* "<level>,<number>,<time>,<flags>;<text>" */
	start = strchr(record, ';');
	snprintf(text, size, "%s", start ? start + 1 : "");
	return true;
}

static void load(const void *arg)
{
	const struct module *m = arg;
	unsigned int passed, failed, results = 0;
	char path[128], text[1024], test[128];
	int fd, log, ret;

	snprintf(path, sizeof(path), "/modules/%s.ko", m->module);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	require(fd >= 0, "%s: %m", path);
	log = open_log(true);
	ret = syscall(SYS_finit_module, fd, m->parameters, 0);
	require(ret && errno == EAGAIN, "%s stays: %m", m->module);
	while (next_record(log, text, sizeof(text))) {
		if (sscanf(text, "Summary: %127s passed: %u failed: %u", test,
			   &passed, &failed) != 3)
			continue;
		results++;
		expect(passed && !failed, "%s: %u passed, %u failed", test,
		       passed, failed);
	}
	expect(results == m->results, "%u results, not %u", results,
	       m->results);
}

/* Is @word one of the comma separated words of @list? */
static bool is_in(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *s;

	for (s = list; s; s = strchr(s, ',')) {
		s += *s == ',';
		if (!strncmp(s, word, len) && (!s[len] || s[len] == ','))
			return true;
	}
	return false;
}

static void boot(const void *arg)
{
	const struct boot *b = arg;
	struct utsname uts;
	char text[1024];
	int log;

	require(!uname(&uts), "uname: %m");
	if (!is_in(b->machines, uts.machine))
		give_up(b->name, "%s has no such test", uts.machine);
	log = open_log(false);
	while (next_record(log, text, sizeof(text))) {
		if (strstr(text, b->text))
			return;
	}
	expect(false, "the kernel's log has no \"%s\"", b->text);
}

static void summary(const void *unused)
{
	fact("selftests.skipped", "%s", **skipped ? *skipped : "none");
}

/*
 * Make a case of a line, which has a word at least.  Return: false when it is not
 * understood.
 */
static bool take_line(struct ktap_case *c, int i, char *line)
{
	if (!strncmp(line, "run ", 4)) {
		if (!parse(&programs[i], line + 4))
			return false;
		*c = (struct ktap_case){ programs[i].name, run, &programs[i],
					 programs[i].seconds + ROUND_SECONDS + 10 };
	} else if (!strncmp(line, "load ", 5)) {
		if (!parse_module(&modules[i], line + 5))
			return false;
		*c = (struct ktap_case){ modules[i].name, load, &modules[i],
					 modules[i].seconds };
	} else {
		if (strncmp(line, "boot ", 5) || !parse_boot(&boots[i], line + 5))
			return false;
		*c = (struct ktap_case){ boots[i].name, boot, &boots[i], 0 };
	}
	return true;
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
		if (!line[strspn(line, " \t")] || !strncmp(line, "omit ", 5))
			continue;
		if (nr == MAX_CASES - 1) {
			fprintf(stderr, LIST ": more than %d\n", nr);
			return 2;
		}
		strcpy(lines[nr], line);
		if (!take_line(&cases[nr], nr, lines[nr])) {
			fprintf(stderr, LIST ":%d: not understood\n", number);
			return 2;
		}
		nr++;
	}
	fclose(f);
	cases[nr].name = "summary";
	cases[nr].run = summary;
	return ktap_main(argc, argv, cases);
}

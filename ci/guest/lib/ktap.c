// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"

#define SECONDS		30
#define EXIT_FAILED	1
#define EXIT_SKIPPED	4

/**
 * struct outcome - what a case tells its parent, in shared memory
 * @failed: an expectation did not hold
 * @why: the first failure, or the reason for the skip
 */
struct outcome {
	bool failed;
	char why[256];
};

static struct outcome *outcome;
static int nr_results;
static long slow = 1;

long guest_option(const char *key, long fallback)
{
	char text[4096], *word, *save;
	size_t len = strlen(key);
	FILE *f = fopen("/proc/cmdline", "re");
	long value = fallback;

	if (!f)
		return fallback;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	for (word = strtok_r(text, "\n ", &save); word;
	     word = strtok_r(NULL, "\n ", &save)) {
		if (!strncmp(word, key, len) && word[len] == '=')
			value = strtol(word + len + 1, NULL, 10);
	}
	return value > 0 ? value : fallback;
}

long long limit_ms(long long ms)
{
	return ms * slow;
}

static void line(const char *head, const char *fmt, va_list ap)
{
	char text[768];

	vsnprintf(text, sizeof(text), fmt, ap);
	printf("# %s%s\n", head, text);
	fflush(stdout);
}

void note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line("", fmt, ap);
	va_end(ap);
}

void fact(const char *name, const char *fmt, ...)
{
	char head[128];
	va_list ap;

	snprintf(head, sizeof(head), "%s: %s=", __func__, name);
	va_start(ap, fmt);
	line(head, fmt, ap);
	va_end(ap);
}

void skip(const char *fmt, ...)
{
	va_list ap;

	/* A failure before weighs more */
	if (outcome->failed)
		_exit(EXIT_FAILED);
	va_start(ap, fmt);
	vsnprintf(outcome->why, sizeof(outcome->why), fmt, ap);
	va_end(ap);
	_exit(EXIT_SKIPPED);
}

bool ktap_check(bool good, bool fatal, const char *file, int lineno,
		const char *fmt, ...)
{
	const char *base = strrchr(file, '/');
	char text[240];
	int saved = errno;
	va_list ap;

	if (good)
		return true;
	errno = saved;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printf("# %s:%d: %s\n", base ? base + 1 : file, lineno, text);
	fflush(stdout);
	if (!outcome->failed) {
		outcome->failed = true;
		snprintf(outcome->why, sizeof(outcome->why), "%s", text);
	}
	if (fatal)
		_exit(EXIT_FAILED);
	return false;
}

void ktap_plan(int nr)
{
	printf("KTAP version 1\n1..%d\n", nr);
	fflush(stdout);
}

void ktap_result(bool good, const char *name, const char *why)
{
	char text[256];
	size_t i;

	snprintf(text, sizeof(text), "%s", why ? why : "");
	/* '#' and newlines have a meaning in a result line */
	for (i = 0; text[i]; i++) {
		if (text[i] == '#' || text[i] == '\n')
			text[i] = ' ';
	}
	printf("%sok %d %s%s%s\n", good ? "" : "not ", ++nr_results, name,
	       text[0] ? " # " : "", text);
	fflush(stdout);
}

static bool wait_for(pid_t pid, unsigned int seconds, int *status)
{
	struct timespec ts = { .tv_nsec = 50000000 };
	struct timespec start, now;
	sigset_t chld;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (waitpid(pid, status, WNOHANG) != pid) {
		sigtimedwait(&chld, NULL, &ts);
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec - start.tv_sec > (time_t)seconds)
			return false;
	}
	return true;
}

/*
 * A child has none of its parent's file mappings filled in.  Fault in all of the
 * program, so that cases which count faults count none of these.
 */
static void prefault(void)
{
	const char *p;

	for (p = &__executable_start; p < &etext; p += 1024)
		__atomic_load_n(p, __ATOMIC_RELAXED);
}

static bool run_case(const struct ktap_case *c)
{
	unsigned int seconds = (c->seconds ? c->seconds : SECONDS) * slow;
	char why[300] = "";
	bool good = false;
	sigset_t chld;
	int status;
	pid_t pid;

	memset(outcome, 0, sizeof(*outcome));
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);

	pid = fork();
	if (!pid) {
		sigprocmask(SIG_UNBLOCK, &chld, NULL);
		setpgid(0, 0);
		prefault();
		c->run(c->arg);
		fflush(NULL);
		_exit(outcome->failed ? EXIT_FAILED : 0);
	}
	if (pid < 0) {
		snprintf(why, sizeof(why), "fork: %s", strerror(errno));
	} else if (!wait_for(pid, seconds, &status)) {
		kill(-pid, SIGKILL);
		snprintf(why, sizeof(why), "no end after %u s", seconds);
		/* One stuck in the kernel is for init to find */
		waitpid(pid, &status, 0);
	} else if (WIFSIGNALED(status)) {
		snprintf(why, sizeof(why), "died of signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	} else if (WEXITSTATUS(status) == EXIT_SKIPPED) {
		snprintf(why, sizeof(why), "SKIP %s", outcome->why);
		good = true;
	} else {
		good = !WEXITSTATUS(status) && !outcome->failed;
		if (!good)
			snprintf(why, sizeof(why), "%s", outcome->why);
	}
	if (pid > 0)
		kill(-pid, SIGKILL);
	ktap_result(good, c->name, why);
	return good;
}

static const struct ktap_case *find(const struct ktap_case *cases,
				    const char *name)
{
	for (; cases->name; cases++) {
		if (!strcmp(cases->name, name))
			return cases;
	}
	return NULL;
}

int ktap_main(int argc, char **argv, const struct ktap_case *cases)
{
	const struct ktap_case *c;
	bool good = true;
	int nr = 0;
	int i;

	outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (outcome == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	slow = guest_option("faultline.slow", 1);
	for (i = 1; i < argc; i++) {
		if (!find(cases, argv[i])) {
			fprintf(stderr, "%s: no such case\n", argv[i]);
			return 2;
		}
	}
	for (c = cases; c->name; c++)
		nr++;
	ktap_plan(argc > 1 ? argc - 1 : nr);
	for (i = 1; i < argc; i++)
		good &= run_case(find(cases, argv[i]));
	for (c = cases; argc < 2 && c->name; c++)
		good &= run_case(c);
	return good ? 0 : 1;
}

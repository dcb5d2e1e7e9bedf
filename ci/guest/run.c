// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kmsg.h"
#include "run.h"
#include "subtest.h"

/*
 * How long a program may take, and a killed process to go.  The longest, race, has
 * 14 cases that wait for 20 s each when the host is busy.
 */
#define SECONDS		300
#define GRACE		5

/**
 * struct stream - one output of the program
 * @fd: read end of the pipe, -1 after the end of file
 * @ktap: whether its lines may be KTAP (standard output) or not
 * @len: bytes in @line
 * @dropped: bytes of this line that did not fit into @line
 * @line: the line being read
 */
struct stream {
	int fd;
	bool ktap;
	size_t len;
	size_t dropped;
	char line[4096];
};

static void end_of_line(struct stream *s, struct subtest *t)
{
	if (s->len && s->line[s->len - 1] == '\r')
		s->len--;
	s->line[s->len] = '\0';
	if (s->ktap && !s->dropped)
		subtest_line(t, s->line);
	else if (s->dropped)
		kmsg("  # > %.800s [cut %zu bytes]", s->line,
		     s->len > 800 ? s->dropped + s->len - 800 : s->dropped);
	else
		kmsg("  # > %s", s->line);
	s->len = 0;
	s->dropped = 0;
}

static void take(struct stream *s, struct subtest *t)
{
	char buf[4096];
	ssize_t n = read(s->fd, buf, sizeof(buf));
	ssize_t i;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	for (i = 0; i < n; i++) {
		if (buf[i] == '\n')
			end_of_line(s, t);
		else if (s->len < sizeof(s->line) - 1)
			s->line[s->len++] = buf[i] ? buf[i] : '?';
		else
			s->dropped++;
	}
	if (n > 0)
		return;
	if (s->len)
		end_of_line(s, t);
	close(s->fd);
	s->fd = -1;
}

static pid_t start(const char *name, int out, int err)
{
	char path[256];
	char *one_case;
	pid_t pid;

	snprintf(path, sizeof(path), "/tests/%s", name);
	one_case = strchr(path, '.');
	if (one_case)
		*one_case++ = '\0';

	pid = fork();
	if (pid)
		return pid;

	setpgid(0, 0);
	dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	execl(path, path, one_case, NULL);
	dprintf(STDERR_FILENO, "%s: %s\n", path, strerror(errno));
	_exit(127);
}

/*
 * Reap what has ended.  @ended and @status are set when @pid is among it.
 * Returns false once no child is left.
 */
static bool reap(pid_t pid, bool *ended, int *status)
{
	int st;
	pid_t p;

	while ((p = waitpid(-1, &st, WNOHANG)) > 0) {
		if (p == pid) {
			*status = st;
			*ended = true;
		}
	}
	return !p;
}

/* End every process but ourselves; true when all of them are gone. */
static bool kill_all(pid_t pid, unsigned int slow, bool *ended, int *status)
{
	long long end = now_ms() + GRACE * 1000LL * slow;

	do {
		if (getpid() == 1)
			kill(-1, SIGKILL);
		else
			kill(-pid, SIGKILL);
		if (!reap(pid, ended, status))
			return true;
		usleep(2000);
	} while (now_ms() < end);
	return false;
}

/* Judge a program that has ended; @reason is why it is bad. */
static bool judge(const struct subtest *t, int status, char *reason,
		  size_t size)
{
	bool good = subtest_verdict(t, reason, size);
	size_t len = good ? 0 : strlen(reason);

	/* A test whose cases failed exits with 1, which adds nothing */
	if (!status || (!good && t->failed && WIFEXITED(status)))
		return good;
	if (!good)
		len += snprintf(reason + len, size - len, ", ");
	if (WIFSIGNALED(status))
		snprintf(reason + len, size - len, "died of signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(reason + len, size - len, "exit status %d",
			 WEXITSTATUS(status));
	return false;
}

/* Ask the kernel where the stuck tasks are; the answer is in its log. */
static void show_blocked_tasks(void)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "w", 1) != 1)
		kmsg("# cannot list the blocked tasks: %s", strerror(errno));
	close(fd);
}

/* Pass output on until the program ends or @end has passed. */
static bool follow(struct stream *streams, struct subtest *t, pid_t pid,
		   long long end, int *status)
{
	struct pollfd fds[2];
	bool ended = false;
	int i;

	while (!ended && now_ms() < end) {
		for (i = 0; i < 2; i++) {
			fds[i].fd = streams[i].fd;
			fds[i].events = POLLIN;
			fds[i].revents = 0;
		}
		/* A program may close its outputs, or end and leave them open */
		poll(fds, 2, 20);
		reap(pid, &ended, status);
		for (i = 0; i < 2; i++) {
			if (fds[i].revents)
				take(&streams[i], t);
		}
	}
	return ended;
}

bool run_test(int number, const char *name, unsigned int slow)
{
	struct stream streams[2] = { { .ktap = true }, { .ktap = false } };
	char reason[160];
	bool ended, killed, gone, good = false;
	int out[2], err[2], status = 0, i;
	struct subtest t;
	pid_t pid;

	subtest_init(&t, name);
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) {
		kmsg("not ok %d %s # pipe: %s", number, name, strerror(errno));
		return true;
	}
	pid = start(name, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	streams[0].fd = out[0];
	streams[1].fd = err[0];
	if (pid < 0) {
		kmsg("not ok %d %s # fork: %s", number, name, strerror(errno));
		killed = true;
		goto out_close;
	}

	ended = follow(streams, &t, pid, now_ms() + SECONDS * 1000LL * slow,
		       &status);
	if (!ended)
		snprintf(reason, sizeof(reason), "no end after %u s",
			 SECONDS * slow);
	killed = kill_all(pid, slow, &gone, &status);

	/* What is still in the pipes; nobody is left to add to it */
	for (i = 0; i < 2; i++) {
		if (streams[i].fd >= 0)
			fcntl(streams[i].fd, F_SETFL, O_NONBLOCK);
		while (streams[i].fd >= 0 && killed)
			take(&streams[i], &t);
	}

	if (!killed) {
		show_blocked_tasks();
		snprintf(reason, sizeof(reason),
			 "does not die %u s after SIGKILL: stuck in the kernel",
			 GRACE * slow);
	} else if (ended) {
		good = judge(&t, status, reason, sizeof(reason));
	}

	if (!good)
		kmsg("not ok %d %s # %s", number, name, reason);
	else if (t.skipped == t.plan)
		kmsg("ok %d %s # SKIP every case was skipped", number, name);
	else
		kmsg("ok %d %s", number, name);
out_close:
	for (i = 0; i < 2; i++) {
		if (streams[i].fd >= 0)
			close(streams[i].fd);
	}
	return killed;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Run one guest: everything that happens comes through watch_step(), which
 * reads the console, QMP and signals. The console is read all the time, also
 * while an answer is awaited, for a full pipe would stop QEMU.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "console.h"
#include "qmp.h"
#include "run.h"
#include "stacks.h"

/* All in milliseconds. */
#define ANSWER_MS 30000		/* QEMU's greeting and answers; hosts are busy */
#define CRASH_QUIET_MS 3000	/* an oops is over when this long nothing comes */
#define CRASH_GRACE_MS 10000	/* ... or at the latest after this */
#define NMI_QUIET_MS 2000	/* the same for what an NMI makes a guest say */
#define NMI_GRACE_MS 5000
#define END_MS 10000		/* from SHUTDOWN to QEMU's end */
#define QUIT_MS 3000		/* from "quit" to QEMU's end; then it is killed */
#define DRAIN_MS 1000		/* from QEMU's end to the end of its output */
#define ECHO_MS 10000		/* for whom the console is passed on to, to take some */
#define STALL_MS 1500		/* between two looks: it was us who did not run */

struct watch {
	struct run *run;
	struct qemu qemu;
	struct qmp qmp;
	struct console console;
	struct run_end end;
	int log;		/* console.log */
	FILE *diagnosis;	/* receives the console too, once it is open */
	long long log_bytes;
	long long started;	/* "cont" was sent */
	long long last_output;
	long long crash_at;
	long long shutdown_at;
	long long exited_at;
	long long looked;	/* the end of the last round of watch_step() */
	bool console_eof;
	bool over;		/* the verdict's evidence is complete */
	bool failed;		/* our side failed: end.why says how */
};

static void __printf(2, 3) infra(struct watch *w, const char *fmt, ...)
{
	char what[1024];
	va_list ap;

	if (w->failed || w->over)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	w->failed = true;
	w->end.kind = END_INFRA;
	sb_reset(&w->end.why);
	sb_addf(&w->end.why, "%s", what);
}

static char *path_in(const struct run *run, const char *name)
{
	struct sbuf sb = {};

	sb_addf(&sb, "%s/%s%s", run->dir, run->prefix, name);
	return sb.s;
}

static void on_line(void *ctx, const char *line, unsigned int flags)
{
	struct watch *w = ctx;
	struct run *run = w->run;
	enum ktap_kind kind;

	if (w->over)
		return;
	kind = judge_line(&run->judge, line, flags);
	if (run->boot_ms < 0 && kind != KTAP_NONE && kind != KTAP_COMMENT)
		run->boot_ms = now_ms() - w->started;
	if (!run->judge.crash_line)
		w->crash_at = 0;
	else if (!w->crash_at)
		w->crash_at = now_ms();
}

static void on_event(void *ctx, const char *name, json_t *data)
{
	struct watch *w = ctx;
	const char *reason;

	if (!strcmp(name, "SHUTDOWN") && !w->shutdown_at) {
		reason = json_string_value(json_object_get(data, "reason"));
		snprintf(w->end.shutdown, sizeof(w->end.shutdown), "%s",
			 reason ? reason : "unknown");
		w->shutdown_at = now_ms();
	} else if (!strcmp(name, "BLOCK_IO_ERROR") &&
		   json_is_true(json_object_get(data, "nospace"))) {
		infra(w, "no space on the host for the snapshot of the disk (TMPDIR)");
	}
}

static void log_write(struct watch *w, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(w->log, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			infra(w, "cannot write %s/%sconsole.log: %s",
			      w->run->dir, w->run->prefix, strerror(errno));
			return;
		}
		data += n;
		len -= n;
	}
}

/*
 * Pass the console on. Whoever reads that, a pager that stands still, must keep
 * neither a signal nor the guest waiting: it gets no more then.
 */
static void echo(struct watch *w, const char *data, size_t len)
{
	struct pollfd fds[2] = {
		{ .fd = STDERR_FILENO, .events = POLLOUT },
		{ .fd = w->run->signals, .events = POLLIN },
	};
	ssize_t n;
	int null;

	while (len && w->run->echo) {
		if (poll(fds, 2, ECHO_MS) <= 0 || !(fds[0].revents & POLLOUT)) {
			w->run->echo = false;
			/* nor must what else there is to say */
			null = open("/dev/null", O_WRONLY | O_CLOEXEC);
			dup2(null, STDERR_FILENO);
			close(null);
			return;
		}
		/* so many go into a pipe that takes any */
		n = write(STDERR_FILENO, data, len < PIPE_BUF ? len : PIPE_BUF);
		if (n <= 0) {
			w->run->echo = false;
			return;
		}
		data += n;
		len -= n;
	}
}

static void read_console(struct watch *w)
{
	long long room = w->run->log_max * 1024LL * 1024 - w->log_bytes;
	char buf[65536];
	ssize_t n = read(w->qemu.console, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		w->console_eof = true;
		return;
	}
	w->last_output = now_ms();
	if (n > room)
		n = room;
	w->log_bytes += n;
	log_write(w, buf, n);
	echo(w, buf, n);
	if (w->diagnosis)
		fwrite(buf, 1, n, w->diagnosis);
	console_feed(&w->console, buf, n);
	if (n == room && !w->over && !w->failed) {
		w->end.kind = END_FLOOD;
		w->end.seconds = w->run->log_max;
		w->over = true;
	}
}

static void read_signals(struct watch *w)
{
	struct signalfd_siginfo si;

	while (read(w->run->signals, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			continue;
		w->run->interrupted = si.ssi_signo;
		infra(w, "vmrun was interrupted (%s)",
		      strsignal(si.ssi_signo));
	}
}

static void read_qmp(struct watch *w)
{
	struct sbuf err = {};
	int ret = qmp_read(&w->qmp, &err);

	if (ret < 0)
		infra(w, "%s", sb_str(&err));
	if (ret)
		qmp_close(&w->qmp);
	sb_free(&err);
}

/*
 * Time in which we did not run, or could not write down what there was, is no
 * time in which the guest was silent, or had to be done.
 */
static void allow_for_stall(struct watch *w, long long wait)
{
	long long *times[] = { &w->started, &w->last_output, &w->crash_at,
			       &w->shutdown_at, &w->exited_at };
	long long now = now_ms(), lost = now - w->looked - wait;

	if (w->looked && lost > STALL_MS) {
		for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
			if (*times[i])
				*times[i] = *times[i] + lost < now ? *times[i] + lost : now;
		}
	}
	w->looked = now;
}

/* Take what happens until the deadline, but only one round of it. */
static void watch_step(struct watch *w, long long deadline)
{
	struct pollfd fds[] = {
		{ .fd = w->console_eof ? -1 : w->qemu.console, .events = POLLIN },
		{ .fd = w->qmp.fd, .events = POLLIN },
		{ .fd = w->run->signals, .events = POLLIN },
	};
	long long wait = deadline - now_ms();

	/* a lost SIGCHLD must not cost more than a moment */
	if (wait > 500)
		wait = 500;
	if (wait < 0)
		wait = 0;
	if (poll(fds, ARRAY_SIZE(fds), wait) > 0) {
		if (fds[2].revents)
			read_signals(w);
		if (fds[1].revents)
			read_qmp(w);
		if (fds[0].revents)
			read_console(w);
	}
	if (!w->exited_at && qemu_reap(&w->qemu, &w->end.status))
		w->exited_at = now_ms();
	allow_for_stall(w, wait);
}

static bool gone(const struct watch *w)
{
	return w->exited_at && (w->console_eof ||
				now_ms() > w->exited_at + DRAIN_MS);
}

/* Send a command and wait for its answer; NULL when there is none. */
static json_t *command(struct watch *w, const char *name, json_t *arguments)
{
	long long deadline = now_ms() + ANSWER_MS;
	struct sbuf err = {};
	int ret;

	ret = qmp_send(&w->qmp, name, arguments, &err);
	sb_free(&err);
	if (ret)
		return NULL;
	while (!w->qmp.reply && w->qmp.fd >= 0 && !w->run->interrupted &&
	       now_ms() < deadline)
		watch_step(w, deadline);
	return w->qmp.reply;
}

/* The last line QEMU wrote to stderr says best why it ended. */
static void last_words(struct watch *w, struct sbuf *sb)
{
	char *path = path_in(w->run, "qemu.log");
	char line[512], last[512] = "";
	FILE *f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\r\n")] = '\0';
		if (*line)
			strcpy(last, line);
	}
	if (f)
		fclose(f);
	free(path);
	if (*last)
		sb_addf(sb, "%s", last);
}

/* From the start of QEMU to the start of the guest. */
static bool start_guest(struct watch *w)
{
	long long deadline = now_ms() + ANSWER_MS;
	struct sbuf words = {};

	while (!w->qmp.version && !w->failed && w->qmp.fd >= 0 &&
	       now_ms() < deadline)
		watch_step(w, deadline);
	if (w->qmp.version && command(w, "qmp_capabilities", NULL) &&
	    json_object_get(w->qmp.reply, "return")) {
		w->started = now_ms();
		w->last_output = w->started;
		command(w, "cont", NULL);
		/* a guest may be so quick that the answer is lost */
		if (json_object_get(w->qmp.reply, "return") || w->shutdown_at)
			return true;
	}
	/* let a QEMU that is about to end say why */
	deadline = now_ms() + DRAIN_MS;
	while (!gone(w) && !w->failed && now_ms() < deadline)
		watch_step(w, deadline);
	last_words(w, &words);
	if (w->exited_at && WIFEXITED(w->end.status))
		infra(w, "QEMU ended with status %d before the guest started: %s",
		      WEXITSTATUS(w->end.status), sb_str(&words));
	else if (w->exited_at)
		infra(w, "QEMU was killed by signal %d before the guest started: %s",
		      WTERMSIG(w->end.status), sb_str(&words));
	else
		infra(w, "QMP: QEMU did not answer as expected: %s",
		      sb_str(&words));
	sb_free(&words);
	return false;
}

static bool passed(long long now, long long since, long long limit)
{
	return since && now - since >= limit;
}

/* Watch the guest until its evidence is complete. */
static void watch_guest(struct watch *w)
{
	const struct run *run = w->run;
	long long silence = run->silence * 1000LL;
	long long timeout = run->timeout * 1000LL;

	while (!w->over && !w->failed) {
		long long now = now_ms();
		long long until = w->started + timeout;

		if (gone(w)) {
			w->end.kind = END_EXITED;
			return;
		}
		if (w->crash_at) {
			if (passed(now, w->last_output, CRASH_QUIET_MS) ||
			    passed(now, w->crash_at, CRASH_GRACE_MS)) {
				w->end.kind = END_CRASH;
				return;
			}
			until = w->last_output + CRASH_QUIET_MS;
		} else if (w->exited_at) {
			until = w->exited_at + DRAIN_MS;
		} else if (w->shutdown_at) {
			if (passed(now, w->shutdown_at, END_MS))
				infra(w, "QEMU still there %d s after the shutdown (%s)",
				      END_MS / 1000, w->end.shutdown);
			until = w->shutdown_at + END_MS;
		} else if (passed(now, w->started, timeout)) {
			w->end.kind = END_TIMEOUT;
			w->end.seconds = run->timeout;
			return;
		} else if (passed(now, w->last_output, silence)) {
			w->end.kind = END_SILENCE;
			w->end.seconds = run->silence;
			return;
		} else if (until > w->last_output + silence) {
			until = w->last_output + silence;
		}
		watch_step(w, until);
	}
}

/*
 * Ask QEMU something. With a title, question and answer are written down.
 * Returns the text of the answer, or NULL when it is none.
 */
static char *ask(struct watch *w, const char *title, const char *name,
		 json_t *arguments)
{
	json_t *reply = command(w, name, arguments);
	json_t *error = json_object_get(reply, "error");
	json_t *value = json_object_get(reply, "return");
	const char *text = json_string_value(value);
	char *answer = text ? xstrdup(text) : NULL;
	struct sbuf what = {};

	if (error) {
		text = json_string_value(json_object_get(error, "desc"));
		sb_addf(&what, "refused: %s\n", text ? text : "?");
	} else if (answer) {
		for (text = answer; *text; text++)
			if (*text != '\r')
				sb_add(&what, text, 1);
	} else {
		sb_addf(&what, "%s\n", value ? "done" : "no answer");
		/* a QEMU that does not answer once is not asked again */
		if (!value)
			qmp_close(&w->qmp);
	}
	if (title)
		fprintf(w->diagnosis, "\n== %s\n%s", title, sb_str(&what));
	sb_free(&what);
	return answer;
}

/* A line for QEMU's monitor. */
static char *ask_monitor(struct watch *w, const char *title, const char *line)
{
	return ask(w, title, "human-monitor-command",
		   json_pack("{s:s}", "command-line", line));
}

static void select_cpu(void *ctx, unsigned int cpu)
{
	char line[40];

	snprintf(line, sizeof(line), "cpu %u", cpu);
	free(ask_monitor(ctx, NULL, line));
}

/* "ffff80001000be10: 0xffff80001000be30"; anything else is no such memory. */
static bool read_word(void *ctx, unsigned long long address,
		      unsigned long long *word)
{
	char line[60], *answer, *colon;
	bool good = false;

	snprintf(line, sizeof(line), "x /1gx 0x%llx", address);
	answer = ask_monitor(ctx, NULL, line);
	colon = answer ? strstr(answer, ": 0x") : NULL;
	if (colon) {
		*word = strtoull(colon + 2, NULL, 16);
		good = true;
	}
	free(answer);
	return good;
}

/* Where every CPU is: written down, and the trace of this hang. */
static void walk_stacks(struct watch *w, const char *registers)
{
	struct run *run = w->run;
	struct strvec *lines = &run->judge.trace.lines;
	struct stacks s = {
		.arch = run->boot.machine->arch, .symbols = run->symbols,
		.select = select_cpu, .read = read_word, .ctx = w,
	};

	if (!registers || !run->symbols)
		return;
	trace_reset(&run->judge.trace);
	stacks_walk(&s, registers, lines);
	fprintf(w->diagnosis, "\n== stacks of all CPUs\n");
	for (size_t i = 0; i < lines->n; i++)
		fprintf(w->diagnosis, "%s\n", lines->v[i]);
}

/* With the guest held, so that it does not move meanwhile. */
static void look_inside(struct watch *w)
{
	char *registers;

	free(ask(w, NULL, "stop", NULL));
	free(ask_monitor(w, "info cpus", "info cpus"));
	registers = ask_monitor(w, "info registers -a", "info registers -a");
	walk_stacks(w, registers);
	free(registers);
	free(ask(w, NULL, "cont", NULL));
}

/* A hang: keep what can still be learnt, in diagnosis.txt. */
static void diagnose(struct watch *w)
{
	char *path = path_in(w->run, "diagnosis.txt");
	long long asked;

	w->diagnosis = fopen(path, "we");
	if (!w->diagnosis) {
		fprintf(stderr, "vmrun: cannot write %s: %s\n", path,
			strerror(errno));
		free(path);
		return;
	}
	fprintf(w->diagnosis, "%s; last line: %s\n",
		w->end.kind == END_SILENCE ? "silence" : "timeout",
		sb_str(&w->run->judge.last));
	look_inside(w);
	free(ask(w, "inject-nmi", "inject-nmi", NULL));
	fprintf(w->diagnosis, "\n== console after that\n");
	asked = now_ms();
	w->last_output = asked;
	while (!gone(w) && !w->failed && !w->run->interrupted &&
	       !passed(now_ms(), asked, NMI_GRACE_MS) &&
	       !passed(now_ms(), w->last_output, NMI_QUIET_MS))
		watch_step(w, w->last_output + NMI_QUIET_MS);
	if (fclose(w->diagnosis))
		fprintf(stderr, "vmrun: cannot write %s: %s\n", path,
			strerror(errno));
	w->diagnosis = NULL;
	free(path);
}

/* End QEMU: ask, and if it does not, kill. */
static void end_qemu(struct watch *w)
{
	long long deadline = now_ms() + QUIT_MS;
	struct sbuf err = {};

	if (!w->exited_at && !w->run->interrupted && w->qmp.version &&
	    !qmp_send(&w->qmp, "quit", NULL, &err))
		while (!w->exited_at && !w->run->interrupted &&
		       now_ms() < deadline)
			watch_step(w, deadline);
	sb_free(&err);
	qemu_kill(&w->qemu);
}

static bool open_log(struct watch *w)
{
	char *path = path_in(w->run, "console.log");

	w->log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (w->log < 0)
		infra(w, "cannot write %s: %s", path, strerror(errno));
	free(path);
	return w->log >= 0;
}

static void watch_qemu(struct watch *w)
{
	struct run *run = w->run;
	char *messages = path_in(run, "qemu.log");
	struct sbuf err = {};

	if (qemu_command(&run->argv, &run->boot, &err) ||
	    qemu_start(&w->qemu, &run->argv, messages, &err)) {
		infra(w, "%s", sb_str(&err));
	} else {
		w->qmp.fd = w->qemu.qmp;
		if (start_guest(w))
			watch_guest(w);
		console_flush(&w->console);
		if (w->started)
			run->total_ms = now_ms() - w->started;
		w->over = true;
		if (!w->failed && !run->judge.crash_line &&
		    (w->end.kind == END_SILENCE || w->end.kind == END_TIMEOUT))
			diagnose(w);
		if (w->end.kind == END_EXITED)
			last_words(w, &w->end.why);
		end_qemu(w);
		if (w->qmp.version)
			run->version = xstrdup(w->qmp.version);
		qmp_free(&w->qmp);
	}
	sb_free(&err);
	free(messages);
}

/**
 * run_guest() - run one guest and judge it
 * @run: inputs set, the rest zero; the result is in it. run_free() it.
 *
 * No QEMU is left when this returns.
 */
void run_guest(struct run *run)
{
	struct watch w = {
		.run = run,
		.qmp = { .fd = -1, .event = on_event },
		.console = { .line = on_line },
		.end = { .kind = END_INFRA },
	};

	w.qmp.ctx = &w;
	w.console.ctx = &w;
	run->boot_ms = -1;
	judge_init(&run->judge, run->patterns, run->boot.nonce);
	run->judge.known = run->known;
	/* sifive_test, the switch of QEMU's riscv boards, just calls exit() */
	w.end.silent_off = !strncmp(run->boot.machine->arch, "riscv", 5);
	if (open_log(&w)) {
		watch_qemu(&w);
		close(w.log);
	}
	run->verdict = judge_verdict(&run->judge, &w.end, &run->reason);
	ktap_finish(&run->judge.ktap);
	console_free(&w.console);
	sb_free(&w.end.why);
}

/**
 * run_free() - free what run_guest() allocated
 * @run: run
 */
void run_free(struct run *run)
{
	sv_free(&run->argv);
	judge_free(&run->judge);
	sb_free(&run->reason);
	free(run->version);
	run->version = NULL;
}

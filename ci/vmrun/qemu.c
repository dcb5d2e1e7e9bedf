// SPDX-License-Identifier: GPL-2.0
/* The QEMU command, and the process. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qemu.h"

/* Descriptors kept from QEMU_QMP_FD's way. */
#define HIGH_FD 10

/*
 * The longest command line a kernel keeps: COMMAND_LINE_SIZE is 896 on s390 up
 * to 5.10, 1024 on arm and riscv, and 2048 on arm64, powerpc and x86. A cut one
 * would lose words silently.
 */
static size_t cmdline_max(const char *arch)
{
	if (!strncmp(arch, "s390", 4))
		return 895;
	if (!strcmp(arch, "arm") || !strncmp(arch, "riscv", 5))
		return 1023;
	return 2047;
}

static int kernel_cmdline(struct sbuf *sb, const struct boot *b,
			  struct sbuf *err)
{
	const struct machine *m = b->machine;

	/*
	 * panic=-1: reboot at once, which -no-reboot turns into the end.
	 * printk.devkmsg=on: no rate limit for what the guest's init writes.
	 */
	sb_addf(sb, "console=%s loglevel=7 printk.devkmsg=on panic=-1",
		m->console);
	if (*m->cmdline)
		sb_addf(sb, " %s", m->cmdline);
	sb_addf(sb, " faultline.nonce=%s", b->nonce);
	if (b->disk)
		sb_addf(sb, " faultline.disk=1");
	if (m->slow > 1)
		sb_addf(sb, " faultline.slow=%u", m->slow);
	if (b->tests)
		sb_addf(sb, " faultline.tests=%s", b->tests);
	if (b->append && *b->append)
		sb_addf(sb, " %s", b->append);
	if (sb->len > cmdline_max(m->arch)) {
		sb_addf(err, "the kernel command line has %zu bytes; %s takes %zu",
			sb->len, m->arch, cmdline_max(m->arch));
		return -1;
	}
	return 0;
}

/* QEMU's option parser wants a comma in a value doubled. */
static void add_disk(struct strvec *argv, const char *file, const char *model)
{
	struct sbuf sb = {};

	sb_addf(&sb, "if=none,id=disk0,format=raw,snapshot=on,file=");
	for (; *file; file++)
		sb_addf(&sb, *file == ',' ? ",," : "%c", *file);
	sv_add(argv, "-drive");
	sv_add(argv, sb_str(&sb));
	sv_add(argv, "-device");
	sv_addf(argv, "%s,drive=disk0", model);
	sb_free(&sb);
}

/**
 * qemu_command() - the whole command, as a person can run it
 * @argv: receives the words
 * @boot: what to boot
 * @err: receives what is wrong
 *
 * The console is on stdin and stdout. What vmrun alone needs (QMP) is added
 * by qemu_start().
 *
 * Return: 0, or -1 with @err set.
 */
int qemu_command(struct strvec *argv, const struct boot *boot,
		 struct sbuf *err)
{
	const struct machine *m = boot->machine;
	struct sbuf cmdline = {};
	int ret;

	sv_add(argv, m->qemu);
	sv_words(argv, m->board);
	sv_add(argv, "-accel");
	sv_add(argv, boot->kvm ? "kvm" : "tcg");
	sv_add(argv, "-m");
	sv_addf(argv, "%u", m->memory);
	sv_add(argv, "-smp");
	sv_addf(argv, "%u", m->cpus);
	sv_words(argv, "-nodefaults -no-user-config -display none -no-reboot -serial stdio");
	sv_add(argv, "-kernel");
	sv_add(argv, boot->kernel);
	sv_add(argv, "-initrd");
	sv_add(argv, boot->initrd);
	if (boot->disk)
		add_disk(argv, boot->disk, m->disk);
	ret = kernel_cmdline(&cmdline, boot, err);
	sv_add(argv, "-append");
	sv_add(argv, sb_str(&cmdline));
	sb_free(&cmdline);
	return ret;
}

/**
 * qemu_quote() - words as one line for a POSIX shell
 * @sb: receives the line
 * @argv: words
 */
void qemu_quote(struct sbuf *sb, const struct strvec *argv)
{
	for (size_t i = 0; i < argv->n; i++) {
		const char *s = argv->v[i];
		/* a "=" in the first word would make it an assignment */
		bool plain = *s && !s[name_span(s, "_-+=:,./@%^")] &&
			     (i || !strchr(s, '='));

		if (i)
			sb_add(sb, " ", 1);
		if (plain) {
			sb_addf(sb, "%s", s);
			continue;
		}
		sb_add(sb, "'", 1);
		for (; *s; s++) {
			if (*s == '\'')
				sb_addf(sb, "'\\''");
			else
				sb_add(sb, s, 1);
		}
		sb_add(sb, "'", 1);
	}
}

struct child_fds {
	int in;
	int out;
	int err;
	int qmp;
	int report;
};

/* In the child: becomes QEMU, or reports errno and ends. */
static void __noreturn become(char **argv, const struct child_fds *fds,
			      pid_t parent)
{
	sigset_t none;
	int error;

	/* QEMU dies with vmrun, whatever ends vmrun; the check is for the
	 * parent that died before the call
	 */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_INFRA);
	/* a group of its own: a ^C is for vmrun, which ends QEMU */
	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(fds->in, 0) == 0 && dup2(fds->out, 1) == 1 &&
	    dup2(fds->err, 2) == 2 && dup2(fds->qmp, QEMU_QMP_FD) >= 0)
		execvp(argv[0], argv);
	error = errno;
	if (write(fds->report, &error, sizeof(error)) < 0)
		_exit(EXIT_INFRA);
	_exit(EXIT_INFRA);
}

/* Move a descriptor out of the way of 0 to QEMU_QMP_FD in the child. */
static int high(int fd)
{
	int moved;

	if (fd < 0)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);
	close(fd);
	return moved;
}

static bool high_pair(int pair[2])
{
	pair[0] = high(pair[0]);
	pair[1] = high(pair[1]);
	return pair[0] >= 0 && pair[1] >= 0;
}

static void close_all(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* Wait until the child has become QEMU; its errno when it could not. */
static int child_error(int fd)
{
	int error = 0;
	ssize_t n;

	do {
		n = read(fd, &error, sizeof(error));
	} while (n < 0 && errno == EINTR);
	return n == sizeof(error) ? error : 0;
}

/**
 * qemu_start() - start QEMU, its guest not yet running
 * @q: result
 * @argv: command from qemu_command()
 * @stderr_path: file for QEMU's own messages
 * @err: receives what went wrong
 *
 * QEMU gets the kernel's promise that it dies when vmrun does. The guest is
 * held (-S) until QMP's "cont", so that no event can be missed.
 *
 * Return: 0, or -1 with @err set and nothing left behind.
 */
int qemu_start(struct qemu *q, const struct strvec *argv,
	       const char *stderr_path, struct sbuf *err)
{
	int fds[] = { -1, -1, -1, -1, -1, -1, -1, -1, -1 };
	int *in = fds, *out = fds + 2, *qmp = fds + 4, *report = fds + 6;
	struct child_fds child;
	struct strvec full = {};
	pid_t parent = getpid();
	int error;

	memset(q, 0, sizeof(*q));
	fds[8] = high(open(stderr_path,
			   O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
	if (fds[8] < 0) {
		sb_addf(err, "cannot write %s: %s", stderr_path,
			strerror(errno));
		return -1;
	}
	if (pipe2(in, O_CLOEXEC) || !high_pair(in) ||
	    pipe2(out, O_CLOEXEC) || !high_pair(out) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qmp) ||
	    !high_pair(qmp) || pipe2(report, O_CLOEXEC) || !high_pair(report) ||
	    !set_nonblock(out[0]) || !set_nonblock(qmp[0])) {
		sb_addf(err, "cannot make pipes for QEMU: %s", strerror(errno));
		close_all(fds, ARRAY_SIZE(fds));
		return -1;
	}

	for (size_t i = 0; i < argv->n; i++)
		sv_add(&full, argv->v[i]);
	sv_addf(&full, "-chardev");
	sv_addf(&full, "socket,id=qmp,fd=%d", QEMU_QMP_FD);
	sv_words(&full, "-mon chardev=qmp,mode=control -S");

	child = (struct child_fds) {
		.in = in[0], .out = out[1], .err = fds[8],
		.qmp = qmp[1], .report = report[1],
	};
	q->pid = fork();
	if (q->pid == 0)
		become(full.v, &child, parent);
	error = errno;
	close(report[1]);
	report[1] = -1;
	if (q->pid > 0)
		error = child_error(report[0]);
	sv_free(&full);
	if (q->pid < 0 || error) {
		if (q->pid > 0)
			waitpid(q->pid, NULL, 0);
		q->pid = 0;
		sb_addf(err, "cannot start '%s': %s", argv->v[0],
			strerror(error));
		close_all(fds, ARRAY_SIZE(fds));
		return -1;
	}
	q->input = in[1];
	q->console = out[0];
	q->qmp = qmp[0];
	close(in[0]);
	close(out[1]);
	close(qmp[1]);
	close(report[0]);
	close(fds[8]);
	return 0;
}

/**
 * qemu_reap() - has QEMU ended?
 * @q: QEMU
 * @status: receives the wait status
 *
 * Return: true once it has; @q->pid is 0 then.
 */
bool qemu_reap(struct qemu *q, int *status)
{
	siginfo_t si = {};

	if (!q->pid || waitid(P_PID, q->pid, &si, WEXITED | WNOHANG | WNOWAIT) ||
	    !si.si_pid)
		return false;
	/*
	 * What a wrapper around QEMU left in the group goes too; not yet
	 * waited for, the leader keeps the number from being given anew.
	 */
	kill(-q->pid, SIGKILL);
	if (waitpid(q->pid, status, 0) != q->pid)
		return false;
	q->pid = 0;
	return true;
}

/**
 * qemu_kill() - end QEMU now if it still runs, and close what belongs to it
 * @q: QEMU; its QMP socket is closed by qmp_close()
 */
void qemu_kill(struct qemu *q)
{
	if (q->pid) {
		kill(-q->pid, SIGKILL);
		kill(q->pid, SIGKILL);
		while (waitpid(q->pid, NULL, 0) < 0 && errno == EINTR)
			;
		q->pid = 0;
	}
	close(q->input);
	close(q->console);
}

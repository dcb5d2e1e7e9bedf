// SPDX-License-Identifier: GPL-2.0
/*
 * KVM or not. A /dev/kvm that opens, and even makes a VM, may still hang a
 * guest without a byte of output: only a boot that reached its success line
 * shows that KVM works. The answer is remembered per host kernel, QEMU and
 * machine.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "kvm.h"

#define PROBE_SECONDS 30
#define DAY (24 * 60 * 60)
#define PROBE_NONCE "6b766d70726f62656b766d70726f6265"

/**
 * kvm_possible() - may this host run this machine under KVM at all?
 * @m: machine
 * @why: receives why not
 *
 * Return: whether a probe is worth it.
 */
bool kvm_possible(const struct machine *m, struct sbuf *why)
{
	struct utsname host;
	int fd;

	uname(&host);
	if (strcmp(m->kvm, host.machine)) {
		sb_addf(why, "the machine's kvm is '%s', the host is %s",
			m->kvm, host.machine);
		return false;
	}
	fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		sb_addf(why, "/dev/kvm: %s", strerror(errno));
		return false;
	}
	close(fd);
	return true;
}

/* First line of "QEMU --version"; empty when it cannot run. */
static void qemu_version(const char *qemu, struct sbuf *version)
{
	struct sbuf command = {};
	struct strvec argv = {};
	char line[256] = "";
	FILE *f;

	/* It has our mask of signals, and TERM is in that */
	sv_words(&argv, "timeout -s KILL 10");
	sv_add(&argv, qemu);
	sv_add(&argv, "--version");
	qemu_quote(&command, &argv);
	sb_addf(&command, " 2>/dev/null");
	f = popen(sb_str(&command), "re");
	if (f) {
		if (fgets(line, sizeof(line), f))
			line[strcspn(line, "\n")] = '\0';
		pclose(f);
	}
	sb_addf(version, "%s", line);
	sb_free(&command);
	sv_free(&argv);
}

static char *cache_path(const struct machine *m, const char *dir)
{
	struct sbuf version = {}, path = {};
	struct utsname host;
	size_t start;

	uname(&host);
	qemu_version(m->qemu, &version);
	sb_addf(&path, "%s/", dir);
	start = path.len;
	sb_addf(&path, "kvm-%s-%s-%s", m->name, host.release,
		sb_str(&version));
	for (size_t i = start; i < path.len; i++)
		if (!isalnum((unsigned char)path.s[i]) &&
		    !strchr("-.+", path.s[i]))
			path.s[i] = '_';
	sb_free(&version);
	return path.s;
}

/*
 * The remembered answer: 1 yes, 0 no, -1 none.  What kept QEMU from starting may
 * have been a moment's, so a no is asked again after a day.
 */
static int remembered(const char *path, struct sbuf *why)
{
	char line[512] = "";
	FILE *f = fopen(path, "re");
	struct stat st;

	if (!f)
		return -1;
	if (fgets(line, sizeof(line), f))
		line[strcspn(line, "\n")] = '\0';
	fclose(f);
	if (strcmp(line, "yes") && strncmp(line, "no ", 3))
		return -1;
	if (*line == 'n' && (stat(path, &st) || st.st_mtime + DAY < time(NULL)))
		return -1;
	sb_addf(why, "%s remembers: %s", path, line);
	return *line == 'y';
}

static void remember(const char *path, const char *answer, const char *why)
{
	struct sbuf tmp = {};
	FILE *f;

	sb_addf(&tmp, "%s.%d", path, (int)getpid());
	f = fopen(tmp.s, "we");
	if (f) {
		fprintf(f, "%s%s%s\n", answer, *why ? " " : "", why);
		if (fclose(f) || rename(tmp.s, path))
			unlink(tmp.s);
	}
	sb_free(&tmp);
}

static bool try_boot(struct run *like, const char *cache, struct sbuf *why)
{
	struct run run = *like;
	bool good, blame;

	run.boot.kvm = true;
	run.boot.disk = NULL;
	run.boot.tests = "probe";
	run.boot.nonce = PROBE_NONCE;
	run.prefix = "probe-";
	run.silence = PROBE_SECONDS;
	run.timeout = PROBE_SECONDS;
	run_guest(&run);
	good = run.verdict == VERDICT_PASS;
	/* a crash or a failed test may be the kernel's fault, not KVM's */
	blame = run.verdict == VERDICT_HANG || run.verdict == VERDICT_INFRA;
	sb_addf(why, "boot under KVM: %s: %s", verdict_name(run.verdict),
		sb_str(&run.reason));
	/* The guest to come has splats and an end of its own */
	known_forget(run.known);
	like->interrupted = run.interrupted;
	if (cache && !run.interrupted && (good || blame))
		remember(cache, good ? "yes" : "no",
			 good ? "" : sb_str(&run.reason));
	run_free(&run);
	return good;
}

/**
 * kvm_decide() - shall this guest run under KVM?
 * @like: the run to decide for; its inputs are set.  A signal that ends the probe
 *	is in its interrupted then.
 * @cache: folder for remembered answers, or NULL
 * @why: receives the reason for the answer
 *
 * Return: true for KVM, false for TCG.
 */
bool kvm_decide(struct run *like, const char *cache, struct sbuf *why)
{
	const struct machine *m = like->boot.machine;
	char *path = NULL;
	int answer = -1;

	if (!kvm_possible(m, why))
		return false;
	if (cache) {
		mkdir(cache, 0777);
		path = cache_path(m, cache);
		answer = remembered(path, why);
	}
	if (answer < 0)
		answer = try_boot(like, path, why);
	free(path);
	return answer > 0;
}

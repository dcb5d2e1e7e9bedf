// SPDX-License-Identifier: GPL-2.0
/*
 * Stands in for QEMU: speaks as much QMP as vmrun uses and plays the console
 * named by its first two arguments, "-fake SCRIPT". A script is a small text:
 * each letter of it does one thing, in order (see play()).
 */
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

#define QMP 3

static char nonce[33];
static int stubborn;
static int finish = -1;
static int kvm;

static const struct {
	const char *name;
	const char *does;
} scripts[] = {
	{ "pass", "BHTDZ" },
	{ "wrong-nonce", "BHTWZ" },
	{ "early-token", "BHDTDZ" },
	{ "token-only", "BDZ" },
	{ "token-twice", "BHTDDZ" },
	{ "no-token", "BHTZ" },
	{ "late-ktap", "BHTDLZ" },
	{ "not-ok", "BHFDZ" },
	{ "skipped", "BHSDZ" },
	{ "crash-goes-on", "BHwX" },
	{ "crash-chatter", "BHwvC" },
	{ "short-plan", "BHZ" },
	{ "panic", "BHPR" },
	{ "warn", "BHwTDZ" },
	{ "cut-here", "BH-wTDZ" },
	{ "forwarded", "BH#TDZ" },
	{ "silence", "BHX" },
	{ "stubborn", "BHKX" },
	{ "nmi-oops", "BHNX" },
	{ "token-hang", "BHTDX" },
	{ "chatter", "BHC" },
	{ "frozen", "BHzTDZ" },
	{ "reboot", "BHR" },
	{ "pass-reboot", "BHTDR" },
	{ "guest-panic", "BHG" },
	{ "host-quit", "BHTDQ" },
	{ "no-event", "BHTDE" },
	{ "silent-off", "BHTDeE" },
	{ "silent-early", "BHTeE" },
	{ "status", "BHTD3" },
	{ "pass-status", "BHTDY3" },
	{ "abort", "BHTDA" },
	{ "nospace", "BHOTDZ" },
	{ "garbage", "BgHTDZ" },
	{ "only-garbage", "ggZ" },
	{ "nul-token", "BHTnZ" },
	{ "megabyte", "BHmTDZ" },
	{ "megabyte-oops", "BHMTDZ" },
	{ "cut-token", "BHTcZ" },
	{ "open-token", "BHToZ" },
	{ "open-panic", "BHTDpZ" },
	{ "flood", "Bf" },
	{ "linger", "BHTDYX" },
	{ "bad-greeting", "!" },
	{ "json-greeting", "?" },
	{ "no-start", "1" },
	{ "bad-qmp", "BHjX" },
	{ "no-kvm", "VBHTDZ" },
	{ "closed-qmp", "BHJX" },
};

static void __printf(1, 2) put(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	fflush(stdout);
}

static void say(const char *line)
{
	put("[   12.345678] %s\r\n", line);
}

static void qmp(const char *text)
{
	if (write(QMP, text, strlen(text)) < 0)
		exit(9);
}

static void shutdown_event(const char *reason)
{
	char event[200];

	snprintf(event, sizeof(event),
		 "{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true, \"reason\": \"%s\"}}\r\n",
		 reason);
	qmp(event);
}

/* Answer one command; the guest starts with "cont". */
static int answer(const char *line)
{
	if (strstr(line, "\"quit\"") && !stubborn) {
		qmp("{\"return\": {}}\r\n");
		exit(0);
	}
	if (strstr(line, "\"quit\""))
		return 0;
	if (strstr(line, "info registers"))
		qmp("{\"return\": \"CPU#0\\r\\nPC=1104 X29=8000\\r\\n\"}\r\n");
	else if (strstr(line, "x /1gx 0x8008"))
		qmp("{\"return\": \"0000000000008008: 0x0000000000001204\\r\\n\"}\r\n");
	else if (strstr(line, "x /1gx 0x8000"))
		qmp("{\"return\": \"0000000000008000: 0x0000000000000000\\r\\n\"}\r\n");
	else if (strstr(line, "x /1gx"))
		qmp("{\"return\": \"Cannot access memory\\r\\n\"}\r\n");
	else if (strstr(line, "human-monitor-command"))
		qmp("{\"return\": \"* CPU #0\\r\\n\"}\r\n");
	else if (strstr(line, "inject-nmi") && finish < 0)
		qmp("{\"error\": {\"class\": \"GenericError\", \"desc\": \"no NMI here\"}}\r\n");
	else
		qmp("{\"return\": {}}\r\n");
	if (strstr(line, "inject-nmi") && finish >= 0)
		say("Kernel panic - not syncing: NMI");
	return !!strstr(line, "\"cont\"");
}

/* Read commands until "cont", or for ever. */
static void serve(void)
{
	static char buf[4096];
	static size_t len;
	char *nl;
	ssize_t n;

	for (;;) {
		n = read(QMP, buf + len, sizeof(buf) - 1 - len);
		if (n <= 0)
			pause();
		len += n;
		buf[len] = '\0';
		while ((nl = strchr(buf, '\n'))) {
			int cont;

			*nl = '\0';
			cont = answer(buf);
			len -= nl + 1 - buf;
			memmove(buf, nl + 1, len + 1);
			if (cont)
				return;
		}
	}
}

static void junk(void)
{
	for (int i = 0; i < 70000; i++)
		putchar((i * 7919 + i / 3) & 255);
	put("\n");
}

static void megabyte(const char *inside)
{
	for (int i = 0; i < 1 << 20; i++)
		putchar('m');
	/* so that the words straddle a cut at 64 KiB */
	for (int i = 0; i < (1 << 16); i++)
		putchar('n');
	put("%s", inside);
	for (int i = 0; i < 1000; i++)
		putchar('o');
	put("\n");
}

static void flood(void)
{
	static char line[4096];

	memset(line, 'f', sizeof(line) - 1);
	line[sizeof(line) - 2] = '\n';
	for (;;)
		put("%s", line);
}

static void token(const char *with)
{
	put("[   13.000000][    T1] faultline: done %s\r\n", with);
}

static void tests(const char *second)
{
	say("  ok 1 first");
	say(second);
	say("ok 1 group");
}

/* Tell the test who we are. */
static void note_pid(void)
{
	const char *pidfile = getenv("FAKE_QEMU_PID");
	FILE *f = pidfile ? fopen(pidfile, "w") : NULL;

	if (!f)
		return;
	fprintf(f, "%d\n", (int)getpid());
	fclose(f);
}

static void play(char what)
{
	switch (what) {
	case 'B':
		put("[    0.000000] Linux version 5.10.0\r\n");
		put("[    0.000000] Kernel command line: faultline.nonce=%s panic=-1\r\n",
		    nonce);
		break;
	case 'H':
		say("KTAP version 1");
		say("1..1");
		say("  KTAP version 1");
		say("  # Subtest: group");
		say("  1..2");
		say("  # fact: a.b=old");
		break;
	case 'T':
		tests("  ok 2 second");
		break;
	case 'F':
		say("  # expected 1, got 2");
		tests("  not ok 2 second");
		break;
	case 'S':
		say("  ok 1 first # SKIP not here");
		say("  ok 2 second # SKIP nor there");
		say("ok 1 group # SKIP all");
		break;
	case 'v':
		usleep(1500000);
		say("said a while after it");
		break;
	case 'L':
		say("ok 2 more");
		break;
	case 'D':
		token(nonce);
		break;
	case 'e':
		say("reboot: Power down");
		break;
	case 'W':
		token("00000000000000000000000000000000");
		break;
	case 'n':
		put("%cfaultline: done %s\n", 0, nonce);
		break;
	case 'o':
		put("faultline: done %s", nonce);
		break;
	case 'c':
		for (int i = 0; i < (64 << 10) - 256; i++)
			putchar(' ');
		for (int i = 0; i < 256; i++)
			putchar(' ');
		token(nonce);
		break;
	case 'p':
		put("Kernel panic - not syncing: no newline");
		break;
	case 'P':
		say("Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100");
		say("CPU: 0 PID: 1 Comm: init");
		say("---[ end Kernel panic ]---");
		break;
	case 'w':
		say("WARNING: CPU: 1 PID: 1 at mm/memory.c:1 do_fault+0x0/0x10");
		break;
	case '-':
		say("------------[ cut here ]------------");
		break;
	case '#':
		say("# WARNING: CPU: 1 PID: 1 at mm/memory.c:1");
		say("  # Kernel panic - not syncing: says a program");
		break;
	case 'g':
		junk();
		break;
	case 'm':
		megabyte("");
		break;
	case 'M':
		megabyte("Kernel panic");
		break;
	case 'f':
		flood();
		break;
	case 'C':
		/* a child talks: it must be ended with the rest */
		if (!fork()) {
			signal(SIGPIPE, SIG_IGN);
			note_pid();
			for (int i = 0; i < 300; i++) {
				say("still here");
				usleep(100000);
			}
			exit(0);
		}
		for (;;)
			serve();
		break;
	case 'K':
		stubborn = 1;
		signal(SIGTERM, SIG_IGN);
		break;
	case 'N':
		finish = 1;
		break;
	case 'z':
		/* As when a host stands still: neither of us runs */
		usleep(300000); /* it has read what there is */
		kill(getppid(), SIGSTOP);
		sleep(5);
		kill(getppid(), SIGCONT);
		usleep(700000); /* for vmrun to look at the clock first */
		break;
	case 'X':
		/* "cont" comes again when it was stopped to be looked at */
		for (;;)
			serve();
		break;
	case 'Y':
		shutdown_event("guest-shutdown");
		break;
	case 'Z':
		shutdown_event("guest-shutdown");
		exit(0);
	case 'R':
		shutdown_event("guest-reset");
		exit(0);
	case 'G':
		shutdown_event("guest-panic");
		exit(0);
	case 'Q':
		shutdown_event("host-signal");
		exit(0);
	case 'E':
		exit(0);
	case '1':
		fputs("fake-qemu: no such machine\n", stderr);
		exit(1);
	case '3':
		fputs("fake-qemu: internal trouble\n", stderr);
		exit(3);
	case 'A':
		abort();
	case 'O':
		qmp("{\"event\": \"BLOCK_IO_ERROR\", \"data\": {\"nospace\": true}}\r\n");
		break;
	case 'j':
		qmp("this is not JSON\r\n");
		break;
	case 'V':
		if (kvm)
			play('3');
		break;
	case 'J':
		close(QMP);
		break;
	}
}

static const char *find_script(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++)
		if (!strcmp(scripts[i].name, name))
			return scripts[i].does;
	fprintf(stderr, "fake-qemu: no script '%s'\n", name);
	exit(1);
}

int main(int argc, char **argv)
{
	const char *script;

	if (argc == 2 && !strcmp(argv[1], "--version")) {
		puts("FAKE emulator version 7.2.22");
		return 0;
	}
	if (argc < 3 || strcmp(argv[1], "-fake"))
		return 1;
	for (int i = 1; i < argc; i++) {
		char *at = strstr(argv[i], "faultline.nonce=");

		kvm |= !strcmp(argv[i], "kvm");
		if (at)
			snprintf(nonce, sizeof(nonce), "%s",
				 strchr(at, '=') + 1);
	}
	note_pid();
	script = find_script(argv[2]);
	if (*script == '1')
		play('1');
	if (*script == '!') {
		qmp("hello\r\n");
		pause();
	}
	if (*script == '?') {
		qmp("{\"hello\": 1}\r\n");
		pause();
	}
	qmp("{\"QMP\":{\"version\":{\"qemu\":{\"major\":7,\"minor\":2,\"micro\":22}}}}\r\n");
	serve();
	while (*script)
		play(*script++);
	pause();
	return 0;
}

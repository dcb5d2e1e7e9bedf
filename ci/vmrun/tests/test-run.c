// SPDX-License-Identifier: GPL-2.0
/*
 * End to end: the vmrun program against tests/fake-qemu.c, one script each.
 * Verdict, reason and exit status of every way a run can go; and that no QEMU
 * is ever left behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"
#include "util.h"

static char dir[100];

/* A file in the test's folder; valid until the eighth call from now. */
static const char *in(const char *name)
{
	static char paths[8][300];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static const char *arch = "arm64";

static void make_machine(const char *qemu, const char *script, const char *kvm)
{
	FILE *f = fopen(in("machine"), "we");

	assert_non_null(f);
	fprintf(f, "description = fake\narch = %s\nkernel = k\nimage = i\n",
		arch);
	fprintf(f, "qemu = %s\nboard = -fake %s\n", qemu, script);
	fprintf(f, "disk = d\nconsole = c\nmemory = 64\ncpus = 1\n");
	fprintf(f, "cmdline =\nkvm = %s\nsteps = all\n", kvm);
	fclose(f);
}

/* A signal that vmrun's parent has ignored, and where it writes its errors, if not in "out" */
static int ignored;
static int errors = -1;

/* Start vmrun on the machine file; its output goes to the file "out". */
static pid_t start_vmrun(const char *options)
{
	static const int sigs[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
	struct strvec argv = {};
	pid_t pid;
	int fd;

	sv_add(&argv, getenv("VMRUN"));
	sv_words(&argv, "--accel tcg --silence 30");
	sv_add(&argv, "--machine");
	sv_add(&argv, in("machine"));
	sv_add(&argv, "--kernel");
	sv_add(&argv, in("kernel"));
	sv_add(&argv, "--initrd");
	sv_add(&argv, in("initrd"));
	sv_add(&argv, "--output");
	sv_add(&argv, in("output"));
	sv_words(&argv, options);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		fd = open(in("out"), O_WRONLY | O_CREAT | O_TRUNC, 0666);
		dup2(fd, 1);
		dup2(errors < 0 ? fd : errors, 2);
		/* a job that a shell put in the background ignores some */
		for (size_t i = 0; i < ARRAY_SIZE(sigs); i++)
			signal(sigs[i], sigs[i] == ignored ? SIG_IGN : SIG_DFL);
		execv(argv.v[0], argv.v);
		_exit(99);
	}
	assert_true(pid > 0);
	sv_free(&argv);
	return pid;
}

static int finish(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void text_of(const char *name, char *text, size_t size)
{
	FILE *f = fopen(in(name), "re");
	size_t n = 0;

	if (f) {
		n = fread(text, 1, size - 1, f);
		fclose(f);
	}
	text[n] = '\0';
}

static void show_output(void)
{
	char text[4000];

	text_of("out", text, sizeof(text));
	print_error("%s", text);
}

static json_t *load_result(void)
{
	return json_load_file(in("output/result.json"), 0, NULL);
}

static const char *word(json_t *json, const char *key)
{
	const char *s = json_string_value(json_object_get(json, key));

	return s ? s : "(none)";
}

static pid_t fake_pid(void)
{
	char text[40];

	text_of("pid", text, sizeof(text));
	return atoi(text);
}

/* Ended, though its new parent may not have asked for its status yet? */
static bool is_zombie(pid_t pid)
{
	char path[64], text[400] = "";
	const char *state;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	state = strrchr(text, ')');
	return state && state[1] == ' ' && state[2] == 'Z';
}

/* Is that process, which is not our child, gone? Give it a moment. */
static bool is_gone(pid_t pid)
{
	for (int i = 0; i < 300; i++) {
		if ((kill(pid, 0) && errno == ESRCH) || is_zombie(pid))
			return true;
		usleep(10000);
	}
	return false;
}

/* Run one script and check everything a run must show. */
static void check(const char *script, const char *options, int status,
		  const char *verdict, const char *reason)
{
	json_t *json;
	int got;

	make_machine(getenv("FAKE_QEMU"), script, "none");
	unlink(in("pid"));
	got = finish(start_vmrun(options));
	json = load_result();
	if (!json)
		show_output();
	assert_non_null(json);
	if (got != status || strcmp(word(json, "verdict"), verdict) ||
	    !strstr(word(json, "reason"), reason)) {
		show_output();
		fail_msg("%s: status %d, %s: %s; expected %d, %s: %s", script,
			 got, word(json, "verdict"), word(json, "reason"),
			 status, verdict, reason);
	}
	json_decref(json);
	if (fake_pid())
		assert_true(is_gone(fake_pid()));
}

static void test_pass(void **state)
{
	(void)state;
	check("pass", "", 0, "pass", "2 passed, 0 skipped");
	check("forwarded", "", 0, "pass", "2 passed");
	check("garbage", "", 0, "pass", "2 passed");
	check("megabyte", "", 0, "pass", "2 passed");
}

static void test_fail(void **state)
{
	(void)state;
	check("not-ok", "", 1, "fail", "1 of 2 tests failed: group.second");
	check("skipped", "", 1, "fail", "no test ran (2 skipped)");
	check("late-ktap", "", 1, "fail", "beyond the plan");
}

static void test_forged(void **state)
{
	(void)state;
	check("wrong-nonce", "", 1, "fail", "forged success line: 'faultline: done 0000");
	check("wrong-nonce", "", 1, "fail", "(not our nonce)");
	check("early-token", "", 1, "fail", "forged success line");
	check("token-only", "", 1, "fail", "(the plan is not complete)");
	check("early-token", "", 1, "fail", "(the plan is not complete)");
	check("token-twice", "", 1, "fail", "(repeated)");
	/* not exactly the line: it is no success line at all */
	check("nul-token", "", 1, "crash", "without the success line");
	check("cut-token", "", 1, "crash", "without the success line");
	check("open-token", "", 1, "crash", "without the success line");
}

static void test_crash(void **state)
{
	char *log = malloc(10000);
	json_t *json;

	(void)state;
	check("panic", "", 1, "crash", "Kernel panic - not syncing: Attempted to kill init!");
	/* what came after the crash line is in the log */
	text_of("output/console.log", log, 10000);
	assert_has(log, "---[ end Kernel panic ]---");
	json = load_result();
	assert_string_equal(word(json_object_get(json, "crash"), "pattern"),
			    "Kernel panic");
	json_decref(json);
	check("warn", "", 1, "crash", "WARNING: CPU: 1 PID: 1 at mm/memory.c:1");
	check("cut-here", "", 1, "crash", "WARNING: CPU: 1 PID: 1 at mm/memory.c:1");
	/* one that does not end by itself is over when it says no more, or soon */
	check("crash-goes-on", "", 1, "crash", "WARNING: CPU: 1 PID: 1 at mm/memory.c:1");
	check("crash-chatter", "", 1, "crash", "WARNING: CPU: 1 PID: 1 at mm/memory.c:1");
	text_of("output/console.log", log, 10000);
	assert_has(log, "said a while after it");
	assert_has(log, "still here");
	check("megabyte-oops", "", 1, "crash", "nnnn");
	check("open-panic", "", 1, "crash", "Kernel panic - not syncing: no newline");
	free(log);
}

static void test_early_end(void **state)
{
	(void)state;
	check("no-token", "", 1, "crash", "guest powered off without the success line");
	check("short-plan", "", 1, "crash", "guest powered off before its tests were done");
	check("reboot", "", 1, "crash", "guest rebooted; last line: '# fact");
	check("pass-reboot", "", 1, "crash", "guest rebooted");
	check("guest-panic", "", 1, "crash", "guest panicked");
	check("no-event", "", 1, "crash", "without a shutdown of the guest");
	check("only-garbage", "", 1, "crash", "guest powered off before");
}

/* Where QEMU ends without an event, the kernel's last line counts instead. */
static void test_silent_off(void **state)
{
	(void)state;
	check("silent-off", "", 1, "crash", "without a shutdown of the guest");
	arch = "riscv64";
	check("silent-off", "", 0, "pass", "2 passed");
	check("pass", "", 0, "pass", "2 passed");
	check("no-event", "", 1, "crash", "without a shutdown of the guest");
	check("silent-early", "", 1, "crash", "guest powered off without the success line");
	check("reboot", "", 1, "crash", "guest rebooted");
	arch = "arm64";
}

static void test_hang(void **state)
{
	char text[4000];

	(void)state;
	check("silence", "--silence 1", 1, "hang",
	      "no console output for 1 s; last line: '# fact: a.b=old'");
	text_of("output/diagnosis.txt", text, sizeof(text));
	assert_has(text, "== info cpus\n* CPU #0\n");
	assert_has(text, "== info registers -a\nCPU#0\nPC=1104");
	assert_has(text, "== inject-nmi\nrefused: no NMI here\n");

	/* what the NMI makes the guest say is kept, and is no crash */
	check("nmi-oops", "--silence 1", 1, "hang", "no console output for 1 s");
	text_of("output/diagnosis.txt", text, sizeof(text));
	assert_has(text, "== inject-nmi\ndone\n");
	assert_has(text, "Kernel panic - not syncing: NMI");

	check("token-hang", "--silence 1", 1, "hang", "no console output");
	check("chatter", "--timeout 4 --silence 3", 1, "hang", "not done after 4 s");
	/* but that of a host that stands still for longer is not the guest's silence */
	check("frozen", "--silence 2", 0, "pass", "2 passed");
	check("closed-qmp", "--silence 1", 1, "hang", "no console output");
	text_of("output/diagnosis.txt", text, sizeof(text));
	assert_has(text, "no answer");

	/* control: nothing of that is left by the next run */
	check("pass", "", 0, "pass", "2 passed");
	assert_int_equal(access(in("output/diagnosis.txt"), F_OK), -1);
}

/* With the kernel's symbols a hang says where every CPU was. */
static void test_stacks(void **state)
{
	char text[4000], options[400], symbols[300];
	json_t *crash, *json;

	(void)state;
	snprintf(symbols, sizeof(symbols), "%s", in("System.map"));
	write_file(symbols, "0000000000001100 T inner\n"
		   "0000000000001200 T outer\n0000000000001300 B _end\n");
	snprintf(options, sizeof(options), "--silence 1 --symbols %s", symbols);
	check("silence", options, 1, "hang", "no console output for 1 s");
	text_of("output/diagnosis.txt", text, sizeof(text));
	assert_has(text, "== stacks of all CPUs\nCPU 0:\n inner+0x4/0x100\n outer+0x4/0x100\n");
	json = load_result();
	crash = json_object_get(json, "crash");
	assert_string_equal(word(crash, "fingerprint"), "hang | inner < outer");
	assert_int_equal(json_array_size(json_object_get(crash, "trace")), 3);
	json_decref(json);

	/* control: without them there is none */
	check("silence", "--silence 1", 1, "hang", "no console output for 1 s");
	json = load_result();
	crash = json_object_get(json, "crash");
	assert_string_equal(word(crash, "fingerprint"), "hang");
	assert_int_equal(json_array_size(json_object_get(crash, "trace")), 0);
	json_decref(json);
	check("silence", "--silence 1 --symbols /nonexistent", 125, "infra",
	      "symbols /nonexistent: No such file");
	assert_int_equal(unlink(symbols), 0);
}

/* A splat that is listed is recorded and is no crash. */
static void test_known(void **state)
{
	char file[300];
	json_t *json, *known;
	char options[400];

	(void)state;
	snprintf(file, sizeof(file), "%s", in("splats"));
	write_file(file, "mach* mm/memory\\.c:[0-9]+ do_fault # why\n");
	snprintf(options, sizeof(options), "--known %s", file);
	check("cut-here", options, 0, "pass", "2 passed");
	json = load_result();
	known = json_object_get(json, "known_splats");
	assert_int_equal(json_array_size(known), 1);
	assert_has(word(json_array_get(known, 0), "line"), "WARNING: CPU: 1");
	json_decref(json);

	/* controls: not listed, and a list that is none */
	check("cut-here", "", 1, "crash", "WARNING: CPU: 1");
	write_file(file, "machine\n");
	check("cut-here", options, 125, "infra", "splats:1: expected 'machines");
	assert_int_equal(unlink(file), 0);
}

/* A slow machine is given more time, and its guest is told. */
static void test_slow(void **state)
{
	char text[4000];
	FILE *f;

	(void)state;
	make_machine(getenv("FAKE_QEMU"), "silence", "none");
	f = fopen(in("machine"), "ae");
	fputs("slow = 2\n", f);
	fclose(f);
	assert_int_equal(finish(start_vmrun("--silence 1")), 1);
	text_of("out", text, sizeof(text));
	assert_has(text, "no console output for 2 s");
	assert_int_equal(finish(start_vmrun("--print")), 0);
	text_of("out", text, sizeof(text));
	assert_has(text, " faultline.slow=2");
}

static void test_stubborn(void **state)
{
	(void)state;
	check("stubborn", "--silence 1", 1, "hang", "no console output");
	check("linger", "", 125, "infra", "QEMU still there");
}

static void test_flood(void **state)
{
	struct stat st;

	(void)state;
	check("flood", "--log-limit 2", 1, "fail", "console flood: more than 2 MiB");
	assert_int_equal(stat(in("output/console.log"), &st), 0);
	assert_int_equal(st.st_size, 2 << 20);
}

static void test_infra(void **state)
{
	(void)state;
	check("no-start", "", 125, "infra",
	      "status 1 before the guest started: fake-qemu: no such machine");
	check("bad-greeting", "", 125, "infra", "QMP: not a message: 'hello'");
	check("json-greeting", "", 125, "infra", "QMP: the first message is not a greeting");
	check("bad-qmp", "", 125, "infra", "QMP: not a message: 'this is not JSON'");
	check("status", "", 125, "infra", "QEMU ended with status 3: fake-qemu: internal trouble");
	check("pass-status", "", 125, "infra", "QEMU ended with status 3");
	check("abort", "", 125, "infra", "QEMU was killed by signal 6");
	check("host-quit", "", 125, "infra", "QEMU was stopped from outside (host-signal)");
	check("nospace", "", 125, "infra", "no space on the host");
}

/* Expect infra from what is wrong before QEMU. */
static void check_infra(const char *options, const char *reason)
{
	json_t *json;
	int got = finish(start_vmrun(options));

	json = load_result();
	if (!json)
		show_output();
	assert_non_null(json);
	assert_int_equal(got, 125);
	assert_string_equal(word(json, "verdict"), "infra");
	assert_has(word(json, "reason"), reason);
	json_decref(json);
}

static void test_bad_inputs(void **state)
{
	struct sbuf options = {};

	(void)state;
	make_machine("/nonexistent/qemu", "pass", "none");
	check_infra("", "cannot start '/nonexistent/qemu': No such file");
	make_machine(in("kernel"), "pass", "none");
	check_infra("", "Permission denied");
	make_machine(getenv("FAKE_QEMU"), "pass", "none");
	check_infra("--kernel /nonexistent/k", "kernel /nonexistent/k: No such");
	check_infra("--initrd /nonexistent/i", "initrd /nonexistent/i: No such");
	check_infra("--disk /nonexistent/d", "disk /nonexistent/d: No such");
	check_infra("--kernel /tmp", "kernel /tmp: not a file with content");
	check_infra("--patterns /nonexistent/p", "crash patterns /nonexistent/p");
	write_file(in("patterns"), "BUG:\na(b\n");
	sb_addf(&options, "--patterns %s", in("patterns"));
	check_infra(sb_str(&options), "patterns:2: 'a(b'");
	write_file(in("patterns"), "# none\n");
	check_infra(sb_str(&options), "patterns:1: no crash pattern");
	check_infra("--machine /nonexistent/m", "machine file /nonexistent/m");
	check_infra("--accel kvm", "--accel kvm: the machine's kvm is 'none'");
	write_file(in("machine"), "arch = arm64\n");
	check_infra("", "machine:1: key 'arch'; expected 'description'");
	sb_free(&options);
}

static void test_usage(void **state)
{
	static const char * const bad[] = {
		"--silence 0", "--silence x", "--timeout -1", "--accel hvf",
		"--tests a;b", "--tests a$(id)", "--id novalue", "--id =x",
		"--id a=1 --id a=2", "--nothing", "stray",
		"--append faultline.nonce=1",
	};

	(void)state;
	make_machine(getenv("FAKE_QEMU"), "pass", "none");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char text[2000];

		unlink(in("output/result.json"));
		if (finish(start_vmrun(bad[i])) != 2)
			fail_msg("'%s' is not wrong usage", bad[i]);
		text_of("out", text, sizeof(text));
		assert_int_not_equal(strlen(text), 0);
		assert_null(load_result());
	}
}

static void test_id_and_facts(void **state)
{
	json_t *json;

	(void)state;
	check("pass", "--id track=v5.10 --id step=3 --tests one,two", 0, "pass",
	      "2 passed");
	json = load_result();
	assert_string_equal(word(json_object_get(json, "id"), "step"), "3");
	assert_string_equal(word(json_object_get(json, "facts"), "a.b"), "old");
	assert_string_equal(word(json, "machine"), "machine");
	assert_string_equal(word(json_object_get(json, "qemu"), "version"),
			    "7.2.22");
	assert_has(word(json_object_get(json, "qemu"), "command"),
		   "faultline.tests=one,two");
	json_decref(json);
}

static void test_print(void **state)
{
	char text[2000];

	(void)state;
	make_machine("qemu-system-x", "pass", "none");
	unlink(in("output/result.json"));
	assert_int_equal(finish(start_vmrun("--print --disk a,b")), 0);
	text_of("out", text, sizeof(text));
	assert_has(text, "qemu-system-x -fake pass -accel tcg -m 64 -smp 1 ");
	assert_has(text, ",file=a,,b -device d,drive=disk0 -append 'console=c ");
	assert_null(strstr(text, "qmp"));
	assert_null(load_result());
}

/* A size limit stands for the full disk. */
static void test_no_space(void **state)
{
	struct rlimit old, small = { .rlim_cur = 16384 };

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	check("garbage", "", 125, "infra", "console.log: File too large");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	/* control: without the limit the same passes */
	check("garbage", "", 0, "pass", "2 passed");
}

static void wait_for_fake(void)
{
	for (int i = 0; i < 500 && !fake_pid(); i++)
		usleep(10000);
	assert_int_not_equal(fake_pid(), 0);
	usleep(200000);
}

static void interrupt_with(int sig, const char *script, int status)
{
	pid_t pid;

	make_machine(getenv("FAKE_QEMU"), script, "none");
	unlink(in("pid"));
	unlink(in("output/result.json"));
	pid = start_vmrun("");
	wait_for_fake();
	/* control: it is there as long as vmrun is */
	assert_int_equal(kill(fake_pid(), 0), 0);
	assert_int_equal(kill(pid, sig), 0);
	assert_int_equal(finish(pid), status);
	assert_true(is_gone(fake_pid()));
}

static void test_interrupted(void **state)
{
	static const int sigs[] = { SIGTERM, SIGINT, SIGHUP };
	json_t *json;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sigs); i++) {
		interrupt_with(sigs[i], "stubborn", 125);
		json = load_result();
		assert_string_equal(word(json, "verdict"), "infra");
		assert_has(word(json, "reason"), "vmrun was interrupted");
		json_decref(json);
	}
}

/* As under nohup: what is ignored ends no run. */
static void test_ignored(void **state)
{
	json_t *json;
	pid_t pid;

	(void)state;
	make_machine(getenv("FAKE_QEMU"), "chatter", "none");
	unlink(in("pid"));
	ignored = SIGHUP;
	pid = start_vmrun("--timeout 4 --silence 3");
	ignored = 0;
	wait_for_fake();
	assert_int_equal(kill(pid, SIGHUP), 0);
	assert_int_equal(finish(pid), 1);
	json = load_result();
	assert_has(word(json, "reason"), "not done after 4 s");
	json_decref(json);
}

/* Who has the console passed on, and reads no more, does not keep a signal waiting. */
static void test_reader_that_stands_still(void **state)
{
	char fill[4096] = "";
	int ends[2], i;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	while (write(ends[1], fill, sizeof(fill)) > 0)
		;
	assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0);
	make_machine(getenv("FAKE_QEMU"), "chatter", "none");
	unlink(in("pid"));
	errors = ends[1];
	pid = start_vmrun("--verbose");
	errors = -1;
	wait_for_fake();
	usleep(300000);
	assert_int_equal(kill(pid, SIGTERM), 0);
	for (i = 0; i < 1000 && !waitpid(pid, NULL, WNOHANG); i++)
		usleep(10000);
	if (i == 1000)
		kill(pid, SIGKILL);
	assert_in_range(i, 0, 999);
	assert_true(is_gone(fake_pid()));
	close(ends[0]);
	close(ends[1]);
}

/* Nothing is said of a result that is not there. */
static void test_no_result(void **state)
{
	char text[4000];

	(void)state;
	check("pass", "", 0, "pass", "2 passed");
	text_of("out", text, sizeof(text));
	assert_has(text, "pass machine: 2 passed");
	assert_int_equal(mkdir(in("output/.result.json.tmp"), 0755), 0);
	assert_int_equal(finish(start_vmrun("")), 125);
	text_of("out", text, sizeof(text));
	assert_null(strstr(text, "pass machine"));
	assert_int_equal(rmdir(in("output/.result.json.tmp")), 0);
}

static void test_killed(void **state)
{
	(void)state;
	interrupt_with(SIGKILL, "stubborn", -SIGKILL);
	assert_null(load_result());
	interrupt_with(SIGQUIT, "stubborn", -SIGQUIT);
	/* the next run in the same folder works */
	check("pass", "", 0, "pass", "2 passed");
}

static void test_two_in_one_folder(void **state)
{
	char text[2000];
	pid_t pid;

	(void)state;
	make_machine(getenv("FAKE_QEMU"), "silence", "none");
	unlink(in("pid"));
	pid = start_vmrun("");
	wait_for_fake();
	assert_int_equal(finish(start_vmrun("")), 125);
	text_of("out", text, sizeof(text));
	assert_has(text, "another vmrun uses it");
	kill(pid, SIGTERM);
	assert_int_equal(finish(pid), 125);
}

/* A signal that ends the probe boot ends it all: no guest follows, on TCG. */
static void test_kvm_interrupted(void **state)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	struct utsname host;
	json_t *json;
	pid_t pid, fake;

	(void)state;
	if (fd < 0)
		skip();
	close(fd);
	uname(&host);
	make_machine(getenv("FAKE_QEMU"), "stubborn", host.machine);
	unlink(in("pid"));
	pid = start_vmrun("--accel auto");
	wait_for_fake();
	fake = fake_pid();
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(finish(pid), 125);
	assert_true(is_gone(fake));
	assert_int_equal(fake_pid(), fake);
	json = load_result();
	assert_string_equal(word(json, "verdict"), "infra");
	assert_has(word(json, "reason"), "vmrun was interrupted");
	json_decref(json);
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void clear_cache(void)
{
	nftw(in("cache"), remove_one, 10, FTW_DEPTH | FTW_PHYS);
}

static int make_old(const char *path, const struct stat *st, int type,
		    struct FTW *ftw)
{
	const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	(void)st;
	(void)type;
	(void)ftw;
	return utimensat(AT_FDCWD, path, times, 0);
}

/* One run with --accel auto and the cache; the accelerator it used. */
static const char *auto_accel(const char *script, char *text, size_t size)
{
	struct sbuf options = {};
	struct utsname host;
	const char *accel;
	json_t *json;

	uname(&host);
	make_machine(getenv("FAKE_QEMU"), script, host.machine);
	sb_addf(&options, "--accel auto --verbose --cache %s", in("cache"));
	if (finish(start_vmrun(sb_str(&options))))
		show_output();
	sb_free(&options);
	json = load_result();
	assert_string_equal(word(json, "verdict"), "pass");
	accel = strcmp(word(json, "accel"), "kvm") ? "tcg" : "kvm";
	json_decref(json);
	text_of("out", text, size);
	return accel;
}

static void test_kvm(void **state)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	char text[8000];

	(void)state;
	if (fd < 0)
		skip();
	close(fd);

	assert_string_equal(auto_accel("pass", text, sizeof(text)), "kvm");
	assert_has(text, "KVM: boot under KVM: pass");
	assert_string_equal(auto_accel("pass", text, sizeof(text)), "kvm");
	assert_has(text, "remembers: yes");
	clear_cache();

	assert_string_equal(auto_accel("no-kvm", text, sizeof(text)), "tcg");
	assert_has(text, "TCG: boot under KVM: infra: QEMU ended with status 3");
	assert_string_equal(auto_accel("no-kvm", text, sizeof(text)), "tcg");
	assert_has(text, "remembers: no QEMU ended with status 3");
	/* After a day it may be another answer */
	assert_int_equal(nftw(in("cache"), make_old, 10, FTW_DEPTH | FTW_PHYS),
			 0);
	assert_string_equal(auto_accel("pass", text, sizeof(text)), "kvm");
	assert_string_equal(auto_accel("pass", text, sizeof(text)), "kvm");
	assert_has(text, "remembers: yes");
	clear_cache();
}

static int setup(void **state)
{
	(void)state;
	assert_non_null(getenv("VMRUN"));
	assert_non_null(getenv("FAKE_QEMU"));
	assert_non_null(mkdtemp(strcpy(dir, "/tmp/vmrun-run-XXXXXX")));
	write_file(in("kernel"), "kernel");
	write_file(in("initrd"), "initrd");
	return setenv("FAKE_QEMU_PID", in("pid"), 1);
}

static int teardown(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 10, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
	UNIT_TESTS(tests) = {
		cmocka_unit_test(test_pass),
		cmocka_unit_test(test_fail),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_early_end),
		cmocka_unit_test(test_silent_off),
		cmocka_unit_test(test_hang),
		cmocka_unit_test(test_stacks),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_stubborn),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_infra),
		cmocka_unit_test(test_bad_inputs),
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_id_and_facts),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_no_space),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_ignored),
		cmocka_unit_test(test_reader_that_stands_still),
		cmocka_unit_test(test_no_result),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_two_in_one_folder),
		cmocka_unit_test(test_kvm),
		cmocka_unit_test(test_kvm_interrupted),
	};

	return cmocka_run_group_tests_name("run", tests, setup, teardown);
}

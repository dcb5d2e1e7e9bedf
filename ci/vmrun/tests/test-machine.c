// SPDX-License-Identifier: GPL-2.0
/* Machine files, and the command made from one. */
#include <unistd.h>

#include "machine.h"
#include "qemu.h"
#include "test.h"

static const char good[] =
	"# a comment\n"
	"\n"
	"description = a machine\n"
	"arch        = arm64\n"
	"kernel=arm64\n"
	"image       = arch/arm64/boot/Image\n"
	"qemu        = qemu-system-aarch64   # comment\n"
	"board       = -M virt -cpu max,x#y=on\t# one = two\n"
	"disk        = virtio-blk-device\n"
	"console     = ttyAMA0\n"
	"memory      = 256\n"
	"cpus        = 2\n"
	"cmdline     =\n"
	"kvm         = none\n"
	"steps       = all\n";

static char path[100];

static int load(struct machine *m, const char *text, struct sbuf *err)
{
	write_file(path, text);
	return machine_load(m, path, err);
}

/* Replace the one occurrence of a text; the caller frees the copy. */
static char *edit(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	char *s = NULL;

	assert_non_null(at);
	assert_true(asprintf(&s, "%.*s%s%s", (int)(at - text), text, to,
			     at + strlen(from)) >= 0);
	return s;
}

static void test_good(void **state)
{
	char *slow = edit(good, "= all\n", "= all\nslow = 4\n");
	struct sbuf err = {};
	struct machine m;

	(void)state;
	assert_int_equal(load(&m, good, &err), 0);
	assert_string_equal(m.name, strrchr(path, '/') + 1);
	assert_string_equal(m.description, "a machine");
	assert_string_equal(m.arch, "arm64");
	assert_string_equal(m.kernel, "arm64");
	assert_string_equal(m.image, "arch/arm64/boot/Image");
	assert_string_equal(m.qemu, "qemu-system-aarch64");
	assert_string_equal(m.board, "-M virt -cpu max,x#y=on");
	assert_string_equal(m.disk, "virtio-blk-device");
	assert_string_equal(m.console, "ttyAMA0");
	assert_int_equal(m.memory, 256);
	assert_int_equal(m.cpus, 2);
	assert_string_equal(m.cmdline, "");
	assert_string_equal(m.kvm, "none");
	assert_int_equal(m.slow, 1);
	assert_string_equal(m.steps, "all");
	assert_int_equal(err.len, 0);
	machine_free(&m);

	assert_int_equal(load(&m, slow, &err), 0);
	assert_int_equal(m.slow, 4);
	free(slow);
	machine_free(&m);
}

static void test_errors(void **state)
{
	static const struct {
		const char *from;
		const char *to;
		const char *error;
	} t[] = {
		{ "kernel=arm64\n", "", ":5: key 'image'; expected 'kernel'" },
		{ "kernel=", "kernal=", ":5: key 'kernal'; expected 'kernel'" },
		{ "kernel=arm64", "kernel=arm64\nkernel=arm64",
		  ":6: key 'kernel'; expected 'image'" },
		{ "kernel=arm64", "kernel arm64", ":5: 'kernel arm64' is not 'key = value'" },
		{ "kernel=arm64", "kernel=", ":5: 'kernel' has no value" },
		{ "kernel=arm64", "kernel= # none", ":5: 'kernel' has no value" },
		{ "arm64\n", "arm 64\n", ":4: 'arch' is 'arm 64'; expected one word" },
		{ "256", "256M", ":11: 'memory' is '256M'; expected a number" },
		{ "256", "0", ":11: 'memory' is '0'; expected a number" },
		{ "cpus        = 2", "cpus = -2", ":12: 'cpus' is '-2'; expected a number" },
		{ "kvm         = none\n", "", ":14: key 'steps'; expected 'kvm'" },
		{ "steps       = all\n", "", ":14: the file ends without key 'steps'" },
		{ "steps       = all\n", "steps = all\nmore = 1\n",
		  ":16: key 'more'; expected 'slow' here" },
		{ "steps       = all\n", "steps = all\nslow = 2\nmore = 1\n",
		  ":17: key 'more' after the last key 'slow'" },
		{ "steps       = all\n", "steps = all\nslow = 0\n",
		  ":16: 'slow' is '0'; expected a number" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		char *text = edit(good, t[i].from, t[i].to);
		struct sbuf err = {};
		struct machine m;

		assert_int_equal(load(&m, text, &err), -1);
		assert_has(sb_str(&err), path);
		assert_has(sb_str(&err), t[i].error);
		machine_free(&m);
		sb_free(&err);
		free(text);
	}
}

static void test_unreadable(void **state)
{
	struct sbuf err = {};
	struct machine m;

	(void)state;
	assert_int_equal(machine_load(&m, "/nonexistent/m", &err), -1);
	assert_has(sb_str(&err), "/nonexistent/m: No such file");
	machine_free(&m);
	sb_reset(&err);
	assert_int_equal(machine_load(&m, "/tmp", &err), -1);
	assert_has(sb_str(&err), "Is a directory");
	machine_free(&m);
	sb_reset(&err);
	assert_int_equal(load(&m, "", &err), -1);
	assert_has(sb_str(&err), "without key 'description'");
	machine_free(&m);
	sb_free(&err);
}

static void test_quoting(void **state)
{
	static const struct {
		const char *words[3];
		const char *line;
	} t[] = {
		{ { "qemu", "-m", "1,x=/a.b" }, "qemu -m 1,x=/a.b" },
		{ { "a=b", "c=d" }, "'a=b' c=d" },
		{ { "q", "" }, "q ''" },
		{ { "q", "a b" }, "q 'a b'" },
		{ { "q", "it's" }, "q 'it'\\''s'" },
		{ { "q", "$HOME", "`x`" }, "q '$HOME' '`x`'" },
		{ { "q", "a\nb", "*" }, "q 'a\nb' '*'" },
		{ { "q", "~x", "#y" }, "q '~x' '#y'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct strvec argv = {};
		struct sbuf line = {};

		for (int w = 0; w < 3 && t[i].words[w]; w++)
			sv_add(&argv, t[i].words[w]);
		qemu_quote(&line, &argv);
		assert_string_equal(sb_str(&line), t[i].line);
		sb_free(&line);
		sv_free(&argv);
	}
}

/* What a shell makes of the quoted line is what went in, byte by byte. */
static void test_quoting_round_trip(void **state)
{
	struct strvec argv = {};
	struct sbuf line = {};
	char all[256], back[600];
	FILE *f;
	size_t n;

	(void)state;
	for (int i = 1; i < 256; i++)
		all[i - 1] = i;
	all[255] = '\0';
	sv_add(&argv, "printf");
	sv_add(&argv, "%s");
	sv_add(&argv, all);
	qemu_quote(&line, &argv);
	f = popen(sb_str(&line), "r");
	assert_non_null(f);
	n = fread(back, 1, sizeof(back), f);
	assert_int_equal(pclose(f), 0);
	assert_int_equal(n, 255);
	assert_memory_equal(back, all, 255);
	sb_free(&line);
	sv_free(&argv);
}

static bool has_word(const struct strvec *argv, const char *word)
{
	for (size_t i = 0; i < argv->n; i++)
		if (!strcmp(argv->v[i], word))
			return true;
	return false;
}

static void test_command(void **state)
{
	struct machine m;
	struct boot boot = {
		.machine = &m, .kernel = "Image", .initrd = "init.cpio",
		.disk = "a,b.img", .append = "quiet x=\"y z\"",
		.tests = "one,two", .nonce = TEST_NONCE,
	};
	struct strvec argv = {};
	struct sbuf err = {};

	(void)state;
	assert_int_equal(load(&m, good, &err), 0);
	assert_int_equal(qemu_command(&argv, &boot, &err), 0);
	assert_string_equal(argv.v[0], "qemu-system-aarch64");
	assert_true(has_word(&argv, "max,x#y=on"));
	assert_true(has_word(&argv, "tcg"));
	assert_true(has_word(&argv, "-no-reboot"));
	assert_true(has_word(&argv, "virtio-blk-device,drive=disk0"));
	assert_true(has_word(&argv, "if=none,id=disk0,format=raw,snapshot=on,file=a,,b.img"));
	assert_string_equal(argv.v[argv.n - 1],
			    "console=ttyAMA0 loglevel=7 printk.devkmsg=on panic=-1 faultline.nonce="
			    TEST_NONCE
			    " faultline.disk=1 faultline.tests=one,two quiet x=\"y z\"");
	sv_free(&argv);

	boot.disk = NULL;
	boot.tests = NULL;
	boot.append = NULL;
	boot.kvm = true;
	assert_int_equal(qemu_command(&argv, &boot, &err), 0);
	assert_false(has_word(&argv, "-drive"));
	assert_true(has_word(&argv, "kvm"));
	assert_null(strstr(argv.v[argv.n - 1], "faultline.tests"));
	assert_null(strstr(argv.v[argv.n - 1], "faultline.disk"));
	sv_free(&argv);
	machine_free(&m);
}

/* A command line the kernel would cut is an error; where, is the kernel's. */
static void test_long_cmdline(void **state)
{
	static const struct {
		const char *arch;
		const char *why;
	} cut[] = {
		{ "= s390x", "s390x takes 895" },
		{ "= arm", "arm takes 1023" },
		{ "= riscv64", "riscv64 takes 1023" },
	};
	struct boot boot = { .kernel = "k", .initrd = "i", .nonce = TEST_NONCE };
	struct strvec argv = {};
	struct sbuf err = {};
	struct machine m;
	char words[1000];
	char *file;

	(void)state;
	memset(words, 'x', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	boot.machine = &m;
	boot.append = words;
	for (size_t i = 0; i < ARRAY_SIZE(cut); i++) {
		file = edit(good, "= arm64", cut[i].arch);
		assert_int_equal(load(&m, file, &err), 0);
		assert_int_equal(qemu_command(&argv, &boot, &err), -1);
		assert_has(sb_str(&err), cut[i].why);
		machine_free(&m);
		sv_free(&argv);
		sb_free(&err);
		free(file);
	}

	/* control: arm64 takes more than twice as much */
	assert_int_equal(load(&m, good, &err), 0);
	assert_int_equal(qemu_command(&argv, &boot, &err), 0);
	machine_free(&m);
	sv_free(&argv);
}

static int setup(void **state)
{
	int fd = mkstemp(strcpy(path, "/tmp/vmrun-machine-XXXXXX"));

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	UNIT_TESTS(tests) = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_quoting),
		cmocka_unit_test(test_quoting_round_trip),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_long_cmdline),
	};

	return cmocka_run_group_tests_name("machine", tests, setup, teardown);
}

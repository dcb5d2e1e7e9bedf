// SPDX-License-Identifier: GPL-2.0
/* System.map, and the stacks of all CPUs out of registers and memory. */
#include <unistd.h>

#include "stacks.h"
#include "test.h"

static char path[100];

static const char map[] =
	"0000000000001000 T _stext\n"
	"0000000000001000 T first\n"
	"0000000000001100 t inner\n"
	"0000000000001200 T outer\n"
	"0000000000001300 R __start_rodata\n"
	"0000000000002000 t init_function\n"
	"0000000000003000 B _end\n";

static int load(struct symbols *s, const char *text, struct sbuf *err)
{
	write_file(path, text);
	return symbols_load(s, path, err);
}

static void expect_name(const struct symbols *s, unsigned long long address,
			const char *name)
{
	struct sbuf sb = {};

	assert_int_equal(symbols_name(s, address, &sb), !!*name);
	assert_string_equal(sb_str(&sb), name);
	sb_free(&sb);
}

static void test_symbols(void **state)
{
	struct sbuf err = {};
	struct symbols s;

	(void)state;
	assert_int_equal(load(&s, map, &err), 0);
	expect_name(&s, 0xfff, "");
	expect_name(&s, 0x1000, "_stext+0x0/0x100");
	expect_name(&s, 0x10ff, "_stext+0xff/0x100");
	expect_name(&s, 0x1104, "inner+0x4/0x100");
	expect_name(&s, 0x12ff, "outer+0xff/0x100");
	/* data has no functions */
	expect_name(&s, 0x1300, "");
	expect_name(&s, 0x1fff, "");
	expect_name(&s, 0x2fff, "init_function+0xfff/0x1000");
	expect_name(&s, 0x3000, "");
	expect_name(&s, ~0ULL, "");
	symbols_free(&s);
	/* arm has veneers without a name */
	assert_int_equal(load(&s, "1000 T f\n1010 t\x20\n1020 T g\n", &err), 0);
	expect_name(&s, 0x1004, "f+0x4/0x10");
	expect_name(&s, 0x1010, "");
	symbols_free(&s);
}

static void test_bad_symbols(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} t[] = {
		{ "", ": no function in it" },
		{ "ffff T a\nELF\n", ":2: not 'address type name'" },
		{ "1000 T\n", ":1: not 'address type name'" },
		{ "1000 TT a\n", ":1: not 'address type name'" },
	};
	struct sbuf err = {};
	struct symbols s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		sb_reset(&err);
		assert_int_equal(load(&s, t[i].text, &err), -1);
		assert_has(sb_str(&err), path);
		assert_has(sb_str(&err), t[i].error);
		symbols_free(&s);
	}
	sb_reset(&err);
	assert_int_equal(symbols_load(&s, "/nonexistent/map", &err), -1);
	assert_has(sb_str(&err), "/nonexistent/map: No such file");
	symbols_free(&s);
	sb_free(&err);
}

struct memory {
	const unsigned long long (*words)[2];
	unsigned int cpu;
	unsigned int reads;
};

static void select_cpu(void *ctx, unsigned int cpu)
{
	((struct memory *)ctx)->cpu = cpu;
}

static bool read_word(void *ctx, unsigned long long address,
		      unsigned long long *word)
{
	struct memory *m = ctx;

	m->reads++;
	for (size_t i = 0; m->words[i][0]; i++) {
		if (m->words[i][0] != address)
			continue;
		*word = m->words[i][1];
		return true;
	}
	return false;
}

/* Walk, and compare with the expected lines, joined with "|". */
static void expect_stacks(const char *arch, const char *registers,
			  const unsigned long long (*words)[2],
			  const char *expected)
{
	struct memory m = { .words = words };
	struct symbols symbols;
	struct stacks s = { .arch = arch, .symbols = &symbols,
			    .select = select_cpu, .read = read_word, .ctx = &m };
	struct sbuf err = {}, got = {};
	struct strvec lines = {};

	assert_int_equal(load(&symbols, map, &err), 0);
	stacks_walk(&s, registers, &lines);
	for (size_t i = 0; i < lines.n; i++)
		sb_addf(&got, "%s%s", i ? "|" : "", lines.v[i]);
	assert_string_equal(sb_str(&got), expected);
	assert_in_range(m.reads, 0, 200);
	sb_free(&got);
	sv_free(&lines);
	symbols_free(&symbols);
}

#define CPU_1 "CPU 1:| inner+0x0/0x100| outer+0x4/0x100"

static void test_arm64(void **state)
{
	static const unsigned long long words[][2] = {
		{ 0x8000, 0x8010 }, { 0x8008, 0x1204 },
		{ 0x8010, 0x8020 }, { 0x8018, 0x2004 },
		{ 0x8020, 0 }, { 0x8028, 0 },
		/* CPU 1: a frame that points to itself */
		{ 0x9000, 0x9000 }, { 0x9008, 0x1204 },
		{ }
	};

	(void)state;
	expect_stacks("arm64",
		      "\r\nCPU#0\r\n PC=0000000000001104 X00=0000000000000000\r\n"
		      "X28=0000000000000000 X29=0000000000008000\r\n"
		      "\r\nCPU#1\r\n PC=0000000000001100 X29=0000000000009000\r\n",
		      words,
		      "CPU 0:| inner+0x4/0x100| outer+0x4/0x100| init_function+0x4/0x1000|"
		      CPU_1);
	expect_stacks("arm64",
		      "CPU#2\r\n PC=0000ffff12345678 X29=0000000000009000\r\n"
		      "\r\nCPU#3\r\n X29=0000000000009000\r\n", words,
		      "CPU 2:| 0xffff12345678 (not in the kernel)|CPU 3: no program counter");
}

/* Two frames that point to each other do not make it run for ever. */
static void test_loop(void **state)
{
	static const unsigned long long words[][2] = {
		{ 0x8000, 0x8010 }, { 0x8008, 0x1204 },
		{ 0x8010, 0x8000 }, { 0x8018, 0x1204 }, { }
	};
	struct memory m = { .words = words };
	struct symbols symbols;
	struct stacks s = { .arch = "arm64", .symbols = &symbols,
			    .select = select_cpu, .read = read_word, .ctx = &m };
	struct strvec lines = {};
	struct sbuf err = {};

	(void)state;
	assert_int_equal(load(&symbols, map, &err), 0);
	stacks_walk(&s, "CPU#0\n PC=1104 X29=8000\n", &lines);
	assert_int_equal(lines.n, STACK_MAX + 2);
	sv_free(&lines);
	symbols_free(&symbols);
}

static void test_s390(void **state)
{
	static const unsigned long long words[][2] = {
		{ 0x8000, 0x80a0 }, { 0x80a0 + 112, 0x1204 },
		{ 0x80a0, 0x8140 }, { 0x8140 + 112, 0x2004 },
		{ 0x8140, 0 }, { }
	};

	(void)state;
	expect_stacks("s390x",
		      "CPU#0\nPSW=mask 0404c00180000000 addr 0000000000001104\n"
		      "R14=0000000000001204 R15=0000000000008000\n", words,
		      "CPU 0:| inner+0x4/0x100| outer+0x4/0x100| init_function+0x4/0x1000");
}

static void test_place_only(void **state)
{
	static const unsigned long long none[][2] = { { } };

	(void)state;
	expect_stacks("x86_64", "CPU#0\nRAX=0 RIP=0000000000001104 RFL=00000246\n",
		      none, "CPU 0:| inner+0x4/0x100");
	expect_stacks("powerpc64", "CPU#0\nNIP 0000000000001104   LR 0 CTR 0\n",
		      none, "CPU 0:| inner+0x4/0x100");
	expect_stacks("sparc64", "CPU#0\npc: 0000000000001104\n", none, "");
	expect_stacks("arm64", "", none, "");
}

static int setup(void **state)
{
	int fd = mkstemp(strcpy(path, "/tmp/vmrun-symbols-XXXXXX"));

	(void)state;
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	UNIT_TESTS(tests) = {
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_bad_symbols),
		cmocka_unit_test(test_arm64),
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_s390),
		cmocka_unit_test(test_place_only),
	};

	return cmocka_run_group_tests_name("stacks", tests, setup, teardown);
}

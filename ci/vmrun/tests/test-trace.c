// SPDX-License-Identifier: GPL-2.0
/* Fingerprints: equal for the same crash, different for another. */
#include <string.h>

#include "test.h"
#include "trace.h"
#include "verdict.h"

static struct patterns patterns;

/* The fingerprint of a console, as a run gets it; the caller frees it. */
static char *print_of(const char *console)
{
	char *copy = strdup(console), *at = copy, *line, *text;
	struct sbuf print = {};
	struct judge j;

	judge_init(&j, &patterns, TEST_NONCE);
	while ((line = strsep(&at, "\n")))
		judge_line(&j, line, 0);
	assert_non_null(j.crash_line);
	trace_fingerprint(&j.trace, j.crash_line, &print);
	text = strdup(sb_str(&print));
	sb_free(&print);
	judge_free(&j);
	free(copy);
	return text;
}

static void expect_print(const char *console, const char *expected)
{
	char *print = print_of(console);

	assert_string_equal(print, expected);
	free(print);
}

#define ARM64_TAIL \
	" do_fault_around+0x1c8/0x210\n" \
	" do_fault+0x30/0x480\n" \
	" handle_mm_fault+0x1e4/0x9c0\n" \
	" do_page_fault+0x148/0x4a0\n" \
	" el0_da+0x20/0x2c\n"

#define CHAIN "do_fault_around < do_fault < handle_mm_fault"
#define WARN_PRINT "WARNING: at mm/memory.c:N do_fault_around | "

static const char warn[] =
	"[    2.000000] ------------[ cut here ]------------\n"
	"[    2.000010] WARNING: CPU: 1 PID: 71 at mm/memory.c:4120 do_fault_around+0x1c8/0x210\n"
	"[    2.000020] Modules linked in:\n"
	"[    2.000030] CPU: 1 PID: 71 Comm: race Not tainted 5.10.262 #1\n"
	"[    2.000040] pc : do_fault_around+0x1c8/0x210\n"
	"[    2.000050] lr : do_fault_around+0x1a0/0x210\n"
	"[    2.000060] sp : ffff80001088bb60\n"
	"[    2.000070] Call trace:\n"
	ARM64_TAIL
	"[    2.000080] ---[ end trace 2f7e5d3b6f1c0a44 ]---\n"
	"[    2.000090]  after_the_end+0x0/0x10\n";

static void test_same(void **state)
{
	static const char expected[] = WARN_PRINT CHAIN;
	/* another CPU, process, time, line, offsets, and console's caller ids */
	static const char again[] =
		"[  112.700000][   T99] ------------[ cut here ]------------\n"
		"[  112.700010][   T99] WARNING: CPU: 0 PID: 4711 at mm/memory.c:4133 do_fault_around+0x1d4/0x21c\n"
		"[  112.700020][   T99] CPU: 0 PID: 4711 Comm: walkers Tainted: G        W\n"
		"[  112.700030][   T99] Call trace:\n"
		"[  112.700040][   T99]  dump_backtrace+0x0/0x180\n"
		"[  112.700050][   T99]  __warn+0x80/0x100\n"
		"[  112.700060][   T99]  do_fault_around+0x1d4/0x21c\n"
		"# a line of a program, bogus_function+0x1/0x2\n"
		"[  112.700070][   T99]  do_fault+0x34/0x488\n"
		"[  112.700080][   T99]  handle_mm_fault.isra.0+0x1e4/0x9c0\n"
		"[  112.700090][   T99] ---[ end trace 0000000000000001 ]---\n";

	(void)state;
	expect_print(warn, expected);
	expect_print(again, expected);
}

static void test_other(void **state)
{
	static const char * const consoles[] = {
		warn,
		/* the same place, reached on another way */
		"WARNING: CPU: 1 PID: 71 at mm/memory.c:4120 do_fault_around+0x1c8/0x210\n"
		" do_fault_around+0x1c8/0x210\n do_read_fault+0x30/0x480\n",
		/* another file */
		"WARNING: CPU: 1 PID: 71 at mm/filemap.c:4120 do_fault_around+0x1c8/0x210\n"
		ARM64_TAIL,
		/* another kind at the same place */
		"BUG: KASAN: use-after-free in do_fault_around+0x1c8/0x210\n"
		ARM64_TAIL,
		"BUG: KASAN: slab-out-of-bounds in do_fault_around+0x1c8/0x210\n"
		ARM64_TAIL,
	};
	char *prints[ARRAY_SIZE(consoles)];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(consoles); i++) {
		prints[i] = print_of(consoles[i]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(prints[i], prints[k]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(consoles); i++)
		free(prints[i]);
}

static void test_kinds(void **state)
{
	(void)state;
	/* x86: what "?" marks may be left over on the stack */
	expect_print("BUG: kernel NULL pointer dereference, address: 0000000000000010\n"
		     "RIP: 0010:filemap_map_pages+0x5d0/0x9a0\n"
		     "Call Trace:\n ? stale+0x1/0x2\n do_fault+0x1/0x2\n"
		     " exc_page_fault+0x60/0x150\n asm_exc_page_fault+0x1e/0x30\n",
		     "BUG: kernel NULL pointer dereference, address: N | filemap_map_pages < do_fault");
	/* s390 */
	expect_print("Oops: 0004 ilc:2 [#1] SMP\n"
		     "Krnl PSW : 0704e00180000000 00000000001a2b3c (gup_pgd_range+0x11c/0x7d0)\n"
		     "Call Trace:\n [<00000000001a2b3c>] gup_pgd_range+0x11c/0x7d0\n"
		     "([<00000000001a2a20>] gup_pgd_range+0x0/0x7d0)\n"
		     " [<00000000001a4000>] get_user_pages_fast+0x20/0x30\n",
		     "Oops: N ilc:N [#N] SMP | gup_pgd_range < get_user_pages_fast");
	/* no frame at all */
	expect_print("BUG: Bad rss-counter state mm:00000000c3a1f2be type:MM_FILEPAGES val:-1\n",
		     "BUG: Bad rss-counter state mm:N type:MM_FILEPAGES val:-N");
	expect_print("INFO: task race:123 blocked for more than 60 seconds.\n",
		     "INFO: task race:N blocked for more than N seconds.");
	/* names with digits and hexadecimal letters stay */
	expect_print("BUG: Bad page state in process ext4_dead pfn:12ab3\n",
		     "BUG: Bad page state in process ext4_dead pfn:N");
}

static void test_frame(void **state)
{
	static const struct {
		const char *line;
		const char *name;
	} t[] = {
		{ " do_fault+0x1c8/0x210", "do_fault" },
		{ "RIP: 0010:f.isra.0+0x0/0x1 [mod]", "f.isra.0" },
		{ "([<00000>] a+0x1/0x2)", "a" },
		{ "a+1/2", "" }, { "+0x1/0x2", "" }, { "1a+0x1/0x2", "" },
		{ "a+0x/0x2", "" }, { "a+0x1", "" }, { "a+0x1/", "" },
		{ "++ a+b c+0x1/0x2", "c" }, { "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		size_t start = 0, len = trace_frame(t[i].line, &start);

		assert_int_equal(len, strlen(t[i].name));
		assert_memory_equal(t[i].line + start, t[i].name, len);
	}
}

static void test_bounds(void **state)
{
	struct trace t = {};

	(void)state;
	for (int i = 0; i < TRACE_LINES_MAX + 10; i++)
		trace_add(&t, " f+0x1/0x2");
	assert_int_equal(t.lines.n, TRACE_LINES_MAX);
	trace_reset(&t);
	assert_int_equal(t.lines.n, 0);
}

static int setup(void **state)
{
	char *file = source_file("crash-patterns");
	struct sbuf err = {};
	int ret = patterns_load(&patterns, file, &err);

	(void)state;
	free(file);
	return ret;
}

static int teardown(void **state)
{
	(void)state;
	patterns_free(&patterns);
	return 0;
}

int main(void)
{
	UNIT_TESTS(tests) = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_other),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_frame),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests_name("trace", tests, setup, teardown);
}

// SPDX-License-Identifier: GPL-2.0
/* The result file: its shape, its content, and that it is whole or absent. */
#include <sys/stat.h>
#include <unistd.h>

#include "result.h"
#include "test.h"

static char dir[100];

static struct patterns none;

static void say(struct run *run, const char * const *lines)
{
	for (; *lines; lines++)
		judge_line(&run->judge, *lines, 0);
}

static json_t *result_of(struct run *run, const char * const *lines,
			 const struct run_end *end, const struct strvec *ids)
{
	json_t *json;

	judge_init(&run->judge, &none, TEST_NONCE);
	say(run, lines);
	run->verdict = judge_verdict(&run->judge, end, &run->reason);
	json = result_json(run, "arm64-test", ids);
	assert_non_null(json);
	return json;
}

static const char *get(json_t *json, const char *a, const char *b)
{
	json_t *value = json_object_get(json, a);

	if (b)
		value = json_object_get(value, b);
	assert_true(json_is_string(value));
	return json_string_value(value);
}

static void test_content(void **state)
{
	static const char * const lines[] = {
		"KTAP version 1", "1..3", "# fact: a.b=old",
		"ok 1 one", "not ok 2 two # be\xff\x01", "ok 3 three # SKIP why",
		"faultline: done " TEST_NONCE, NULL,
	};
	struct run_end end = { .kind = END_EXITED, .shutdown = "guest-shutdown" };
	struct run run = { .boot_ms = 812, .total_ms = 2345 };
	struct strvec ids = {};
	json_t *json, *cases;
	int passed, failed, skipped, format;
	double boot, total;

	(void)state;
	sv_add(&ids, "track=v5.10");
	sv_add(&ids, "note=a=b");
	sv_words(&run.argv, "qemu -x");
	sv_add(&run.argv, "a b");
	run.version = strdup("7.2.22");
	json = result_of(&run, lines, &end, &ids);
	assert_int_equal(json_unpack(json, "{s:i,s:{s:i,s:i,s:i},s:{s:f,s:f}}",
				     "format", &format, "tests", "passed",
				     &passed, "failed", &failed, "skipped",
				     &skipped, "seconds", "boot", &boot,
				     "total", &total), 0);
	assert_int_equal(format, 1);
	assert_string_equal(get(json, "verdict", NULL), "fail");
	assert_string_equal(get(json, "reason", NULL), "1 of 2 tests failed: two");
	assert_string_equal(get(json, "machine", NULL), "arm64-test");
	assert_string_equal(get(json, "accel", NULL), "tcg");
	assert_string_equal(get(json, "qemu", "version"), "7.2.22");
	assert_string_equal(get(json, "qemu", "command"), "qemu -x 'a b'");
	assert_string_equal(get(json, "id", "track"), "v5.10");
	assert_string_equal(get(json, "id", "note"), "a=b");
	assert_string_equal(get(json, "facts", "a.b"), "old");
	assert_int_equal(passed, 1);
	assert_int_equal(failed, 1);
	assert_int_equal(skipped, 1);
	assert_true(boot > 0.811 && boot < 0.813);
	assert_true(total > 2.344 && total < 2.346);
	assert_true(json_is_null(json_object_get(json, "crash")));
	cases = json_object_get(json_object_get(json, "tests"), "cases");
	assert_int_equal(json_array_size(cases), 3);
	assert_string_equal(get(json_array_get(cases, 0), "result", NULL), "ok");
	assert_string_equal(get(json_array_get(cases, 1), "name", NULL), "two");
	assert_string_equal(get(json_array_get(cases, 1), "result", NULL),
			    "not ok");
	assert_string_equal(get(json_array_get(cases, 1), "note", NULL),
			    "be?\x01");
	assert_string_equal(get(json_array_get(cases, 2), "result", NULL),
			    "skip");
	assert_string_equal(get(json_array_get(cases, 2), "note", NULL), "why");
	json_decref(json);
	run_free(&run);
	sv_free(&ids);
}

static void test_crash(void **state)
{
	static const char * const lines[] = {
		"[    1.000000] BUG: Bad page state in process x", NULL,
	};
	struct run_end end = { .kind = END_CRASH };
	struct run run = { .boot_ms = -1, .total_ms = -1, .boot.kvm = true };
	char *file = source_file("crash-patterns");
	struct strvec ids = {};
	struct sbuf err = {};
	json_t *json;

	(void)state;
	assert_int_equal(patterns_load(&none, file, &err), 0);
	json = result_of(&run, lines, &end, &ids);
	assert_string_equal(get(json, "verdict", NULL), "crash");
	assert_string_equal(get(json, "crash", "line"),
			    "BUG: Bad page state in process x");
	assert_string_equal(get(json, "crash", "pattern"),
			    "(^|[^A-Za-z_])BUG:[ ]");
	assert_string_equal(get(json, "accel", NULL), "kvm");
	assert_true(json_is_null(json_object_get(json_object_get(json, "seconds"),
						 "boot")));
	json_decref(json);
	run_free(&run);
	patterns_free(&none);
	free(file);
}

static void test_write(void **state)
{
	json_t *json = json_pack("{s:i}", "format", 1), *back;
	struct sbuf path = {}, tmp = {}, err = {};

	(void)state;
	sb_addf(&path, "%s/result.json", dir);
	sb_addf(&tmp, "%s/.result.json.tmp", dir);
	assert_int_equal(result_write(json, dir, &err), 0);
	back = json_load_file(sb_str(&path), 0, NULL);
	assert_true(json_equal(json, back));
	assert_int_equal(access(sb_str(&tmp), F_OK), -1);
	json_decref(back);

	/* an old result stays whole when the new one cannot be written */
	assert_int_equal(mkdir(sb_str(&tmp), 0777), 0);
	json_object_set_new(json, "format", json_integer(2));
	assert_int_equal(result_write(json, dir, &err), -1);
	assert_has(sb_str(&err), sb_str(&path));
	assert_has(sb_str(&err), "Is a directory");
	assert_int_equal(rmdir(sb_str(&tmp)), 0);
	back = json_load_file(sb_str(&path), 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(back, "format")), 1);
	json_decref(back);

	sb_reset(&err);
	assert_int_equal(result_write(json, "/nonexistent", &err), -1);
	assert_has(sb_str(&err), "No such file");
	assert_int_equal(unlink(sb_str(&path)), 0);
	json_decref(json);
	sb_free(&path);
	sb_free(&tmp);
	sb_free(&err);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(strcpy(dir, "/tmp/vmrun-result-XXXXXX")) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(dir);
}

int main(void)
{
	UNIT_TESTS(tests) = {
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_write),
	};

	return cmocka_run_group_tests_name("result", tests, setup, teardown);
}

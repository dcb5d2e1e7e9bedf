// SPDX-License-Identifier: GPL-2.0
/* KTAP: what is read from good input, and that every breach is seen. */
#include "ktap.h"
#include "test.h"

static void read_text(struct ktap *k, const char *text)
{
	char *copy = strdup(text), *at = copy, *line;

	ktap_init(k);
	while ((line = strsep(&at, "\n")))
		ktap_line(k, line);
	free(copy);
}

static void test_nested(void **state)
{
	struct ktap k;

	(void)state;
	read_text(&k,
		  "kernel message\n"
		  "KTAP version 1\n"
		  "1..3\n"
		  "  KTAP version 1\n"
		  "  # Subtest: fa\n"
		  "  1..3\n"
		  "a kernel message in between\n"
		  "  ok 1 one\n"
		  "  # fact: fa.prefaulted=old\n"
		  "  # x.c:12: expected 1\n"
		  "  # got 2\n"
		  "  not ok 2 two\n"
		  "  ok 3 three # SKIP no such thing\n"
		  "not ok 1 fa\n"
		  "  KTAP version 1\n"
		  "  1..1\n"
		  "    KTAP version 1\n"
		  "    # Subtest: in\n"
		  "    1..1\n"
		  "    ok 1 leaf\n"
		  "  ok 1 in\n"
		  "ok 2 unnamed\n"
		  "not ok 3 - alone # because\n");
	assert_null(k.error);
	assert_true(ktap_complete(&k));
	assert_int_equal(k.n_cases, 5);
	assert_string_equal(k.cases[0].name, "fa.one");
	assert_int_equal(k.cases[0].result, KTAP_OK);
	assert_null(k.cases[0].note);
	assert_string_equal(k.cases[1].name, "fa.two");
	assert_int_equal(k.cases[1].result, KTAP_NOT_OK);
	assert_string_equal(k.cases[1].note, "x.c:12: expected 1; got 2");
	assert_string_equal(k.cases[2].name, "fa.three");
	assert_int_equal(k.cases[2].result, KTAP_SKIP);
	assert_string_equal(k.cases[2].note, "no such thing");
	assert_string_equal(k.cases[3].name, "unnamed.in.leaf");
	assert_string_equal(k.cases[4].name, "alone");
	assert_string_equal(k.cases[4].note, "because");
	assert_int_equal(k.count[KTAP_OK], 2);
	assert_int_equal(k.count[KTAP_NOT_OK], 2);
	assert_int_equal(k.count[KTAP_SKIP], 1);
	assert_int_equal(k.n_facts, 1);
	assert_string_equal(k.facts[0].name, "fa.prefaulted");
	assert_string_equal(k.facts[0].value, "old");
	ktap_free(&k);
}

/* A group that fails or is skipped without a test saying so counts itself. */
static void test_groups(void **state)
{
	struct ktap k;

	(void)state;
	read_text(&k, "KTAP version 1\n1..2\n"
		  "  KTAP version 1\n  1..1\n  ok 1 a\nnot ok 1 g # died\n"
		  "  KTAP version 1\n  1..0\nok 2 h # SKIP no disk\n");
	assert_null(k.error);
	assert_int_equal(k.n_cases, 3);
	assert_string_equal(k.cases[0].name, "g.a");
	assert_string_equal(k.cases[1].name, "g");
	assert_int_equal(k.cases[1].result, KTAP_NOT_OK);
	assert_string_equal(k.cases[2].name, "h");
	assert_int_equal(k.cases[2].result, KTAP_SKIP);
	ktap_free(&k);
}

static void test_breaches(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} t[] = {
		{ "1..1\nok 1 a", "before the version line" },
		{ "ok 1 a", "before the version line" },
		{ "KTAP version 2\n1..1\nok 1 a", "version '2', expected 1" },
		{ "KTAP version 1x\n1..1\nok 1 a", "version '1x', expected 1" },
		{ "KTAP version 1\nKTAP version 1", "second version line" },
		{ "KTAP version 1\nok 1 a", "before the plan" },
		{ "KTAP version 1\n1..1\n1..1", "second plan" },
		{ "KTAP version 1\nok 1 a\n1..1", "before the plan" },
		{ "KTAP version 1\n1..x", "not '1..N'" },
		{ "KTAP version 1\n1..1x", "not '1..N'" },
		{ "KTAP version 1\n1..99999999999", "not '1..N'" },
		{ "KTAP version 1\n1..1\nok 1 a\nok 2 b", "beyond the plan of 1" },
		{ "KTAP version 1\n1..2\nok 2 a", "has number 2, expected 1" },
		{ "KTAP version 1\n1..2\nok 1 a\nok 1 b", "has number 1, expected 2" },
		{ "KTAP version 1\n1..1\nnot ok a", "without a number" },
		{ "KTAP version 1\n1..1\nok 1", "has no name" },
		{ "KTAP version 1\n1..1\n  ok 1 a", "at depth 1" },
		{ "KTAP version 1\n1..1\n ok 1 a", "two per level" },
		{ "KTAP version 1\n1..1\n    KTAP version 1", "depth 2" },
		{ "KTAP version 1\n1..1\n  KTAP version 1\n  1..2\n  ok 1 a\nok 1 g",
		  "'g' planned 2 tests and gave 1" },
		{ "KTAP version 1\n1..1\n  KTAP version 1\nok 1 g",
		  "'g' has no plan" },
		{ "KTAP version 1\n1..1\n  KTAP version 1\n  # Subtest: f\n  1..0\nok 1 g",
		  "'f' ends with a result for 'g'" },
		{ "KTAP version 1\n1..1\n  KTAP version 1\n  1..0\nok 1 g",
		  "'g' is ok without a test" },
		{ "KTAP version 1\n1..1\n  KTAP version 1\n  1..0\n  KTAP version 1",
		  "without a result" },
		{ "# fact: a", "not 'name=value'" },
		{ "# fact: a b=c", "not 'name=value'" },
		{ "# fact: a=", "not 'name=value'" },
		{ "# fact: a=b\n# fact: a=c", "fact a is 'b' and then 'c'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct ktap k;

		read_text(&k, t[i].text);
		if (!k.error)
			fail_msg("no breach seen in '%s'", t[i].text);
		assert_has(k.error, t[i].error);
		ktap_free(&k);
	}
}

static void test_incomplete(void **state)
{
	static const char full[] =
		"KTAP version 1\n1..2\n"
		"  KTAP version 1\n  # Subtest: g\n  1..2\n  ok 1 a\n  ok 2 b\n"
		"ok 1 g\nok 2 h\n";
	size_t len = strlen(full);
	struct ktap k;

	(void)state;
	/* no beginning of it is complete, and none is a breach */
	for (size_t n = 0; n < len; n++) {
		char *part;

		if (full[n] != '\n')
			continue;
		part = strndup(full, n);
		read_text(&k, part);
		assert_null(k.error);
		assert_int_equal(ktap_complete(&k), n == len - 1);
		ktap_finish(&k);
		if (k.n_cases)
			assert_string_equal(k.cases[0].name, "g.a");
		ktap_free(&k);
		free(part);
	}
}

static void test_not_ktap(void **state)
{
	static const char * const lines[] = {
		"", "okay", "ok", "ok then", "not okay 1", "KTAP", "1.", "1 .. 2",
		"faultline: done x", "nok 1 a", "xok 1 a",
	};
	struct ktap k;

	(void)state;
	ktap_init(&k);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(ktap_line(&k, lines[i]), KTAP_NONE);
	assert_null(k.error);
	ktap_free(&k);
}

/* Any failure is counted, also where the format is broken. */
static void test_failures_count(void **state)
{
	static const char * const texts[] = {
		"KTAP version 1\n1..1\nnot ok 1 a",
		"KTAP version 1\n1..1\n  not ok 1 a",
		"KTAP version 1\n1..1\nnot ok a",
		"KTAP version 1\n1..1\nnot ok 1 a # SKIP no",
		"KTAP version 1\n1..1\nnot ok 1 a # TODO",
		"KTAP version 1\n1..1\nok 1 a # TIMEOUT",
		"KTAP version 1\n1..1\nok 1 a # ERROR bad",
		"KTAP version 1\n1..1\nok 1 a\nnot ok 2 b",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct ktap k;

		read_text(&k, texts[i]);
		assert_int_equal(k.count[KTAP_NOT_OK], 1);
		ktap_free(&k);
	}
}

int main(void)
{
	UNIT_TESTS(tests) = {
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_breaches),
		cmocka_unit_test(test_incomplete),
		cmocka_unit_test(test_not_ktap),
		cmocka_unit_test(test_failures_count),
	};

	return cmocka_run_group_tests_name("ktap", tests, NULL, NULL);
}

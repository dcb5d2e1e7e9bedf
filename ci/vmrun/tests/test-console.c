// SPDX-License-Identifier: GPL-2.0
/* Lines out of bytes, and text out of lines. */
#include "console.h"
#include "test.h"

struct seen {
	unsigned int n;
	char text[8][64];	/* the first bytes of each line */
	size_t len[32];
	unsigned int flags[32];
	bool panic;
};

static void see(void *ctx, const char *line, unsigned int flags)
{
	struct seen *s = ctx;

	if (s->n < 8)
		snprintf(s->text[s->n], sizeof(s->text[0]), "%s", line);
	if (s->n < 32) {
		s->len[s->n] = strlen(line);
		s->flags[s->n] = flags;
	}
	s->panic |= !!strstr(line, "Kernel panic");
	s->n++;
}

static void feed(struct seen *s, const char *data, size_t len, size_t step)
{
	struct console c = { .line = see, .ctx = s };

	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < len; i += step)
		console_feed(&c, data + i, step < len - i ? step : len - i);
	console_flush(&c);
	console_free(&c);
}

static void test_lines(void **state)
{
	static const char data[] = "one\ntwo\r\n\r\r\n\nla\0st\nopen";
	struct seen s;

	(void)state;
	for (size_t step = 1; step < sizeof(data); step++) {
		feed(&s, data, sizeof(data) - 1, step);
		assert_int_equal(s.n, 6);
		assert_string_equal(s.text[0], "one");
		assert_string_equal(s.text[1], "two");
		assert_string_equal(s.text[2], "");
		assert_string_equal(s.text[3], "");
		assert_string_equal(s.text[4], "la?st");
		assert_string_equal(s.text[5], "open");
		assert_int_equal(s.flags[4], 0);
		assert_int_equal(s.flags[5], LINE_OPEN);
	}
}

static void test_long_line(void **state)
{
	size_t len = (1 << 20) + 6;
	char *data = malloc(len);
	struct seen s;

	(void)state;
	memset(data, 'x', len);
	memcpy(data + len - 6, "\nnext\n", 6);
	/* the words straddle the first cut */
	memcpy(data + CONSOLE_LINE_MAX - 5, "Kernel panic", 12);
	feed(&s, data, len, 1000);
	assert_true(s.panic);
	assert_in_range(s.n, 17, 18);
	for (unsigned int i = 0; i < s.n - 1; i++) {
		assert_in_range(s.len[i], 1, CONSOLE_LINE_MAX);
		assert_int_equal(s.flags[i], LINE_CUT);
	}
	assert_int_equal(s.len[s.n - 1], 4);
	assert_int_equal(s.flags[s.n - 1], 0);

	/* control: without the words none are seen */
	memset(data + CONSOLE_LINE_MAX - 5, 'x', 12);
	feed(&s, data, len, 1000);
	assert_false(s.panic);
	free(data);
}

static void test_line_of_the_limit(void **state)
{
	char *data = malloc(CONSOLE_LINE_MAX + 2);
	struct seen s;

	(void)state;
	memset(data, 'x', CONSOLE_LINE_MAX + 2);
	data[CONSOLE_LINE_MAX - 1] = '\n';
	feed(&s, data, CONSOLE_LINE_MAX, CONSOLE_LINE_MAX);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.flags[0], 0);
	data[CONSOLE_LINE_MAX - 1] = 'x';
	data[CONSOLE_LINE_MAX + 1] = '\n';
	feed(&s, data, CONSOLE_LINE_MAX + 2, CONSOLE_LINE_MAX + 2);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.flags[0], LINE_CUT);
	assert_int_equal(s.flags[1], LINE_CUT);
	free(data);
}

/* Whether a line is cut does not depend on where a read ended. */
static void test_limit_in_pieces(void **state)
{
	char *data = malloc(CONSOLE_LINE_MAX + 4);
	struct seen s, pieces;

	(void)state;
	for (size_t len = CONSOLE_LINE_MAX - 1; len <= CONSOLE_LINE_MAX + 2; len++) {
		memset(data, 'x', len);
		memcpy(data + len, "\nz", 2);
		feed(&s, data, len + 2, len + 2);
		for (size_t cut = CONSOLE_LINE_MAX - 1; cut <= len + 1; cut++) {
			feed(&pieces, data, len + 2, cut);
			assert_memory_equal(&pieces, &s, sizeof(s));
		}
		assert_int_equal(s.flags[0],
				 len > CONSOLE_LINE_MAX ? LINE_CUT : 0);
	}
	free(data);
}

static void test_strip(void **state)
{
	static const struct {
		const char *line;
		const char *text;
	} t[] = {
		{ "[   12.345678] ok 1 a", "ok 1 a" },
		{ "[   12.345678]   ok 1 a", "  ok 1 a" },
		{ "[   12.345678][    T1] ok 1 a", "ok 1 a" },
		{ "[   12.345678][   C10]   ok 1 a", "  ok 1 a" },
		{ "[   12.345678] [    T1] ok 1 a", "ok 1 a" },
		{ "[12345.678901] x", "x" },
		{ "[    0.000000]", "" },
		{ "ok 1 a", "ok 1 a" },
		{ "  ok 1 a", "  ok 1 a" },
		{ "[T1] x", "[T1] x" },
		{ "[   12] x", "[   12] x" },
		{ "[   12.3 x", "[   12.3 x" },
		{ "[ BUG: x ]", "[ BUG: x ]" },
		{ "[    1.000000] [    2.000000] x", "[    2.000000] x" },
		{ "[    1.000000] [ BUG: x ]", "[ BUG: x ]" },
		{ "?[    1.000000] x", "?[    1.000000] x" },
		{ "", "" },
		{ "[", "[" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		assert_string_equal(console_strip(t[i].line), t[i].text);
}

int main(void)
{
	UNIT_TESTS(tests) = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_line_of_the_limit),
		cmocka_unit_test(test_limit_in_pieces),
		cmocka_unit_test(test_strip),
	};

	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}

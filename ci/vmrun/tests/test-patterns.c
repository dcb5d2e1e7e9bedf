// SPDX-License-Identifier: GPL-2.0
/*
 * Crash patterns: the file format, and every log in tests/logs/, whose name
 * "<verdict>-<what>.log" states the verdict it must give.
 */
#include <dirent.h>
#include <unistd.h>

#include "console.h"
#include "test.h"
#include "verdict.h"

static char path[100];

static int load(struct patterns *p, const char *text, struct sbuf *err)
{
	write_file(path, text);
	return patterns_load(p, path, err);
}

static void test_match(void **state)
{
	const struct pattern *hit;
	struct sbuf err = {};
	struct patterns p;

	(void)state;
	assert_int_equal(load(&p, "# c\n\nBUG:[ ]\n!^harmless BUG:\nO+ps|x{3}\n",
			      &err), 0);
	hit = patterns_match(&p, "a BUG: b");
	assert_non_null(hit);
	assert_string_equal(hit->text, "BUG:[ ]");
	assert_int_equal(hit->line, 3);
	assert_non_null(patterns_match(&p, "Oooops OOOps"));
	assert_non_null(patterns_match(&p, "xxx"));
	assert_null(patterns_match(&p, "xx"));
	/* an allow-line wins wherever it stands in the file */
	assert_null(patterns_match(&p, "harmless BUG: b"));
	assert_non_null(patterns_match(&p, "not harmless BUG: b"));
	/* forwarded output, and what only looks like it */
	assert_null(patterns_match(&p, "# BUG: b"));
	assert_null(patterns_match(&p, "  # BUG: b"));
	assert_non_null(patterns_match(&p, "#1 BUG: b"));
	assert_non_null(patterns_match(&p, "BUG: # b"));
	patterns_free(&p);
}

static void test_bad_files(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} t[] = {
		{ "", ":0: no crash pattern" },
		{ "# only\n\n", ":2: no crash pattern" },
		{ "!allowed\n", ":1: no crash pattern" },
		{ "BUG:\na(b\n", ":2: 'a(b': " },
		{ "BUG:\n[a\n", ":2: '[a': " },
		{ "BUG:\n!a(b\n", ":2: 'a(b': " },
		{ "BUG:\t\n", ":1: blanks around 'BUG:\t'" },
		{ " BUG:\n", ":1: blanks around ' BUG:'" },
		{ "BUG:\r\n", ":1: blanks around" },
		{ "BUG:\n!\n", ":2: '!' without an expression" },
		{ "BUG:\na*\n", ":2: 'a*' matches an empty line" },
		{ "BUG:\n(a)\\1\n", ":2: back-reference" },
	};
	struct sbuf err = {};
	struct patterns p;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		sb_reset(&err);
		assert_int_equal(load(&p, t[i].text, &err), -1);
		assert_has(sb_str(&err), path);
		assert_has(sb_str(&err), t[i].error);
		patterns_free(&p);
	}
	sb_reset(&err);
	assert_int_equal(patterns_load(&p, "/nonexistent/p", &err), -1);
	assert_has(sb_str(&err), "/nonexistent/p: No such file");
	patterns_free(&p);
	sb_reset(&err);
	assert_int_equal(patterns_load(&p, "/tmp", &err), -1);
	assert_has(sb_str(&err), "Is a directory");
	patterns_free(&p);
	sb_free(&err);
}

static void one_line(void *ctx, const char *line, unsigned int flags)
{
	judge_line(ctx, line, flags);
}

static void feed_log(struct console *c, const char *file)
{
	char buf[777];
	FILE *f = fopen(file, "re");
	size_t n;

	assert_non_null(f);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		console_feed(c, buf, n);
	fclose(f);
	console_flush(c);
	console_free(c);
}

/* The verdict on a log whose guest powered off in order, or fell silent. */
static enum verdict judge_log(const struct patterns *p, const char *file,
			      bool silent, struct sbuf *reason)
{
	struct run_end end = { .kind = END_EXITED, .shutdown = "guest-shutdown" };
	struct console c = { .line = one_line };
	enum verdict verdict;
	struct judge j;

	if (silent)
		end = (struct run_end) { .kind = END_SILENCE, .seconds = 60 };
	judge_init(&j, p, TEST_NONCE);
	c.ctx = &j;
	feed_log(&c, file);
	verdict = judge_verdict(&j, &end, reason);
	judge_free(&j);
	return verdict;
}

struct log_file {
	char *path;
	const char *name;
	enum verdict verdict;
};

static struct log_file logs[500];
static size_t n_logs;

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct log_file *)a)->name,
		      ((const struct log_file *)b)->name);
}

static void list_logs(void)
{
	char *dir = source_file("tests/logs");
	DIR *d = opendir(dir);
	struct dirent *e;

	assert_non_null(d);
	while ((e = readdir(d))) {
		struct log_file *log = &logs[n_logs];
		size_t len = strlen(e->d_name);
		int v;

		if (e->d_name[0] == '.')
			continue;
		if (len < 4 || strcmp(e->d_name + len - 4, ".log"))
			fail_msg("tests/logs/%s is not a .log", e->d_name);
		for (v = VERDICT_PASS; v <= VERDICT_HANG; v++)
			if (!strncmp(e->d_name, verdict_name(v),
				     strlen(verdict_name(v))) &&
			    e->d_name[strlen(verdict_name(v))] == '-')
				break;
		if (v > VERDICT_HANG)
			fail_msg("tests/logs/%s names no verdict", e->d_name);
		assert_in_range(n_logs, 0, ARRAY_SIZE(logs) - 1);
		assert_true(asprintf(&log->path, "%s/%s", dir, e->d_name) > 0);
		log->name = path_base(log->path);
		log->verdict = v;
		n_logs++;
	}
	closedir(d);
	free(dir);
	qsort(logs, n_logs, sizeof(logs[0]), by_name);
}

static void load_ours(struct patterns *p)
{
	char *file = source_file("crash-patterns");
	struct sbuf err = {};

	if (patterns_load(p, file, &err))
		fail_msg("%s", sb_str(&err));
	free(file);
}

static void test_logs(void **state)
{
	unsigned int wrong = 0, count[VERDICT_HANG + 1] = {};
	struct patterns p;

	(void)state;
	load_ours(&p);
	for (size_t i = 0; i < n_logs; i++) {
		bool silent = logs[i].verdict == VERDICT_HANG;
		struct sbuf reason = {};
		enum verdict v;

		v = judge_log(&p, logs[i].path, silent, &reason);
		count[logs[i].verdict]++;
		if (v != logs[i].verdict) {
			print_error("%s gives %s: %s\n", logs[i].name,
				    verdict_name(v), sb_str(&reason));
			wrong++;
		}
		sb_free(&reason);
	}
	print_message("%zu logs: %u pass, %u fail, %u crash, %u hang\n", n_logs,
		      count[VERDICT_PASS], count[VERDICT_FAIL],
		      count[VERDICT_CRASH], count[VERDICT_HANG]);
	assert_int_equal(wrong, 0);
	for (int v = VERDICT_PASS; v <= VERDICT_HANG; v++)
		assert_int_not_equal(count[v], 0);
	patterns_free(&p);
}

static bool has_token(const char *file)
{
	char line[1024];
	FILE *f = fopen(file, "re");
	bool found = false;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		found |= strstr(line, "] faultline: done " TEST_NONCE "\n") ||
			 strstr(line, "] faultline: done " TEST_NONCE "\r\n");
	fclose(f);
	return found;
}

/*
 * Control: with patterns that match nothing, a crash log whose guest went on
 * to its end is a pass. So it is the patterns that turn it red.
 */
static void test_logs_blind(void **state)
{
	struct sbuf reason = {};
	unsigned int passed = 0;
	struct patterns p;

	(void)state;
	assert_int_equal(load(&p, "no line is like this\n", &reason), 0);
	for (size_t i = 0; i < n_logs; i++) {
		if (logs[i].verdict != VERDICT_CRASH ||
		    !has_token(logs[i].path))
			continue;
		sb_reset(&reason);
		if (judge_log(&p, logs[i].path, false, &reason) != VERDICT_PASS)
			fail_msg("%s: %s", logs[i].name, sb_str(&reason));
		passed++;
	}
	assert_in_range(passed, 30, n_logs);
	sb_free(&reason);
	patterns_free(&p);
}

static bool hits(const struct pattern *pattern, enum verdict verdict)
{
	char line[1024];
	bool hit = false;

	for (size_t i = 0; i < n_logs && !hit; i++) {
		FILE *f;

		if (logs[i].verdict != verdict)
			continue;
		f = fopen(logs[i].path, "re");
		assert_non_null(f);
		while (fgets(line, sizeof(line), f) && !hit) {
			line[strcspn(line, "\r\n")] = '\0';
			hit = !regexec(&pattern->re, console_strip(line), 0,
				       NULL, 0);
		}
		fclose(f);
	}
	return hit;
}

/* A pattern no log needs may be misspelt, and nobody would know. */
static void test_every_pattern_has_a_log(void **state)
{
	unsigned int without = 0;
	struct patterns p;

	(void)state;
	load_ours(&p);
	for (size_t i = 0; i < p.n; i++) {
		const struct pattern *one = &p.v[i];

		if (hits(one, one->allow ? VERDICT_PASS : VERDICT_CRASH))
			continue;
		print_error("crash-patterns:%u: no log for '%s'\n", one->line,
			    one->text);
		without++;
	}
	assert_int_equal(without, 0);
	patterns_free(&p);

	/* control: a pattern without a log is found out */
	write_file(path, "BUG: not in any log\n");
	assert_int_equal(patterns_load(&p, path, NULL), 0);
	assert_false(hits(&p.v[0], VERDICT_CRASH));
	patterns_free(&p);
}

static int setup(void **state)
{
	int fd = mkstemp(strcpy(path, "/tmp/vmrun-patterns-XXXXXX"));

	(void)state;
	if (fd < 0)
		return -1;
	close(fd);
	list_logs();
	assert_int_not_equal(n_logs, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_logs; i++)
		free(logs[i].path);
	return unlink(path);
}

int main(void)
{
	UNIT_TESTS(tests) = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_logs),
		cmocka_unit_test(test_logs_blind),
		cmocka_unit_test(test_every_pattern_has_a_log),
	};

	return cmocka_run_group_tests_name("patterns", tests, setup, teardown);
}

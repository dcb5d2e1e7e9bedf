// SPDX-License-Identifier: GPL-2.0
/* Known splats: the file, and what a listed and an unlisted one do to a verdict. */
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"
#include "verdict.h"

static char path[100];
static struct patterns patterns;

static int load(struct known *k, const char *text, const char *machine,
		struct sbuf *err)
{
	write_file(path, text);
	return known_load(k, path, machine, err);
}

#define CUT "------------[ cut here ]------------\n"
#define WARNING(where) \
	"WARNING: CPU: 0 PID: 1 at " where ":12 f+0x0/0x10\n" \
	"Call trace:\n f+0x0/0x10\n"
#define END "---[ end trace 0123456789abcdef ]---\n"
#define SPLAT(where) "" CUT WARNING(where) END ""
#define HEAD "KTAP version 1\n1..1\n"
#define TAIL "ok 1 a\nfaultline: done " TEST_NONCE "\nreboot: Power down\n"

/* The verdict of a guest that printed this and powered off. */
static enum verdict verdict_of(const char *console, const char *file,
			       const char *machine, struct known *k)
{
	struct run_end end = { .kind = END_EXITED, .shutdown = "guest-shutdown" };
	char *copy = strdup(console), *at = copy, *line;
	struct sbuf err = {}, reason = {};
	enum verdict verdict;
	struct judge j;

	if (load(k, file, machine, &err))
		fail_msg("%s", sb_str(&err));
	judge_init(&j, &patterns, TEST_NONCE);
	j.known = k;
	while ((line = strsep(&at, "\n")))
		judge_line(&j, line, 0);
	verdict = judge_verdict(&j, &end, &reason);
	judge_free(&j);
	sb_free(&reason);
	free(copy);
	return verdict;
}

static void expect_verdict(const char *console, const char *file,
			   const char *machine, enum verdict expected,
			   unsigned int count)
{
	struct known k;

	assert_int_equal(verdict_of(console, file, machine, &k), expected);
	if (count) {
		assert_int_equal(k.n, 1);
		assert_int_equal(k.v[0].count, count);
		assert_has(k.v[0].line, "WARNING: CPU: 0");
	} else {
		for (size_t i = 0; i < k.n; i++)
			assert_int_equal(k.v[i].count, 0);
	}
	known_forget(&k);
	for (size_t i = 0; i < k.n; i++)
		assert_true(!k.v[i].line && !k.v[i].count);
	known_free(&k);
}

static void test_listed(void **state)
{
	static const char listed[] = "arm64-* WARNING: .* mm/a\\.c: # a reason\n";

	(void)state;
	expect_verdict(HEAD SPLAT("mm/a.c") TAIL, listed, "arm64-x",
		       VERDICT_PASS, 1);
	expect_verdict(HEAD SPLAT("mm/a.c") SPLAT("mm/a.c") TAIL, listed,
		       "arm64-x", VERDICT_PASS, 2);
	expect_verdict(HEAD TAIL, listed, "arm64-x", VERDICT_PASS, 0);
	/* of two CPUs, at the same time */
	expect_verdict(HEAD CUT CUT WARNING("mm/a.c") WARNING("mm/a.c") END END TAIL,
		       listed, "arm64-x", VERDICT_PASS, 2);
	expect_verdict(HEAD CUT WARNING("mm/a.c") CUT WARNING("mm/a.c") END END TAIL,
		       listed, "arm64-x", VERDICT_PASS, 2);
	expect_verdict(HEAD CUT CUT WARNING("mm/a.c") WARNING("mm/a.c") END END END TAIL,
		       listed, "arm64-x", VERDICT_CRASH, 2);
	/* controls: not listed, listed for others, and another besides */
	expect_verdict(HEAD SPLAT("mm/a.c") TAIL, "# none\n", "arm64-x",
		       VERDICT_CRASH, 0);
	expect_verdict(HEAD SPLAT("mm/a.c") TAIL, listed, "s390x",
		       VERDICT_CRASH, 0);
	expect_verdict(HEAD SPLAT("mm/b.c") TAIL, listed, "arm64-x",
		       VERDICT_CRASH, 0);
	expect_verdict(HEAD SPLAT("mm/a.c") SPLAT("mm/b.c") TAIL, listed,
		       "arm64-x", VERDICT_CRASH, 1);
	/* a ruler alone is a crash still, also behind a known splat */
	expect_verdict(HEAD SPLAT("mm/a.c") "------------[ cut here ]------------\n" TAIL,
		       listed, "arm64-x", VERDICT_CRASH, 1);
	expect_verdict(HEAD SPLAT("mm/a.c") "---[ end trace 0 ]---\n" TAIL,
		       listed, "arm64-x", VERDICT_CRASH, 1);
	/* behind other text the lower ruler is none: that may be a crash itself */
	expect_verdict(HEAD CUT WARNING("mm/a.c") "BUG: b---[ end trace 0 ]---\n" TAIL,
		       listed, "arm64-x", VERDICT_CRASH, 1);
	/* also in front of one, of which the line that says what it was is lost */
	expect_verdict(HEAD "------------[ cut here ]------------\n---[ end trace 0 ]---\n"
		       SPLAT("mm/a.c") TAIL, listed, "arm64-x", VERDICT_CRASH, 1);
	/* a listed splat excuses no test that fails */
	expect_verdict(HEAD SPLAT("mm/a.c") "not ok 1 a\nfaultline: done " TEST_NONCE "\n",
		       listed, "arm64-x", VERDICT_FAIL, 1);
}

/* What a test says of its result is not said by the kernel. */
static void test_note(void **state)
{
	static const char done[] = "faultline: done " TEST_NONCE "\n";
	char console[200];

	(void)state;
	snprintf(console, sizeof(console), HEAD "not ok 1 a # double free of x\n%s", done);
	expect_verdict(console, "# none\n", "arm64-x", VERDICT_FAIL, 0);
	/* controls: the kernel, and in front of the note */
	snprintf(console, sizeof(console), HEAD "double free of x\nok 1 a # b\n%s", done);
	expect_verdict(console, "# none\n", "arm64-x", VERDICT_CRASH, 0);
	snprintf(console, sizeof(console), HEAD "not ok 1 double free # of x\n%s", done);
	expect_verdict(console, "# none\n", "arm64-x", VERDICT_CRASH, 0);
}

static void test_bad_files(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} t[] = {
		{ "* BUG\n", ":1: expected 'machines expression # reason'" },
		{ "# c\n\narm64\n", ":3: expected 'machines" },
		{ "* BUG #\n", ":1: expected 'machines" },
		{ "* a(b # why\n", ":1: 'a(b': " },
		{ "other a(b # why\n", ":1: 'a(b': " },
		{ "* a* # why\n", ":1: 'a*' matches an empty line" },
	};
	struct sbuf err = {};
	struct known k;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		sb_reset(&err);
		assert_int_equal(load(&k, t[i].text, "arm64-x", &err), -1);
		assert_has(sb_str(&err), path);
		assert_has(sb_str(&err), t[i].error);
		known_free(&k);
	}
	sb_reset(&err);
	assert_int_equal(known_load(&k, "/nonexistent/k", "m", &err), -1);
	assert_has(sb_str(&err), "/nonexistent/k: No such file");
	known_free(&k);
	sb_free(&err);
}

static int setup(void **state)
{
	int fd = mkstemp(strcpy(path, "/tmp/vmrun-known-XXXXXX"));
	char *file = source_file("crash-patterns");
	struct sbuf err = {};
	int ret = patterns_load(&patterns, file, &err);

	(void)state;
	free(file);
	if (fd < 0)
		return -1;
	close(fd);
	return ret;
}

static int teardown(void **state)
{
	(void)state;
	patterns_free(&patterns);
	return unlink(path);
}

int main(void)
{
	UNIT_TESTS(tests) = {
		cmocka_unit_test(test_listed),
		cmocka_unit_test(test_note),
		cmocka_unit_test(test_bad_files),
	};

	return cmocka_run_group_tests_name("known", tests, setup, teardown);
}

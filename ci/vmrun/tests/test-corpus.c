// SPDX-License-Identifier: GPL-2.0
/*
 * What the fuzzer found worth keeping (tests/corpus) is read again under ASan and
 * UBSan; readers with a mistake planted in them are found out by it.
 */
#include <glob.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"
#include "util.h"

/* Replay the corpus with a program; its last words go to text. */
static int replay(const char *program, char *text, size_t size)
{
	const char *dir = getenv("REPLAYS");
	char *corpus = source_file("tests/corpus/*");
	struct strvec argv = {};
	int pipes[2], status;
	glob_t files;
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	assert_non_null(dir);
	assert_int_equal(glob(corpus, 0, NULL, &files), 0);
	sv_addf(&argv, "%s/%s", dir, program);
	for (size_t i = 0; i < files.gl_pathc; i++)
		sv_add(&argv, files.gl_pathv[i]);
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (!pid) {
		dup2(pipes[1], 2);
		close(pipes[0]);
		close(pipes[1]);
		execv(argv.v[0], argv.v);
		_exit(99);
	}
	close(pipes[1]);
	/* only the end is of interest */
	while ((got = read(pipes[0], text + n, size - 1 - n)) > 0) {
		n += got;
		if (n > size / 2) {
			memmove(text, text + n / 2, n - n / 2);
			n -= n / 2;
		}
	}
	close(pipes[0]);
	text[n] = '\0';
	assert_int_equal(waitpid(pid, &status, 0), pid);
	globfree(&files);
	sv_free(&argv);
	free(corpus);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void test_replay(void **state)
{
	char text[20000];
	int status = replay("replay", text, sizeof(text));

	(void)state;
	if (status)
		print_error("%s", text);
	assert_int_equal(status, 0);
	assert_has(text, " inputs replayed\n");
}

static void test_mutants(void **state)
{
	static const struct {
		const char *program;
		const char *says;
	} t[] = {
		{ "mutant-nonce", "fuzz-console: not so: seen->token" },
		{ "mutant-cut", "fuzz-console: not so: !strcmp(whole, cut)" },
		{ "mutant-depth", "ERROR: AddressSanitizer" },
	};
	char text[20000];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		int status = replay(t[i].program, text, sizeof(text));

		assert_int_not_equal(status, 0);
		assert_int_not_equal(status, 99);
		assert_has(text, t[i].says);
	}
}

int main(void)
{
	UNIT_TESTS(tests) = {
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_mutants),
	};

	return cmocka_run_group_tests_name("corpus", tests, NULL, NULL);
}

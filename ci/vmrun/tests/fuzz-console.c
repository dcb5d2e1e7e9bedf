// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzing of what reads a guest's console: lines out of bytes, crash patterns,
 * known splats, KTAP, the verdict, the fingerprint and the result file. Bytes may
 * be anything; these hold for all of them:
 *
 *   - the same bytes in other pieces give the same result;
 *   - a pass needs our success line, a test that passed and none that failed;
 *   - the numbers of tests agree with the list of tests;
 *   - a line that is a crash by itself makes a crash of the whole;
 *   - a fingerprint holds no line break, and the result is one JSON object.
 *
 * With libFuzzer (make fuzz) bytes are made up; with REPLAY (make check) they are
 * the files named on the command line. The first byte says how the guest ended
 * and in what pieces the rest, the console, comes.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "result.h"

#define NONCE "0123456789abcdef0123456789abcdef"

static struct patterns patterns;
static struct known known;

#define REQUIRE(condition) do { \
	if (!(condition)) { \
		fprintf(stderr, "fuzz-console: not so: %s\n", #condition); \
		abort(); \
	} \
} while (0)

static void load(void)
{
	static const char * const splats[] = {
		"# what is known", "* fuzzed-known # excused", NULL,
	};
	struct sbuf err = {};
	char path[] = "/tmp/fuzz-console-XXXXXX";
	FILE *f;

	if (patterns.n)
		return;
	if (patterns_load(&patterns, PATTERNS, &err)) {
		fprintf(stderr, "%s\n", sb_str(&err));
		exit(1);
	}
	f = fdopen(mkstemp(path), "w");
	for (size_t i = 0; splats[i]; i++)
		fprintf(f, "%s\n", splats[i]);
	fclose(f);
	REQUIRE(!known_load(&known, path, "fuzz", &err));
	remove(path);
}

static void forget_known(void)
{
	for (size_t i = 0; i < known.n; i++) {
		free(known.v[i].line);
		known.v[i].line = NULL;
		known.v[i].count = 0;
	}
}

/* What is watched besides the judge. */
struct seen {
	struct judge *judge;
	bool token;	/* the success line, whole, and at the begin of a line */
	bool crash;
};

static void on_line(void *ctx, const char *line, unsigned int flags)
{
	struct seen *seen = ctx;
	const char *text = console_strip(line);
	const struct pattern *p = judge_match(&patterns, text);

	seen->token |= !flags && !strcmp(text, "faultline: done " NONCE);
	seen->crash |= p && text[0] != '-' && !strstr(text, "fuzzed-known");
	judge_line(seen->judge, line, flags);
}

static const struct run_end ends[] = {
	{ .kind = END_EXITED, .shutdown = "guest-shutdown" },
	{ .kind = END_EXITED, .shutdown = "guest-shutdown" },
	{ .kind = END_EXITED, .silent_off = true },
	{ .kind = END_EXITED, .shutdown = "guest-reset" },
	{ .kind = END_CRASH },
	{ .kind = END_SILENCE, .seconds = 60 },
	{ .kind = END_TIMEOUT, .seconds = 600 },
	{ .kind = END_FLOOD, .seconds = 64 },
};

static void check_counts(const struct ktap *k)
{
	size_t count[3] = {};

	for (size_t i = 0; i < k->n_cases; i++)
		count[k->cases[i].result]++;
	/* a malformed "not ok" counts, and a list that is full gets no more */
	REQUIRE(k->error || !memcmp(count, k->count, sizeof(count)));
	for (size_t i = 0; i < 3; i++)
		REQUIRE(count[i] <= k->count[i]);
}

static void check_pass(const struct seen *seen, const struct run_end *end)
{
	const struct ktap *k = &seen->judge->ktap;

	REQUIRE(seen->token);
	REQUIRE(!seen->crash);
	REQUIRE(end->kind == END_EXITED);
	REQUIRE(!strcmp(end->shutdown, "guest-shutdown") || end->silent_off);
	REQUIRE(k->count[KTAP_OK] > 0 && !k->count[KTAP_NOT_OK] && !k->error);
	for (size_t i = 0; i < k->n_cases; i++)
		REQUIRE(k->cases[i].result != KTAP_NOT_OK);
}

/* Judge the bytes in pieces of this size; return the result as text. */
static char *judge(const char *data, size_t size, size_t piece,
		   const struct run_end *end)
{
	struct run run = { .boot_ms = 1, .total_ms = 2, .known = &known };
	struct seen seen = { .judge = &run.judge };
	struct console c = { .line = on_line, .ctx = &seen };
	struct sbuf print = {};
	struct strvec ids = {};
	json_t *json;
	char *text;

	forget_known();
	judge_init(&run.judge, &patterns, NONCE);
	run.judge.known = &known;
	for (size_t i = 0; i < size; i += piece)
		console_feed(&c, data + i, piece < size - i ? piece : size - i);
	console_flush(&c);
	console_free(&c);
	run.verdict = judge_verdict(&run.judge, end, &run.reason);
	ktap_finish(&run.judge.ktap);

	if (run.verdict == VERDICT_PASS)
		check_pass(&seen, end);
	if (seen.crash)
		REQUIRE(run.verdict == VERDICT_CRASH);
	check_counts(&run.judge.ktap);
	if (run.judge.crash_line) {
		trace_fingerprint(&run.judge.trace, run.judge.crash_line, &print);
		REQUIRE(!strchr(sb_str(&print), '\n'));
		REQUIRE(run.judge.trace.lines.n <= TRACE_LINES_MAX);
	}
	json = result_json(&run, "fuzz", &ids);
	REQUIRE(json);
	text = json_dumps(json, JSON_COMPACT);
	REQUIRE(text);
	json_decref(json);
	sb_free(&print);
	run_free(&run);
	return text;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 61, 777, 4096, 65537 };
	const char *bytes = (const char *)data + 1;
	const struct run_end *end;
	char *whole, *cut;

	load();
	if (!size--)
		return 0;
	end = &ends[*data % ARRAY_SIZE(ends)];
	whole = judge(bytes, size, size ? size : 1, end);
	cut = judge(bytes, size, pieces[*data / 32], end);
	REQUIRE(!strcmp(whole, cut));
	free(whole);
	free(cut);
	return 0;
}

#ifdef REPLAY
static void replay(const char *path)
{
	FILE *f = fopen(path, "re");
	struct sbuf sb = {};
	char buf[4096];
	size_t n;

	if (!f) {
		perror(path);
		exit(1);
	}
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		sb_add(&sb, buf, n);
	fclose(f);
	LLVMFuzzerTestOneInput((const unsigned char *)sb_str(&sb), sb.len);
	sb_free(&sb);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		/* so that the file is known when one ends the program */
		fprintf(stderr, "%s\n", argv[i]);
		replay(argv[i]);
	}
	fprintf(stderr, "fuzz-console: %d inputs replayed\n", argc - 1);
	patterns_free(&patterns);
	known_free(&known);
	return argc > 1 ? 0 : 1;
}
#endif

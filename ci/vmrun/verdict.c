// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict. A pass needs everything at once: plans met, no failure, a test
 * that ran, our nonce in the last line, an orderly power-off, QEMU status 0.
 * Whatever else happens is something else.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "console.h"
#include "verdict.h"

#define TOKEN "faultline: done"

/* The last line of a kernel that powers off (kernel/reboot.c). */
#define POWER_DOWN "reboot: Power down"

/* Longest piece of a console line that goes into results. */
#define QUOTE_MAX 400

/**
 * judge_init() - start judging one guest
 * @j: judge
 * @patterns: crash patterns, must outlive @j
 * @nonce: what the guest must repeat in its success line, must outlive @j
 */
void judge_init(struct judge *j, const struct patterns *patterns,
		const char *nonce)
{
	memset(j, 0, sizeof(*j));
	j->patterns = patterns;
	j->nonce = nonce;
	ktap_init(&j->ktap);
}

static bool is_token(const struct judge *j, const char *text)
{
	return !strncmp(text, TOKEN " ", strlen(TOKEN) + 1) &&
	       !strcmp(text + strlen(TOKEN) + 1, j->nonce);
}

static void keep(char **where, const char *line)
{
	if (!*where)
		*where = xstrndup(line, strnlen(line, QUOTE_MAX));
}

static void judge_token(struct judge *j, const char *text)
{
	const char *why = NULL;

	if (!is_token(j, text))
		why = "not our nonce";
	else if (!ktap_complete(&j->ktap))
		why = "the plan is not complete";
	else if (j->token)
		why = "repeated";
	if (why && !j->forged)
		j->forged_why = why;
	if (why)
		keep(&j->forged, text);
	else
		j->token = true;
}

/* printk's "** 57 printk messages dropped **": anything may have been among them */
static bool is_loss(const char *text)
{
	const char *end = " printk messages dropped";
	size_t digits = !strncmp(text, "** ", 3) ? strspn(text + 3, "0123456789") : 0;

	return digits && !strncmp(text + 3 + digits, end, strlen(end));
}

static bool is_ruler(const char *text)
{
	return text[0] == '-';
}

/*
 * Take back a ruler, for what it announced is no crash; not that of a report that
 * had ended before.
 */
static void forget_ruler(struct judge *j)
{
	if (!j->crash_line || j->ended)
		return;
	free(j->crash_line);
	j->crash_line = NULL;
	trace_reset(&j->trace);
}

/**
 * judge_match() - look for a crash pattern in a console line
 * @patterns: crash patterns
 * @text: the line, as console_strip() gives it
 *
 * What a test says behind its result is no report of the kernel's.
 *
 * Return: the pattern, or NULL.
 */
const struct pattern *judge_match(const struct patterns *patterns,
				  const char *text)
{
	const char *result = text + strspn(text, " ");
	const char *note = strstr(result, " # ");
	const struct pattern *p;
	char *head;

	if (!note || (strncmp(result, "ok ", 3) && strncmp(result, "not ok ", 7)))
		return patterns_match(patterns, text);
	head = xstrndup(text, note - text);
	p = patterns_match(patterns, head);
	free(head);
	return p;
}

static void judge_crash(struct judge *j, const char *text)
{
	const struct pattern *p = judge_match(j->patterns, text);

	if (!p)
		return;
	if (known_take(j->known, text)) {
		forget_ruler(j);
		j->excused++;
		return;
	}
	/* the ruler below a known splat; several CPUs may have one each */
	if (j->excused && is_ruler(text) && strstr(text, "end trace")) {
		j->excused--;
		return;
	}
	if (j->crash_line && strstr(text, "end trace"))
		j->ended = true;
	/* a ruler such as "---[ cut here ]---" gives way to what follows */
	if (j->crash_line && !is_ruler(text)) {
		free(j->crash_line);
		j->crash_line = NULL;
	}
	if (!j->crash_line)
		j->crash_pattern = p->text;
	keep(&j->crash_line, text);
}

/**
 * judge_line() - take one console line
 * @j: judge
 * @line: line as console_feed() gives it
 * @flags: LINE_CUT and LINE_OPEN; such a line can be a crash, but neither a
 *	result nor a success line
 *
 * Return: the kind of KTAP line it was.
 */
enum ktap_kind judge_line(struct judge *j, const char *line,
			  unsigned int flags)
{
	const char *text = console_strip(line);
	enum ktap_kind kind;

	if (text[strspn(text, " \t")]) {
		sb_reset(&j->last);
		sb_add(&j->last, text + strspn(text, " \t"),
		       strnlen(text + strspn(text, " \t"), 160));
	}
	if (!j->crash_line || is_ruler(j->crash_line))
		judge_crash(j, text);
	if (is_loss(text))
		keep(&j->lost, text);
	if (j->crash_line)
		trace_add(&j->trace, text);
	if (flags)
		return KTAP_NONE;
	if (!strncmp(text + strspn(text, " "), TOKEN, strlen(TOKEN))) {
		judge_token(j, text);
		return KTAP_NONE;
	}
	kind = ktap_line(&j->ktap, text);
	if (j->token && kind != KTAP_NONE && kind != KTAP_COMMENT)
		keep(&j->late, text);
	return kind;
}

static void name_failed(const struct ktap *k, struct sbuf *reason)
{
	unsigned int named = 0;

	sb_addf(reason, "%zu of %zu tests failed", k->count[KTAP_NOT_OK],
		k->count[KTAP_OK] + k->count[KTAP_NOT_OK]);
	for (size_t i = 0; i < k->n_cases; i++) {
		if (k->cases[i].result != KTAP_NOT_OK)
			continue;
		if (++named > 5) {
			sb_addf(reason, ", ...");
			break;
		}
		sb_addf(reason, "%s %s", named == 1 ? ":" : ",",
			k->cases[i].name);
	}
}

/* The guest gives back its disk, and says so as a result: that is no test. */
static size_t disk_ok(const struct ktap *k)
{
	size_t n = 0;

	for (size_t i = 0; i < k->n_cases; i++)
		n += k->cases[i].result == KTAP_OK &&
		     !strcmp(k->cases[i].name, "disk");
	return n;
}

/* The guest powered off: did its tests pass? */
static enum verdict judge_tests(const struct judge *j, struct sbuf *reason)
{
	const struct ktap *k = &j->ktap;

	if (k->count[KTAP_NOT_OK]) {
		name_failed(k, reason);
		return VERDICT_FAIL;
	}
	if (k->error) {
		sb_addf(reason, "%s", k->error);
		return VERDICT_FAIL;
	}
	if (j->lost) {
		sb_addf(reason, "the console lost what the kernel said: '%s'",
			j->lost);
		return VERDICT_FAIL;
	}
	if (j->late) {
		sb_addf(reason, "KTAP after the success line: '%s'", j->late);
		return VERDICT_FAIL;
	}
	if (k->count[KTAP_OK] <= disk_ok(k)) {
		sb_addf(reason, "no test ran (%zu skipped)",
			k->count[KTAP_SKIP]);
		return VERDICT_FAIL;
	}
	sb_addf(reason, "%zu passed, %zu skipped", k->count[KTAP_OK],
		k->count[KTAP_SKIP]);
	return VERDICT_PASS;
}

static void add_last(const struct judge *j, struct sbuf *reason)
{
	if (j->last.len)
		sb_addf(reason, "; last line: '%s'", sb_str(&j->last));
	else
		sb_addf(reason, "; no line at all");
}

/* The guest switched itself off, and QMP or at least its kernel says so. */
static bool powered_off(const struct judge *j, const struct run_end *end)
{
	if (end->silent_off && !*end->shutdown)
		return j->last.len && !strcmp(sb_str(&j->last), POWER_DOWN);
	return !strcmp(end->shutdown, "guest-shutdown");
}

static enum verdict judge_exit(const struct judge *j,
			       const struct run_end *end, struct sbuf *reason)
{
	const char *sep = end->why.len ? ": " : "";

	if (WIFSIGNALED(end->status)) {
		sb_addf(reason, "QEMU was killed by signal %d%s%s",
			WTERMSIG(end->status), sep, sb_str(&end->why));
		return VERDICT_INFRA;
	}
	if (WEXITSTATUS(end->status)) {
		sb_addf(reason, "QEMU ended with status %d%s%s",
			WEXITSTATUS(end->status), sep, sb_str(&end->why));
		return VERDICT_INFRA;
	}
	if (!strncmp(end->shutdown, "host-", 5)) {
		sb_addf(reason, "QEMU was stopped from outside (%s)",
			end->shutdown);
		return VERDICT_INFRA;
	}
	if (!powered_off(j, end)) {
		if (!strcmp(end->shutdown, "guest-reset"))
			sb_addf(reason, "guest rebooted");
		else if (!strcmp(end->shutdown, "guest-panic"))
			sb_addf(reason, "guest panicked");
		else if (!*end->shutdown)
			sb_addf(reason, "QEMU ended without a shutdown of the guest");
		else
			sb_addf(reason, "guest ended (%s)", end->shutdown);
		add_last(j, reason);
		return VERDICT_CRASH;
	}
	if (!j->token) {
		sb_addf(reason, "guest powered off %s",
			ktap_complete(&j->ktap) ? "without the success line" :
			"before its tests were done");
		add_last(j, reason);
		return VERDICT_CRASH;
	}
	return judge_tests(j, reason);
}

/**
 * judge_verdict() - the run is over
 * @j: judge, after the last line
 * @end: how it ended
 * @reason: receives one line that says why
 *
 * In this order: what failed on our side; a crash line; a flood; a forged
 * success line; a hang; how QEMU ended; what the tests said.
 *
 * Return: the verdict.
 */
enum verdict judge_verdict(struct judge *j, const struct run_end *end,
			   struct sbuf *reason)
{
	if (end->kind == END_INFRA) {
		sb_addf(reason, "%s", sb_str(&end->why));
		return VERDICT_INFRA;
	}
	if (j->crash_line) {
		sb_addf(reason, "%s", j->crash_line);
		return VERDICT_CRASH;
	}
	if (end->kind == END_FLOOD) {
		sb_addf(reason, "console flood: more than %u MiB",
			end->seconds);
		return VERDICT_FAIL;
	}
	if (j->forged) {
		sb_addf(reason, "forged success line: '%s' (%s)", j->forged,
			j->forged_why);
		return VERDICT_FAIL;
	}
	if (end->kind == END_SILENCE || end->kind == END_TIMEOUT) {
		if (end->kind == END_SILENCE)
			sb_addf(reason, "no console output for %u s",
				end->seconds);
		else
			sb_addf(reason, "not done after %u s", end->seconds);
		add_last(j, reason);
		return VERDICT_HANG;
	}
	return judge_exit(j, end, reason);
}

/**
 * judge_free() - free what was collected
 * @j: judge
 */
void judge_free(struct judge *j)
{
	ktap_free(&j->ktap);
	free(j->forged);
	free(j->lost);
	free(j->late);
	free(j->crash_line);
	trace_reset(&j->trace);
	sb_free(&j->last);
	memset(j, 0, sizeof(*j));
}

/**
 * verdict_name() - the word for a verdict
 * @verdict: verdict
 *
 * Return: "pass", "fail", "crash", "hang" or "infra".
 */
const char *verdict_name(enum verdict verdict)
{
	static const char * const names[] = {
		"pass", "fail", "crash", "hang", "infra",
	};

	return names[verdict];
}

/**
 * verdict_status() - the exit status for a verdict
 * @verdict: verdict
 *
 * Return: 0 for pass, 125 for infra, 1 for the others.
 */
int verdict_status(enum verdict verdict)
{
	if (verdict == VERDICT_PASS)
		return EXIT_GOOD;
	return verdict == VERDICT_INFRA ? EXIT_INFRA : EXIT_BAD;
}

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMRUN_VERDICT_H
#define VMRUN_VERDICT_H

#include "known.h"
#include "ktap.h"
#include "patterns.h"
#include "trace.h"

enum verdict {
	VERDICT_PASS,
	VERDICT_FAIL,
	VERDICT_CRASH,
	VERDICT_HANG,
	VERDICT_INFRA,
};

/* Why vmrun stopped watching. */
enum end_kind {
	END_EXITED,	/* QEMU ended by itself */
	END_CRASH,	/* a crash line, and its grace period is over */
	END_SILENCE,
	END_TIMEOUT,
	END_FLOOD,
	END_INFRA,
};

/**
 * struct run_end - how the run ended
 * @kind: why vmrun stopped watching
 * @seconds: the limit that was met (END_SILENCE, END_TIMEOUT) or MiB
 *	(END_FLOOD)
 * @shutdown: reason of QMP's SHUTDOWN event, empty when there was none
 * @silent_off: this machine's power switch ends QEMU without that event
 * @status: wait status of QEMU (END_EXITED)
 * @why: END_INFRA: what failed; else last line of QEMU's stderr, may be empty
 */
struct run_end {
	enum end_kind kind;
	unsigned int seconds;
	char shutdown[40];
	bool silent_off;
	int status;
	struct sbuf why;
};

/**
 * struct judge - everything the verdict is made of; start it with judge_init()
 * @patterns: crash patterns
 * @nonce: the nonce given to this guest
 * @ktap: results
 * @token: our success line came, and in its place
 * @forged: the first success line that was not ours or not due, or NULL
 * @forged_why: what was wrong with it
 * @lost: the first line that says that lines before it are missing, or NULL
 * @late: KTAP after the success line, or NULL
 * @crash_line: the first crash line that says something, or NULL
 * @crash_pattern: the pattern it matched
 * @trace: the first report, from its first crash line on
 * @known: splats that are no crash, or NULL; set after judge_init()
 * @excused: known splats whose last ruler is still to come
 * @ended: a report has ended of which only rulers could be told
 * @last: last line that was not empty, for the reason of a hang
 */
struct judge {
	const struct patterns *patterns;
	const char *nonce;
	struct ktap ktap;
	bool token;
	char *forged;
	const char *forged_why;
	char *lost;
	char *late;
	char *crash_line;
	const char *crash_pattern;
	struct trace trace;
	struct known *known;
	unsigned int excused;
	bool ended;
	struct sbuf last;
};

void judge_init(struct judge *j, const struct patterns *patterns,
		const char *nonce);
enum ktap_kind judge_line(struct judge *j, const char *line,
			  unsigned int flags);
const struct pattern *judge_match(const struct patterns *patterns,
				  const char *text);
enum verdict judge_verdict(struct judge *j, const struct run_end *end,
			   struct sbuf *reason);
void judge_free(struct judge *j);

const char *verdict_name(enum verdict verdict);
int verdict_status(enum verdict verdict);

#endif

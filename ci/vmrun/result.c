// SPDX-License-Identifier: GPL-2.0
/* The result file: one JSON object per run, there whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "result.h"

/* A string from the guest may be anything; JSON wants UTF-8. */
static json_t *text(const char *s)
{
	json_t *json = json_string(s);
	char *ascii;

	if (json)
		return json;
	ascii = xstrdup(s);
	for (char *p = ascii; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	json = json_string(ascii);
	free(ascii);
	return json;
}

static json_t *seconds(long long ms)
{
	return ms < 0 ? json_null() : json_real(ms / 1000.0);
}

static json_t *tests_json(const struct ktap *k)
{
	static const char * const results[] = { "ok", "not ok", "skip" };
	json_t *cases = json_array();

	for (size_t i = 0; i < k->n_cases; i++) {
		const struct ktap_case *c = &k->cases[i];
		const char *note = c->note ?: "";
		json_t *json;

		json = json_pack("{s:o,s:s,s:o}", "name", text(c->name),
				 "result", results[c->result],
				 "note", text(note));
		json_array_append_new(cases, json);
	}
	return json_pack("{s:I,s:I,s:I,s:o}",
			 "passed", (json_int_t)k->count[KTAP_OK],
			 "failed", (json_int_t)k->count[KTAP_NOT_OK],
			 "skipped", (json_int_t)k->count[KTAP_SKIP],
			 "cases", cases);
}

static json_t *facts_json(const struct ktap *k)
{
	json_t *facts = json_object();

	for (size_t i = 0; i < k->n_facts; i++)
		json_object_set_new(facts, k->facts[i].name,
				    text(k->facts[i].value));
	return facts;
}

static json_t *ids_json(const struct strvec *ids)
{
	json_t *id = json_object();

	for (size_t i = 0; i < ids->n; i++) {
		const char *eq = strchr(ids->v[i], '=');
		char *key = xstrndup(ids->v[i], eq - ids->v[i]);

		json_object_set_new(id, key, text(eq + 1));
		free(key);
	}
	return id;
}

static json_t *lines_json(const struct strvec *lines)
{
	json_t *array = json_array();

	for (size_t i = 0; i < lines->n; i++)
		json_array_append_new(array, text(lines->v[i]));
	return array;
}

/*
 * What is known of a crash or a hang. A hang has no crash line: its fingerprint
 * is made of where the CPUs were.
 */
static json_t *crash_json(const struct run *run)
{
	const struct judge *j = &run->judge;
	const char *line = "hang";
	struct sbuf print = {};
	json_t *json;

	if (run->verdict == VERDICT_CRASH)
		line = j->crash_line ?: sb_str(&run->reason);
	else if (run->verdict != VERDICT_HANG)
		return json_null();
	trace_fingerprint(&j->trace, line, &print);
	json = json_pack("{s:o?,s:o?,s:o,s:o}",
			 "line", j->crash_line ? text(j->crash_line) : NULL,
			 "pattern", j->crash_line ? text(j->crash_pattern) : NULL,
			 "fingerprint", text(sb_str(&print)),
			 "trace", lines_json(&j->trace.lines));
	sb_free(&print);
	return json;
}

static json_t *known_json(const struct known *known)
{
	json_t *array = json_array();

	for (size_t i = 0; known && i < known->n; i++)
		if (known->v[i].count)
			json_array_append_new(array,
					      json_pack("{s:o,s:o,s:I}",
							"pattern", text(known->v[i].pattern),
							"line", text(known->v[i].line),
							"count", (json_int_t)known->v[i].count));
	return array;
}

/**
 * result_json() - the result of a run as a JSON object
 * @run: run
 * @machine: name of the machine
 * @ids: list of "key=value", copied to "id"
 *
 * "crash" is null unless the verdict is crash or hang, as are the seconds that do
 * not apply.
 *
 * Return: a new reference.
 */
json_t *result_json(const struct run *run, const char *machine,
		    const struct strvec *ids)
{
	const struct judge *j = &run->judge;
	struct sbuf command = {};
	json_t *json;

	qemu_quote(&command, &run->argv);
	json = json_pack("{s:i,s:s,s:o,s:o,s:s,s:{s:o,s:o},s:o,s:{s:o,s:o},s:o,s:o,s:o,s:o}",
			 "format", 1,
			 "verdict", verdict_name(run->verdict),
			 "reason", text(sb_str(&run->reason)),
			 "machine", text(machine),
			 "accel", run->boot.kvm ? "kvm" : "tcg",
			 "qemu",
				"version", text(run->version ? run->version : ""),
				"command", text(sb_str(&command)),
			 "id", ids_json(ids),
			 "seconds",
				"boot", seconds(run->boot_ms),
				"total", seconds(run->total_ms),
			 "facts", facts_json(&j->ktap),
			 "tests", tests_json(&j->ktap),
			 "crash", crash_json(run),
			 "known_splats", known_json(run->known));
	sb_free(&command);
	return json;
}

static int write_synced(const json_t *json, const char *path)
{
	FILE *f = fopen(path, "we");
	int error = 0;

	if (!f)
		return errno;
	if (json_dumpf(json, f, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) ||
	    fputc('\n', f) == EOF || fflush(f) || fsync(fileno(f)))
		error = errno ? errno : EIO;
	if (fclose(f) && !error)
		error = errno;
	return error;
}

/**
 * result_write() - write result.json: complete, on disk, and only then named so
 * @json: the result
 * @dir: where
 * @err: receives what went wrong
 *
 * Return: 0, or -1 with @err set and no result.json of this run.
 */
int result_write(const json_t *json, const char *dir, struct sbuf *err)
{
	struct sbuf tmp = {}, path = {};
	int error, fd;

	sb_addf(&tmp, "%s/.result.json.tmp", dir);
	sb_addf(&path, "%s/result.json", dir);
	error = write_synced(json, tmp.s);
	if (!error && rename(tmp.s, path.s))
		error = errno;
	if (error) {
		sb_addf(err, "cannot write %s: %s", path.s, strerror(error));
		unlink(tmp.s);
	} else {
		/* the name is on disk when the folder is; best effort */
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0) {
			fsync(fd);
			close(fd);
		}
	}
	sb_free(&tmp);
	sb_free(&path);
	return error ? -1 : 0;
}

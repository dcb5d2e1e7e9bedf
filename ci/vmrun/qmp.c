// SPDX-License-Identifier: GPL-2.0
/* QMP: one JSON message per line; greeting, answers and events. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qmp.h"

static int read_greeting(struct qmp *q, json_t *msg, struct sbuf *err)
{
	const char *package = "";
	int major, minor, micro;

	if (json_unpack(msg, "{s:{s:{s:{s:i,s:i,s:i},s?s}}}", "QMP", "version",
			"qemu", "major", &major, "minor", &minor, "micro",
			&micro, "package", &package)) {
		sb_addf(err, "QMP: the first message is not a greeting");
		return -1;
	}
	if (!q->version) {
		struct sbuf sb = {};

		sb_addf(&sb, "%d.%d.%d%s%s%s", major, minor, micro,
			*package ? " (" : "", package, *package ? ")" : "");
		q->version = sb.s;
	}
	return 0;
}

static int read_message(struct qmp *q, const char *line, size_t len,
			struct sbuf *err)
{
	json_t *msg = json_loadb(line, len, 0, NULL);
	const char *event;
	int ret = 0;

	if (!json_is_object(msg)) {
		sb_addf(err, "QMP: not a message: '%.*s'",
			(int)(len < 80 ? len : 80), line);
		ret = -1;
	} else if (!q->version) {
		ret = read_greeting(q, msg, err);
	} else if (json_object_get(msg, "return") ||
		   json_object_get(msg, "error")) {
		json_decref(q->reply);
		q->reply = json_incref(msg);
	} else {
		event = json_string_value(json_object_get(msg, "event"));
		if (event && q->event)
			q->event(q->ctx, event, json_object_get(msg, "data"));
	}
	json_decref(msg);
	return ret;
}

static int read_messages(struct qmp *q, struct sbuf *err)
{
	char *start = q->in.s, *nl;
	int ret = 0;

	while (!ret && (nl = memchr(start, '\n', q->in.s + q->in.len - start))) {
		size_t len = nl - start;

		while (len && (start[len - 1] == '\r' || start[len - 1] == ' '))
			len--;
		if (len)
			ret = read_message(q, start, len, err);
		start = nl + 1;
	}
	q->in.len -= start - q->in.s;
	memmove(q->in.s, start, q->in.len);
	return ret;
}

/**
 * qmp_read() - take what has arrived; sets @q->version, @q->reply, calls
 *	@q->event
 * @q: connection
 * @err: receives what went wrong
 *
 * Return: 0 when all was read, 1 when QEMU closed the connection, -1 on error.
 */
int qmp_read(struct qmp *q, struct sbuf *err)
{
	char buf[4096];
	ssize_t n;

	for (;;) {
		n = read(q->fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (n <= 0)
			return 1;
		sb_add(&q->in, buf, n);
		if (read_messages(q, err))
			return -1;
		if (q->in.len > QMP_LINE_MAX) {
			sb_addf(err, "QMP: a message of more than %d bytes",
				QMP_LINE_MAX);
			return -1;
		}
	}
}

/**
 * qmp_send() - send a command; its answer will appear in @q->reply
 * @q: connection
 * @command: name
 * @arguments: object or NULL; the reference is taken over
 * @err: receives what went wrong
 *
 * Return: 0, or -1 when it could not be sent.
 */
int qmp_send(struct qmp *q, const char *command, json_t *arguments,
	     struct sbuf *err)
{
	json_t *msg = json_pack("{s:s}", "execute", command);
	struct sbuf sb = {};
	ssize_t n;
	char *text;

	if (arguments)
		json_object_set_new(msg, "arguments", arguments);
	text = json_dumps(msg, JSON_COMPACT);
	json_decref(msg);
	json_decref(q->reply);
	q->reply = NULL;
	sb_addf(&sb, "%s\n", text ? text : "");
	free(text);
	/* commands are far smaller than a socket's buffer: all or nothing */
	n = q->fd < 0 ? -1 : send(q->fd, sb.s, sb.len, MSG_NOSIGNAL);
	if (n != (ssize_t)sb.len)
		sb_addf(err, "QMP: cannot send '%s'", command);
	n = n == (ssize_t)sb.len ? 0 : -1;
	sb_free(&sb);
	return n;
}

/**
 * qmp_close() - close the connection; what was received stays
 * @q: connection
 */
void qmp_close(struct qmp *q)
{
	if (q->fd >= 0)
		close(q->fd);
	q->fd = -1;
}

/**
 * qmp_free() - close the connection and free what it holds
 * @q: connection
 */
void qmp_free(struct qmp *q)
{
	qmp_close(q);
	json_decref(q->reply);
	q->reply = NULL;
	sb_free(&q->in);
	free(q->version);
	q->version = NULL;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * From console bytes to lines, and from a line to what was printed: without
 * the time stamp and caller id that printk puts before it.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"

static void emit(struct console *c, unsigned int flags)
{
	size_t len = c->len;

	while (len && c->buf[len - 1] == '\r')
		len--;
	for (size_t i = 0; i < len; i++)
		if (!c->buf[i])
			c->buf[i] = '?';
	c->buf[len] = '\0';
	c->line(c->ctx, c->buf, flags | (c->cut ? LINE_CUT : 0));
}

/* The buffer is full and the line goes on: hand out what is there. */
static void emit_piece(struct console *c)
{
	c->cut = true;
	emit(c, 0);
	memmove(c->buf, c->buf + c->len - CONSOLE_OVERLAP, CONSOLE_OVERLAP);
	c->len = CONSOLE_OVERLAP;
}

/**
 * console_feed() - take bytes as they come, call @c->line for each full line
 * @c: splitter; @line and @ctx set, the rest zero at first
 * @data: bytes
 * @len: how many
 */
void console_feed(struct console *c, const char *data, size_t len)
{
	if (!c->buf)
		c->buf = xrealloc(NULL, CONSOLE_LINE_MAX + 1);

	while (len) {
		const char *nl = memchr(data, '\n', len);
		size_t n = nl ? (size_t)(nl - data) : len;

		/* full, and only now is it known that the line goes on */
		if (n && c->len == CONSOLE_LINE_MAX)
			emit_piece(c);
		if (n > CONSOLE_LINE_MAX - c->len)
			n = CONSOLE_LINE_MAX - c->len;
		memcpy(c->buf + c->len, data, n);
		c->len += n;
		data += n;
		len -= n;
		if (len && *data == '\n') {
			emit(c, 0);
			c->len = 0;
			c->cut = false;
			data++;
			len--;
		}
	}
}

/**
 * console_flush() - the output has ended: hand out a last line without newline
 * @c: splitter
 */
void console_flush(struct console *c)
{
	if (c->len)
		emit(c, LINE_OPEN);
	c->len = 0;
	c->cut = false;
}

/**
 * console_free() - free the line being read
 * @c: splitter
 */
void console_free(struct console *c)
{
	free(c->buf);
	c->buf = NULL;
	c->len = 0;
	c->cut = false;
}

/* "[   12.345678]", as CONFIG_PRINTK_TIME prints it */
static const char *skip_time(const char *s)
{
	const char *p = s;

	if (*p++ != '[')
		return s;
	p += strspn(p, " ");
	if (!isdigit((unsigned char)*p))
		return s;
	p += strspn(p, "0123456789");
	if (*p++ != '.' || !isdigit((unsigned char)*p))
		return s;
	p += strspn(p, "0123456789");
	return *p == ']' ? p + 1 : s;
}

/* "[    T1]" or "[    C0]", as CONFIG_PRINTK_CALLER prints it */
static const char *skip_caller(const char *s)
{
	const char *p = s;

	if (*p++ != '[')
		return s;
	p += strspn(p, " ");
	if (*p != 'T' && *p != 'C')
		return s;
	p++;
	if (!isdigit((unsigned char)*p))
		return s;
	p += strspn(p, "0123456789");
	return *p == ']' ? p + 1 : s;
}

/**
 * console_strip() - what was printed, without time stamp and caller id
 * @line: console line
 *
 * Only the one blank printk puts after its prefix is taken: the indentation
 * of nested KTAP stays.
 *
 * Return: a pointer into @line.
 */
const char *console_strip(const char *line)
{
	const char *p = skip_time(line);
	const char *caller;

	if (p == line)
		return line;
	caller = skip_caller(p);
	if (caller == p && *p == ' ' && skip_caller(p + 1) != p + 1)
		caller = skip_caller(p + 1);
	p = caller;
	return *p == ' ' ? p + 1 : p;
}

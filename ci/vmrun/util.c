// SPDX-License-Identifier: GPL-2.0
/*
 * Strings, lists and time. Running out of memory ends vmrun with the status
 * for "cannot be judged"; the guest dies with it (see qemu_start()).
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util.h"

/**
 * xrealloc() - realloc() that does not fail
 * @p: what to resize, or NULL
 * @size: bytes wanted
 *
 * Return: the memory; the process ends when there is none.
 */
void *xrealloc(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (!p) {
		fputs("vmrun: out of memory\n", stderr);
		exit(EXIT_INFRA);
	}
	return p;
}

/**
 * xstrndup() - copy a string of known length
 * @s: bytes to copy
 * @len: how many
 *
 * Return: the NUL-terminated copy, to be freed by the caller.
 */
char *xstrndup(const char *s, size_t len)
{
	char *copy = xrealloc(NULL, len + 1);

	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

/**
 * xstrdup() - copy a string
 * @s: string
 *
 * Return: the copy, to be freed by the caller.
 */
char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

/**
 * sb_add() - append bytes
 * @sb: buffer
 * @s: bytes
 * @len: how many
 */
void sb_add(struct sbuf *sb, const char *s, size_t len)
{
	if (sb->len + len + 1 > sb->cap) {
		sb->cap = (sb->len + len + 1) * 2;
		sb->s = xrealloc(sb->s, sb->cap);
	}
	if (len)
		memcpy(sb->s + sb->len, s, len);
	sb->len += len;
	sb->s[sb->len] = '\0';
}

static char *vformat(const char *fmt, va_list ap)
{
	char *s = NULL;

	if (vasprintf(&s, fmt, ap) < 0) {
		fputs("vmrun: out of memory\n", stderr);
		exit(EXIT_INFRA);
	}
	return s;
}

/**
 * sb_addf() - append formatted text
 * @sb: buffer
 * @fmt: as for printf()
 */
void sb_addf(struct sbuf *sb, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = vformat(fmt, ap);
	va_end(ap);
	sb_add(sb, s, strlen(s));
	free(s);
}

/**
 * sb_str() - the buffer as a C string
 * @sb: buffer
 *
 * Return: never NULL; valid until the buffer changes.
 */
const char *sb_str(const struct sbuf *sb)
{
	return sb->s ? sb->s : "";
}

/**
 * sb_reset() - forget the text, keep the memory
 * @sb: buffer
 */
void sb_reset(struct sbuf *sb)
{
	sb->len = 0;
	if (sb->s)
		sb->s[0] = '\0';
}

/**
 * sb_free() - free the text; the buffer is empty and can be used again
 * @sb: buffer
 */
void sb_free(struct sbuf *sb)
{
	free(sb->s);
	memset(sb, 0, sizeof(*sb));
}

/**
 * sv_add() - append a copy of a string
 * @sv: list
 * @s: string
 */
void sv_add(struct strvec *sv, const char *s)
{
	if (sv->n + 2 > sv->cap) {
		sv->cap = (sv->n + 2) * 2;
		sv->v = xrealloc(sv->v, sv->cap * sizeof(*sv->v));
	}
	sv->v[sv->n++] = xstrdup(s);
	sv->v[sv->n] = NULL;
}

/**
 * sv_addf() - append a formatted string
 * @sv: list
 * @fmt: as for printf()
 */
void sv_addf(struct strvec *sv, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = vformat(fmt, ap);
	va_end(ap);
	sv_add(sv, s);
	free(s);
}

/**
 * sv_words() - append each blank-separated word
 * @sv: list
 * @words: text without quoting
 */
void sv_words(struct strvec *sv, const char *words)
{
	while (*words) {
		size_t len;

		words += strspn(words, " \t");
		len = strcspn(words, " \t");
		if (len) {
			char *word = xstrndup(words, len);

			sv_add(sv, word);
			free(word);
		}
		words += len;
	}
}

/**
 * sv_free() - free the list and its strings
 * @sv: list
 */
void sv_free(struct strvec *sv)
{
	for (size_t i = 0; i < sv->n; i++)
		free(sv->v[i]);
	free(sv->v);
	memset(sv, 0, sizeof(*sv));
}

/**
 * now_ms() - time that never goes back
 *
 * Return: milliseconds since some fixed point.
 */
long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/**
 * path_base() - the last component of a path
 * @path: path
 *
 * Return: a pointer into @path.
 */
const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/**
 * set_nonblock() - make reads and writes on a descriptor return at once
 * @fd: descriptor
 *
 * Return: whether it worked.
 */
bool set_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

/**
 * name_span() - how much of a text is letters, digits and a few others
 * @s: text
 * @extra: the others
 *
 * Return: bytes up to the first that is none of them.
 */
size_t name_span(const char *s, const char *extra)
{
	size_t len = 0;

	while (s[len] && (isalnum((unsigned char)s[len]) ||
			  strchr(extra, s[len])))
		len++;
	return len;
}

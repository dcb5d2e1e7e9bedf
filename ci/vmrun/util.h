/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMRUN_UTIL_H
#define VMRUN_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define __printf(fmt, first) __attribute__((__format__(printf, fmt, first)))
#define __noreturn __attribute__((__noreturn__))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Exit statuses, the same for every tool of the project. */
enum {
	EXIT_GOOD = 0,
	EXIT_BAD = 1,
	EXIT_USAGE = 2,
	EXIT_INFRA = 125,
};

/**
 * struct sbuf - a string that grows; all zero is the empty string
 * @s: the bytes, NUL-terminated once something was added
 * @len: bytes in use, without the NUL
 * @cap: bytes allocated
 */
struct sbuf {
	char *s;
	size_t len;
	size_t cap;
};

/**
 * struct strvec - a list of strings it owns; @v ends in NULL once one was added
 * @v: the strings
 * @n: how many
 * @cap: pointers allocated
 */
struct strvec {
	char **v;
	size_t n;
	size_t cap;
};

void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);

void sb_add(struct sbuf *sb, const char *s, size_t len);
void __printf(2, 3) sb_addf(struct sbuf *sb, const char *fmt, ...);
const char *sb_str(const struct sbuf *sb);
void sb_reset(struct sbuf *sb);
void sb_free(struct sbuf *sb);

void sv_add(struct strvec *sv, const char *s);
void __printf(2, 3) sv_addf(struct strvec *sv, const char *fmt, ...);
void sv_words(struct strvec *sv, const char *words);
void sv_free(struct strvec *sv);

long long now_ms(void);
const char *path_base(const char *path);
bool set_nonblock(int fd);
size_t name_span(const char *s, const char *extra);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMRUN_TEST_H
#define VMRUN_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The one CamelCase name in the tests; it is cmocka's. */
#define UNIT_TESTS(name) const struct CMUnitTest name[]

/* The nonce in tests/logs/. */
#define TEST_NONCE "0123456789abcdef0123456789abcdef"

/* A file under ci/vmrun; the caller frees it. */
static inline char *source_file(const char *name)
{
	const char *dir = getenv("VMRUN_SOURCE");
	char *path = NULL;

	assert_non_null(dir);
	assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
	return path;
}

static inline void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* Assert that a text holds another, and show both when it does not. */
static inline void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in '%s'", part, text);
}

#endif

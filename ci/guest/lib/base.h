/* SPDX-License-Identifier: GPL-2.0 */
/* The few names of the kernel that the guest's code uses. */
#ifndef FAULTLINE_BASE_H
#define FAULTLINE_BASE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

typedef __u64 u64;

#define ARRAY_SIZE(x)	(sizeof(x) / sizeof((x)[0]))
#define BIT_ULL(n)	(1ULL << (n))
#define __printf(a, b)	__attribute__((__format__(printf, a, b)))
#define __noreturn	__attribute__((noreturn))

/* Milliseconds since some moment before the program began. */
static inline long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* The program in memory, from the linker */
extern const char __executable_start, etext;

#endif

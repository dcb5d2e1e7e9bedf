/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMRUN_STACKS_H
#define VMRUN_STACKS_H

#include "symbols.h"

/* The deepest stack that is walked. */
#define STACK_MAX 40

/**
 * struct stacks - how to walk the kernel stacks of a guest that stands still
 * @arch: the machine's architecture
 * @symbols: of the guest's kernel
 * @select: make @read use the address space of a CPU
 * @read: read the word at an address; false when there is none
 * @ctx: passed to both
 */
struct stacks {
	const char *arch;
	const struct symbols *symbols;
	void (*select)(void *ctx, unsigned int cpu);
	bool (*read)(void *ctx, unsigned long long address,
		     unsigned long long *word);
	void *ctx;
};

void stacks_walk(const struct stacks *s, const char *registers,
		 struct strvec *lines);

#endif

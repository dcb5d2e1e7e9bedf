// SPDX-License-Identifier: GPL-2.0
/*
 * What every CPU was doing, from outside: registers and memory as QEMU's monitor
 * shows them, so that it works for a guest that answers nothing any more. arm64
 * keeps a frame pointer, s390 a back chain; elsewhere there is only the place.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stacks.h"

/**
 * struct unwind - how an architecture links its frames
 * @arch: begin of its name
 * @pc: text before the program counter in "info registers"
 * @frame: text before the register that points to a frame, or NULL
 * @next: offset in a frame of the pointer to the caller's
 * @link: offset of the return address
 * @of_caller: that offset is in the caller's frame
 */
struct unwind {
	const char *arch;
	const char *pc;
	const char *frame;
	unsigned int next;
	unsigned int link;
	bool of_caller;
};

static const struct unwind unwinds[] = {
	{ "arm64", "PC=", "X29=", 0, 8, false },
	/* struct stack_frame: gprs[8] is register 14, the return address */
	{ "s390", " addr ", "R15=", 0, 112, true },
	{ "x86", "RIP=", NULL, 0, 0, false },
	{ "arm", "R15=", NULL, 0, 0, false },
	{ "riscv", "pc ", NULL, 0, 0, false },
	{ "powerpc", "NIP ", NULL, 0, 0, false },
};

static const struct unwind *unwind_of(const char *arch)
{
	for (size_t i = 0; i < ARRAY_SIZE(unwinds); i++)
		if (!strncmp(arch, unwinds[i].arch, strlen(unwinds[i].arch)))
			return &unwinds[i];
	return NULL;
}

/* The number after a text, within a CPU's part of the registers. */
static bool number_after(const char *s, size_t len, const char *key,
			 unsigned long long *n)
{
	const char *at = memmem(s, len, key, strlen(key));
	char *end;

	if (!at)
		return false;
	at += strlen(key);
	at += strspn(at, " ");
	if (!isxdigit((unsigned char)*at))
		return false;
	*n = strtoull(at, &end, 16);
	return true;
}

static bool add_frame(const struct stacks *s, unsigned long long address,
		      struct strvec *lines)
{
	struct sbuf name = {};
	bool known = symbols_name(s->symbols, address, &name);

	if (known)
		sv_addf(lines, " %s", sb_str(&name));
	sb_free(&name);
	return known;
}

static void walk(const struct stacks *s, const struct unwind *u,
		 unsigned long long frame, struct strvec *lines)
{
	unsigned long long next, link;

	for (unsigned int i = 0; i < STACK_MAX; i++) {
		if (!frame || frame % 8 || !s->read(s->ctx, frame + u->next, &next))
			return;
		if (u->of_caller && !next)
			return;
		if (!s->read(s->ctx, (u->of_caller ? next : frame) + u->link,
			     &link) || !add_frame(s, link, lines))
			return;
		/* stacks grow downwards; but for an interrupt's, on its own */
		if (next == frame)
			return;
		frame = next;
	}
}

static void walk_cpu(const struct stacks *s, const struct unwind *u,
		     unsigned int cpu, const char *text, size_t len,
		     struct strvec *lines)
{
	unsigned long long pc, frame;

	if (!number_after(text, len, u->pc, &pc)) {
		sv_addf(lines, "CPU %u: no program counter", cpu);
		return;
	}
	sv_addf(lines, "CPU %u:", cpu);
	if (!add_frame(s, pc, lines)) {
		sv_addf(lines, " 0x%llx (not in the kernel)", pc);
		return;
	}
	if (!u->frame || !number_after(text, len, u->frame, &frame))
		return;
	s->select(s->ctx, cpu);
	walk(s, u, frame, lines);
}

/**
 * stacks_walk() - the functions that every CPU is in
 * @s: how
 * @registers: what "info registers -a" answers
 * @lines: receives "CPU 0:" and a line per function, the innermost first
 */
void stacks_walk(const struct stacks *s, const char *registers,
		 struct strvec *lines)
{
	const struct unwind *u = unwind_of(s->arch);
	const char *at = registers, *next;

	if (!u)
		return;
	while ((at = strstr(at, "CPU#"))) {
		unsigned int cpu = strtoul(at + 4, NULL, 10);

		next = strstr(at + 4, "CPU#");
		walk_cpu(s, u, cpu, at, next ? (size_t)(next - at) : strlen(at),
			 lines);
		at += 4;
	}
}

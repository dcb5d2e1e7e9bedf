// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel printed when it crashed, and a fingerprint of it that is the
 * same for the same crash in another run, on another CPU and in another build:
 * the words of its first line and the first functions that say where.
 */
#include <ctype.h>
#include <string.h>

#include "trace.h"

/* Functions in a fingerprint. */
#define FRAMES 3

/* Longest line that is kept, in bytes. */
#define LINE_MAX_KEPT 400

/*
 * Functions that report, and ways into the kernel: in every trace, so that they
 * tell nothing. A name that ends in "*" stands for all that begin so.
 */
static const char * const generic[] = {
	/* printing */
	"dump_stack*", "dump_backtrace*", "show_stack*", "show_trace*",
	"show_regs*", "print_*", "panic", "nmi_panic*", "die", "die_*", "oops_*",
	"report_bug", "__warn*", "warn_slowpath_*", "bug_handler",
	"handle_bug", "__might_*", "___might_*",
	/* lockdep, sanitizers, locks */
	"lockdep_*", "__lock_acquire*", "lock_acquire*", "lock_release*",
	"validate_chain*", "check_*", "mark_lock*", "kasan_*", "__kasan_*",
	"__asan_*", "ubsan_*", "__ubsan_*", "kcsan_*", "__tsan_*",
	"_raw_*", "__mutex_lock*", "mutex_lock*",
	/* arm64 */
	"el0_*", "el1_*", "do_mem_abort*", "do_translation_fault*",
	"do_debug_exception*", "brk_handler*", "call_break_hook*",
	"__do_kernel_fault*", "do_page_fault*", "ret_from_fork*",
	/* x86 */
	"exc_*", "asm_*", "sysvec_*", "do_trap*", "do_error_trap*",
	"no_context*", "page_fault_oops*", "bad_area*", "__bad_area*",
	"entry_SYSCALL_*", "do_syscall_64*",
	/* s390 */
	"__do_pgm_check*", "pgm_check*", "do_dat_exception*", "do_no_context*",
	"do_report_trap*", "monitor_event_exception*", "system_call*",
	"__do_syscall*",
	/* a CPU with nothing to do */
	"__cpu_do_idle", "cpu_do_idle", "arch_cpu_idle*", "default_idle*",
	"do_idle", "cpu_startup_entry", "enabled_wait", "psw_idle",
	"native_safe_halt", "amd_e400_idle", "mwait_idle*",
	"rest_init", "arch_call_rest_init", "start_kernel",
	"secondary_start_kernel", "start_secondary", "smp_start_secondary",
	"secondary_startup_64*",
};

static bool is_generic(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(generic); i++) {
		size_t n = strlen(generic[i]);

		if (generic[i][n - 1] == '*' ?
		    len >= n - 1 && !strncmp(name, generic[i], n - 1) :
		    len == n && !strncmp(name, generic[i], n))
			return true;
	}
	return false;
}

static size_t hex(const char *s)
{
	size_t len = strncmp(s, "0x", 2) ? 0 : 2;

	if (!len || !isxdigit((unsigned char)s[2]))
		return 0;
	while (isxdigit((unsigned char)s[len]))
		len++;
	return len;
}

/**
 * trace_frame() - find "function+0x1c8/0x210" in a line
 * @s: line
 * @start: receives where it begins
 *
 * Return: bytes of the function's name; 0 when there is none.
 */
size_t trace_frame(const char *s, size_t *start)
{
	const char *plus = s, *name;
	size_t len;

	while ((plus = strchr(plus, '+'))) {
		name = plus++;
		len = hex(plus);
		if (!len || plus[len] != '/' || !hex(plus + len + 1))
			continue;
		while (name > s && (isalnum((unsigned char)name[-1]) ||
				    strchr("_.$", name[-1])))
			name--;
		if (name + 1 == plus || isdigit((unsigned char)*name))
			continue;
		*start = name - s;
		return plus - 1 - name;
	}
	return 0;
}

/* The function of a line of a trace, without what the compiler appends. */
static size_t function_of(const char *line, const char **name)
{
	size_t start, len = trace_frame(line, &start);

	/* "? f" on x86 may be an old one; "lr :" is the caller, which follows */
	if (!len || (start >= 2 && line[start - 2] == '?') ||
	    !strncmp(line, "lr :", 4))
		return 0;
	*name = line + start;
	return strcspn(*name, ".+") < len ? strcspn(*name, ".+") : len;
}

/* A word of letters, digits and "_": what of it is the same next time. */
static void add_word(struct sbuf *sb, const char *s, size_t len)
{
	size_t hexes = 0;

	while (hexes < len && isxdigit((unsigned char)s[hexes]))
		hexes++;
	if (isdigit((unsigned char)*s) || (hexes == len && len >= 8))
		sb_add(sb, "N", 1);
	else
		sb_add(sb, s, len);
}

/* "CPU: 1 " and the like: who met it, not what was met. */
static size_t who(const char *s)
{
	static const char * const keys[] = { "CPU:", "PID:" };
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strncmp(s + len, keys[i], strlen(keys[i])))
			continue;
		len += strlen(keys[i]);
		len += strspn(s + len, " ");
		len += strspn(s + len, "0123456789");
		len += strspn(s + len, " ");
	}
	return len;
}

static void add_kind(struct sbuf *sb, const char *s)
{
	while (*s) {
		size_t len, start;

		s += who(s);
		len = name_span(s, "_");
		if (len && trace_frame(s, &start) && !start) {
			sb_add(sb, s, strcspn(s, ".+"));
			s += strcspn(s, "/") + 1;
			s += hex(s);
		} else if (len) {
			add_word(sb, s, len);
			s += len;
		} else if (*s) {
			sb_add(sb, s++, 1);
		}
	}
	while (sb->len && sb->s[sb->len - 1] == ' ')
		sb->s[--sb->len] = '\0';
}

/**
 * trace_fingerprint() - one line that equal crashes have in common
 * @t: the report
 * @line: its line that says what it is
 * @sb: receives the fingerprint
 *
 * No address, number of a line, CPU or process is in it, as these change from
 * run to run or from patch to patch.
 */
void trace_fingerprint(const struct trace *t, const char *line,
		       struct sbuf *sb)
{
	const char *name, *last = "";
	size_t len, last_len = 0;
	unsigned int n = 0;

	add_kind(sb, line);
	for (size_t i = 0; i < t->lines.n && n < FRAMES; i++) {
		len = function_of(t->lines.v[i], &name);
		if (!len || is_generic(name, len) ||
		    (len == last_len && !strncmp(name, last, len)))
			continue;
		sb_addf(sb, "%s%.*s", n++ ? " < " : " | ", (int)len, name);
		last = name;
		last_len = len;
	}
}

/**
 * trace_add() - take one more line of the console while a report is printed
 * @t: the report
 * @text: line without its time stamp
 *
 * What programs print meanwhile ("# ...") is left out.
 */
void trace_add(struct trace *t, const char *text)
{
	if (t->closed || t->lines.n >= TRACE_LINES_MAX ||
	    text[strspn(text, " ")] == '#' || !text[strspn(text, " ")])
		return;
	sv_addf(&t->lines, "%.*s", LINE_MAX_KEPT, text);
	t->closed = !!strstr(text, "---[ end ");
}

/**
 * trace_reset() - forget the report
 * @t: the report
 */
void trace_reset(struct trace *t)
{
	sv_free(&t->lines);
	t->closed = false;
}

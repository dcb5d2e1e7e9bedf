#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/touched.sh and ci/warnings.awk: which files a header is compiled through, why a file
# is not, and which warnings are seen.
# shellcheck disable=SC2016 # programs for other shells, and make

bats_require_minimum_version 1.5.0
load helper

# of_tree COMMAND...: run COMMAND of ci/touched.sh on the kernel in $BATS_TEST_TMPDIR/tree.
of_tree() {
	(cd "$BATS_TEST_TMPDIR/tree" && role init -q . && role add -A && role commit -q --allow-empty -m tree)
	timeout 20 bash -ec \
		'. "$0/scripts/lib.sh"; LINUX_GIT=$1; . "$0/ci/touched.sh"; "${@:2}"' "$ROOT" "$BATS_TEST_TMPDIR/tree/.git" "$@"
}

# file NAME: write standard input to that file of the tree.
file() {
	mkdir -p "$(dirname "$BATS_TEST_TMPDIR/tree/$1")"
	cat >"$BATS_TEST_TMPDIR/tree/$1"
}

@test "a list that is called what its object is ends the search" {
	file arch/a/kernel/head.S <<<'/* */'
	printf 'obj-y += traps.o\nhead-y := head.o\n' | file arch/a/kernel/Makefile
	run -0 of_tree unreached_reason HEAD arch/a/kernel/head.S
	[ "$output" = "not part of a kernel for these architectures" ]
	# Two that are made of each other.
	printf 'one-y := two.o\ntwo-y := one.o\nobj-$(CONFIG_B) += b.o\nb-objs := c.o\n' | file arch/a/kernel/Makefile
	run -0 of_tree unreached_reason HEAD arch/a/kernel/one.S
	run -0 of_tree file_option HEAD arch/a/kernel/c.c
	[ "$output" = "CONFIG_B arch/a/kernel" ]
}

@test "a header of include/uapi is found by the name that it is included by" {
	file include/uapi/linux/user.h <<<'/* */'
	file include/linux/user_k.h <<<'#include <linux/user.h>'
	file fs/user.c <<<'#include <linux/user_k.h>'
	file fs/other.c <<<'#include <linux/other.h>'
	run -0 of_tree header_users HEAD include/uapi/linux/user.h $'fs/other.c\nfs/user.c'
	[ "$output" = fs/user.c ]
	run -0 of_tree header_users HEAD include/uapi/linux/none.h $'fs/other.c\nfs/user.c'
	[ "$output" = include/uapi/linux/none.h ]
}

@test "the warnings of gcc, the assembler, objtool and both forms of kernel-doc are seen" {
	cat >"$BATS_TEST_TMPDIR/log" <<-'END'
		mm/a.c:3:7: warning: unused variable 'q' [-Wunused-variable]
		mm/b.c:12: warning: Function parameter or member 'x' not described in 'foo'
		Warning: mm/c.c:12 function parameter 'x' not described in 'foo'
		arch/x86/d.S:3: Warning: value 0x12c truncated to 0x2c
		{standard input}:44: Warning: odd thing
		arch/x86/e.S:4: Error: no such instruction
		mm/f.o: warning: objtool: foo()+0x12: unreachable
		  CC      mm/g.o
	END
	run -0 awk -v src=/none/ -f "$CI/warnings.awk" "$BATS_TEST_TMPDIR/log"
	[ "$output" = "$(printf '%s\t\t%s\t%s\n' \
		mm/a.c "warning: unused variable 'q' [-Wunused-variable]" 3 \
		mm/b.c "warning: Function parameter or member 'x' not described in 'foo'" 12 \
		mm/c.c "warning: function parameter 'x' not described in 'foo'" 12 \
		arch/x86/d.S 'warning: value 0x12c truncated to 0x2c' 3 \
		- 'warning: odd thing' 44 \
		arch/x86/e.S 'error: no such instruction' 4 \
		mm/f.o 'warning: objtool: foo(): unreachable' 0)" ]
}

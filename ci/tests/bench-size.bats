#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# bats file_tags=base,slow
# ci/bench size: on a series that makes vmlinux larger by a known number of bytes.

bats_require_minimum_version 1.5.0
load helper

setup() {
	export FAULTLINE_PATCHES=$BATS_TEST_TMPDIR/patches FAULTLINE_CONFIGS=$BATS_TEST_DIRNAME/adopt/configs
	mkdir -p "$FAULTLINE_PATCHES/oom"
	. "$SCRIPTS/lib.sh"
	"$SCRIPTS/base" oom --quiet
	tree=$BATS_TEST_TMPDIR/tree
	git_linux worktree add -q --detach "$tree" base/oom
	printf 'char faultline_bulk[5000] = { 1 };\n' >>"$tree/mm/memory.c"
	role -C "$tree" commit -q -s -a -m "mm: carry 5000 bytes" -m "They are to be found." \
		-m "Link: https://lore.kernel.org/r/bulk@example.org
Upstream-Status: Pending"
	role -C "$tree" format-patch -q --zero-commit --no-signature -N -1 -o "$FAULTLINE_PATCHES/oom"
	(cd "$FAULTLINE_PATCHES/oom" && printf '%s\n' *.patch >series && printf '# none\n' >facts)
	git_linux worktree remove --force "$tree"
	"$SCRIPTS/apply" oom --quiet
}

@test "a patch of 5000 bytes costs 5000 bytes, and no patch none" {
	run -0 --separate-stderr "$CI/bench" size oom --step 0,tip --arch x86_64
	result=$FAULTLINE_WORK/bench/oom/size.json
	[ "$(jq -c '[.rows[] | [.subject, .name, .unit, .variant]]' "$result")" = \
		'[["tinyconfig","x86_64","bytes","base"],["tinyconfig","x86_64","bytes","tip"]]' ]
	[ "$(jq '.rows[1].change' "$result")" -eq 5000 ]
	jq -e '.rows[0] | .median > 100000' "$result"
	[[ $output == *+5000* ]]
	rm -r "$FAULTLINE_WORK/bench/oom"
}

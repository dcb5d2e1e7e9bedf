#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# bats file_tags=base
# The carried series on its real base, applied as its users do it.

bats_require_minimum_version 1.5.0
load helper
# shellcheck disable=SC2034 # for series.bash
track=v5.10
load series

@test "plain git am, in series order, gives the tree of the tip" { git_am_gives_the_tip; }

@test "quilt push -a gives the files of the tip, without fuzz" { quilt_gives_the_tip; }

@test "git am, then format-patch, gives the carried files, to the byte" { git_am_gives_the_files; }

@test "quilt push, refresh and pop, then git am and format-patch, too" { quilt_refresh_gives_the_files; }

@test "a patch whose numbers were edited by hand is found" {
	cp -r "$patches" "$BATS_TEST_TMPDIR/edited"
	patches=$BATS_TEST_TMPDIR/edited
	name=$(step_patch v5.10 12)
	sed -i 's/^ [0-9]* files\{0,1\} changed, .*/ 9 files changed, 9 insertions(+)/' "$patches/$name"
	canonical "$patches"
	run -0 not_canonical
	[ "$output" = "$name" ]
}

# old_spelling COMMIT: print where COMMIT uses a field of struct vm_fault that
# is in info, in code, comments or documentation.
old_spelling() {
	git_linux grep -nP '\bvmf(->|\.)(vma|flags|gfp_mask|pgoff|address)\b' "$1"
}

@test "no old spelling of a field of struct vm_fault is left at the tip" {
	run -1 old_spelling "$tip"
}

@test "the search for the old spelling finds it in the base" {
	run -0 old_spelling refs/heads/base/v5.10
	[[ $output == *include/trace/events/fs_dax.h* && $output == *mm/memory.c* ]]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# bats file_tags=base
# The carried series on its real base, applied as its users do it.

bats_require_minimum_version 1.5.0
load helper

setup() {
	. "$SCRIPTS/lib.sh"
	tree=$BATS_TEST_TMPDIR/tree
	patches=$FAULTLINE_PATCHES/v5.10
	mapfile -t touched < <(cd "$patches" && sed -n 's|^+++ b/||p' ./*.patch | sort -u)
	sparse_worktree "$tree" refs/heads/base/v5.10 "${touched[@]}"
	tip=$(step_commit v5.10 "$(step_count v5.10)")
}

teardown() {
	cd "$BATS_TEST_TMPDIR" || return
	rm -rf "$tree"
	git_linux worktree prune
}

@test "plain git am, in series order, gives the tree of the tip" {
	mapfile -t files < <(series_patches v5.10 | sed "s|^|$patches/|")
	role -C "$tree" am -q "${files[@]}"
	[ "$(role -C "$tree" rev-parse 'HEAD^{tree}')" = "$(git_linux rev-parse "$tip^{tree}")" ]
}

@test "quilt push -a gives the files of the tip, without fuzz" {
	cd "$tree"
	QUILT_PATCHES=$patches run quilt --quiltrc - push -a --fuzz=0
	[ "$status" -eq 0 ]
	[[ $output != *fuzz* ]]
	for file in "${touched[@]}"; do
		git_linux show "$tip:$file" | cmp - "$file"
	done
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

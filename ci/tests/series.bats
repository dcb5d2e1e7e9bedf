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
	sparse_worktree "$tree" refs/heads/base/v5.10 .gitattributes "${touched[@]}"
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

# canonical FOLDER: apply the series in FOLDER with git am to the tree of the test,
# and write it again, as git format-patch does, to $BATS_TEST_TMPDIR/again.
canonical() {
	local files

	mapfile -t files < <(series_patches v5.10 | sed "s|^|$1/|")
	role -C "$tree" am -q "${files[@]}" >&2
	role -C "$tree" -c core.abbrev=12 format-patch -q --zero-commit --no-signature -N \
		-o "$BATS_TEST_TMPDIR/again" refs/heads/base/v5.10
}

# not_canonical: print the carried patches that canonical wrote another way.
not_canonical() {
	local name

	for name in $(series_patches v5.10); do
		cmp -s "$patches/$name" "$BATS_TEST_TMPDIR/again/$name" || printf '%s\n' "$name"
	done
}

@test "git am, then format-patch, gives the carried files, to the byte" {
	canonical "$patches"
	run -0 not_canonical
	[ "$output" = "" ]
}

# quilt writes the hunks its own way: diff's choice of lines, no git headers. What
# has to be left is changelog, author, date and tree, and that is all that the
# carried files are made of.
@test "quilt push, refresh and pop, then git am and format-patch, too" {
	cp -r "$patches" "$BATS_TEST_TMPDIR/quilt"
	(cd "$tree" && QUILT_PATCHES=$BATS_TEST_TMPDIR/quilt \
		QUILT_REFRESH_ARGS='-p ab --no-timestamps --no-index' quilt --quiltrc - push -a --fuzz=0 --refresh)
	(cd "$tree" && QUILT_PATCHES=$BATS_TEST_TMPDIR/quilt quilt --quiltrc - pop -a)
	rm -r "$tree/.pc"
	[ -z "$(role -C "$tree" status --porcelain)" ]
	run ! cmp -s "$BATS_TEST_TMPDIR/quilt/$(step_patch v5.10 1)" "$patches/$(step_patch v5.10 1)"
	canonical "$BATS_TEST_TMPDIR/quilt"
	run -0 not_canonical
	[ "$output" = "" ]
}

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

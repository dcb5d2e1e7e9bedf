# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# series.bash - a carried series on its real base, applied as its users do it. Set
# track and load it after helper.bash.

setup() {
	. "$SCRIPTS/lib.sh"
	tree=$BATS_TEST_TMPDIR/tree
	patches=$FAULTLINE_PATCHES/$track
	mapfile -t touched < <(cd "$patches" && sed -n 's|^+++ b/||p' ./*.patch | sort -u)
	sparse_worktree "$tree" "refs/heads/base/$track" .gitattributes "${touched[@]}"
	tip=$(step_commit "$track" "$(step_count "$track")")
}

teardown() {
	cd "$BATS_TEST_TMPDIR" || return
	rm -rf "$tree"
	git_linux worktree prune
}

# canonical FOLDER: apply the series in FOLDER with git am to the tree of the test,
# and write it again, as git format-patch does, to $BATS_TEST_TMPDIR/again.
canonical() {
	local files

	mapfile -t files < <(series_patches "$track" | sed "s|^|$1/|")
	role -C "$tree" am -q "${files[@]}" >&2
	role -C "$tree" -c core.abbrev=12 format-patch -q --zero-commit --no-signature -N \
		-o "$BATS_TEST_TMPDIR/again" "refs/heads/base/$track"
}

# not_canonical: print the carried patches that canonical wrote another way.
not_canonical() {
	local name

	for name in $(series_patches "$track"); do
		cmp -s "$patches/$name" "$BATS_TEST_TMPDIR/again/$name" || printf '%s\n' "$name"
	done
}

# git_am_gives_the_tip: plain git am, in series order, gives the tree of the tip.
git_am_gives_the_tip() {
	local files

	mapfile -t files < <(series_patches "$track" | sed "s|^|$patches/|")
	role -C "$tree" am -q "${files[@]}"
	[ "$(role -C "$tree" rev-parse 'HEAD^{tree}')" = "$(git_linux rev-parse "$tip^{tree}")" ]
}

# quilt_gives_the_tip: quilt push -a gives the files of the tip, without fuzz.
quilt_gives_the_tip() {
	local file

	cd "$tree" || return
	QUILT_PATCHES=$patches run quilt --quiltrc - push -a --fuzz=0
	[ "$status" -eq 0 ]
	[[ $output != *fuzz* ]]
	for file in "${touched[@]}"; do
		git_linux show "$tip:$file" | cmp - "$file"
	done
}

# git_am_gives_the_files: git am, then format-patch, gives the carried files.
git_am_gives_the_files() {
	canonical "$patches"
	run -0 not_canonical
	[ "$output" = "" ]
}

# quilt_refresh_gives_the_files: quilt push, refresh and pop, then git am and
# format-patch, give the carried files. quilt writes the hunks its own way: diff's
# choice of lines, no git headers. What has to be left is changelog, author, date and
# tree, and that is all that the carried files are made of.
quilt_refresh_gives_the_files() {
	cp -r "$patches" "$BATS_TEST_TMPDIR/quilt"
	(cd "$tree" && QUILT_PATCHES=$BATS_TEST_TMPDIR/quilt \
		QUILT_REFRESH_ARGS='-p ab --no-timestamps --no-index' quilt --quiltrc - push -a --fuzz=0 --refresh)
	(cd "$tree" && QUILT_PATCHES=$BATS_TEST_TMPDIR/quilt quilt --quiltrc - pop -a)
	rm -r "$tree/.pc"
	[ -z "$(role -C "$tree" status --porcelain)" ]
	run ! cmp -s "$BATS_TEST_TMPDIR/quilt/$(step_patch "$track" 1)" "$patches/$(step_patch "$track" 1)"
	canonical "$BATS_TEST_TMPDIR/quilt"
	run -0 not_canonical
	[ "$output" = "" ]
}

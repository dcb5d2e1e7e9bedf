#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# bats file_tags=base
# Another series, carried by data alone: ci/tests/adopt has patches/, cocci/ and
# configs/ of its own, and every command works on it.

bats_require_minimum_version 1.5.0
load helper
load mail

setup() {
	adopted=$BATS_TEST_DIRNAME/adopt
	export FAULTLINE_PATCHES=$adopted/patches FAULTLINE_COCCI=$adopted/cocci
	export FAULTLINE_CONFIGS=$adopted/configs
	. "$SCRIPTS/lib.sh"
	"$SCRIPTS/base" oom --quiet
	"$SCRIPTS/apply" oom --quiet
}

# own_copy: have data that may be changed, in $FAULTLINE_PATCHES and so on.
own_copy() {
	cp -r "$adopted" "$BATS_TEST_TMPDIR/mine"
	export FAULTLINE_PATCHES=$BATS_TEST_TMPDIR/mine/patches FAULTLINE_COCCI=$BATS_TEST_TMPDIR/mine/cocci
}

@test "its base is v5.10's, by a link, and is not imported a second time" {
	[ -L "$FAULTLINE_CONFIGS/base/oom" ]
	git_linux update-ref -d refs/heads/base/oom
	run -0 "$SCRIPTS/base" oom
	[[ $output == *'is there, as the base of v5.10'* ]]
	[ "$(git_linux rev-parse base/oom)" = "$(git_linux rev-parse base/v5.10)" ]
}

@test "a base of the same name that is somebody's is not replaced" {
	other=$(git_linux -c user.name=me -c user.email=me@example.org commit-tree -m mine \
		-p base/v5.10 'base/v5.10^{tree}')
	git_linux update-ref refs/heads/base/oom "$other"
	run "$SCRIPTS/base" oom
	git_linux update-ref refs/heads/base/oom base/v5.10
	[ "$status" -eq 125 ]
	[[ $output == *'has commits that are not the base'* ]]
}

@test "lint: its role is its own, and another is found" {
	run -0 "$SCRIPTS/lint" oom
	[[ $output == *'3 patches, clean'* ]]
	own_copy
	rm "$FAULTLINE_PATCHES/oom/role"
	expect_failure 1 "expected 'Signed-off-by: Faultline <faultline@series.invalid>', once" "$SCRIPTS/lint" oom
}

@test "apply, checkpatch and regen" {
	run -0 --separate-stderr "$SCRIPTS/apply" oom
	[ "$output" = "$(git_linux rev-parse apply/oom)" ]
	run -1 git_linux grep -q tsk_is_oom_victim "$output"
	run -0 "$SCRIPTS/checkpatch" oom "$FAULTLINE_PATCHES"/oom/*.patch
	[ "$output" = "" ]
	run -0 "$SCRIPTS/regen" oom
	[[ $output == *identical*0002-treewide-use-task_is_oom_victim.patch* ]]
}

@test "check and refresh" {
	run -0 "$SCRIPTS/check" oom
	[[ $output == *' 0 findings, 0 accepted, 0 not judged'* ]]
	run -0 "$SCRIPTS/refresh" oom --from apply/oom
	[[ $output == *'nothing changes'* ]]
}

@test "regen: a hand-edited conversion is found" {
	own_copy
	sed -i 's/^+\tif (unlikely(task_is_oom_victim(current)))$/+\tif (task_is_oom_victim(current))/' \
		"$FAULTLINE_PATCHES"/oom/0002-*.patch
	"$SCRIPTS/apply" oom --quiet
	run "$SCRIPTS/regen" oom
	unset FAULTLINE_PATCHES
	[ "$status" -eq 1 ]
	[[ $output == *kernel/cgroup/cpuset.c* ]]
}

@test "status: no upstream, and no result of another track" {
	run -0 "$SCRIPTS/status" oom
	[[ $output == *'track oom: 3 patches onto linux 5.10.262'* ]]
	[[ $output == *$'\n2    Inappropriate -            -     yes    '* ]]
	[ "$("$SCRIPTS/status" oom --json | jq -c '[.tracks[].track]')" = '["oom"]' ]
}

@test "send: the recipients of the base, the semantic patch in its mail, and the tree through b4" {
	identity
	run -0 --separate-stderr "$SCRIPTS/send" oom --output "$BATS_TEST_TMPDIR/out"
	out=$output
	grep -qE "^(Cc:)? +linux-mm@kvack.org,?\$" "$out"/0002-*.patch
	grep -q '^From: Example Carrier <carrier@series.invalid>$' "$out"/0001-*.patch
	grep -qx 'Notes (semantic-patch):' "$out"/0002-*.patch
	grep -qx '    -tsk_is_oom_victim' "$out"/0002-*.patch
	run -0 --separate-stderr through_b4 "$out/series.mbox" oom
	[ "$output" = "$(git_linux rev-parse 'apply/oom^{tree}')" ]
}

@test "ci/run knows its cells" {
	run -0 "$CI/run" --track oom --list
	[[ $output == *'  3  s390x'* ]]
}

# bats test_tags=slow
@test "identical and compile, on one architecture" {
	run -0 "$CI/identical" oom --arch arm64
	[[ $output =~ identical\ oom:\ [1-9][0-9]*\ passed,\ 0\ failed ]]
	run -0 "$CI/compile" oom --arch arm64 --step 1,tip
	[[ $output =~ [1-9][0-9]*\ passed,\ 0\ failed ]]
}

# bats test_tags=slow
@test "a cell" {
	run -0 --separate-stderr "$CI/cell" oom --step tip --machine s390x
	[ "$(jq -r .verdict "$output/result.json")" = pass ]
	[ "$(jq -r .id.track "$output/result.json")" = oom ]
}

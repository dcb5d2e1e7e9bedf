#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/diagnose on results that were made by hand: what it refuses.

bats_require_minimum_version 1.5.0
load helper

@test "a step that has changed since has no lines, and no wrong ones" {
	local result image

	mini_track
	"$SCRIPTS/apply" mini --quiet
	result=$FAULTLINE_WORK/result/mini/arm64-hafdbs/2-key
	image=$FAULTLINE_WORK/image/arm64-key
	mkdir -p "$result" "$image"
	touch "$image/config" "$result/console.log"
	jq -n '{verdict: "crash", reason: "BUG", machine: "arm64-hafdbs",
		crash: {fingerprint: "f00d", trace: ["do_fault+0x1/0x2"]},
		id: {track: "mini", step: "2", tree: "0123", build: "key"}}' >"$result/result.json"
	expect_failure 125 "step 2 of mini is no longer the tree that ran" "$CI/diagnose" "$result"
	[ "$(jq -r '.crash.trace[0]' "$result/result.json")" = 'do_fault+0x1/0x2' ]
}

@test "a patch that was on top, and is not named, gives no wrong lines" {
	local result image tree with=$BATS_TEST_TMPDIR/mine.patch

	mini_track
	"$SCRIPTS/apply" mini --quiet
	tree=$(git --git-dir="$FAULTLINE_WORK/linux.git" rev-parse 'apply/mini~1^{tree}')
	result=$FAULTLINE_WORK/result/mini/arm64-hafdbs/2-key
	image=$FAULTLINE_WORK/image/arm64-key
	mkdir -p "$result" "$image"
	touch "$image/config" "$result/console.log" "$with" "$BATS_TEST_TMPDIR/other.patch"
	result_with() {
		jq -n --arg tree "$tree" --arg with "$1" --arg blob "${2:-}" '{verdict: "crash", reason: "BUG", machine: "arm64-hafdbs",
			crash: {fingerprint: "f00d", trace: ["do_fault+0x1/0x2"]},
			id: {track: "mini", step: "2", tree: $tree, build: "key", with: $with, with_blob: $blob}}' >"$result/result.json"
	}
	result_with mine.patch
	expect_failure 2 "had mine.patch on top of the step, not none" "$CI/diagnose" "$result"
	expect_failure 2 "had mine.patch on top of the step, not other.patch" "$CI/diagnose" "$result" --with "$BATS_TEST_TMPDIR/other.patch"
	result_with ''
	expect_failure 2 "had no patch on top of the step, not mine.patch" "$CI/diagnose" "$result" --with "$with"
	result_with mine.patch "$(echo 'of before' | git hash-object --stdin)"
	expect_failure 2 "$with is another mine.patch than the one that ran" "$CI/diagnose" "$result" --with "$with"
	[ "$(jq -r '.crash.trace[0]' "$result/result.json")" = 'do_fault+0x1/0x2' ]
}

@test "what did not crash is wrong usage" {
	mkdir "$BATS_TEST_TMPDIR/result"
	echo '{"verdict": "pass"}' >"$BATS_TEST_TMPDIR/result/result.json"
	expect_failure 2 "is pass, not crash or hang" "$CI/diagnose" "$BATS_TEST_TMPDIR/result"
}

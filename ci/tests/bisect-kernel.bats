#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# bats file_tags=base
# ci/bisect on the real kernel.

bats_require_minimum_version 1.5.0
load helper

@test "the patch that has the pages around a fault mapped old is found by the fact" {
	flip=$(step_of 'Subject: [PATCH] arm64: mm: map the pages around a fault old')
	run --separate-stderr "$CI/bisect" v5.10 --machine arm64-hafdbs --fact faultaround.prefaulted=young \
		--good $((flip - 3)) --bad "$flip" --repeat 1
	printf '%s\n' "$stderr" "$output"
	[ "$status" -eq 0 ]
	[[ $output == "first bad: step $flip, "*"reason: faultaround.prefaulted is 'old', not 'young'"* ]]
}

# planted: a series of the first eleven patches, with one more behind the eighth, in
# FAULTLINE_PATCHES. Every step before it has an image when the series has been judged.
planted() {
	local dir names

	export FAULTLINE_PATCHES=$BATS_TEST_TMPDIR/patches
	dir=$FAULTLINE_PATCHES/v5.10
	mkdir -p "$dir"
	mapfile -t names < <(sed '/^#/d; /^$/d' "$ROOT/patches/v5.10/series" | head -n 11)
	(cd "$ROOT/patches/v5.10" && cp facts "${names[@]}" "$dir/")
	cp "$BATS_TEST_DIRNAME/controls/bisect-window.patch" "$dir/"
	printf '%s\n' "${names[@]:0:8}" bisect-window.patch "${names[@]:8}" >"$dir/series"
	"$SCRIPTS/apply" v5.10 --no-lint >/dev/null
}

# The applied series is the project's own again for what runs next.
teardown() {
	unset FAULTLINE_PATCHES
	"$SCRIPTS/apply" v5.10 --quiet >/dev/null
}

# bats test_tags=slow
@test "a patch that has no pages mapped around a fault is found, with file and line" {
	planted
	run --separate-stderr "$CI/bisect" v5.10 --machine arm64-hafdbs --files --repeat 1
	printf '%s\n' "$stderr" "$output"
	[ "$status" -eq 0 ]
	[[ $output == 'first bad: step 9, bisect-window.patch'*'confirmed: step 12 without it is good'* ]]
	[[ $output == *'file: mm/memory.c (step 9 without its part is good)'* ]]
	[[ $output == *'hunk: mm/memory.c:4096'* ]]
}

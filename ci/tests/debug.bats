#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Debug kernels, whose name has several parts, and known splats.

bats_require_minimum_version 1.5.0
load helper

# fragments_of KERNEL [TRACK]: print the fragments of a kernel, by name.
fragments_of() (
	. "$SCRIPTS/lib.sh"
	. "$CI/kbuild.sh"
	kernel_fragments "$1" "${2:-v5.10}"
	printf '%s\n' "${fragments[@]##*/}" | paste -sd ' '
)

@test "a kernel of several parts has a fragment for each, in order" {
	[ "$(fragments_of arm64)" = "common.config arm64.config" ]
	[ "$(fragments_of arm64+debug-lockdep+debug-vm)" = \
		"common.config arm64.config debug-lockdep.config debug-vm.config" ]
}

@test "what a base has instead comes last, for all kernels and then for each part" {
	export FAULTLINE_CONFIGS=$BATS_TEST_TMPDIR/configs
	mkdir -p "$FAULTLINE_CONFIGS/base/own"
	ln -s own "$FAULTLINE_CONFIGS/base/same"
	touch "$FAULTLINE_CONFIGS/base/own"/kernel{,-debug-vm,-s390x}.config
	for track in own same; do
		[ "$(fragments_of arm64+debug-vm "$track")" = \
			"common.config arm64.config debug-vm.config kernel.config kernel-debug-vm.config" ]
		[ "$(fragments_of s390x "$track")" = "common.config s390x.config kernel.config kernel-s390x.config" ]
	done
	# The control: a base that has none.
	[ "$(fragments_of arm64+debug-vm other)" = "common.config arm64.config debug-vm.config" ]
}

@test "every debug machine asks for fragments that are there, and for rounds" {
	local file part count=0

	for file in "$ROOT"/configs/machine/*; do
		grep -qE '^steps += debug' "$file" || continue
		count=$((count + 1))
		grep -qE '^cmdline .*faultline\.rounds=[0-9]+' "$file"
		for part in $(sed -n 's/^kernel *= *//p' "$file" | tr + ' '); do
			[ -f "$ROOT/configs/kernel/$part.config" ]
		done
	done
	[ "$count" -ge 4 ]
}

# unlike_plain: print each fact of a debug machine that a track says otherwise of than of
# the machine that it is a debug build of.
# shellcheck disable=SC2034 # machine is read by expected_fact
unlike_plain() (
	. "$SCRIPTS/lib.sh"
	. "$CI/bisect-judge.sh"
	machines=$(grep -l '^steps *= *debug' "$FAULTLINE_CONFIGS"/machine/*)
	for track in v5.10 mainline; do
		last=$(step_count "$track")
		facts=$(awk '!/^#/ && NF { print $1 }' "$(track_dir "$track")/facts" | sort -u)
		for debug in $machines; do
			debug=${debug##*/}
			for fact in $facts; do
				for step in 0 "$last"; do
					machine=$debug said=$(expected_fact "$fact" "$step")
					machine=${debug%-*} plain=$(expected_fact "$fact" "$step")
					[[ $said == "$plain" ]] ||
						printf '%s %s %s: %s, not %s\n' "$track" "$debug" "$fact" "$said" "$plain"
				done
			done
		done
	done
)

@test "a debug build observes what its machine does" {
	export FAULTLINE_CONFIGS=$ROOT/configs FAULTLINE_PATCHES=$BATS_TEST_TMPDIR/patches
	cp -r "$ROOT/patches" "$FAULTLINE_PATCHES"
	run -0 unlike_plain
	[ -z "$output" ]
	sed -i 's/s390x\*/s390x /' "$FAULTLINE_PATCHES/v5.10/facts"
	run -0 unlike_plain
	[ "$output" = 'v5.10 s390x-lockdep gup.boundary: level, not entry' ]
}

@test "a part without a fragment is named" {
	mini_track
	export FAULTLINE_CONFIGS=$BATS_TEST_TMPDIR/configs
	cp -r "$ROOT/configs" "$FAULTLINE_CONFIGS"
	sed -i 's/^kernel .*/kernel = arm64+debug-none/' "$FAULTLINE_CONFIGS/machine/arm64-hafdbs-kasan"
	expect_failure 2 "no kernel 'arm64+debug-none': $FAULTLINE_CONFIGS/kernel/debug-none.config is missing" \
		"$CI/build" mini --step 0 --kernel arm64+debug-none --print-key
}

# with_splats LINE...: a configs folder with these known splats of the track mini.
with_splats() {
	export FAULTLINE_CONFIGS=$BATS_TEST_TMPDIR/configs
	mkdir -p "$FAULTLINE_CONFIGS/splats"
	printf '%s\n' '# a comment' '' "$@" >"$FAULTLINE_CONFIGS/splats/mini"
}

# result STEP MACHINE VERDICT [EXPRESSION]: one cell of a run, which met a splat.
result() {
	local folder=$BATS_TEST_TMPDIR/$2-$1

	mkdir -p "$folder"
	jq -n --arg v "$3" --arg e "${4:-}" \
		'{verdict: $v, known_splats: (if $e == "" then [] else [{pattern: $e}] end)}' \
		>"$folder/result.json"
	printf '%s\t%s\t%s\n' "$1" "$2" "$folder" >>"$BATS_TEST_TMPDIR/run"
}

# missed: print what splats_missed says of the run.
missed() (
	. "$SCRIPTS/lib.sh"
	. "$CI/splats.sh"
	splats_missed mini "$BATS_TEST_TMPDIR/run"
)

@test "a known splat that was met is not reported" {
	with_splats 'arm64-* WARNING: .* mm/a\.c: # of the base'
	result 0 arm64-x pass 'WARNING: .* mm/a\.c:'
	[ -z "$(missed)" ]
}

@test "one that was not met is, with the machine" {
	with_splats 'arm64-* WARNING: .* mm/a\.c: # of the base' 's390x BUG: (x|y) # too'
	result 0 arm64-x pass
	result 37 arm64-x pass
	result 0 arm64-y pass 'another'
	[ "$(missed)" = "known splat 'WARNING: .* mm/a\.c:' was not met on arm64-x arm64-y: take it out of configs/splats/mini" ]
}

@test "one that a later step lost, or that nobody could meet, is not" {
	with_splats 'arm64-* WARNING: a # of the base' 's390x BUG: # not run' 'x86_64 KCSAN: # crashed before'
	result 0 arm64-x pass 'WARNING: a'
	result 37 arm64-x pass
	result 0 x86_64 crash
	[ -z "$(missed)" ]
}

@test "the reason of a known splat begins at its first mark, as vmrun reads it" {
	with_splats 'arm64-* WARNING: .* mm/a\.c: # of the base, see bug # 12' '  ' 's390x # no expression'
	. "$SCRIPTS/lib.sh"
	. "$CI/splats.sh"
	[ "$(splats_listed mini)" = $'arm64-*\tWARNING: .* mm/a\\.c:' ]
}

@test "a track without known splats has none" {
	result 0 arm64-x pass
	FAULTLINE_CONFIGS=$BATS_TEST_TMPDIR/none missed
	[ -z "$(FAULTLINE_CONFIGS=$BATS_TEST_TMPDIR/none missed)" ]
}

@test "the report says what was not met, and is as good as without" {
	with_splats 'arm64-* WARNING: .* mm/a\.c: # of the base'
	result 0 arm64-x pass
	mini_track
	run --separate-stderr "$CI/report" mini --run "$BATS_TEST_TMPDIR/run"
	[ "$status" -eq 0 ]
	[[ $output == *"known splat 'WARNING: .* mm/a\.c:' was not met on arm64-x: take it out"*"cells: 1 passed"* ]]
	run --separate-stderr "$CI/report" mini --run "$BATS_TEST_TMPDIR/run" --partial
	[[ $status -eq 0 && $output != *"known splat"* ]]
	run --separate-stderr "$CI/report" mini --run "$BATS_TEST_TMPDIR/run" --format html
	[[ $output == *"<li>known splat "*"mm/a"* ]]
}

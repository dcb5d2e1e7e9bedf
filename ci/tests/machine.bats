#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# bats file_tags=base
# Real guests that misbehave on purpose, and kernels that do: each must be
# called what it is, for the right reason. Boots the track's own kernels.

bats_require_minimum_version 1.5.0
load helper
load planted

MACHINE=arm64-hafdbs

setup_file() {
	. "$SCRIPTS/lib.sh"
	GUEST=$("$CI/guest-image" v5.10 --arch arm64 --quiet)
	STEP=$(young_step)
	IMAGE=$("$CI/build" v5.10 --step "$STEP" --kernel arm64)
	VMRUN=$(vmrun_binary)
	export GUEST STEP IMAGE VMRUN MACHINE
}

# control NAME [OPTION...]: boot the guest that misbehaves as NAME.
control() {
	local name=$1

	shift
	run "$VMRUN" --machine "$ROOT/configs/machine/$MACHINE" --kernel "$IMAGE/Image" \
		--initrd "$GUEST/init-controls.cpio" --append "faultline.control=$name" \
		--silence 8 --timeout 40 --output "$BATS_TEST_TMPDIR/$name" "$@"
	verdict=$(jq -r .verdict "$BATS_TEST_TMPDIR/$name/result.json")
	reason=$(jq -r .reason "$BATS_TEST_TMPDIR/$name/result.json")
}

@test "every guest that misbehaves gets the verdict it is made for" {
	local name expected count=0

	while read -r name expected; do
		control "$name"
		printf '%s: expected %s, got %s: %s\n' "$name" "$expected" "$verdict" "$reason"
		[ "$verdict" = "$expected" ]
		[ "$status" -eq "$([ "$expected" = pass ] && echo 0 || echo 1)" ]
		count=$((count + 1))
	done < <(sed -n 's/^\t{ "\([a-z]*\)", "\([a-z]*\)", ".*/\1 \2/p' "$CI/guest/controls/init.c")
	[ "$count" -ge 20 ]
}

@test "a forged success line is called one" {
	control forge
	[[ $reason == *"forged success line"* ]]
}

@test "a panic is a crash with its line" {
	control panic
	[[ $(jq -r .crash.line "$BATS_TEST_TMPDIR/panic/result.json") == *"Kernel panic"* ]]
}

@test "a WARN is a crash although all tests pass" {
	control warn
	[ "$verdict" = crash ]
	[[ $(jq -r .crash.line "$BATS_TEST_TMPDIR/warn/result.json") == *"WARNING:"* || $reason == *"cut here"* ]]
}

@test "a hang leaves the registers of every CPU" {
	control hang
	[[ $reason == *"no console output for 8 s"* ]]
	grep -q 'PC=' "$BATS_TEST_TMPDIR/hang/diagnosis.txt"
}

@test "a failing test is named" {
	control notok
	[ "$verdict" = fail ]
	[ "$(jq -r '.tests.cases[] | select(.result == "not ok") | .name' "$BATS_TEST_TMPDIR/notok/result.json")" = bad ]
}

@test "no QEMU is left behind" {
	control hang
	run -1 pgrep -f "faultline.control=hang"
}

# inverted MACHINE: boot the tip with old and young the wrong way round.
inverted() {
	tip=$(. "$SCRIPTS/lib.sh"; step_count v5.10)
	run --separate-stderr "$CI/cell" v5.10 --step "$tip" --machine "$1" --tests faultaround \
		--with "$CI/tests/controls/inverted-prefault.patch"
	folder=$output
}

@test "a kernel that inverts old and young is caught by the guest test" {
	inverted arm64-nohaf
	[ "$status" -eq 1 ]
	[ "$(jq -r .verdict "$folder/result.json")" = fail ]
	grep -q 'first touch: 2 minor' "$folder/console.log"
	[[ $(jq -r '.tests.cases[] | select(.result == "not ok") | .name' "$folder/result.json") == *minor_faults* ]]
}

@test "where the CPU hides an old faulting page, the fact that does not flip tells" {
	inverted arm64-hafdbs
	printf '%s\tarm64-hafdbs\t%s\n' "$tip" "$folder" >"$BATS_TEST_TMPDIR/run"
	expect_failure 1 "faultaround.prefaulted is 'young', and the series says 'old'" \
		"$CI/report" v5.10 --run "$BATS_TEST_TMPDIR/run"
}

@test "a kernel that copies half of a neighbour is caught by the guest test" {
	run --separate-stderr "$CI/cell" v5.10 --step "$STEP" --machine arm64-hafdbs --tests faultaround \
		--with "$CI/tests/controls/copied-half.patch"
	[ "$status" -eq 1 ]
	grep -q 'not ok .* write_private_tmpfs # the rest of a copy is wrong' "$output/console.log"
	grep -q 'not ok .* write_private_ext4 # the rest of a copy is wrong' "$output/console.log"
}

@test "a cell that has a result is not run again, and --again runs it" {
	first=$("$CI/cell" v5.10 --step "$STEP" --machine "$MACHINE" --tests faultaround)
	before=$(stat -c %y "$first/result.json")
	[ "$("$CI/cell" v5.10 --step "$STEP" --machine "$MACHINE" --tests faultaround)" = "$first" ]
	[ "$(stat -c %y "$first/result.json")" = "$before" ]
	"$CI/cell" v5.10 --step "$STEP" --machine "$MACHINE" --tests faultaround --again
	[ "$(stat -c %y "$first/result.json")" != "$before" ]
}

@test "the printed QEMU command boots when pasted" {
	command=$("$CI/cell" v5.10 --step "$STEP" --machine "$MACHINE" --tests probe --print)
	[[ $command == *qemu-system-aarch64* ]]
	timeout 60 bash -c "$command" </dev/null >"$BATS_TEST_TMPDIR/pasted" 2>&1 || true
	grep -q 'faultline: done' "$BATS_TEST_TMPDIR/pasted"
}

@test "two runs of one cell at once give one result" {
	"$CI/cell" v5.10 --step "$STEP" --machine "$MACHINE" --tests probe >"$BATS_TEST_TMPDIR/a" &
	"$CI/cell" v5.10 --step "$STEP" --machine "$MACHINE" --tests probe >"$BATS_TEST_TMPDIR/b"
	wait $!
	[ -s "$BATS_TEST_TMPDIR/a" ]
	cmp "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
	[ "$(jq -r .verdict "$(cat "$BATS_TEST_TMPDIR/a")/result.json")" = pass ]
}

# verdict_of STEP [OPTION...]: boot STEP with one short test; prints the folder.
verdict_of() { "$CI/cell" v5.10 --machine "$MACHINE" --tests probe --step "$@"; }

# Builds the kernel of the base; matrix.bats has the same on the miniature.
# bats test_tags=base,slow
@test "a step with the same kernel image takes over the verdict, and says so" {
	planted_series
	step=1
	before=$(verdict_of $((step - 1)) --again)
	rm -rf "$(verdict_of "$step")"
	run --separate-stderr verdict_of "$step"
	[ "$status" -eq 0 ]
	[[ $stderr == *"which boots the same to the byte"* ]]
	[ "$(jq -r .id.step "$output/result.json")" = "$step" ]
	[ "$(jq -r .id.content "$output/result.json")" = "$(jq -r .id.content "$before/result.json")" ]
	of=$(jq -r .taken_over "$output/result.json")
	[ "$of" != null ]
	printf '%s\t%s\t%s\n' "$step" "$MACHINE" "$output" >"$BATS_TEST_TMPDIR/run"
	run "$CI/report" v5.10 --run "$BATS_TEST_TMPDIR/run" --partial
	grep -qE "^$step +pass (none )+=$of " <<<"$output"
}

# bats test_tags=base,slow
@test "a step with another kernel image does not, nor does one that is judged --again" {
	planted_series
	step=2
	verdict_of $((step - 1))
	rm -rf "$(verdict_of "$step")"
	folder=$(verdict_of "$step")
	[ "$(jq -r '.taken_over // "no"' "$folder/result.json")" = no ]
	folder=$(verdict_of $((step - 1)) --again)
	[ "$(jq -r '.taken_over // "no"' "$folder/result.json")" = no ]
}

# bats test_tags=base,slow
@test "a verdict that is not a pass is not taken over" {
	planted_series
	step=1
	before=$(verdict_of $((step - 1)) --again)
	rm -rf "$(verdict_of "$step")"
	content=$(jq -r .id.content "$before/result.json")
	mapfile -t same < <(grep -lF "$content" "${before%/*}"/*/result.json)
	sed -i 's/"verdict": *"pass"/"verdict": "fail"/' "${same[@]}"
	folder=$(verdict_of "$step")
	sed -i 's/"verdict": *"fail"/"verdict": "pass"/' "${same[@]}"
	[ "$(jq -r '.taken_over // "no"' "$folder/result.json")" = no ]
	[ "$(jq -r .verdict "$folder/result.json")" = pass ]
}

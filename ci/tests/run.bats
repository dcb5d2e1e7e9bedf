#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/run and ci/plan.sh: which cells, in which order; wrong usage.

bats_require_minimum_version 1.5.0
load helper

setup() {
	mini_track
	. "$SCRIPTS/lib.sh"
}

@test "by default: what each machine asks for, the ends before the middle" {
	run "$CI/run" --track mini --list
	[ "$status" -eq 0 ]
	cells=$(awk '{ print $1, $2 }' <<<"$output")
	[ "$(head -n 4 <<<"$cells")" = $'0 arm64-hafdbs\n3 arm64-hafdbs\n0 arm64-nohaf\n0 s390x' ]
	[ "$(grep -c x86_64$ <<<"$cells")" -eq 2 ]
	[ "$(tail -n 3 <<<"$cells" | paste -sd ,)" = "1 arm64-hafdbs,3 x86_64-la57,2 arm64-hafdbs" ]
}

@test "a cell's step may be tip" {
	step=$(step_number mini tip)
	[ "$step" -eq 3 ]
	expect_failure 125 "track mini, as it is now, is not applied" "$CI/build" mini --step tip --kernel s390x --print-key
}

@test "a machine of the flips has both sides of a patch that flips a fact with the same kernel" {
	{
		printf 'a.fact arm64-hafdbs no yes %s\n' "$(basename "$(nth 2)")"
		printf 'b.fact s390x no yes %s\nb.fact * no - -\n' "$(basename "$(nth 3)")"
	} >"$series/facts"
	run "$CI/run" --track mini --list --machine s390x
	[ "$(awk '{ print $1 }' <<<"$output" | paste -sd ' ')" = '0 3 2' ]
	run "$CI/run" --track mini --list --machine arm64-nohaf
	[ "$(awk '{ print $1 }' <<<"$output" | paste -sd ' ')" = '0 3 1 2' ]
	sed -i 's/0002/0009/' "$series/facts"
	expect_failure 2 "facts: no patch '0009" "$CI/run" --track mini --list --machine arm64-nohaf
}

@test "a machine that is judged when asked for is, and by --all, and not by default" {
	export FAULTLINE_CONFIGS=$BATS_TEST_TMPDIR/configs
	cp -r "$ROOT/configs" "$FAULTLINE_CONFIGS"
	sed -i 's/^steps.*/steps = asked/' "$FAULTLINE_CONFIGS/machine/s390x"
	run -0 "$CI/run" --track mini --list
	[[ $output != *s390x* ]]
	run "$CI/run" --track mini --list --machine s390x
	[ "$(awk '{ print $1 $2 }' <<<"$output" | paste -sd ' ')" = '0s390x 3s390x' ]
	run "$CI/run" --track mini --list --all
	[ "$(grep -c s390x <<<"$output")" -eq 4 ]
	# Steps that are asked for are no machine that is.
	run -0 "$CI/run" --track mini --list --step 1
	[[ $output == *arm64-hafdbs* && $output != *s390x* ]]
	run -0 "$CI/run" --track mini --list --step 1 --machine s390x
	[[ $output == *s390x* ]]
}

@test "a machine of debug builds is judged by --debug or by its name, at the ends" {
	export FAULTLINE_CONFIGS=$BATS_TEST_TMPDIR/configs
	cp -r "$ROOT/configs" "$FAULTLINE_CONFIGS"
	rm -f "$FAULTLINE_CONFIGS"/machine/s390x-*
	sed -i 's/^steps.*/steps = debug/' "$FAULTLINE_CONFIGS/machine/s390x"
	for option in --track --all "--step 1"; do
		# shellcheck disable=SC2086 # an option and its value
		run "$CI/run" --list --track mini ${option#--track}
		[[ $status -eq 0 && $output != *s390x* ]]
	done
	for option in --debug "--machine s390x" "--all --debug"; do
		# shellcheck disable=SC2086
		run "$CI/run" --list --track mini $option
		[ "$(grep s390x <<<"$output" | awk '{ print $1 }' | paste -sd ' ')" = '0 3' ]
	done
	run "$CI/run" --list --track mini --debug --step 1 --machine s390x
	[ "$(awk '{ print $1 $2 }' <<<"$output")" = 1s390x ]
}

@test "cells of one image do not follow each other, and none is lost" {
	. "$CI/plan.sh"
	cells=$'0 a x\n0 b x\n0 c x\n3 a x\n3 b x\n0 d y'
	parted=$(part_same_image <<<"$cells")
	[ "$(paste -sd , <<<"$parted")" = "0 a x,3 a x,0 b x,0 c x,0 d y,3 b x" ]
	[ "$(sort <<<"$parted")" = "$(sort <<<"$cells")" ]
}

@test "what a machine lacks is said when it is selected; a facts file without its last newline is read" {
	export FAULTLINE_CONFIGS=$BATS_TEST_TMPDIR/configs
	cp -r "$ROOT/configs" "$FAULTLINE_CONFIGS"
	echo 'steps = all' >"$FAULTLINE_CONFIGS/machine/unfinished"
	run -0 "$CI/run" --track mini --list --machine s390x
	expect_failure 125 "machine/unfinished: no line 'kernel = ...'" "$CI/run" --track mini --list --machine unfinished
	rm "$FAULTLINE_CONFIGS/machine/unfinished"
	sed -i 's/^steps.*/steps = flips/' "$FAULTLINE_CONFIGS/machine/s390x"
	printf 'a.b  s390x  old  young  %s' "$(basename "$(nth 2)")" >"$series/facts"
	run -0 "$CI/run" --track mini --list --machine s390x
	[ "$(awk '{ print $1 }' <<<"$output" | sort | paste -sd ' ')" = '0 1 2 3' ]
	# Without the file no flip is known.
	rm "$series/facts"
	run -0 "$CI/run" --track mini --list --machine s390x
	[ "$(awk '{ print $1 }' <<<"$output" | paste -sd ' ')" = '0 3' ]
}

@test "an unknown choice of steps is an error that names the file" {
	export FAULTLINE_CONFIGS=$BATS_TEST_TMPDIR/configs
	cp -r "$ROOT/configs" "$FAULTLINE_CONFIGS"
	sed -i 's/^steps.*/steps = some/' "$FAULTLINE_CONFIGS/machine/s390x"
	expect_failure 2 "machine/s390x: steps is 'some'" "$CI/run" --track mini --list
}

@test "a track has choices of its own: a machine that it does not name is judged when asked for" {
	printf '%s\n' '# comment' 'arm64-nohaf all' 's390x ends # why' 'x86_64-lockdep debug' 'x86_64 none' >"$series/machines"
	"$SCRIPTS/lint" mini
	run "$CI/run" --track mini --list
	[ "$(awk '{ print $2 $1 }' <<<"$output" | sort | paste -sd ' ')" = \
		'arm64-nohaf0 arm64-nohaf1 arm64-nohaf2 arm64-nohaf3 s390x0 s390x3' ]
	run "$CI/run" --track mini --list --machine arm64-hafdbs
	[ "$(awk '{ print $2 $1 }' <<<"$output" | paste -sd ' ')" = 'arm64-hafdbs0 arm64-hafdbs3' ]
	# Machines of debug builds stay what they are, named or not.
	run "$CI/run" --track mini --list --debug
	[[ $output == *x86_64-lockdep* && $output == *s390x-lockdep* ]]
	# One that makes no sense there is not judged by anything.
	run "$CI/run" --track mini --list --all
	[ "$(grep -c 'x86_64 ' <<<"$output")" -eq 0 ]
	[ "$(grep -c 'x86_64-la57 ' <<<"$output")" -eq 4 ]
	run "$CI/run" --track mini --list --step 1
	[ "$(awk '{ print $2 $1 }' <<<"$output" | sort | paste -sd ' ')" = 'arm64-nohaf1 s390x1' ]
	expect_failure 2 "mini/machines:5: 'x86_64' is not for mini" "$CI/run" --track mini --list --machine x86_64
	# The control: without the file the machines choose.
	rm "$series/machines"
	run "$CI/run" --track mini --list
	[ "$(grep -c 'arm64-hafdbs ' <<<"$output")" -eq 4 ]
}

@test "an unknown choice of a track's is an error that names the file and the line" {
	printf '# comment\ns390x some\n' >"$series/machines"
	expect_failure 2 "patches/mini/machines:2: steps is 'some'" "$CI/run" --track mini --list
}

@test "--all is every step on every machine but those of debug builds" {
	local debug

	run "$CI/run" --track mini --list --all
	debug=$(grep -l "^steps *= debug" "$ROOT"/configs/machine/* | wc -l)
	[ "$(wc -l <<<"$output")" -eq $((4 * ($(machines | wc -l) - debug))) ]
}

@test "--brief is the tip of each machine, and both sides of each flip on the first that shows it" {
	printf '%s\n' 'arm64-hafdbs ends' 'arm64-nohaf all' 's390x flips' 'x86_64-la57 asked' >"$series/machines"
	{
		printf 'a.fact * no yes %s\n' "$(basename "$(nth 1)")"
		printf 'b.fact s390x no yes %s\nb.fact * no - -\n' "$(basename "$(nth 3)")"
	} >"$series/facts"
	cells() { awk '{ print $2 $1 }' <<<"$output" | sort | paste -sd ' '; }
	run -0 "$CI/run" --track mini --list --brief
	[ "$(cells)" = 'arm64-hafdbs0 arm64-hafdbs1 arm64-hafdbs3 arm64-nohaf3 s390x2 s390x3' ]
	# Of those that are chosen; the control: where another shows it first, it does not.
	run -0 "$CI/run" --track mini --list --brief --machine arm64-nohaf,s390x
	[ "$(cells)" = 'arm64-nohaf0 arm64-nohaf1 arm64-nohaf3 s390x2 s390x3' ]
	# Of a fact's lines the first that fits a machine counts.
	sed -i '1i a.fact arm64-hafdbs no - -' "$series/facts"
	run -0 "$CI/run" --track mini --list --brief
	[ "$(cells)" = 'arm64-hafdbs3 arm64-nohaf0 arm64-nohaf1 arm64-nohaf3 s390x2 s390x3' ]
	expect_failure 2 "--all, --flips and --brief" "$CI/run" --track mini --list --brief --all
}

@test "--step and --machine choose" {
	run "$CI/run" --track mini --list --step 1-2,tip --machine s390x
	[ "$(awk '{ print $1 $2 }' <<<"$output" | sort)" = $'1s390x\n2s390x\n3s390x' ]
}

@test "a new machine is one new file" {
	export FAULTLINE_CONFIGS=$BATS_TEST_TMPDIR/configs
	cp -r "$ROOT/configs" "$FAULTLINE_CONFIGS"
	sed 's/^description.*/description = another/' "$ROOT/configs/machine/s390x" >"$FAULTLINE_CONFIGS/machine/s390x-other"
	run "$CI/run" --track mini --list
	[[ $output == *s390x-other* ]]
}

@test "wrong usage is 2 and says what would be right" {
	expect_failure 2 "steps are 0 to 3, or tip" "$CI/run" --track mini --list --step 4
	expect_failure 2 "no machine 'vax'; there are: $(machines | paste -sd " ")" "$CI/run" --track mini --list --machine vax
	expect_failure 2 "no track 'nothing'" "$CI/run" --track nothing --list
	expect_failure 2 "unknown argument '--nonsense'" "$CI/run" --nonsense
	expect_failure 2 "a range goes upwards" "$CI/run" --track mini --list --step 3-1
	expect_failure 2 "names no step" "$CI/run" --track mini --list --step ,
	expect_failure 2 "is not a step" "$CI/run" --track mini --list --step 08
	expect_failure 2 "--step needs a value" "$CI/run" --track mini --step
	expect_failure 2 "no track 'nothing'" "$CI/cell" nothing --step 0 --machine s390x
	expect_failure 2 "no step '4' in track mini" "$CI/cell" mini --step 4 --machine s390x
}

@test "a requested option that olddefconfig drops is an error naming it" {
	. "$CI/kbuild.sh"
	printf 'CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=y\n' >"$BATS_TEST_TMPDIR/fragment"
	printf 'CONFIG_A=y\nCONFIG_C=y\n' >"$BATS_TEST_TMPDIR/good"
	printf 'CONFIG_A=y\nCONFIG_B=y\n# CONFIG_C is not set\n' >"$BATS_TEST_TMPDIR/bad"
	require_options "$BATS_TEST_TMPDIR/good" "$BATS_TEST_TMPDIR/fragment"
	expect_failure 125 "CONFIG_B is set" require_options "$BATS_TEST_TMPDIR/bad" "$BATS_TEST_TMPDIR/fragment"
	[[ $output == *"CONFIG_C=y (got # CONFIG_C is not set)"* ]]
	expect_failure 125 "CONFIG_C=y (got nothing)" require_options <(echo CONFIG_A=y) "$BATS_TEST_TMPDIR/fragment"
}

@test "a later fragment takes back what an earlier one asks for" {
	. "$CI/kbuild.sh"
	printf 'CONFIG_A=y\nCONFIG_B=y\n' >"$BATS_TEST_TMPDIR/common"
	printf '# CONFIG_B is not set\n' >"$BATS_TEST_TMPDIR/machine"
	printf 'CONFIG_A=y\n' >"$BATS_TEST_TMPDIR/without"
	printf 'CONFIG_A=y\nCONFIG_B=y\n' >"$BATS_TEST_TMPDIR/with"
	require_options "$BATS_TEST_TMPDIR/without" "$BATS_TEST_TMPDIR/common" "$BATS_TEST_TMPDIR/machine"
	expect_failure 125 "machine: CONFIG_B is set" require_options "$BATS_TEST_TMPDIR/with" "$BATS_TEST_TMPDIR/common" "$BATS_TEST_TMPDIR/machine"
	expect_failure 125 "common: CONFIG_B=y (got nothing)" require_options "$BATS_TEST_TMPDIR/without" "$BATS_TEST_TMPDIR/machine" "$BATS_TEST_TMPDIR/common"
}

@test "our own failure is not called a bad step" {
	expect_failure 125 "a command failed with 1" bash -ec ". '$SCRIPTS/lib.sh'; own_failures_are_infra; false; true"
	run bash -ec ". '$SCRIPTS/lib.sh'; own_failures_are_infra; JUDGED=1; exit 1"
	[ "$status" -eq 1 ]
}

@test "what a tool ends with when it cannot write is not called wrong usage" {
	export TMPDIR=$BATS_TEST_TMPDIR
	# shellcheck disable=SC2016 # of another shell
	for command in 'jq -n 1 >/dev/full' 'sort "$BASH" >/dev/full' 'x=$(tar -c "$BASH" >/dev/full)'; do
		expect_failure 125 "a command failed with 2" bash -ec ". '$SCRIPTS/lib.sh'; own_failures_are_infra; $command; true"
	done
	# Said in a subshell, and by a script that another one calls
	expect_failure 2 "odd" bash -ec ". '$SCRIPTS/lib.sh'; own_failures_are_infra; x=\$(usage_error odd); true"
	[[ $output != *"a command failed"* ]]
	expect_failure 2 "no track 'nothing'" bash -ec ". '$SCRIPTS/lib.sh'; own_failures_are_infra; '$SCRIPTS/lint' nothing; true"
	[[ $output != *"a command failed"* ]]
	expect_failure 2 "no step '99' in track mini" "$CI/cell" mini --step 99 --machine arm64-hafdbs
	[[ $output != *"a command failed"* ]]
	run ! compgen -G "$TMPDIR/faultline-usage.*"
}

@test "every machine, architecture and compile file has the same keys in the same order" {
	for kind in machine arch compile; do
		keys=''
		for file in "$ROOT/configs/$kind"/*; do
			[[ $file != *.config ]] || continue
			# what may be left out, at the end, is not among them
			these=$(sed -n -e '/^slow /d' -e 's/^\([a-z]*\) *=.*/\1/p' "$file")
			[ -z "$keys" ] || [ "$these" = "$keys" ]
			keys=$these
		done
	done
}

@test "too little disk is refused with the figure" {
	expect_failure 125 "needs 99999999 MiB in" need_space "$FAULTLINE_WORK" 99999999 "a test"
	[[ $output == *"MiB are free"* ]]
}

@test "a lock is waited for and not left behind by a killed holder" {
	(hold_lock demo; exec sleep 30) 3>&- &
	holder=$!
	until [[ -e $FAULTLINE_WORK/lock/demo ]] && ! flock -n "$FAULTLINE_WORK/lock/demo" true; do sleep 0.1; done
	run timeout 4 bash -c ". '$SCRIPTS/lib.sh'; hold_lock demo"
	[ "$status" -eq 124 ]
	[[ $output == *"waiting for another run"* ]]
	kill -9 "$holder"
	run timeout 60 bash -c ". '$SCRIPTS/lib.sh'; hold_lock demo"
	[ "$status" -eq 0 ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/bench fault: that it counts, to the instruction, and sees some more.

bats_require_minimum_version 1.5.0
load helper

setup() { STEP=$(young_step); }

# judged_kernels [COPY]: a work area as the project's, but for what is measured, and
# configurations in which a plain kernel is the judged one, of which one step is built. These
# tests are of the measure, and do not need what it is of.
judged_kernels() {
	local image entry work

	work=$(. "$SCRIPTS/lib.sh"; printf '%s\n' "$FAULTLINE_WORK")
	image=$("$CI/build" v5.10 --step "$STEP" --kernel arm64)
	export FAULTLINE_WORK=$BATS_TEST_TMPDIR/work FAULTLINE_CONFIGS=$BATS_TEST_TMPDIR/configs
	cp -r "$ROOT/configs" "$FAULTLINE_CONFIGS"
	echo '# nothing' >"$FAULTLINE_CONFIGS/kernel/plain.config"
	mkdir -p "$FAULTLINE_WORK/image"
	for entry in "$work"/*; do
		case ${entry##*/} in
		bench | image) ;;
		*) ln -s "$entry" "$FAULTLINE_WORK/" ;;
		esac
	done
	ln -s "$image" "$FAULTLINE_WORK/image/arm64+plain-$("$CI/build" v5.10 --step "$STEP" --kernel arm64+plain --print-key)"
	result=$FAULTLINE_WORK/bench/v5.10/fault.json
}

# counted JQ: what JQ gives for the rows of the result.
counted() { jq -r ".rows | $1" "$result"; }

@test "wrong usage is 2 and says what would be right" {
	expect_failure 2 "a track is needed" "$CI/bench" fault
	expect_failure 2 "no track 'nothing'" "$CI/bench" fault nothing
	expect_failure 2 "is not a number of boots" "$CI/bench" fault v5.10 --rounds 0
	expect_failure 2 "--jobs '0' is not a number of boots" "$CI/bench" fault v5.10 --jobs 0
	expect_failure 2 "is not a step of v5.10" "$CI/bench" fault v5.10 --step 99
	expect_failure 2 "no machine 'vax'" "$CI/bench" fault v5.10 --machine vax
	expect_failure 2 "no such file: nothing" "$CI/bench" fault v5.10 --with nothing
	expect_failure 2 "unknown option '--nonsense'" "$CI/bench" fault v5.10 --nonsense
}

# bats test_tags=base
@test "two boots of a kernel count the same to the instruction" {
	judged_kernels
	run -0 --separate-stderr "$CI/bench" fault v5.10 --step "$STEP" --machine arm64-hafdbs
	echo "$output"
	[ "$(counted 'length')" -eq 14 ]
	[ "$(counted 'map(select((.values | length) == 2 and .min == .max and .min > 0)) | length')" -eq 14 ]
	# As much as it must be: more pages are more instructions, and fewer for each page.
	[ "$(counted 'map({(.name): .median}) | add
		| .read_page > 500 and .read_window > 2 * .read_page and .read_window < 16 * .read_page
		and .gup_16 > .gup_1 and .gup_16 < 16 * .gup_1 and .gup_512 > 16 * .gup_16 and .gup_512 < 32 * .gup_16
		and .fork_exec_exit > .fork_exit and .rss == 16 * 4 * .minor_faults')" = true ]
}

# bats test_tags=base
@test "a clock that does not count instructions measures nothing" {
	judged_kernels
	copy_of_project
	export FAULTLINE_WORK=$BATS_TEST_TMPDIR/work
	rm -r "$FAULTLINE_WORK/vmrun" # its path is in it
	sed -i 's/-icount shift=0,sleep=off //' "$COPY/ci/bench-fault"
	expect_failure 125 "fault on arm64-hafdbs, step $STEP, measured nothing" \
		"$COPY/ci/bench" fault v5.10 --step "$STEP" --machine arm64-hafdbs --rounds 1
	grep -q 'not ok 1 counter # 100000 instructions are .* ns, not as many' \
		"$FAULTLINE_WORK/bench/v5.10/fault/arm64-hafdbs/step-$STEP-1/console.log"
	[ ! -e "$result" ]
}

# Builds the kernel once more.
# bats test_tags=base,slow
@test "thirty instructions more in a fault miss the target, where they are more than 0.5%" {
	judged_kernels
	run -0 --separate-stderr "$CI/bench" fault v5.10 --step "$STEP" --machine arm64-hafdbs --rounds 1 \
		--with "$BATS_TEST_DIRNAME/controls/slower-fault.patch"
	echo "$output"
	[ "$(counted 'map(select(.met == false) | .name) | join(" ")')" = read_page ]
	[ "$(counted '.[] | select(.variant == "with" and .name == "read_page") | .change > 20 and .change < 60')" = true ]
	[ "$(counted '.[] | select(.variant == "with" and .name == "gup_1") | .ratio')" = 1 ]
	[ "$(counted '.[] | select(.variant == "with" and .name == "rss") | .met')" = true ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/bench matrix on the miniature: that both ways judge, and the ratios add up.
# shellcheck disable=SC2016 # what of() takes has variables of jq

bats_require_minimum_version 1.5.0
load helper
load mini-matrix

setup_file() { mini_seed; }

# bats test_tags=slow
@test "ours judges every cell, the plain way its sample, and the table says what they took" {
	mini_matrix
	run -0 --separate-stderr "$CI/bench" matrix mini --step 0-tip --machine a1,a2 --group 2 --plain 2
	# A boot per cell of the sample; cold, step 2 takes over; warm, none.
	[ "$(grep -c '/bench/mini/plain/' "$MINI_BOOTS")" -eq 4 ]
	[ "$(grep -c '/bench/mini/ours/' "$MINI_BOOTS")" -eq 8 ]
	[ "$(find "$FAULTLINE_WORK/bench/mini/ours/image" -name config | wc -l)" -eq 5 ]
	[ "$(boots)" -eq 12 ]
	[[ $output == *'10 cells: steps 0,1,2,3,4 on a1,a2'* && $output != *'a sample'* ]]
	[[ $output == *'the plain way: steps 1,3, reckoned for all 5'* ]]
	result=$FAULTLINE_WORK/bench/mini/matrix.json
	jq -c '.rows[]' "$result"
	of() { jq -e "[.rows[] | select(.name == \"from asking to the last verdict\")] as \$way
		| [.rows[] | select(.name == \"a cell the plain way\")] as \$cell | $1" "$result"; }
	of '[$way[].variant] == ["plain", "cold", "warm"] and [$cell[].subject] == ["a1", "a2"]'
	# Two cells a machine stand for five.
	of 'all($cell[]; .values | length == 2) and
		([$cell[].values[]] | add * 5 / 2 - $way[0].median | fabs) < 0.01'
	of '$way[0].median as $plain | $plain > 0 and all($way[]; .median > 0
		and (.ratio - .median / $plain | fabs) < 1e-9)'
	of '[$way[1, 2] | .limit] == [0.4, 0.02] and all($way[1, 2]; .met == (.ratio <= .limit))'
	[[ $output == *'matrix  10 cells  from asking to the last verdict  seconds  plain '* ]]
	# The work area itself is not touched.
	[ ! -e "$FAULTLINE_WORK/image" ] && [ ! -e "$FAULTLINE_WORK/result" ]
}

# bats test_tags=slow
@test "a sample of as many steps or more is all of them" {
	mini_matrix
	run -0 --separate-stderr "$CI/bench" matrix mini --step 0-1 --machine a1 --plain 9
	[ "$(grep -c '/bench/mini/plain/' "$MINI_BOOTS")" -eq 2 ]
	[[ $output == *'the plain way: steps 0,1, reckoned for all 2'* ]]
	# What is aimed at is said of a whole series.
	[[ $output == *'2 cells: steps 0,1 on a1; a sample'* ]]
	jq -e 'all(.rows[]; .limit == null)' "$FAULTLINE_WORK/bench/mini/matrix.json"
	run -0 "$CI/bench" show mini --format markdown
	[[ $output == '`ci/bench matrix mini --step 0-1 --machine a1 --plain 9`'* ]]
	[[ $output == *'the last verdict, seconds, cold |'*'the last verdict, seconds, warm |'* ]]
}

# bats test_tags=slow
@test "a bad cell is 1, and one that is not judged makes the measure void" {
	mini_matrix 1
	run -1 --separate-stderr "$CI/bench" matrix mini --step 1 --machine a1
	[[ $output == *plain* ]]
	export MINI_TROUBLE=$BATS_TEST_TMPDIR/trouble
	seq 9 >"$MINI_TROUBLE"
	expect_failure 125 "makes the measure void" "$CI/bench" matrix mini --step 1 --machine a1
}

@test "wrong usage is 2" {
	expect_failure 2 "a track is needed" "$CI/bench" matrix
	expect_failure 2 "is not a number of steps" "$CI/bench" matrix v5.10 --group 0
	expect_failure 2 "--plain '0' is not a number of steps" "$CI/bench" matrix v5.10 --plain 0
	expect_failure 2 "no machine 'vax'" "$CI/bench" matrix v5.10 --machine vax
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/bench matrix on the miniature: that both ways judge, and the ratios add up.

bats_require_minimum_version 1.5.0
load helper
load mini-matrix

setup_file() { mini_seed; }

@test "both ways judge every cell, and the table says what they took" {
	mini_matrix
	run -0 --separate-stderr "$CI/bench" matrix mini --step 0-2 --machine a1,a2 --group 2
	# A boot per cell the plain way; cold, step 2 takes over; warm, none.
	[ "$(grep -c '/bench/mini/plain/' "$MINI_BOOTS")" -eq 6 ]
	[ "$(grep -c '/bench/mini/ours/' "$MINI_BOOTS")" -eq 4 ]
	[ "$(find "$FAULTLINE_WORK/bench/mini/ours/image" -name config | wc -l)" -eq 3 ]
	[ "$(boots)" -eq 10 ]
	[[ $output == *'6 cells: steps 0,1,2 on a1,a2'* && $output != *sample* ]]
	# The ratio is that of the seconds, as far as a printed tenth of a second tells.
	awk 'function same(r, x) { return (r * p - x) ^ 2 <= (.05 + .05 * r + .0005 * p + 1e-6) ^ 2 }
		$1 == "plain" { p = $2 } $1 == "cold" { c = $2; rc = $5 } $1 == "warm" { w = $2; rw = $5 }
		END { exit !(p > 0 && c > 0 && w > 0 && same(rc, c) && same(rw, w)) }' <<<"$output"
	# The work area itself is not touched.
	[ ! -e "$FAULTLINE_WORK/image" ] && [ ! -e "$FAULTLINE_WORK/result" ]
}

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
	expect_failure 2 "no machine 'vax'" "$CI/bench" matrix v5.10 --machine vax
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# bats file_tags=base,slow
# ci/bisect on the real kernel: a series on the base of which one patch breaks
# fault-around, so that the kernels of its steps are made from the base's in a moment.

bats_require_minimum_version 1.5.0
load helper
load planted

setup() { planted_series; }

@test "a patch that has no pages mapped around a fault is found, with file and line" {
	run --separate-stderr "$CI/bisect" v5.10 --machine arm64-hafdbs --test faultaround --files --repeat 1
	printf '%s\n' "$stderr" "$output"
	[ "$status" -eq 0 ]
	[[ $output == 'first bad: step 2, 0002-mm-map-around-'*'confirmed: step 4 without it is good'* ]]
	[[ $output == *'file: mm/memory.c (step 2 without its part is good)'* ]]
	[[ $output == *'hunk: mm/memory.c:4122'* ]]
}

@test "the patch that changes a fact is found by the fact" {
	run --separate-stderr "$CI/bisect" v5.10 --machine arm64-hafdbs \
		--fact faultaround.prefaulted=young --repeat 1
	printf '%s\n' "$stderr" "$output"
	[ "$status" -eq 0 ]
	[[ $output == "first bad: step 2, "*"reason: faultaround.prefaulted is 'old', not 'young'"* ]]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/bench: wrong usage. What it measures is in bench-base.bats.

bats_require_minimum_version 1.5.0
load helper

@test "wrong usage is 2 and says what would be right" {
	expect_failure 2 "no benchmark ''; there are: size matrix" "$CI/bench"
	expect_failure 2 "no benchmark 'speed'" "$CI/bench" speed v5.10
	expect_failure 2 "a track is needed" "$CI/bench" size
	expect_failure 2 "no track 'nothing'" "$CI/bench" size nothing
	expect_failure 2 "no architecture 'vax'" "$CI/bench" size v5.10 --arch vax
	expect_failure 2 "is no configuration of make" "$CI/bench" size v5.10 --config ../x
	expect_failure 2 "unknown option '--nonsense'" "$CI/bench" size v5.10 --nonsense
}

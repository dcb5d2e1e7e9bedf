#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# bats file_tags=base
# ci/identical on the track's own generated patch: a use that is wrong is caught,
# and what is set aside is not.

bats_require_minimum_version 1.5.0
load helper

CONTROLS=$BATS_TEST_DIRNAME/controls

setup() { step=$(step_of 'Semantic-patch: cocci/vm_fault_info.cocci'); }

@test "a converted use that names another field is caught and named" {
	expect_failure 1 "arm64: kernel/relay.c: function relay_buf_fault differs" \
		"$CI/identical" v5.10 --step "$step" --arch arm64 --file kernel/relay.c --with "$CONTROLS/other-field.patch"
}

@test "a file whose lines move, with asserts that pass their line, is identical" {
	run "$CI/identical" v5.10 --step "$step" --arch arm64 --file fs/xfs/xfs_file.c --with "$CONTROLS/moved-lines.patch"
	[ "$status" -eq 0 ]
	[[ $output == *"identical v5.10: 1 passed, 0 failed" ]]
}

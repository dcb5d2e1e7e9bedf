#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# bats file_tags=base
# scripts/regen on the carried series and its real base.

bats_require_minimum_version 1.5.0
load helper

@test "every generated patch is what its semantic patch makes" {
	run --separate-stderr "$SCRIPTS/regen" v5.10 --quiet
	[ "$status" -eq 0 ]
	[[ $output == *" identical "*"cocci/vm_fault_info.cocci"* ]]
	[[ $output != *differs* ]]
}

@test "that of mainline is, too" {
	run -0 --separate-stderr "$SCRIPTS/regen" mainline --quiet
	[[ $output == *" identical "*"cocci/pxd_addr_end.cocci"* && $output != *differs* ]]
}

# Reads the whole tree; the greps of series*.bats see what it would.
# bats test_tags=base,slow
@test "the report of the semantic patches finds nothing at the tip" {
	run --separate-stderr "$SCRIPTS/regen" v5.10 --report --quiet
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "a rule taken out of a semantic patch is noticed, with the file it converts" {
	export FAULTLINE_COCCI=$BATS_TEST_TMPDIR/cocci
	cp -r "$ROOT/cocci" "$FAULTLINE_COCCI"
	awk -v RS= -v ORS='\n\n' '!/^@depends on patch@.*- gfp_mask\n.*= value/' \
		"$ROOT/cocci/vm_fault_info.cocci" >"$FAULTLINE_COCCI/vm_fault_info.cocci"
	[ "$(grep -c 'depends on patch' "$FAULTLINE_COCCI/vm_fault_info.cocci")" -eq \
		$(($(grep -c 'depends on patch' "$ROOT/cocci/vm_fault_info.cocci") - 1)) ]
	expect_failure 1 "mm/memory.c" "$SCRIPTS/regen" v5.10 --quiet
}

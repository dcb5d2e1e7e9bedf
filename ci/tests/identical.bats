#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/identical on a miniature kernel: a conversion that changes nothing, and
# controls that change a little.

bats_require_minimum_version 1.5.0
load helper
load objects

setup() { mini_objects; }

@test "a conversion that moves lines is identical" {
	conversion
	run "$CI/identical" mini
	[ "$status" -eq 0 ]
	[[ $output == *"identical mini: 1 passed, 0 failed" ]]
	[[ $output == *"not reached: drivers/odd.c"* ]]
}

@test "a use that names another field is named, with the function" {
	sed -i 's/return vmf->pgoff/return vmf->address/' "$TREE/mm/filemap.c"
	conversion
	expect_failure 1 "here: mm/filemap.c: function map_pages differs" "$CI/identical" mini
	[[ $output == *"--- before: map_pages"* ]]
	[[ $output != *"mm/memory.c:"* ]]
}

@test "a patch given with --with is judged too" {
	conversion
	sed -i 's/info.address)/info.pgoff)/' "$TREE/mm/memory.c"
	role -C "$TREE" diff >"$BATS_TEST_TMPDIR/control.patch"
	expect_failure 1 "here: mm/memory.c: function do_fault differs" \
		"$CI/identical" mini --with "$BATS_TEST_TMPDIR/control.patch"
	run "$CI/identical" mini
	[ "$status" -eq 0 ]
}

@test "a constant that changes is named by its section" {
	sed -i 's/7, 8/7, 9/' "$TREE/mm/memory.c"
	conversion
	expect_failure 1 "here: mm/memory.c: section .rodata differs" "$CI/identical" mini
}

@test "a variable without contents that grows is found" {
	echo 'static int room[4]; int *give(void); int *give(void) { return room; }' >>"$TREE/mm/memory.c"
	step 'mm: add room'
	sed -i 's/room\[4\]/room[8]/' "$TREE/mm/memory.c"
	conversion
	expect_failure 1 "here: mm/memory.c: section .bss differs" "$CI/identical" mini
}

@test "variables that exchange their sizes or values are found" {
	echo 'int one[4], two[8], three = 1, four = 2;' >>"$TREE/mm/memory.c"
	step 'mm: add variables'
	sed -i 's/one\[4\], two\[8\], three = 1, four = 2/one[8], two[4], four = 1, three = 2/' "$TREE/mm/memory.c"
	conversion
	expect_failure 1 "here: mm/memory.c: section symbols differs" "$CI/identical" mini
	[[ $output == *"OBJECT GLOBAL defined one"* && $output == *"OBJECT GLOBAL defined four"* ]]
}

@test "a variable that is aligned otherwise is found" {
	echo 'static int room[16] __attribute__((aligned(64))); int *give(void); int *give(void) { return room; }' >>"$TREE/mm/memory.c"
	step 'mm: add room'
	sed -i 's/aligned(64)/aligned(16)/' "$TREE/mm/memory.c"
	conversion
	expect_failure 1 "here: mm/memory.c: section alignment differs" "$CI/identical" mini
}

@test "a file that no longer compiles is not identical" {
	sed -i 's/return vmf->pgoff/return vmf->none/' "$TREE/mm/filemap.c"
	conversion
	expect_failure 1 "mm/filemap.c: object before, error after step 2" "$CI/identical" mini
}

@test "only generated patches are judged, unless a step is named" {
	sed -i 's/return table/return 1 + table/' "$TREE/mm/memory.c"
	step 'mm: change something'
	apply_series
	run "$CI/identical" mini
	[ "$status" -eq 0 ]
	[[ $output == *"no patch is generated"* ]]
	expect_failure 1 "function do_fault differs" "$CI/identical" mini --step 1
}

@test "a file that the patch does not touch cannot be asked for" {
	conversion
	expect_failure 2 "mm/none.c is not compiled for step 2" "$CI/identical" mini --file mm/none.c
}

@test "a file of one of several steps is compared at that one" {
	conversion
	git -C "$TREE" checkout -q -B again
	sed -i '1i /* more */' "$TREE/mm/memory.c"
	step 'mm: say more'
	apply_series
	run -0 "$CI/identical" mini --step 2,3 --file mm/memory.c
	[[ $output == *$'\n3 '*identical* && $output == *"0 failed" ]]
	expect_failure 2 "mm/none.c is not compiled for step 2, 3" "$CI/identical" mini --step 2,3 --file mm/none.c
}

@test "a series that names a missing patch is not one without generated patches" {
	conversion
	echo 0009-missing.patch >>"$series/series"
	expect_failure 1 "names 0009-missing.patch, which does not exist" "$CI/identical" mini
}

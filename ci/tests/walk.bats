#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# bats file_tags=base
# Kernels whose page-table walk is wrong: the guest tests must turn red, where
# the walk is wrong and for that reason.

bats_require_minimum_version 1.5.0
load helper

# broken STEP MACHINE TESTS CONTROL: boot STEP with the control on top; sets
# verdict, bad (the cases that failed, one a line) and console.
broken() {
	run --separate-stderr "$CI/cell" v5.10 --step "$1" --machine "$2" --tests "$3" \
		--with "$BATS_TEST_DIRNAME/controls/$4.patch"
	printf '%s\n' "$stderr"
	[ "$status" -eq 1 ]
	verdict=$(jq -r .verdict "$output/result.json")
	bad=$(jq -r '.tests.cases[]? | select(.result == "not ok") | .name' "$output/result.json")
	console=$output/console.log
	printf '%s\n%s\n' "$verdict" "$bad"
}

@test "gup_fast with the plain offset functions and the boundary of the level loses pages" {
	# The last step with the boundary of the level.
	broken $(($(step_of 'Subject: [PATCH] s390/mm: tell the end of what an entry') - 1)) s390x gup gup-plain-offset
	[ "$verdict" = fail ]
	[[ $bad == *anon* ]]
	grep -q 'edge 31, tables 0: read 16 pages at .*: 8, not 16' "$console"
	grep -q 'edge 42, tables 0: read 16 pages at .*: 8, not 16' "$console"
}

@test "the ends of the range swapped: gup_fast loses pages" {
	broken tip s390x gup gup-swapped-range
	[ "$verdict" != pass ]
	[[ $bad == *anon* ]]
}

@test "the entry and the address swapped: it does not compile" {
	expect_failure 1 "the kernel of step" "$CI/build" v5.10 --step tip --kernel s390x \
		--with "$BATS_TEST_DIRNAME/controls/gup-swapped-entry.patch"
	[[ $output == *"incompatible type for argument 1 of "*pud_addr_end* ]]
}

# bats test_tags=slow
@test "s390 with the boundary of the level: gup_fast loses pages" {
	broken tip s390x gup s390-boundary-of-the-level
	[ "$verdict" = fail ]
	[[ $bad == *anon* ]]
	grep -q 'edge 31, tables 0: read 16 pages at .*: 8, not 16' "$console"
}

# bats test_tags=slow
@test "s390 with the type of a region-third entry taken for another: walks run off the table" {
	broken tip s390x gup s390-wrong-type
	[ "$verdict" = crash ]
	# The first edge that gup maps and unmaps is enough for the kernel to notice
	grep -q 'Comm: gup ' "$console"
	grep -q 'unmap_page_range+' "$console"
}

# bats test_tags=slow
@test "the page below the edge of a table left out: red in six walks, and a crash in a seventh" {
	broken 0 arm64-hafdbs walkers pages-left-out
	[ "$verdict" = crash ]
	for why in 'shown # edge 21, tables 0: Referenced is 4 kB' \
		'dontneed # edge 21, tables 0: page 19 at .* is still there' \
		'cold # edge 21, tables 0: Referenced is 4 kB' \
		'swap # edge 21, tables 0: page 19 at .* is wrong' \
		'mremap # edge 21, tables 0: page 19 at .* is wrong' \
		'munmap # edge 21, tables 0: VmPTE was '; do
		grep -q "not ok [0-9]* $why" "$console"
	done
	broken 0 arm64-hafdbs walkers.truncate pages-left-out
	[ "$verdict" = crash ]
	grep -qF 'VM_BUG_ON_PAGE(page_mapped(page))' "$console"
	grep -q 'truncate_' "$console"
}

# bats test_tags=slow
@test "a pmd's boundary that is off by a page: red in gup_fast and in seven other walks" {
	broken 0 arm64-hafdbs gup,walkers pmd-boundary-off-by-one
	[ "$verdict" = fail ]
	for case in anon mprotect mlock fork remap_pfn_range apply vmap vmap_large; do
		grep -q "\.$case\$" <<<"$bad"
	done
	grep -q 'edge 21, tables 0: page 20 is locked, 40 from 0 were unlocked' "$console"
	grep -q 'edge 21, tables 0: 39 entries were visited, not 40' "$console"
}

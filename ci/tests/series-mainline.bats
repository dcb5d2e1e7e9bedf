#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# bats file_tags=base
# The mainline series on its real base, applied as its users do it. What turns these
# red is in series.bats.

bats_require_minimum_version 1.5.0
load helper
# shellcheck disable=SC2034 # for series.bash
track=mainline
load series

@test "plain git am, in series order, gives the tree of the tip" { git_am_gives_the_tip; }

@test "quilt push -a gives the files of the tip, without fuzz" { quilt_gives_the_tip; }

@test "git am, then format-patch, gives the carried files, to the byte" { git_am_gives_the_files; }

# What quilt does is the same for v5.10, in series.bats.
# bats test_tags=base,slow
@test "quilt push, refresh and pop, then git am and format-patch, too" { quilt_refresh_gives_the_files; }

# two_arguments COMMIT: print where COMMIT asks for a boundary by level alone.
two_arguments() {
	git_linux grep -nP '\bp(gd|4d|ud|md)_addr_end\(([^(),]|\([^()]*\))*,([^(),]|\([^()]*\))*\)' "$1" -- '*.[ch]'
}

@test "no pXd_addr_end() without the value of the entry is left at the tip" {
	run -1 two_arguments "$tip"
}

@test "the search for one finds it in the base" {
	run -0 two_arguments refs/heads/base/mainline
	[[ $output == *arch/loongarch/* && $output == *mm/gup.c* ]]
}

# flags_written COMMIT: print where COMMIT writes to the flags of a fault.
flags_written() {
	git_linux grep -nP '\bvmf(->|\.)flags\s*([-+|&^]|<<|>>)?=[^=]' "$1" -- '*.[ch]'
}

@test "the flags of a fault are written nowhere at the tip" {
	run -1 flags_written "$tip"
}

@test "the search for a write finds those of the base" {
	run -0 flags_written refs/heads/base/mainline
	[[ $output == *mm/memory.c* && $output == *vmwgfx_page_dirty.c* ]]
}

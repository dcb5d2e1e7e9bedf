#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# bats file_tags=base
# The carried series as mails, with the base's own get_maintainer.pl.

bats_require_minimum_version 1.5.0
load helper
load mail

# adopt.bats has a short series through b4.
# bats test_tags=base,slow
@test "the mails of v5.10, through b4, give the tree of its tip" {
	identity
	run -0 --separate-stderr "$SCRIPTS/send" v5.10 --output "$BATS_TEST_TMPDIR/out"
	out=$output
	. "$SCRIPTS/lib.sh"
	[ "$(find "$out" -name '*.patch' | wc -l)" -eq $(($(step_count v5.10) + 1)) ]
	# A treewide patch goes to lists; one of arm64 to its maintainers.
	run -0 sed -n '/^0019-/,/^0020-/p' "$out/recipients"
	[[ $output == *'Cc: linux-mm@kvack.org'* && $output != *akpm* ]]
	run -0 sed -n '/^0010-/,/^0011-/p' "$out/recipients"
	[[ $output == *'To: Catalin Marinas'*'Cc: linux-mm@kvack.org'* ]]
	run -0 --separate-stderr through_b4 "$out/series.mbox" v5.10
	[ "$output" = "$(git_linux rev-parse "$(step_commit v5.10 "$(step_count v5.10)")^{tree}")" ]
}

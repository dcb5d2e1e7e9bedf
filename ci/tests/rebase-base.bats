#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2016 # programs for other shells
#
# bats file_tags=base
# scripts/rebase on the carried series and bases made of its real one.

bats_require_minimum_version 1.5.0
load helper

# A work area of its own, that borrows the objects of the real one: what the
# user has unfinished there is none of our business.
setup() {
	real=$(. "$SCRIPTS/lib.sh"; printf '%s\n' "$FAULTLINE_WORK")
	export FAULTLINE_WORK=$BATS_TEST_TMPDIR/work
	linux=$FAULTLINE_WORK/linux.git carried=$ROOT/patches/v5.10
	mkdir -p "$FAULTLINE_WORK/regen"
	role clone -q --bare --shared "$real/linux.git" "$linux"
	cp "$real/linux.git/info/attributes" "$linux/info/"
	role -C "$linux" config faultline.repository 1
	[ ! -d "$real/regen/cache" ] || cp -r "$real/regen/cache" "$FAULTLINE_WORK/regen/"
	export GIT_INDEX_FILE=$BATS_TEST_TMPDIR/index
	role -C "$linux" read-tree base/v5.10
	result=$FAULTLINE_WORK/rebase/v5.10/other
}

# carried_patch TEXT: print the path of the carried patch that has TEXT.
carried_patch() { sed "$(step_of "$1")q;d" <(sed '/^#/d; /^$/d' "$carried/series") | sed "s|^|$carried/|"; }

# edit FILE SCRIPT: change a file of the base that is made.
edit() {
	local id

	id=$(role -C "$linux" cat-file blob ":$1" | sed "$2" | role -C "$linux" hash-object -w --stdin)
	role -C "$linux" update-index --add --cacheinfo "100644,$id,$1"
}

# make_base: what was changed is the base "other", a root commit.
make_base() {
	role -C "$linux" update-ref refs/heads/base/other \
		"$(role -C "$linux" commit-tree "$(role -C "$linux" write-tree)" -m other)"
	unset GIT_INDEX_FILE
}

# says TEXT RESULT [EVIDENCE]: the last run's table says that of the patch with TEXT.
says() {
	local got

	got=$(grep -A 1 -E "^$(step_of "$1") +" <<<"$output")
	[[ $got == *" $2 "*"${3:-}"* ]] || {
		printf 'expected "%s", "%s"; the table:\n%s\n' "$2" "${3:-}" "$output"
		return 1
	}
}

# the_capability N TRACK: resolve the conflict about arm64's list of capabilities
# in the work tree of TRACK: what the new base has, and N for the series' own.
the_capability() {
	local tree=$FAULTLINE_WORK/src/$2/rebase file=arch/arm64/include/asm/cpucaps.h resolved

	resolved=$(awk -v n="$1" '
		/^<<<<<<< / { next }
		/^\|\|\|\|\|\|\| / { skip = 1; next }
		/^>>>>>>> / { skip = 0; next }
		skip { next }
		/^#define ARM64_NCAPS/ { sub(/[0-9]+$/, n + 1) }
		/^$/ && in_list && !done++ { print "#define ARM64_HAS_HW_AF\t\t\t\t" n }
		{ in_list = /^#define ARM64_/; print }' "$tree/$file")
	printf '%s\n' "$resolved" >"$tree/$file"
	git -C "$tree" add "$file"
}

@test "a base that has three patches, half of one, other lines and a new user" {
	for text in 'Subject: [PATCH] mm: add pmd_install()' 'Subject: [PATCH] mm: let finish_fault()' \
		'Subject: [PATCH] arm64: cpufeature: detect a hardware access'; do
		role -C "$linux" apply --cached -3 "$(carried_patch "$text")"
	done
	sed -n '/^diff --git a.arch.arm64.mm.mmu.c/,$p' "$(carried_patch 'Subject: [PATCH] arm64: mm: read an entry')" |
		awk '/^@@ / { n++ } n <= 4' | role -C "$linux" apply --cached --recount -
	edit mm/huge_memory.c '1i /* one */\n/* two */'
	edit mm/nommu.c '$a int new_user(struct vm_fault *vmf)\n{\n\treturn vmf->pgoff;\n}'
	make_base
	run --separate-stderr "$SCRIPTS/rebase" v5.10 --onto other
	[ "$status" -eq 0 ]
	says 'Subject: [PATCH] mm: add pmd_install()' upstream "reverse applies"
	says 'Subject: [PATCH] mm: let finish_fault()' upstream "reverse applies"
	says 'Subject: [PATCH] arm64: cpufeature: detect' upstream "reverse applies"
	says 'Subject: [PATCH] arm64: mm: read an entry' changed "partly upstream: hunk 1 of arch/arm64/mm/mmu.c"
	says 'cocci/vm_fault_info.cocci' regenerated "new users in mm/nommu.c"
	says 'cocci/pxd_addr_end.cocci' regenerated equal
	[ "$(grep -c '\.patch$' "$result/patches/other/series")" -eq $(($(grep -c '\.patch$' "$carried/series") - 3)) ]
	FAULTLINE_PATCHES=$result/patches "$SCRIPTS/lint" other
	FAULTLINE_PATCHES=$result/patches "$SCRIPTS/regen" other --quiet
}

# rebase.bats has it on the miniature.
# bats test_tags=base,slow
@test "there and back, with a conflict on both ways, gives the carried files to the byte" {
	# As on an older 5.10: a capability less.
	edit arch/arm64/include/asm/cpucaps.h '/ARM64_WORKAROUND_SPECULATIVE_SSBS/d; s/\(NCAPS\t*\)63/\162/'
	edit mm/memory.c '1i /* one */'
	make_base
	run --separate-stderr "$SCRIPTS/rebase" v5.10 --onto other
	[ "$status" -eq 1 ]
	says 'Subject: [PATCH] arm64: cpufeature: detect' conflict "in arch/arm64/include/asm/cpucaps.h"
	the_capability 62 v5.10
	run --separate-stderr "$SCRIPTS/rebase" v5.10 --continue
	[ "$status" -eq 0 ]
	says 'Subject: [PATCH] arm64: cpufeature: detect' changed "resolved by hand"
	export FAULTLINE_PATCHES=$result/patches
	run --separate-stderr "$SCRIPTS/rebase" other --onto v5.10
	[ "$status" -eq 1 ]
	the_capability 63 other
	run --separate-stderr "$SCRIPTS/rebase" other --continue
	[ "$status" -eq 0 ]
	diff -r "$FAULTLINE_WORK/rebase/other/v5.10/patches/v5.10" "$carried"
}

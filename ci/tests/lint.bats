#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# scripts/lint: a clean series, and one control for each thing it looks at.

bats_require_minimum_version 1.5.0
load helper

setup() { mini_track; }

@test "a series in form is clean" {
	run "$SCRIPTS/lint" mini
	[ "$status" -eq 0 ]
	[[ $output == *"3 patches, clean"* ]]
}

@test "the series that the project carries is clean" {
	unset FAULTLINE_PATCHES
	for track in "$ROOT"/patches/*/; do
		run "$SCRIPTS/lint" "$(basename "$track")"
		[ "$status" -eq 0 ]
	done
}

@test "a scan that cannot be made is not a clean series" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nexit 2\n' >"$BATS_TEST_TMPDIR/bin/awk"
	chmod +x "$BATS_TEST_TMPDIR/bin/awk"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH expect_failure 125 "awk failed on 0001-" "$SCRIPTS/lint" mini
}

@test "a listed patch that does not exist is named with its line" {
	echo 0004-missing.patch >>"$series/series"
	expect_failure 1 "series:4: '0004-missing.patch' does not exist" "$SCRIPTS/lint" mini
}

@test "a patch that is not listed is named" {
	cp "$(nth 1)" "$series/0009-unlisted.patch"
	expect_failure 1 "0009-unlisted.patch: not listed in the series" "$SCRIPTS/lint" mini
}

@test "a patch listed twice is named with both lines" {
	basename "$(nth 1)" >>"$series/series"
	expect_failure 1 "listed already, in line 1" "$SCRIPTS/lint" mini
}

@test "a last line without its newline is found" {
	truncate -s -1 "$series/series"
	expect_failure 1 "the last line is not terminated" "$SCRIPTS/lint" mini
}

@test "an empty series is found" {
	: >"$series/series"
	expect_failure 1 "no patch is listed" "$SCRIPTS/lint" mini
}

@test "a missing Upstream-Status is found" {
	sed -i '/^Upstream-Status/d' "$(nth 2)"
	expect_failure 1 "no Upstream-Status: trailer" "$SCRIPTS/lint" mini
}

@test "a malformed Upstream-Status is found" {
	sed -i 's/^Upstream-Status: .*/Upstream-Status: Backport/' "$(nth 2)"
	expect_failure 1 "expected Pending, Submitted, Backport [commit]" "$SCRIPTS/lint" mini
}

@test "a missing Link is found" {
	sed -i '/^Link:/d' "$(nth 3)"
	expect_failure 1 "no 'Link: https://...' trailer" "$SCRIPTS/lint" mini
}

@test "a foreign sign-off is found" {
	sed -i 's/^Signed-off-by: .*/Signed-off-by: A <a@example.org>/' "$(nth 3)"
	expect_failure 1 "expected 'Signed-off-by: Faultline <faultline@series.invalid>', once" "$SCRIPTS/lint" mini
}

@test "a foreign author is found" {
	sed -i 's/^From: .*/From: A <a@example.org>/' "$(nth 1)"
	expect_failure 1 "expected 'From: Faultline" "$SCRIPTS/lint" mini
}

@test "a semantic patch that does not exist is found" {
	sed -i 's|^Upstream-Status: .*|&\nSemantic-patch: cocci/none.cocci|' "$(nth 1)"
	expect_failure 1 "'cocci/none.cocci' does not exist" "$SCRIPTS/lint" mini
}

@test "a subject over 72 columns is found" {
	sed -i 's/^Subject: .*/&, and more than anybody would ever want to read in a list of subjects/' "$(nth 1)"
	expect_failure 1 "72 at most" "$SCRIPTS/lint" mini
}

@test "a changelog without a body is found" {
	sed -i '/^It has to say/d' "$(nth 1)"
	expect_failure 1 "the changelog does not say why" "$SCRIPTS/lint" mini
}

@test "a commit id and a signature are found" {
	sed -i '1s/0000000000/1234567890/' "$(nth 1)"
	printf -- '-- \n2.39.5\n' >>"$(nth 1)"
	expect_failure 1 "as of git format-patch --zero-commit" "$SCRIPTS/lint" mini
	[[ $output == *"has a signature"* ]]
}

@test "facts that name no patch or no machine are found" {
	echo "a.fact nomachine young old 0001-nothing.patch" >>"$series/facts"
	expect_failure 1 "no machine 'nomachine'" "$SCRIPTS/lint" mini
	[[ $output == *"'0001-nothing.patch' is not in the series"* ]]
	printf 'a.fact %s young - -\n' 'arm64-*' 's390?' 'vax*' '*' >"$series/facts"
	expect_failure 1 "facts:3: no machine 'vax*' in configs/machine" "$SCRIPTS/lint" mini
	[[ $output != *"'arm64-*'"* && $output != *"'s390?'"* && $output != *"'*'"* ]]
}

@test "a machines file that names no machine, no choice, or one twice is found, with the line" {
	printf '# comment\n\ns390x flips # why\nx86_64 none\n' >"$series/machines"
	run "$SCRIPTS/lint" mini
	[ "$status" -eq 0 ]
	printf '%s\n' 'vax all' 'arm often' 's390x ends' 'riscv64' 'arm-lpae all of them' >>"$series/machines"
	expect_failure 1 "mini/machines:5: no machine 'vax' in configs/machine" "$SCRIPTS/lint" mini
	[[ $output == *"machines:6: steps is 'often'"* ]]
	[[ $output == *"machines:7: 's390x' is listed already, in line 3"* ]]
	[[ $output == *"machines:8: expected two columns"* && $output == *"machines:9: expected two columns"* ]]
	[[ $output == *"5 findings"* ]]
}

@test "an unknown track is wrong usage and the error lists the tracks" {
	expect_failure 2 "no track 'nothing'" "$SCRIPTS/lint" nothing
	[[ $output == *"mini/"* ]]
}

# equivalents: another track "old" with the same three patches, and what they are here.
equivalents() {
	local patches

	cp -r "$series" "$FAULTLINE_PATCHES/old"
	mapfile -t patches <"$series/series"
	cat >"$series/equivalents" <<-END
		# what the patches of old are

		old/${patches[0]} in v5.12 0123456789ab a function
		old/${patches[1]} other - - another one
		old/${patches[2]} carried - ${patches[2]} here
	END
}

@test "equivalents in form are clean" {
	equivalents
	run -0 "$SCRIPTS/lint" mini
	sed -i -e 's/ in v5.12 0123456789ab / open - - /' -e 's/ other - - / gone v5.9 - /' "$series/equivalents"
	run -0 "$SCRIPTS/lint" mini
}

@test "a patch without an equivalent, and one with two, are named" {
	equivalents
	sed -i '4s|.*|&\n&|; 5d' "$series/equivalents"
	expect_failure 1 "equivalents:5: 'old/$(sed -n 2p "$series/series")' is listed already, in line 4" "$SCRIPTS/lint" mini
	[[ $output == *"equivalents: has no line for 'old/$(sed -n 3p "$series/series")'"* ]]
	echo '# nothing' >"$series/equivalents"
	expect_failure 1 "equivalents: no patch is listed" "$SCRIPTS/lint" mini
}

@test "an equivalent of no patch is named with its line" {
	equivalents
	sed -i '3s|^old/0001|old/0009|' "$series/equivalents"
	expect_failure 1 "equivalents:3: '0009-" "$SCRIPTS/lint" mini
	for name in none/0001-x.patch "mini/$(sed -n 1p "$series/series")" 0001-x.patch old/; do
		sed -i "3s|^[^ ]*|$name|" "$series/equivalents"
		expect_failure 1 "equivalents:3: '$name': expected another track and a patch of it" "$SCRIPTS/lint" mini
	done
}

@test "what an equivalent says wrongly is named with its line" {
	equivalents
	sed -i '3s/ in / is /' "$series/equivalents"
	expect_failure 1 "equivalents:3: 'is': expected in, other, gone, carried or open" "$SCRIPTS/lint" mini
	sed -i '3s/ is v5.12 0123456789ab/ in 5.12 0123/' "$series/equivalents"
	expect_failure 1 "equivalents:3: '5.12': expected a version" "$SCRIPTS/lint" mini
	[[ $output == *"equivalents:3: '0123': expected a commit"* ]]
	sed -i '3s/ in 5.12 0123/ open v5.12 0123456789ab/' "$series/equivalents"
	expect_failure 1 "equivalents:3: 'v5.12': expected -" "$SCRIPTS/lint" mini
	[[ $output == *"equivalents:3: '0123456789ab': expected -"* ]]
	sed -i '3s/ open .*/ in v5.12 -/' "$series/equivalents"
	expect_failure 1 "equivalents:3: expected five columns" "$SCRIPTS/lint" mini
	[[ $output != *"has no line for"* ]]
}

@test "an equivalent carried by no patch is named with its line" {
	equivalents
	sed -i '5s/ carried - .* here/ carried - 0007-nothing.patch here/' "$series/equivalents"
	expect_failure 1 "equivalents:5: '0007-nothing.patch' is not in the series" "$SCRIPTS/lint" mini
}

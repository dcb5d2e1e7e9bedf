#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# scripts/check: the table, and one control for each thing that it looks at.

bats_require_minimum_version 1.5.0
load helper
load checked-track

setup() {
	outer_work=${FAULTLINE_WORK:-}
	checked_track
}

# table_row N: print the cells of a row of $output, without the name.
table_row() { awk -v step="$1" '$1 == step { $NF = ""; print }' <<<"$output"; }

# subject N TEXT: give the Nth patch another subject.
subject() { sed -i "s/^Subject: .*/Subject: [PATCH] $2/" "$(nth "$1")"; }

# accept N TEXT: give the Nth patch a trailer Check-accepts: TEXT.
accept() { sed -i "s|^Upstream-Status: .*|&\nCheck-accepts: $2|" "$(nth "$1")"; }

check() { "$SCRIPTS/check" mini "$@"; }

@test "a clean series: a row per patch, and no finding" {
	run -0 check
	[[ ${lines[0]} == "step  form  author  changelog  trailers  apply  whitespace  checkpatch  generated  patch" ]]
	[ "$(table_row 0)" = "0 ok - - - - - - - " ]
	for n in 1 2 3; do [ "$(table_row $n)" = "$n ok ok ok ok ok ok ok - " ]; done
	[[ $output == *"check mini: 3 patches, 0 findings, 0 accepted, 0 not judged"* ]]
}

# bats test_tags=base
@test "the series that is carried has no finding, and what it accepts is counted" {
	unset FAULTLINE_PATCHES
	export FAULTLINE_WORK=$outer_work
	run -0 --separate-stderr "$SCRIPTS/check" v5.10
	[ "$(table_row 19)" = "19 ok ok ok ok ok ok ok+5 ok " ]
	[[ $stderr == *" 0 findings, 7 accepted, 0 not judged"* ]]
}

# bats test_tags=base
@test "a changelog wider than 75 columns is found by the base's checkpatch.pl" {
	export FAULTLINE_WORK=$outer_work FAULTLINE_PATCHES=$BATS_TEST_TMPDIR/real
	mkdir -p "$FAULTLINE_PATCHES/v5.10"
	name=$(. "$SCRIPTS/lib.sh"; FAULTLINE_PATCHES=$ROOT/patches series_patches v5.10 | sed -n 1p)
	sed '6s/^/This changelog has a line that is a good deal wider than the 75 columns of a changelog: /' \
		"$ROOT/patches/v5.10/$name" >"$FAULTLINE_PATCHES/v5.10/$name"
	echo "$name" >"$FAULTLINE_PATCHES/v5.10/series"
	echo '# none' >"$FAULTLINE_PATCHES/v5.10/facts"
	expect_failure 1 "$name:6: checkpatch: WARNING:COMMIT_LOG_LONG_LINE" "$SCRIPTS/check" v5.10
}

@test "every finding of lint is in the column of its check, with file and line" {
	sed -i 's/^From: .*/From: A <a@example.org>/' "$(nth 1)"
	sed -i '/^Link:/d' "$(nth 2)"
	sed -i '1s/0000000000/1234567890/' "$(nth 3)"
	echo "a.fact nomachine young old -" >>"$series/facts"
	expect_failure 1 "$(basename "$(nth 1)"):2: author: expected 'From: Faultline" check
	[[ $output == *"$(basename "$(nth 2)"): trailers: no 'Link: https"* ]]
	[[ $output == *"$(basename "$(nth 3)"):1: form: expected 'From 0000"* ]]
	[[ $output == *"facts:2: series: no machine 'nomachine'"* ]]
	[ "$(table_row 0)" = "0 2 - - - - - - - " ]
	[ "$(table_row 1)" = "1 ok 1 ok ok ok ok ok - " ]
	[ "$(table_row 2)" = "2 ok ok ok 1 ok ok ok - " ]
	[ "$(table_row 3)" = "3 1 ok ok ok ok ok ok - " ]
}

@test "a subject that is not imperative, or not small, or of no subsystem, is found" {
	subject 1 "mm: changes line 20"
	subject 2 "mm: Change line 20"
	subject 3 "nn: change line 20"
	expect_failure 1 "$(basename "$(nth 1)"):4: changelog: SUBJECT_VERB: expected the imperative, \"change\" rather than \"changes\"" check
	[[ $output == *"$(basename "$(nth 2)"):4: changelog: SUBJECT_CASE: expected a small letter"* ]]
	[[ $output == *"$(basename "$(nth 3)"):4: changelog: SUBJECT_PREFIX: no folder or file of the base is called \"nn\""* ]]
}

@test "two patches of one subject are found" {
	subject 3 "mm: change line 20, time 1"
	expect_failure 1 "$(basename "$(nth 3)"): changelog: the subject is that of $(basename "$(nth 1)") as well" check
}

@test "a changelog that says little, or the subject again, is found" {
	sed -i 's/^It has to say .*/It has to./' "$(nth 1)"
	sed -i 's/^It has to say .*/Change line 20, and change the line by the time 2 of the line: time 2./' "$(nth 2)"
	expect_failure 1 "$(basename "$(nth 1)"):6: changelog: BODY_SHORT: 3 words say why, 10 at least" check
	[[ $output == *"$(basename "$(nth 2)"):6: changelog: BODY_REPEATS"* ]]
	[[ $output != *"$(basename "$(nth 2)")"*BODY_SHORT* ]]
}

@test "a line that ends in a blank is found, with its place" {
	sed -i 's/^+line 20 changed 1 changed 2 changed 3/& /' "$(nth 3)"
	expect_failure 1 "$(basename "$(nth 3)"): whitespace: WHITESPACE: mm/memory.c:20: trailing whitespace" check
	[ "$(table_row 3)" = "3 ok ok ok ok ok 1 ok - " ]
}

@test "a finding of checkpatch.pl is found with its line, or counted as accepted" {
	sed -i "s/^+line 20 changed 1 changed 2 changed 3/&$(printf '%0100d' 0)/" "$(nth 3)"
	at=$(grep -n '^+line' "$(nth 3)" | cut -d : -f 1)
	expect_failure 1 "$(basename "$(nth 3)"):$at: checkpatch: WARNING:LONG_LINE" check
	[ "$(table_row 3)" = "3 ok ok ok ok ok ok 1 - " ]
	sed -i 's|^Upstream-Status: .*|&\nCheckpatch-accepts: LONG_LINE - the test wants it|' "$(nth 3)"
	run -0 check
	[ "$(table_row 3)" = "3 ok ok ok ok ok ok ok+1 - " ]
	sed -i 's|^+line 20 .*|+line 20 short|' "$(nth 3)"
	expect_failure 1 "accepts LONG_LINE, which is not found: drop the trailer" check
}

@test "a patch accepts a finding with a reason, and only one that there is" {
	subject 1 "mm: changes line 20"
	accept 1 "SUBJECT_VERB - the test wants it"
	run -0 check
	[ "$(table_row 1)" = "1 ok ok ok+1 ok ok ok ok - " ]
	sed -i 's/^\(Check-accepts: SUBJECT_VERB -\).*/\1 /' "$(nth 1)"
	expect_failure 1 "'Check-accepts: SUBJECT_VERB -': expected a type of finding and the reason" check
	[[ $output == *"SUBJECT_VERB: expected the imperative"* ]]
	subject 1 "mm: change line 20"
	sed -i 's/^\(Check-accepts: SUBJECT_VERB -\).*/\1 once there was one/' "$(nth 1)"
	expect_failure 1 "trailers: accepts SUBJECT_VERB, which is not found: drop the trailer" check
}

@test "whatever checkpatch.pl says is a finding, of any form" {
	sed -i '1i print "Use of uninitialized value in a/b: CHECK\n";' "$kernel/scripts/checkpatch.pl"
	role -C "$kernel" commit -q -a --amend -m 'miniature kernel'
	role -C "$FAULTLINE_WORK/linux.git" fetch -q "$kernel" +HEAD:refs/heads/base/mini
	expect_failure 1 "$(basename "$(nth 1)"): checkpatch: Use of uninitialized value" check --patch 1
}

@test "a patch that does not apply: it is named, and those before it are checked" {
	sed -i 's/^-line 20 changed 1$/-line 20 altered/' "$(nth 2)"
	expect_failure 1 "$(basename "$(nth 2)"): apply: error: patch failed: mm/memory.c:17" check
	[ "$(table_row 1)" = "1 ok ok ok ok ok ok ok - " ]
	[ "$(table_row 2)" = "2 ok ok ok ok 1 ? ok - " ]
	[ "$(table_row 3)" = "3 ok ok ok ok ? ? ok - " ]
	[[ $output == *"apply: not judged: a patch before it does not apply, or does not exist"* ]]
}

@test "--patch takes numbers and names, and nothing else" {
	subject 1 "mm: changes line 20"
	run -0 check --patch "2,$(basename "$(nth 3)" .patch)"
	[ "$(grep -c '^[0-9]' <<<"$output")" -eq 2 ]
	expect_failure 1 SUBJECT_VERB check --patch 1
	expect_failure 2 "'4' is no patch of mini" check --patch 4
	expect_failure 2 "',' names no patch" check --patch ,
}

@test "--ktap: the same as a test per column" {
	subject 1 "mm: changes line 20"
	expect_failure 1 "not ok 1 $(basename "$(nth 1)")" check --ktap --patch 1,2 --quiet
	[ "${lines[0]}" = "KTAP version 1" ]
	[ "${lines[1]}" = "1..2" ]
	[[ $output == *"  # Subtest: $(basename "$(nth 1)")"$'\n'"  1..8"* ]]
	[[ $output == *"  # $(basename "$(nth 1)"):4: SUBJECT_VERB: "*$'\n'"  not ok 3 changelog"* ]]
	[[ $output == *"  ok 8 generated # SKIP says nothing here"*"ok 2 $(basename "$(nth 2)")"* ]]
	[ "$(grep -c '^  not ok' <<<"$output")" -eq 1 ]
	printf '%s\n' "$output" >"$BATS_TEST_TMPDIR/ktap"
	run prove -e cat "$BATS_TEST_TMPDIR/ktap" # perl's reader, which knows the outer level
	[[ $output == *"Failed 1/2 subtests"* ]]
}

@test "what is the same is not checked again, what has changed is" {
	run -0 check --verbose
	[[ $output == *"[3/3]"* ]]
	run -0 check --verbose
	[[ $output != *"[1/"* ]]
	subject 1 "mm: changes line 20"
	run -1 check --verbose
	[[ $output == *"[1/1] $(basename "$(nth 1)")"* ]]
}

@test "a finding stays one when the patch is called something else, or is in a folder" {
	subject 1 "mm: changes line 20"
	run -1 check
	mv "$(nth 1)" "$series/0001-renamed.patch"
	sed -i '1s/.*/0001-renamed.patch/' "$series/series"
	expect_failure 1 "0001-renamed.patch" check
	[ "$(table_row 1)" = "1 ok ok 1 ok ok ok ok - " ]
	mkdir "$series/sub"
	mv "$series/0001-renamed.patch" "$series/sub/"
	sed -i '1s|.*|sub/0001-renamed.patch|' "$series/series"
	expect_failure 1 "sub/0001-renamed.patch" check
	[ "$(table_row 1)" = "1 ok ok 1 ok ok ok ok - " ]
}

@test "what the user has set for checkpatch.pl does not count" {
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir "$HOME"
	awk '/^\+[^+]/ && !done { printf "+/* %0120d */\n", 0; done = 1 } { print }' "$(nth 3)" |
		sed 's/^@@ -\(.*\),7 +\(.*\),7 @@/@@ -\1,7 +\2,8 @@/' >"$BATS_TEST_TMPDIR/long"
	cp "$BATS_TEST_TMPDIR/long" "$(nth 3)"
	run -1 check
	[[ $output == *'WARNING:LONG_LINE'* ]]
	echo '--ignore LONG_LINE' >"$HOME/.checkpatch.conf"
	rm -r "$FAULTLINE_WORK/check"
	run -1 check
	[[ $output == *'WARNING:LONG_LINE'* ]]
}

# stub SCRIPT: replace a script of the copy by standard input.
stub() {
	{ printf '#!/bin/bash\n'; cat; } >"$COPY/$1"
	chmod +x "$COPY/$1"
}

@test "a generated patch that its semantic patch does not make is found, with the file" {
	copy_of_project
	FAULTLINE_WORK=$BATS_TEST_TMPDIR/work
	export FAULTLINE_COCCI=$BATS_TEST_TMPDIR/cocci
	mkdir "$FAULTLINE_COCCI"
	echo "@@ @@" >"$FAULTLINE_COCCI/a.cocci"
	sed -i 's|^Upstream-Status: .*|&\nSemantic-patch: cocci/a.cocci|' "$(nth 2)"
	stub scripts/regen <<-'END'
		[ "$*" = "mini --step 2" ] || exit 125
		echo 'step  files  hunks   time  result     patch'
		echo '2         1      1     1s  differs    0002.patch (cocci/a.cocci)'
		echo '  mm/memory.c: only the carried patch changes it'
		exit 1
	END
	run -1 "$COPY/scripts/check" mini
	[[ $output == *"$(basename "$(nth 2)"): generated: is not what its semantic patch makes: mm/memory.c: only the carried"* ]]
	[ "$(table_row 2)" = "2 ok ok ok ok ok ok ok 1 " ]
	stub scripts/regen <<<"echo 'regen: error: no spatch' >&2; exit 125"
	run -125 "$COPY/scripts/check" mini
	[[ $output == *"generated: not judged: no spatch"* && $(table_row 2) == *" ? " ]]
	stub scripts/regen <<<"echo '2         1      1     1s  identical  0002.patch (cocci/a.cocci)'"
	run -0 "$COPY/scripts/check" mini
	[ "$(table_row 2)" = "2 ok ok ok ok ok ok ok ok " ]
	echo "// changed" >>"$FAULTLINE_COCCI/a.cocci"
	stub scripts/regen <<<"exit 125"
	run -125 "$COPY/scripts/check" mini
}

@test "--deep compiles for three architectures, and names the first that does not" {
	copy_of_project
	FAULTLINE_WORK=$BATS_TEST_TMPDIR/work
	stub ci/compile <<-'END'
		case "$*" in
		"mini --step 2 --arch "*arm64*s390x*) echo 's390x: mm/memory.c does not compile at step 2:' >&2; exit 1 ;;
		"mini --step 3 "*) echo "compile: error: no gcc" >&2; exit 125 ;;
		esac
	END
	run -1 "$COPY/scripts/check" mini --deep
	[[ ${lines[*]} == *"generated  compile  patch"* ]]
	[ "$(table_row 1)" = "1 ok ok ok ok ok ok ok - ok " ]
	[ "$(table_row 2)" = "2 ok ok ok ok ok ok ok - 1 " ]
	[ "$(table_row 3)" = "3 ok ok ok ok ok ok ok - ? " ]
	[[ $output == *"compile: s390x: mm/memory.c does not compile at step 2:; see "* ]]
	[[ $output == *"compile: not judged: no gcc"* ]]
	# C that none of the three compiles is not judged, whatever ci/compile says.
	stub ci/compile <<<"echo 'no step here touches a C file'; echo 'compile: error: nothing was compiled' >&2; exit 125"
	run -125 "$COPY/scripts/check" mini --deep
	[ "$(table_row 3)" = "3 ok ok ok ok ok ok ok - ? " ]
	# Nothing was to be compiled there; not so where that is not what kept it.
	sed -i 's|b/mm/memory.c$|b/mm/memory.txt|; s|a/mm/memory.c$|a/mm/memory.txt|' "$series"/*.patch
	role -C "$kernel" mv mm/memory.c mm/memory.txt
	role -C "$kernel" commit -q -m 'no C'
	role -C "$FAULTLINE_WORK/linux.git" fetch -q "$kernel" +HEAD:refs/heads/base/mini
	run -0 "$COPY/scripts/check" mini --deep
	[ "$(table_row 3)" = "3 ok ok ok ok ok ok ok - ok " ]
	rm -r "$FAULTLINE_WORK/check"
	stub ci/compile <<<"echo 'compile: error: it was killed' >&2; exit 125"
	run -125 "$COPY/scripts/check" mini --deep
	[ "$(table_row 3)" = "3 ok ok ok ok ok ok ok - ? " ]
}

@test "without the base, or the list of verbs, nothing is judged" {
	export FAULTLINE_CONFIGS=$BATS_TEST_TMPDIR/configs
	cp -r "$ROOT/configs" "$FAULTLINE_CONFIGS"
	rm "$FAULTLINE_CONFIGS/check/verbs"
	expect_failure 125 "check/verbs is missing" check
	role -C "$FAULTLINE_WORK/linux.git" update-ref -d refs/heads/base/mini
	expect_failure 125 "run scripts/base mini" check
	expect_failure 2 "a track is needed" "$SCRIPTS/check"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Patches that are broken, and patches that only look so: what is lost is named
# with patch and line, and what is valid git works all the way.

bats_require_minimum_version 1.5.0
load helper
load checked-track

setup() {
	checked_track
	third=$(nth 3)
	name=${third##*/}
}

# refused TEXT: scripts/apply says TEXT, and makes nothing; the series is as it was.
refused() {
	local before

	before=$(find "$series" -type f -exec sha256sum {} + | sort)
	expect_failure 1 "$1" "$SCRIPTS/apply" mini
	[ -z "$(role -C "$FAULTLINE_WORK/linux.git" for-each-ref refs/heads/apply/mini)" ]
	[ "$(find "$series" -type f -exec sha256sum {} + | sort)" = "$before" ]
}

# refused_at LINE TEXT: the same, of the third patch, with that line.
refused_at() { refused "patches/mini/$name:$1: $2"; }

# line_of ERE: print the number of the first line of the third patch that matches.
line_of() { grep -anE -m 1 "$1" "$third" | cut -d : -f 1; }

# good_round SUBJECT: commit what is in the kernel's tree after the series; a
# refresh from there writes the patch, which applied gives the same tree, and a
# second refresh has nothing to do.
good_round() {
	commit "$1"
	want=$(role -C "$kernel" rev-parse 'HEAD^{tree}')
	run -0 "$SCRIPTS/refresh" mini --from HEAD --tree "$kernel" --write
	run -0 --separate-stderr "$SCRIPTS/apply" mini
	[ "$(role -C "$FAULTLINE_WORK/linux.git" rev-parse "$output^{tree}")" = "$want" ]
	run -0 "$SCRIPTS/refresh" mini --from HEAD --tree "$kernel"
	[[ $output == *"nothing changes"* ]]
}

# commit SUBJECT: commit what is in the kernel's tree, in form.
commit() {
	role -C "$kernel" add -A
	role -C "$kernel" commit -q -s -m "$1" -m "The test has to see that it comes back as it went, to the last bit." \
		-m "Link: https://lore.kernel.org/r/mini@example.org
Upstream-Status: Pending"
}

# applied: the kernel's tree is at the tip of the series.
applied() { role -C "$kernel" am -q --committer-date-is-author-date "$series"/*.patch; }

@test "CRLF line ends are found at the first" {
	sed -i 's/$/\r/' "$third"
	refused_at 1 "ends in CR LF"
}

@test "CRLF in the lines of a file that has it is no finding" {
	applied
	printf 'a\r\nb\r\n' >"$kernel/mm/dos.txt"
	commit "mm: add a file with CR LF"
	sed -i 's/^b/c/' "$kernel/mm/dos.txt"
	good_round "mm: change a file with CR LF"
}

@test "a binary hunk is found" {
	sed -i '/^index /,$d' "$third"
	printf 'index 1234567..89abcde 100644\nGIT binary patch\ndelta 5\nMcmZ=\n\ndelta 5\nMcmZ=\n\n' >>"$third"
	refused_at "$(line_of '^GIT binary')" "a binary hunk"
	sed -i '/^GIT binary/,$d' "$third"
	printf 'Binary files a/mm/memory.c and b/mm/memory.c differ\n' >>"$third"
	refused_at "$(line_of '^Binary files')" "a binary hunk"
}

@test "an author and a changelog that are not UTF-8 are found, UTF-8 is none" {
	sed -i "s/^Link:/Reported-by: J$(printf '\303\274')rgen <j@example.org>\n&/" "$third"
	run -0 --separate-stderr "$SCRIPTS/apply" mini
	role -C "$FAULTLINE_WORK/linux.git" log -1 --format=%B "$output" | grep -q 'Jürgen'
	role -C "$FAULTLINE_WORK/linux.git" update-ref -d refs/heads/apply/mini
	sed -i "s/J$(printf '\303\274')rgen/J$(printf '\374')rgen/" "$third"
	refused_at "$(line_of '^Reported-by')" "is not UTF-8"
	LC_ALL=C sed -i "/^Reported-by/d; s/^From: .*/From: J$(printf '\374')rgen <j@example.org>/" "$third"
	refused_at 2 "is not UTF-8"
	LC_ALL=C sed -i 's/^From: .*/From: Faultline <faultline@series.invalid>\nContent-Type: text\/plain; charset=ISO-8859-1/' "$third"
	refused_at 3 "expected UTF-8: 'Content-Type: text/plain; charset=ISO-8859-1'"
}

@test "a missing From and a missing Date are found" {
	sed -i '2d' "$third"
	refused_at 2 "expected 'From: Faultline <faultline@series.invalid>', not 'none'"
	sed -i 's/^Date: .*/From: Faultline <faultline@series.invalid>/' "$third"
	refused_at 3 "expected 'Date: ...'"
}

@test "another author within the changelog is found: git am would take that one" {
	sed -i '0,/^$/s//\nFrom: Somebody <else@example.org>\n/' "$third"
	refused_at 2 "expected 'From: Faultline <faultline@series.invalid>', not 'Somebody <else@example.org>'"
}

@test "a --- in the changelog is found: git am would end it there" {
	sed -i 's/^It has to say .*/&\n---\nand this is why./' "$third"
	refused_at "$(grep -n '^---$' "$third" | sed -n '2s/:.*//p')" \
		"a second '---': git am ends the changelog at the first, in line $(line_of '^---$')"
}

@test "a diff quoted in the changelog is found: git am would take it for the patch" {
	sed -i 's/^It has to say .*/&\n\n--- a.log\n+++ b.log/' "$third"
	refused_at "$(line_of '^--- a.log')" "expected a line '---' before it"
}

@test "two messages in one file are found, also without lint" {
	second=$(nth 2)
	cat "$third" >>"$second"
	sed -i '3d' "$series/series"
	rm "$third"
	refused "patches/mini/${second##*/}:$(grep -n '^From 0' "$second" | sed -n '2s/:.*//p'): a second message starts here"
	[[ $output != *"there is no diff"* ]]
	expect_failure 1 "patches/mini/${second##*/} is more than one patch" "$SCRIPTS/apply" mini --no-lint
}

@test "an empty patch is found" {
	sed -i '/^diff --git/,$d' "$third"
	refused "patches/mini/$name: there is no diff"
	: >"$third"
	refused "patches/mini/$name:1: expected 'From 0000"
}

@test "a NUL byte in the changelog is found, and one behind it is not" {
	sed -i 's/^It has to say .*/&\x00/' "$third"
	refused "patches/mini/$name: has a NUL byte in the changelog, which git am refuses"
	run role -C "$kernel" am "$(nth 1)" "$(nth 2)" "$third"
	[[ $status -ne 0 && $output == *'NUL byte'* ]]
	sed -i 's/\x00//; $s/.*/&\x00/' "$third"
	run -0 "$SCRIPTS/lint" mini
	[[ $output != *'NUL byte'* ]]
}

@test "a byte of another charset right before the --- is one finding" {
	sed -i 's/^---$/Acked-by: Jos\xe9\n---/' "$third"
	run -1 --separate-stderr "$SCRIPTS/lint" mini
	[ "$output" = "patches/mini/$name:$(line_of '^Acked-by'): is not UTF-8" ]
}

@test "two semantic patches of one patch are found" {
	mkdir "$BATS_TEST_TMPDIR/cocci"
	export FAULTLINE_COCCI=$BATS_TEST_TMPDIR/cocci
	touch "$FAULTLINE_COCCI/"{a,b}.cocci
	sed -i 's/^Upstream-Status:/Semantic-patch: cocci\/a.cocci\n&/' "$third"
	run -0 "$SCRIPTS/lint" mini
	sed -i 's/^Upstream-Status:/Semantic-patch: cocci\/b.cocci\n&/' "$third"
	refused "patches/mini/$name: more than one Semantic-patch: trailer"
}

@test "a diff that changes nothing is found" {
	sed -i '/^---  *a/,$d; /^--- a/,$d' "$third"
	refused_at "$(line_of '^diff --git')" "this diff changes nothing"
}

@test "a hunk that is cut off is found, with what is missing" {
	head -n -3 "$third" >"$third.new"
	mv "$third.new" "$third"
	refused "the hunk of line $(line_of '^@@') has 3 old and 3 new lines less than its header says"
}

@test "a hunk with a wrong count is found" {
	sed -i 's/^@@ -17,7 +17,7 @@/@@ -17,8 +17,9 @@/' "$third"
	refused "the hunk of line $(line_of '^@@') has 1 old and 2 new lines less than its header says"
	sed -i 's/^@@ -17,8 +17,9 @@/@@ -17,6 +17,6 @@/' "$third"
	refused_at "$(line_of '^ line 23')" "is part of no hunk"
}

@test "what follows the diff, or a signature, is found: git am passes over it" {
	printf '@ -1,7 +1,7 @@ lost\n' >>"$third"
	refused_at "$(line_of 'lost$')" "is part of no hunk, and git am passes over it"
	sed -i '$d' "$third"
	printf -- '-- \n2.39.5\n\nand a question of a mailing list\n' >>"$third"
	refused_at "$(line_of '^and a question')" "is part of no hunk, and git am passes over it"
	[[ $output == *"has a signature"* ]]
}

@test "a path out of the tree is found" {
	sed -i 's|^\(diff --git\) .*|\1 a/../etc/passwd b/../etc/passwd|; s|^--- a/.*|--- a/../etc/passwd|; s|^+++ b/.*|+++ b/../etc/passwd|' "$third"
	refused_at "$(line_of '^diff')" "a path out of the tree"
	expect_failure 1 "error: ../etc/passwd" "$SCRIPTS/apply" mini --no-lint
}

@test "a file that the base no longer has is named" {
	sed -i 's|mm/memory.c|mm/vanished.c|g' "$third"
	refused "patches/mini/$name does not apply"
	[[ $output == *"error: mm/vanished.c: No such file or directory"* ]]
	run -1 "$SCRIPTS/check" mini
	[[ $output == *"$name: apply: error: mm/vanished.c: No such file or directory"* ]]
}

@test "a change that the base has already is said to be there" {
	role -C "$kernel" am -q --committer-date-is-author-date "$(nth 1)"
	role -C "$FAULTLINE_WORK/linux.git" fetch -q "$kernel" +HEAD:refs/heads/base/mini
	refused "patches/mini/$(basename "$(nth 1)") does not apply"
	[[ $output == *"note: applies in reverse: the tree has this change already"* ]]
	run -1 "$SCRIPTS/check" mini
	[[ $output == *"$(basename "$(nth 1)"): apply: "*"the tree has this change already"* ]]
}

@test "the control: a patch that does not apply for another reason is not said to be there" {
	sed -i 's/^ line 18$/ line eighteen/' "$third"
	refused "does not apply"
	[[ $output != *"has this change already"* ]]
}

@test "a listed patch that does not exist does not keep check from the others" {
	rm "$(nth 2)"
	run -1 "$SCRIPTS/check" mini
	[[ $output == *"series:2: series: '$(basename "$(nth 2)")' does not exist"* ]]
	[[ $output == *$'\n'"1     ok    ok      ok         ok        ok     ok          ok "* ]]
	[[ $output == *"$name: apply: not judged"* ]]
}

@test "several at once: check has every finding in its row" {
	sed -i 's/$/\r/' "$(nth 1)"
	head -n -3 "$(nth 2)" >"$(nth 2).new"
	mv "$(nth 2).new" "$(nth 2)"
	printf 'garbage\n' >>"$third"
	run -1 "$SCRIPTS/check" mini
	[[ $output == *"patches/mini/$(basename "$(nth 1)"):1: form: ends in CR LF"* ]]
	[[ $output == *"patches/mini/$(basename "$(nth 2)"):"*": form: the hunk of line"* ]]
	[[ $output == *"patches/mini/$name:$(line_of garbage): form: is part of no hunk"* ]]
}

@test "a subject that is folded, in RFC 2047 words, is read as a whole" {
	applied
	echo x >"$kernel/mm/x.c"
	good_round "mm: add x, für a subject that has to be folded and encoded in a header"
	grep -q '^Subject: \[PATCH\] =?UTF-8?q?mm' "$series"/0004-*.patch
	sed -i 's/header?=$/header_of_a_mail?=/' "$series"/0004-*.patch
	expect_failure 1 "the subject has 80 columns, 72 at most" "$SCRIPTS/lint" mini
}

@test "renames in a circle over two patches come back" {
	applied
	role -C "$kernel" mv mm/memory.c mm/b.c
	commit "mm: rename memory.c to b.c"
	role -C "$kernel" mv mm/b.c mm/memory.c
	good_round "mm: rename b.c to memory.c"
	grep -q '^rename from mm/b.c' "$series"/0005-*.patch
}

@test "two files that change places in one patch come back" {
	applied
	seq 100 140 >"$kernel/mm/b.c"
	commit "mm: add b.c"
	mv "$kernel/mm/b.c" "$kernel/mm/c.c"
	mv "$kernel/mm/memory.c" "$kernel/mm/b.c"
	mv "$kernel/mm/c.c" "$kernel/mm/memory.c"
	good_round "mm: swap memory.c and b.c"
}

# bats test_tags=slow
@test "a swap written as two renames applies, and refresh gives it its canonical form" {
	applied
	seq 100 140 >"$kernel/mm/b.c"
	good_round "mm: add b.c"
	{
		sed -e '/^---$/q' -e 's/^Subject: .*/Subject: [PATCH] mm: swap memory.c and b.c/' "$series"/0004-*.patch
		printf '%s\n' ' mm/{memory.c => b.c} | 0' ' mm/{b.c => memory.c} | 0' ' 2 files changed, 0 insertions(+), 0 deletions(-)' '' \
			'diff --git a/mm/memory.c b/mm/b.c' 'similarity index 100%' 'rename from mm/memory.c' 'rename to mm/b.c' \
			'diff --git a/mm/b.c b/mm/memory.c' 'similarity index 100%' 'rename from mm/b.c' 'rename to mm/memory.c'
	} >"$series/0005-mm-swap.patch"
	echo 0005-mm-swap.patch >>"$series/series"
	run -0 --separate-stderr "$SCRIPTS/apply" mini
	tree=$(role -C "$FAULTLINE_WORK/linux.git" rev-parse "$output^{tree}")
	[ "$(role -C "$FAULTLINE_WORK/linux.git" show "$output:mm/memory.c" | head -n 1)" = 100 ]
	run -0 "$SCRIPTS/refresh" mini --from apply/mini --write
	[[ $output == *"changed  0005-mm-swap.patch"* ]]
	run -0 --separate-stderr "$SCRIPTS/apply" mini
	[ "$(role -C "$FAULTLINE_WORK/linux.git" rev-parse "$output^{tree}")" = "$tree" ]
}

@test "names with a blank and with other letters than ASCII come back" {
	applied
	echo 1 >"$kernel/mm/a b.c"
	echo 1 >"$kernel/mm/ü.c"
	commit "mm: add two files with odd names"
	echo 2 >"$kernel/mm/a b.c"
	echo 2 >"$kernel/mm/ü.c"
	good_round "mm: change two files with odd names"
}

@test "a change of mode alone, a symbolic link, a new and a removed file come back" {
	applied
	chmod +x "$kernel/scripts/checkpatch.pl"
	commit "scripts: checkpatch.pl can be run"
	ln -s memory.c "$kernel/mm/link.c"
	commit "mm: link to memory.c"
	ln -sf ../Makefile "$kernel/mm/link.c"
	commit "mm: link to the Makefile"
	: >"$kernel/mm/empty.c"
	commit "mm: add a file without a line"
	role -C "$kernel" rm -q include/linux/types.h
	good_round "mm: remove types.h"
	[[ $(cat "$series"/0004-*.patch) == *"new mode 100755"* ]]
}

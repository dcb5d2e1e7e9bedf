#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2016 # programs for other shells
#
# scripts/rebase: what it says of each patch, what it proposes, and what a
# conflict, a kill and a user's mistake leave.

bats_require_minimum_version 1.5.0
load helper

# patch_of NAME SUBJECT TRAILER: commit what is in the kernel's tree, and carry it.
patch_of() {
	role -C "$tree" add -A
	role -C "$tree" commit -q -s -m "$2" -m "It has to be." -m "Link: https://lore.kernel.org/r/mini@example.org
Upstream-Status: Pending${3:+
Semantic-patch: $3}"
	role -C "$tree" -c core.abbrev=12 format-patch --zero-commit --no-signature -N --stdout -1 >"$series/$1"
}

# A miniature kernel and five patches: 2 changes what 1 did, 3 is generated, 4
# has two hunks in two files.
setup() {
	export FAULTLINE_WORK=$BATS_TEST_TMPDIR/work FAULTLINE_PATCHES=$BATS_TEST_TMPDIR/patches
	export FAULTLINE_COCCI=$BATS_TEST_TMPDIR/cocci
	tree=$BATS_TEST_TMPDIR/kernel series=$FAULTLINE_PATCHES/mini linux=$FAULTLINE_WORK/linux.git
	mkdir -p "$tree/mm" "$series" "$FAULTLINE_WORK" "$FAULTLINE_COCCI"
	role init -q "$tree"
	seq 1 80 | sed 's/^/line /' >"$tree/mm/memory.c"
	seq 1 40 | sed 's/^/swap /' >"$tree/mm/swap.c"
	yes same | head -n 30 >"$tree/mm/same.c"
	printf 'int fault(struct vm_fault *vmf)\n{\n\treturn vmf->pgoff;\n}\n' >"$tree/mm/filemap.c"
	echo 'all:' >"$tree/Makefile"
	role -C "$tree" add -A
	role -C "$tree" commit -q -m 'miniature kernel'
	base=$(role -C "$tree" rev-parse HEAD)
	role clone -q --bare "$tree" "$linux"
	role -C "$linux" update-ref refs/heads/base/mini "$base"
	sed -i '20s/$/ first/' "$tree/mm/memory.c"
	patch_of 0001-first.patch "mm: change line 20"
	sed -i '20s/$/ second/' "$tree/mm/memory.c"
	patch_of 0002-second.patch "mm: change line 20 again"
	sed -i 's/vmf->/vmf->info./' "$tree/mm/filemap.c"
	patch_of 0003-info.patch "mm: use info" cocci/info.cocci
	sed -i '60s/$/ both/' "$tree/mm/memory.c"
	sed -i '10s/$/ both/' "$tree/mm/swap.c"
	patch_of 0004-both.patch "mm: change two files"
	sed -i '30s/$/ last/' "$tree/mm/swap.c"
	patch_of 0005-last.patch "mm: change swap"
	tip=$(role -C "$tree" rev-parse HEAD)
	printf '# the first part\n000%s\n' 1-first.patch 2-second.patch >"$series/series"
	sed -i '3s/.*/\n# about two files/' "$series/series"
	printf '000%s\n' 3-info.patch 4-both.patch 5-last.patch >>"$series/series"
	printf '# fact machines before after patch\nmini.line * young old 0001-first.patch\nmini.line * young - -\n' >"$series/facts"
	cat >"$FAULTLINE_COCCI/info.cocci" <<-'END'
		// SPDX-License-Identifier: GPL-2.0-only
		/// Use info.
		///
		// Requires: 1.1.1
		// Options: --no-includes --include-headers
		// Candidates: struct vm_fault\b
		// Leftover: vmf->pgoff
		virtual patch
		virtual report
		@depends on patch@ struct vm_fault *v; @@
		-v->pgoff
		+v->info.pgoff
	END
	cp -r "$series" "$BATS_TEST_TMPDIR/carried"
	result=$FAULTLINE_WORK/rebase/mini/newer
	work=$FAULTLINE_WORK/src/mini/rebase
}

# Whatever is done: without --write the carried series is as it was.
teardown() {
	[[ -n ${written:-} ]] || diff -r "$BATS_TEST_TMPDIR/carried" "$series"
}

# edited COMMIT SCRIPT: print a commit on top of COMMIT of what the shell commands
# SCRIPT make of its tree.
edited() {
	role -C "$tree" checkout -q --detach "$1"
	(cd "$tree" && bash -e -c "$2")
	role -C "$tree" add -A
	role -C "$tree" commit -q -m "${3:-something else}"
	role -C "$tree" rev-parse HEAD
}

# new_base SCRIPT [COMMIT]: the base "newer": what SCRIPT makes of the base, or of
# COMMIT; a commit without a parent, as bases are.
new_base() {
	local id

	id=$(edited "${2:-$base}" "$1")
	role -C "$tree" branch -f newer "$(role -C "$tree" commit-tree "$id^{tree}" -m newer)"
	role -C "$linux" fetch -q "$tree" +newer:refs/heads/base/newer
}

rebase() { "$SCRIPTS/rebase" mini "$@"; }

# says STEP RESULT [EVIDENCE]: the last run's table says that of a patch.
says() {
	local got

	got=$(grep -A 1 -E "^$1 +" <<<"$output")
	[[ $got =~ ^$1\ +"$2"\ +000$1- && $got == *"${3:-}"* ]] || {
		printf 'step %s: expected "%s", "%s"; the table:\n%s\n' "$1" "$2" "${3:-}" "$output"
		return 1
	}
}

# resolved TEXT: put TEXT in the place of the conflict in mm/memory.c.
resolved() { sed -i -e "/^<<<<<<< /i $1" -e '/^<<<<<<< /,/^>>>>>>> /d' "$work/mm/memory.c"; }

@test "a base that is other elsewhere: all the same; a proposal, a branch, a range-diff" {
	new_base 'echo new >mm/new.c'
	run --separate-stderr rebase --onto newer
	[ "$status" -eq 0 ]
	says 1 identical
	says 2 identical
	says 3 regenerated equal
	says 4 identical
	says 5 identical
	[[ $output == *"range-diff: 5 lines, $result/range-diff"* ]]
	[[ $stderr == *"4 identical, 1 regenerated; commits: branch rebase/mini/newer"* ]]
	cmp "$result/patches/newer/series" "$series/series"
	cmp "$result/patches/newer/facts" "$series/facts"
	# Nothing but a track for the base of that name.
	run --separate-stderr env FAULTLINE_PATCHES="$result/patches" "$SCRIPTS/apply" newer
	[ "$status" -eq 0 ]
	[ "$(role -C "$linux" rev-parse "$output^{tree}")" = "$(role -C "$linux" rev-parse "rebase/mini/newer^{tree}")" ]
	FAULTLINE_PATCHES=$result/patches "$SCRIPTS/regen" newer
	[ ! -e "$work" ]
}

@test "there and back gives the carried files, to the byte" {
	new_base 'sed -i "1i one\ntwo\nthree" mm/memory.c; sed -i s/swap.13/swap/ mm/swap.c'
	rebase --onto newer
	FAULTLINE_PATCHES=$result/patches "$SCRIPTS/rebase" newer --onto mini
	diff -r "$FAULTLINE_WORK/rebase/newer/mini/patches/mini" "$series"
}

@test "moved hunks and other lines around them are context only" {
	new_base 'sed -i "1i one\ntwo\nthree" mm/memory.c; sed -i s/swap.13/swap/ mm/swap.c'
	run rebase --onto newer
	says 1 "context only" "hunk 1 of mm/memory.c moved by 3 lines"
	says 4 "context only" "hunk 1 of mm/memory.c moved by 3 lines, other lines around hunk 1 of mm/swap.c"
	says 5 identical
}

@test "a generated patch is made anew: a new user of the new base is converted" {
	new_base 'sed "s/int fault/int more/" mm/filemap.c >mm/new.c'
	run rebase --onto newer
	[ "$status" -eq 0 ]
	says 3 regenerated "new users in mm/new.c"
	role -C "$linux" show rebase/mini/newer:mm/new.c | grep -q 'vmf->info.pgoff'
	[[ $(cat "$result/range-diff") == *"mm/new.c"* ]]
}

@test "patches that the base has, one on top of the other, are dropped from series and facts" {
	new_base 'sed -i "20s/$/ first second/" mm/memory.c'
	run --separate-stderr rebase --onto newer
	[ "$status" -eq 0 ]
	says 1 upstream "reverse applies, forward does not"
	says 2 upstream "reverse applies, forward does not"
	says 4 identical
	[ "$(cat "$result/patches/newer/series")" = "# the first part

# about two files
0003-info.patch
0004-both.patch
0005-last.patch" ]
	[ ! -e "$result/patches/newer/0001-first.patch" ]
	[[ $(sed -n 2p "$result/patches/newer/facts") =~ ^mini.line\ +\*\ +old\ +-\ +-$ ]]
	FAULTLINE_PATCHES=$result/patches "$SCRIPTS/lint" newer
}

@test "half of a patch is there: the rest is kept, and it says which half" {
	new_base 'sed -i "10s/$/ both/" mm/swap.c'
	run rebase --onto newer
	[ "$status" -eq 0 ]
	says 4 changed "partly upstream: hunk 1 of mm/swap.c is there already"
	[ "$(grep -c '^+++ ' "$result/patches/newer/0004-both.patch")" -eq 1 ]
}

@test "all of the patches are there: the series that is proposed has none" {
	new_base 'echo more >mm/more.c' "$tip"
	run -0 rebase --onto newer
	says 1 upstream
	says 5 upstream
	[[ $output == *"range-diff: 0 lines"* ]]
	[ "$(grep -c 'patch$' "$result/patches/newer/series")" -eq 0 ]
	grep -qx '# about two files' "$result/patches/newer/series"
	grep -q '^# fact' "$result/patches/newer/facts"
	[ "$(role -C "$linux" rev-parse rebase/mini/newer)" = "$(role -C "$linux" rev-parse base/newer)" ]
}

@test "a semantic patch that finds nothing is upstream" {
	new_base 's=$(sed s/vmf-\>/vmf-\>info./ mm/filemap.c); echo "$s" >mm/filemap.c'
	run rebase --onto newer
	[ "$status" -eq 0 ]
	says 3 upstream "cocci/info.cocci finds nothing to convert"
}

@test "that the reverse applies is not enough: a patch that repeats what is there is kept" {
	role -C "$tree" checkout -q --detach "$tip"
	sed -i '15i same' "$tree/mm/same.c"
	patch_of 0006-same.patch "mm: one more of the same"
	echo 0006-same.patch >>"$series/series"
	cp "$series"/{series,0006-same.patch} "$BATS_TEST_TMPDIR/carried/"
	new_base 'echo new >mm/new.c'
	run rebase --onto newer
	says 6 identical
}

@test "by the history of the user's tree: patch-id, subject, and what was reverted" {
	local id

	# Picked, and its line changed once more: the reverse does not apply.
	id=$(edited "$base" 'sed -i "20s/$/ first/" mm/memory.c' "another subject")
	id=$(edited "$id" 'sed -i "20s/first/and more/" mm/memory.c')
	# The subject of 2, of another form.
	id=$(edited "$id" 'sed -i "20s/$/ otherwise/" mm/memory.c' "mm: change line 20 again")
	# 5, and its revert.
	id=$(edited "$id" 'sed -i "30s/$/ last/" mm/swap.c' "mm: change swap")
	id=$(edited "$id" 'sed -i "30s/ last//" mm/swap.c' "Revert")
	role -C "$tree" tag newer "$id"
	run --separate-stderr rebase --onto newer --tree "$tree"
	[ "$status" -eq 0 ]
	[[ $output =~ upstream\ +0001.*patch-id\ [0-9a-f]{12}\ =\ commit\ "$(role -C "$tree" rev-parse --short=12 newer~4)" ]]
	says 2 upstream "subject = commit $(role -C "$tree" rev-parse --short=12 newer~2)"
	says 5 identical "but it applies: reverted since?"
	[[ $stderr == *"history: 5 commits to the same files"* ]]
}

# git_that COMMANDS: a git in front of the real one, which is $real, that runs COMMANDS first.
git_that() {
	real=$(command -v git)
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/bash\n%s\nexec %q "$@"\n' "$1" "$real" >"$BATS_TEST_TMPDIR/bin/git"
	chmod +x "$BATS_TEST_TMPDIR/bin/git"
}

@test "what the base took and reverted is not there, also where it does not apply" {
	local id

	id=$(edited "$base" 'sed -i "20s/$/ first/" mm/memory.c' "mm: change line 20")
	id=$(edited "$id" 'sed -i "20s/ first//" mm/memory.c' 'Revert "mm: change line 20"')
	id=$(edited "$id" 'sed -i "20s/.*/twenty/" mm/memory.c')
	role -C "$tree" tag newer "$id"
	run -1 --separate-stderr rebase --onto newer --tree "$tree"
	says 1 conflict "in mm/memory.c"
	# Of another form; and taken once more.
	run -0 rebase --abort
	id=$(edited "$base" 'sed -i "20s/$/ otherwise/" mm/memory.c' "mm: change line 20")
	id=$(edited "$id" 'sed -i "20s/.*/twenty/" mm/memory.c' 'Revert "mm: change line 20"')
	role -C "$tree" tag -f newer "$id"
	run -1 --separate-stderr rebase --onto newer --tree "$tree"
	says 1 conflict "in mm/memory.c"
	run -0 rebase --abort
	id=$(edited "$id" 'sed -i "20s/$/ again/" mm/memory.c' "mm: change line 20")
	role -C "$tree" tag -f newer "$id"
	run -1 --separate-stderr rebase --onto newer --tree "$tree"
	says 1 upstream "subject = commit $(role -C "$tree" rev-parse --short=12 newer)"
}

@test "a commit that does not come about is no patch that the base has" {
	new_base 'sed -i 1ione mm/swap.c'
	git_that 'case " $* " in *" cherry-pick "*) export GIT_COMMITTER_DATE=never ;; esac'
	PATH=$BATS_TEST_TMPDIR/bin:$PATH expect_failure 125 "cherry-pick of 0001-first.patch did not get to its end" rebase --onto newer
	run -0 rebase --continue
	says 1 identical
}

@test "a conflict in a folder that the series did not touch before" {
	new_base 'mkdir lib; git mv mm/memory.c lib/; sed -i "60s/.*/sixty/" lib/memory.c'
	for how in abort skip; do
		run rebase --onto newer
		says 4 conflict "in lib/memory.c"
		sed -i -e '/^<<<<<<< /i sixty both' -e '/^<<<<<<< /,/^>>>>>>> /d' "$work/lib/memory.c"
		mkdir "$work/include"
		echo also >"$work/include/new.h"
		run -0 rebase "--$how"
		grep -q '^+sixty both' "$FAULTLINE_WORK/rebase/mini/given-up.diff"
		grep -q '^+also' "$FAULTLINE_WORK/rebase/mini/given-up.diff"
	done
	rm -r "$result"
	run rebase --onto newer
	sed -i -e '/^<<<<<<< /i sixty both' -e '/^<<<<<<< /,/^>>>>>>> /d' "$work/lib/memory.c"
	git -C "$work" add lib/memory.c
	run -0 rebase --continue
	says 4 changed "resolved by hand"
}

@test "a conflict: file, hunk and both sides; nothing is taken that is not staged" {
	new_base 'sed -i "60s/.*/sixty/" mm/memory.c'
	run rebase --onto newer
	[ "$status" -eq 1 ]
	says 3 regenerated
	says 4 conflict "in mm/memory.c"
	[[ $output == *"| sixty"*"| line 60"*"| line 60 both"* ]]
	[[ $output == *"hunk 1 of mm/memory.c, line 57 of it as the series has it, does not apply"* ]]
	[[ $output == *"cd '$work'"*"scripts/rebase mini --continue"* ]]
	expect_failure 1 "a rebase of mini onto newer is not finished" rebase --onto newer
	expect_failure 1 "mm/memory.c: in conflict, not staged" rebase --continue
	resolved "sixty both"
	echo also >"$work/mm/also.c"
	expect_failure 1 "mm/also.c: new, not staged" rebase --continue
	[ "$(sed -n 60p "$work/mm/memory.c")" = "sixty both" ]
	git -C "$work" add mm/memory.c mm/also.c
	echo more >>"$work/mm/also.c"
	expect_failure 1 "mm/also.c: changed, not staged" rebase --continue
	git -C "$work" add mm/also.c
	run rebase --continue
	[ "$status" -eq 0 ]
	says 4 changed "resolved by hand"
	says 5 identical
	grep -q '^+sixty both' "$result/patches/newer/0004-both.patch"
	grep -q '^+more' "$result/patches/newer/0004-both.patch"
	[ "$(role -C "$linux" log -1 --format=%an%cn rebase/mini/newer~1)" = FaultlineFaultline ]
	# What was resolved is not asked for again.
	run rebase --onto newer
	[[ $status -eq 0 && $output == *"done before"* ]]
}

@test "a marker that was staged is found" {
	new_base 'sed -i "60s/.*/sixty/" mm/memory.c'
	run rebase --onto newer
	git -C "$work" add mm/memory.c
	expect_failure 1 "mm/memory.c:60:<<<<<<< HEAD (still there)" rebase --continue
}

@test "the user's own commit is taken, as the role's and with its changelog" {
	new_base 'sed -i "60s/.*/sixty/" mm/memory.c'
	run rebase --onto newer
	resolved "sixty both"
	git -C "$work" add mm/memory.c
	git -C "$work" -c user.name=me -c user.email=me@example.org commit -q -m "mm: change two files" -m "As on the new base."
	run rebase --continue
	[ "$status" -eq 0 ]
	[ "$(role -C "$linux" log -1 --format=%an%cn%b rebase/mini/newer~1)" = "FaultlineFaultlineAs on the new base." ]
}

@test "two commits are not taken for one patch, and nothing of them is lost" {
	new_base 'sed -i "60s/.*/sixty/" mm/memory.c'
	run rebase --onto newer
	resolved "sixty both"
	git -C "$work" add mm/memory.c
	git -C "$work" -c user.name=me -c user.email=me@example.org commit -q -m one
	git -C "$work" -c user.name=me -c user.email=me@example.org commit -q --allow-empty -m two
	expect_failure 1 "expected one commit on" rebase --continue
	[ "$(git -C "$work" log -1 --format=%s)" = two ]
}

# bats test_tags=slow
@test "resolved to nothing, or skipped: dropped; reset: tried again" {
	new_base 'sed -i "60s/.*/sixty/;20s/.*/twenty/" mm/memory.c'
	run rebase --onto newer
	says 1 conflict
	git -C "$work" checkout -q HEAD -- mm/memory.c
	run rebase --continue
	says 1 dropped "resolved to no change"
	says 2 conflict
	git -C "$work" reset -q --hard
	run rebase --continue
	[ "$status" -eq 1 ]
	says 2 conflict
	resolved "half of it"
	echo also >"$work/mm/also.c"
	run rebase --skip
	says 2 dropped skipped
	[[ $output == *"kept in $FAULTLINE_WORK/rebase/mini/given-up.diff"* ]]
	grep -q '^+half of it' "$FAULTLINE_WORK/rebase/mini/given-up.diff"
	says 4 conflict
	[ ! -e "$work/mm/also.c" ] # of the patch before
	resolved "half of four"
	run rebase --skip
	[ "$status" -eq 0 ]
	grep -q '^+half of four' "$FAULTLINE_WORK/rebase/mini/given-up.diff"
	grep -q '^+half of it' "$FAULTLINE_WORK/rebase/mini/given-up.diff.~1~"
	[ "$(grep -c patch "$result/patches/newer/series")" -eq 2 ]
	# It is not there, so its fact is as before it.
	[[ $(sed -n 2p "$result/patches/newer/facts") =~ ^mini.line\ +\*\ +young\ +-\ +-$ ]]
}

@test "--abort removes what is ours, and keeps what the user did" {
	new_base 'sed -i "60s/.*/sixty/" mm/memory.c'
	run rebase --onto newer
	resolved "sixty both"
	echo also >"$work/mm/also.c"
	refs=$(role -C "$linux" for-each-ref refs/heads)
	run rebase --abort
	[[ $status -eq 0 && $output == *"kept in $FAULTLINE_WORK/rebase/mini/given-up.diff"* ]]
	grep -q '^+sixty both' "$FAULTLINE_WORK/rebase/mini/given-up.diff"
	grep -q '^+also' "$FAULTLINE_WORK/rebase/mini/given-up.diff"
	[ "$(role -C "$linux" for-each-ref refs/heads)" = "$refs" ]
	[ "$(role -C "$linux" worktree list | wc -l)" -eq 1 ]
	expect_failure 2 "no rebase of mini is unfinished" rebase --abort
	expect_failure 2 "no rebase of mini is unfinished" rebase --continue
}

@test "what a semantic patch cannot do stops, and goes on when it is corrected" {
	new_base 'printf "/* vmf->pgoff */\nstruct vm_fault;\n" >mm/new.c; sed -i 1ione mm/swap.c'
	run rebase --onto newer
	[ "$status" -eq 1 ]
	says 3 conflict "cocci/info.cocci cannot do all of it"
	[[ $output == *"mm/new.c:1:"*"is left; matches Leftover"*"next: correct the semantic patch"* ]]
	sed -i 's|^virtual patch|// By hand: mm/new.c - a comment\n&|' "$FAULTLINE_COCCI/info.cocci"
	written=1
	run rebase --continue --write
	[ "$status" -eq 0 ]
	says 3 regenerated equal
	diff -r "$result/patches/newer" "$series"
}

@test "a semantic patch that was corrected does not hide that the series was changed" {
	new_base 'printf "/* vmf->pgoff */\nstruct vm_fault;\n" >mm/new.c; sed -i 1ione mm/swap.c'
	run -1 rebase --onto newer
	sed -i 's|^virtual patch|// By hand: mm/new.c - a comment\n&|' "$FAULTLINE_COCCI/info.cocci"
	echo "# mine" >>"$series/series"
	cp "$series/series" "$BATS_TEST_TMPDIR/carried/"
	expect_failure 1 "was changed meanwhile; nothing was written" rebase --continue --write
}

@test "--json says the same" {
	new_base 'sed -i "60s/.*/sixty/;20s/$/ first second/" mm/memory.c'
	run --separate-stderr rebase --onto newer --json
	[ "$status" -eq 1 ]
	jq -se 'length == 1 and (.[0] | .status == "conflict" and .stopped.step == 4 and (.steps | length) == 3 and
		.steps[0].result == "upstream" and .steps[0].commit == null)' <<<"$output"
	run --separate-stderr rebase --skip --json
	[ "$status" -eq 0 ]
	jq -se 'length == 1 and (.[0] | .status == "finished" and .range_diff_lines > 0 and .stopped == null and
		.steps[2].result == "regenerated" and (.steps[2].commit | length) == 40 and
		.steps[3].evidence == "skipped")' <<<"$output"
	[ -f "$(jq -r .proposal <<<"$output")/series" ]
}

# bats test_tags=slow
@test "killed at any git command: a rerun offers to go on, and the same comes out" {
	local at want

	new_base 'sed -i "1i one" mm/memory.c; sed -i "10s/$/ both/" mm/swap.c'
	rebase --onto newer
	cp -r "$result" "$BATS_TEST_TMPDIR/whole"
	want=$(role -C "$linux" rev-parse rebase/mini/newer)
	mkdir "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/git" <<-END
		#!/bin/bash
		echo >>'$BATS_TEST_TMPDIR/calls'
		[[ \$(wc -l <'$BATS_TEST_TMPDIR/calls') -lt \$KILL_AT ]] || kill -9 0
		exec $(command -v git) "\$@"
	END
	chmod +x "$BATS_TEST_TMPDIR/bin/git"
	for ((at = 20; ; at += 19)); do
		rm -rf "$result" "$BATS_TEST_TMPDIR/calls"
		KILL_AT=$at PATH=$BATS_TEST_TMPDIR/bin:$PATH run setsid --wait "$SCRIPTS/rebase" mini --onto newer
		[[ $status -eq 137 ]] || break
		run rebase --onto newer
		echo "killed at $at: $output"
		if [[ $status -ne 0 ]]; then
			[[ $status -eq 1 && $output == *"a rebase of mini onto newer is not finished"*"--continue"*"--abort"* ]]
			touch "$FAULTLINE_WORK/rebase/mini/unfinished/index.lock" # as git leaves it when it is killed
			rebase --continue
		fi
		diff -r "$BATS_TEST_TMPDIR/whole" "$result"
		[ "$(role -C "$linux" rev-parse rebase/mini/newer)" = "$want" ]
		[ ! -e "$work" ]
	done
	[[ $status -eq 0 ]]
	((at > 100))
}

@test "killed while a conflict is the user's: what he did is still there" {
	new_base 'sed -i "60s/.*/sixty/" mm/memory.c'
	run rebase --onto newer
	resolved "sixty both"
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/bash\nkill -9 0\n' >"$BATS_TEST_TMPDIR/bin/awk"
	chmod +x "$BATS_TEST_TMPDIR/bin/awk"
	git -C "$work" add mm/memory.c
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run setsid --wait "$SCRIPTS/rebase" mini --continue
	[ "$status" -eq 137 ]
	[ "$(sed -n 60p "$work/mm/memory.c")" = "sixty both" ]
	run rebase --continue
	[ "$status" -eq 0 ]
	says 4 changed "resolved by hand"
}

@test "two at once: the second waits and gives the same" {
	new_base 'echo new >mm/new.c'
	rebase --onto newer >"$BATS_TEST_TMPDIR/one" 2>/dev/null &
	local first=$!
	rebase --onto newer >"$BATS_TEST_TMPDIR/two" 2>/dev/null
	wait "$first"
	[ -s "$BATS_TEST_TMPDIR/one" ]
	cmp "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
}

# bats test_tags=slow
@test "the user's commits on our branch are not thrown away" {
	new_base 'echo new >mm/new.c'
	rebase --onto newer
	role -C "$tree" fetch -q "$linux" rebase/mini/newer
	role -C "$tree" branch mine "$(edited FETCH_HEAD 'echo mine >mine')"
	role -C "$linux" fetch -q "$tree" +mine:refs/heads/rebase/mini/newer
	rm -rf "$result"
	expect_failure 125 "has commits that are not the rebase's" rebase --onto newer
	role -C "$linux" branch -q -m rebase/mini/newer my-work
	rebase --continue
	role -C "$linux" show my-work:mine
}

@test "--write: the carried series becomes what was proposed, and twice is once" {
	written=1
	role init -q "$FAULTLINE_PATCHES"
	role -C "$FAULTLINE_PATCHES" add -A
	role -C "$FAULTLINE_PATCHES" commit -q -m carried
	new_base 'sed -i "20s/$/ first second/" mm/memory.c; sed -i 1ione mm/swap.c'
	echo "# mine" >>"$series/facts"
	expect_failure 1 "patches/mini has changes that are not committed" rebase --onto newer --write
	role -C "$FAULTLINE_PATCHES" checkout -q mini/facts
	diff -r "$BATS_TEST_TMPDIR/carried" "$series"
	run rebase --onto newer --write
	[ "$status" -eq 0 ]
	diff -r "$result/patches/newer" "$series"
	diff -r "$BATS_TEST_TMPDIR/carried" "$(echo "$FAULTLINE_WORK"/rebase/mini/written/replaced/*)"
	[[ $output == *"next: make that the base of mini"* || $output == *"next: make newer the base of mini"* ]]
	[ "$(ls -A "$FAULTLINE_PATCHES")" = ".git
mini" ]
}

# bats test_tags=slow
@test "--write, killed between its two renames: the next run completes it" {
	written=1
	new_base 'sed -i "20s/$/ first second/" mm/memory.c'
	mkdir "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/mv" <<-END
		#!/bin/bash
		[[ \$1 != *.mini.new ]] || kill -9 0
		exec $(command -v mv) "\$@"
	END
	chmod +x "$BATS_TEST_TMPDIR/bin/mv"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run setsid --wait "$SCRIPTS/rebase" mini --onto newer --write
	[ "$status" -eq 137 ]
	[ ! -e "$series" ]
	run rebase --onto newer
	[[ $status -eq 0 && $output == *"a write of $series that was interrupted is completed"* ]]
	grep -qx 0004-both.patch "$series/series"
	run ! grep -q 0001-first.patch "$series/series"
	[ "$(ls -A "$FAULTLINE_PATCHES")" = mini ]
}

@test "a series that does not apply to its own base is bad, and said so" {
	written=1
	new_base 'sed -i 1ione mm/swap.c'
	sed -i "s/^-line 20$/-line 20 of others/" "$series/0001-first.patch"
	expect_failure 1 "mini does not apply to its own base" rebase --onto newer
	[[ $output != *"a command failed"* ]]
}

@test "what is written has the form that is asked for: a dropped patch is carried for no other track" {
	local name state

	written=1
	cp -r "$series" "$FAULTLINE_PATCHES/other"
	while read -r name; do
		state='open - -'
		[[ $name != 0001* ]] || state="carried - $name"
		printf 'other/%s %s what it is here\n' "$name" "$state"
	done < <(grep patch "$series/series") >"$series/equivalents"
	"$SCRIPTS/lint" mini
	new_base 'sed -i "20s/$/ first second/" mm/memory.c; sed -i "60s/.*/sixty/" mm/memory.c'
	run -1 rebase --onto newer
	says 4 conflict
	# A changelog that says nothing, and is signed off by nobody.
	resolved "sixty both"
	git -C "$work" add mm/memory.c
	role -C "$work" commit -q -m 'mine'
	cp -r "$series" "$BATS_TEST_TMPDIR/before"
	expect_failure 1 "what is proposed has findings, see above; nothing was written" rebase --continue --write
	diff -r "$BATS_TEST_TMPDIR/before" "$series"
	rm -r "$result"
	run -1 rebase --onto newer
	resolved "sixty both"
	git -C "$work" add mm/memory.c
	# And another track, that says what it has of this one.
	sed 's|^other/|mini/|; s|carried - .* what|open - - what|' "$series/equivalents" >"$FAULTLINE_PATCHES/other/equivalents"
	run -0 rebase --continue --write
	[[ $output == *"then patches/other/equivalents:1: '0001-first.patch' is not in the series of mini"* ]]
	grep -qx 'other/0001-first.patch in - - what it is here' "$series/equivalents"
	"$SCRIPTS/lint" mini
}

# bats test_tags=slow
@test "a track that is a link, with a patch that is: only read, or what it points to is written" {
	written=1
	new_base 'sed -i "20s/$/ first second/" mm/memory.c; sed -i 1ione mm/swap.c'
	mv "$series" "$BATS_TEST_TMPDIR/elsewhere"
	mv "$BATS_TEST_TMPDIR/elsewhere/0005-last.patch" "$BATS_TEST_TMPDIR/last.patch"
	ln -s ../last.patch "$BATS_TEST_TMPDIR/elsewhere/0005-last.patch"
	ln -s ../elsewhere "$series"
	run -0 rebase --onto newer
	diff -r "$BATS_TEST_TMPDIR/carried" "$series"
	run -0 rebase --onto newer --write
	[[ -L $series && ! -e $series/0001-first.patch ]]
	diff -r "$result/patches/newer" "$BATS_TEST_TMPDIR/elsewhere"
	cmp "$BATS_TEST_TMPDIR/last.patch" "$BATS_TEST_TMPDIR/carried/0005-last.patch"
}

# bats test_tags=slow
@test "what --write replaced is kept, also when the same rebase is done once more" {
	written=1
	new_base 'sed -i 1ione mm/swap.c'
	run -0 rebase --onto newer --write
	kept=${output##*what it was: }
	kept=${kept%%$'\n'*}
	diff -r "$BATS_TEST_TMPDIR/carried" "$kept"
	rm -r "$series"
	cp -r "$BATS_TEST_TMPDIR/carried" "$series"
	echo "# mine" >>"$series/series"
	run -0 rebase --onto newer
	diff -r "$BATS_TEST_TMPDIR/carried" "$kept"
}

@test "what was committed beside the patches since is proposed, too" {
	written=1
	new_base 'sed -i 1ione mm/swap.c'
	run -0 rebase --onto newer
	echo "Subject: another" >"$series/cover-letter"
	run -0 rebase --onto newer --write
	[ "$(<"$series/cover-letter")" = "Subject: another" ]
}

# bats test_tags=slow
@test "a series that was changed meanwhile is not overwritten" {
	new_base 'sed -i "60s/.*/sixty/" mm/memory.c'
	run rebase --onto newer
	echo "# mine" >>"$series/series"
	cp "$series/series" "$BATS_TEST_TMPDIR/carried/"
	expect_failure 1 "was changed meanwhile; nothing was written" rebase --skip --write
}

@test "wrong usage says what is wrong" {
	expect_failure 2 "a track is needed" "$SCRIPTS/rebase"
	expect_failure 2 "--onto is needed" rebase
	expect_failure 2 "--tree needs --onto" rebase --continue --tree "$tree"
	expect_failure 2 "one of --continue, --skip and --abort" rebase --continue --abort
	expect_failure 2 "no track 'nosuch'" "$SCRIPTS/rebase" nosuch --onto mini
	run rebase --help
	[[ $status -eq 0 && ${#lines[@]} -le 24 && $output == *"Example: "* ]]
	run awk 'length > 100' <<<"$output"
	[ -z "$output" ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# scripts/refresh: what it makes of a branch, what it keeps, and what it refuses.

bats_require_minimum_version 1.5.0
load helper

# The user's clone, on the branch work, has the three patches of the mini track.
setup() {
	outer_work=${FAULTLINE_WORK:-}
	mini_track
	kernel=$BATS_TEST_TMPDIR/kernel
	role -C "$kernel" checkout -q -b work
	role -C "$kernel" -c core.abbrev=12 format-patch -q --zero-commit --no-signature -N \
		-o "$series" HEAD~3
	cat >"$series/series" <<-'END'
		# SPDX-License-Identifier: GPL-2.0

		# A: the first two.
		0001-mm-change-line-20-time-1.patch
		# This one is odd.
		0002-mm-change-line-20-time-2.patch   # really

		# B: the last.
		0003-mm-change-line-20-time-3.patch
	END
	third=$series/0003-mm-change-line-20-time-3.patch
	role init -q "$FAULTLINE_PATCHES"
	role -C "$FAULTLINE_PATCHES" add -A
	role -C "$FAULTLINE_PATCHES" commit -q -m 'the series'
}

# refresh ARGS...: scripts/refresh from the user's branch.
refresh() { "$SCRIPTS/refresh" mini --from work --tree "$kernel" "$@"; }

# commit SUBJECT BODY: commit what is in the user's tree, in form.
commit() {
	role -C "$kernel" add -A
	role -C "$kernel" commit -q -s -m "$1" -m "$2" \
		-m "Link: https://lore.kernel.org/r/mini@example.org
Upstream-Status: Pending"
}

# again: make the branch work the base.
again() { role -C "$kernel" reset -q --hard "$(role -C "$FAULTLINE_WORK/linux.git" rev-parse base/mini)"; }

# amend SUBJECT: give the last commit another subject.
amend() {
	role -C "$kernel" log -1 --format=%b | { printf '%s\n\n' "$1"; cat; } |
		role -C "$kernel" commit -q --amend -F -
}

# committed: commit the patches, as the user does.
committed() {
	role -C "$FAULTLINE_PATCHES" add -A
	role -C "$FAULTLINE_PATCHES" commit -q -m 'refreshed'
}

# unchanged: the folder is what is committed.
unchanged() { [ -z "$(role -C "$FAULTLINE_PATCHES" status --porcelain --ignored)" ]; }

@test "the branch that the patches give changes nothing" {
	run -0 refresh --write
	[[ $output == *"3 patches, nothing changes"* ]]
	run -0 "$SCRIPTS/refresh" mini --from "$("$SCRIPTS/apply" mini --quiet)" --write
	[[ $output == *"nothing changes"* ]]
	unchanged
}

# bats test_tags=base
@test "the series that is carried is in the form that refresh gives" {
	unset FAULTLINE_PATCHES
	export FAULTLINE_WORK=$outer_work
	run -0 "$SCRIPTS/refresh" v5.10 --from apply/v5.10
	[[ $output == *"patches, nothing changes"* ]]
}

@test "a changed commit is shown as a range-diff; --write writes it, and once is enough" {
	sed -i '20s/$/ more/' "$kernel/mm/memory.c"
	role -C "$kernel" commit -q -a --amend --no-edit
	run -0 refresh
	[[ $output == *"changed  0003-mm-change-line-20-time-3.patch"* ]]
	[[ $output == *"3:  "*" ! 3:  "* && $output == *"time 3"* ]]
	[[ $output == *"nothing is written yet"* ]]
	unchanged
	run -0 refresh --write
	[[ $output == *"patches/mini is written"* ]]
	grep -q ' more$' "$third"
	[ "$(role -C "$FAULTLINE_PATCHES" status --porcelain)" = " M mini/0003-mm-change-line-20-time-3.patch" ]
	run -0 refresh --write # over what is not committed: there is nothing to write
	[[ $output == *"nothing changes"* ]]
}

@test "another subject renames the file; series, facts and the number follow" {
	echo "a.fact  *  young  old   0003-mm-change-line-20-time-3.patch" >"$series/facts"
	committed
	amend "mm: have line 20 say 3"
	run -0 refresh --write
	[[ $output == *"renamed  0003-mm-change-line-20-time-3.patch"*"to 0003-mm-have-line-20-say-3.patch"* ]]
	[ "$(tail -n 2 "$series/series")" = "# B: the last.
0003-mm-have-line-20-say-3.patch" ]
	[ "$(cat "$series/facts")" = "a.fact  *  young  old   0003-mm-have-line-20-say-3.patch" ]
	[ ! -e "$series/0003-mm-change-line-20-time-3.patch" ]
	run -0 "$SCRIPTS/lint" mini
}

@test "another subject renames what carries another track's patch; that track is found" {
	cp -r "$series" "$FAULTLINE_PATCHES/old"
	{
		echo "old/0001-mm-change-line-20-time-1.patch  gone     v5.9  -  is no more"
		echo "old/0002-mm-change-line-20-time-2.patch  open     -     -  is lacking"
		echo "old/0003-mm-change-line-20-time-3.patch  carried  -     0003-mm-change-line-20-time-3.patch  with a note"
	} >"$series/equivalents"
	committed
	amend "mm: have line 20 say 3"
	run -0 refresh --write
	[[ $output == *"+old/0003-mm-change-line-20-time-3.patch  carried"* ]]
	[ "$(tail -n 1 "$series/equivalents")" = \
		"old/0003-mm-change-line-20-time-3.patch  carried  -     0003-mm-have-line-20-say-3.patch  with a note" ]
	run -0 "$SCRIPTS/lint" mini
}

@test "equivalents of another track that name the patch of before are said" {
	local name

	cp -r "$series" "$FAULTLINE_PATCHES/new"
	while read -r name; do
		echo "mini/$name open - - is lacking"
	done < <(grep -o '^[0-9][^ ]*' "$series/series") >"$FAULTLINE_PATCHES/new/equivalents"
	run -0 "$SCRIPTS/lint" new
	committed
	run -0 refresh
	[[ $output != *"then patches/"* ]]
	amend "mm: have line 20 say 3"
	run -0 refresh --write
	[[ $output == *"then patches/new/equivalents:3: '0003-mm-change-line-20-time-3.patch' is not in the series of mini"* ]]
	[[ $output == *"then patches/new/equivalents: has no line for 'mini/0003-mm-have-line-20-say-3.patch'"* ]]
	# What is said is what lint then has.
	expect_failure 1 "lint new: 2 findings" "$SCRIPTS/lint" new
}

@test "subject and diff changed at once: range-diff knows the patch again" {
	sed -i '20s/$/!/' "$kernel/mm/memory.c"
	role -C "$kernel" commit -q -a --amend --no-edit
	amend "mm: change line 20, time three"
	run -0 refresh
	[[ $output == *"renamed  0003-mm-change-line-20-time-3.patch"* ]]
}

@test "a new patch leaves the names of the others and the comments where they are" {
	role -C "$kernel" reset -q --hard HEAD~1
	sed -i '5s/$/ new/' "$kernel/mm/memory.c"
	commit "mm: change line 5" "It has to be new."
	role -C "$kernel" cherry-pick 'work@{2}'
	run -0 refresh --write
	[[ $output == *"new      0003-mm-change-line-5.patch"* ]]
	[ "$(cat "$series/series")" = "# SPDX-License-Identifier: GPL-2.0

# A: the first two.
0001-mm-change-line-20-time-1.patch
# This one is odd.
0002-mm-change-line-20-time-2.patch   # really
0003-mm-change-line-5.patch

# B: the last.
0003-mm-change-line-20-time-3.patch" ]
	before=$(find "$series" -type f -exec sha256sum {} + | sort)
	run -0 refresh --write
	[ "$(find "$series" -type f -exec sha256sum {} + | sort)" = "$before" ]
}

@test "a comment goes with its patch, the heads of sections stay" {
	. "$SCRIPTS/refresh-series.sh"
	printf '%s\t%s\n' 0002-b.patch 0002-b.patch 0001-a.patch 0001-a.patch \
		0004-d.patch 0004-d.patch 0009-new.patch '' >"$BATS_TEST_TMPDIR/names"
	cat >"$BATS_TEST_TMPDIR/series" <<-'END'
		# SPDX

		# A
		0001-a.patch
		# about b
		0002-b.patch

		# B
		# has two lines
		0003-c.patch

		# C

		# about d
		0004-d.patch
		# the end
	END
	run -0 new_series "$BATS_TEST_TMPDIR/names" "$BATS_TEST_TMPDIR/series"
	[ "$output" = "# SPDX

# A
# about b
0002-b.patch
0001-a.patch

# B
# has two lines

# C

# about d
0004-d.patch
0009-new.patch
# the end" ]
}

@test "a patch that goes takes its file along, and a fact that needs it stops that" {
	role -C "$kernel" reset -q --hard HEAD~1
	run -0 refresh
	[[ $output == *"removed  0003-mm-change-line-20-time-3.patch"* ]]
	echo "a.fact * young old 0003-mm-change-line-20-time-3.patch" >"$series/facts"
	committed
	expect_failure 1 "'0003-mm-change-line-20-time-3.patch' is not in the series" refresh --write
	unchanged
	: >"$series/facts"
	committed
	run -0 refresh --write
	[ ! -e "$series/0003-mm-change-line-20-time-3.patch" ]
	[[ $(tail -n 1 "$series/series") == '# B: the last.' ]]
}

@test "what stands below the --- of a patch stays, also under another subject" {
	sed -i 's/^---$/&\nv2: says why, and\n  a | table/' "$third"
	committed
	run -0 refresh --write
	[[ $output == *"nothing changes"* ]]
	amend "mm: have line 20 say 3"
	run -0 refresh --write
	[[ $(cat "$series/0003-mm-have-line-20-say-3.patch") == *"---
v2: says why, and
  a | table
 mm/memory.c | 2 +-"* ]]
}

@test "also of a patch that has no diffstat" {
	sed -i -e 's/^---$/&\nv2: says why/' -e '/^ mm\/memory.c | /d; /^ 1 file changed/d' "$third"
	committed
	amend "mm: have line 20 say 3"
	run -0 refresh --write
	[[ $(cat "$series/0003-mm-have-line-20-say-3.patch") == *"---
v2: says why
 mm/memory.c | 2 +-"* ]]
}

@test "the first patches of a new track come from a branch" {
	rm "$series"/*.patch
	printf '# SPDX-License-Identifier: GPL-2.0\n\n# A: the first.\n' >"$series/series"
	committed
	run -0 refresh --write
	[[ $output == *"new      0001-mm-change-line-20-time-1.patch"* ]]
	[ "$(cat "$series/series")" = "# SPDX-License-Identifier: GPL-2.0

# A: the first.
0001-mm-change-line-20-time-1.patch
0002-mm-change-line-20-time-2.patch
0003-mm-change-line-20-time-3.patch" ]
}

@test "two patches of one subject keep two files" {
	sed -i '30s/$/ more/' "$kernel/mm/memory.c"
	commit "mm: change line 20, time 3" "It has to say 3 again."
	run -0 refresh --write
	[ -e "$third" ]
	[ -e "$series/0004-mm-change-line-20-time-3.patch" ]
	run -0 refresh --write
	[[ $output == *"4 patches, nothing changes"* ]]
}

@test "the user's configuration changes nothing, and the user's repository neither" {
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir "$HOME"
	git config --global diff.noprefix true
	git config --global diff.context 1
	git config --global diff.algorithm patience
	git config --global core.abbrev 20
	git config --global format.signOff true
	git config --global format.subjectPrefix 'PATCH mine'
	for key in diff.noprefix=true diff.context=1 core.abbrev=20 format.signOff=true format.headers=X-Mine:1 \
		format.attach=true format.useAutoBase=true diff.orderFile=none format.notes=true; do
		role -C "$FAULTLINE_WORK/linux.git" config "${key%%=*}" "${key#*=}"
	done
	echo dirty >>"$kernel/Makefile"
	before=$(role -C "$kernel" for-each-ref; find "$kernel" -type f -exec sha256sum {} + | sort)
	run -0 refresh
	[[ $output == *"nothing changes"* ]]
	[ "$(role -C "$kernel" for-each-ref; find "$kernel" -type f -exec sha256sum {} + | sort)" = "$before" ]
}

@test "a merge, an empty commit, and no commit at all are refused" {
	role -C "$kernel" commit -q --allow-empty -m "mm: nothing"
	expect_failure 1 "a commit changes nothing: $(role -C "$kernel" log -1 --format=%h) (mm: nothing)" refresh --write
	role -C "$kernel" reset -q --hard HEAD~1
	role -C "$kernel" checkout -q -b side HEAD~1
	role -C "$kernel" commit -q --allow-empty -m side
	role -C "$kernel" checkout -q work
	role -C "$kernel" merge -q --no-edit side
	expect_failure 1 "a merge is no patch" refresh --write
	again
	expect_failure 1 "no commit beyond base/mini" refresh --write
	unchanged
}

@test "a branch from elsewhere is refused, with the merge base" {
	role -C "$kernel" branch old-base "$(role -C "$kernel" rev-parse HEAD~3)"
	role -C "$FAULTLINE_WORK/linux.git" fetch -q "$kernel" work
	role -C "$FAULTLINE_WORK/linux.git" update-ref refs/heads/base/mini FETCH_HEAD~1
	role -C "$kernel" checkout -q -B work HEAD~2
	expect_failure 1 "merge base is $(role -C "$kernel" rev-parse HEAD)" \
		"$SCRIPTS/refresh" mini --from work --tree "$kernel"
	role -C "$kernel" checkout -q --orphan other
	role -C "$kernel" commit -q -m unrelated
	expect_failure 1 "merge base is no commit at all" \
		"$SCRIPTS/refresh" mini --from other --tree "$kernel"
}

@test "a commit that lint refuses is named with its file" {
	role -C "$kernel" commit -q --amend -m "mm: change line 20, time 3" -m "It has to."
	expect_failure 1 "patches/mini/0003-mm-change-line-20-time-3.patch: no Upstream-Status: trailer" refresh --write
	[[ $output == *"nothing was written"* ]]
	unchanged
}

@test "a changelog that git am would cut off, or read differently, is refused" {
	role -C "$kernel" commit -q --amend -m "mm: change line 20, time 3" -m "It has to." -m "---" -m "And that is lost." \
		-m "Link: https://lore.kernel.org/r/mini@example.org
Upstream-Status: Pending
Signed-off-by: Faultline <faultline@series.invalid>"
	expect_failure 1 "a second '---': git am ends the changelog at the first, in line 8" refresh --write
	role -C "$kernel" commit -q --amend -s -m "mm: change line 20, time 3" -m "From: Somebody <else@example.org>" \
		-m "It has to." -m "Link: https://lore.kernel.org/r/mini@example.org
Upstream-Status: Pending"
	expect_failure 1 "not 'Somebody <else@example.org>'" refresh --write
	role -C "$kernel" commit -q --amend -s -m "[v2] mm: change line 20, time 3" \
		-m "It has to." -m "Link: https://lore.kernel.org/r/mini@example.org
Upstream-Status: Pending"
	expect_failure 1 "git am does not give commit $(role -C "$kernel" rev-parse --short=12 HEAD) back" refresh --write
	[[ $output == *"< [v2] mm: change line 20, time 3"* ]]
	unchanged
}

@test "uncommitted changes are refused in a repository of another user as well" {
	[ "$(id -u)" -eq 0 ]
	amend "mm: have line 20 say 3"
	echo "# my note" >>"$series/facts"
	chown -R 1 "$FAULTLINE_PATCHES"
	expect_failure 1 "patches/mini has changes that are not committed" refresh --write
	grep -qx "# my note" "$series/facts"
}

@test "what cannot be judged is not called bad, and nobody is told to check out" {
	copy_of_project
	export FAULTLINE_WORK=$BATS_TEST_TMPDIR/work
	printf '#!/bin/sh\necho "apply: error: the disk is full" >&2\nexit 125\n' >"$COPY/scripts/apply"
	SCRIPTS=$COPY/scripts expect_failure 125 "the disk is full" refresh
	[[ $output == *"could not be judged"* && $output != *"git checkout"* ]]
	printf '#!/bin/sh\nexit 1\n' >"$COPY/scripts/apply"
	SCRIPTS=$COPY/scripts expect_failure 1 "git checkout" refresh
}

@test "uncommitted changes of the patches are refused, and kept" {
	amend "mm: have line 20 say 3"
	echo "# my note" >>"$series/facts"
	echo mine >"$series/notes.txt"
	before=$(find "$series" -type f -exec sha256sum {} + | sort)
	expect_failure 1 "patches/mini has changes that are not committed" refresh --write
	[[ $output == *" M mini/facts"* && $output == *"?? mini/notes.txt"* && $output == *"next: commit them"* ]]
	[ "$(find "$series" -type f -exec sha256sum {} + | sort)" = "$before" ]
	committed
	run -0 refresh --write
	[ "$(cat "$series/notes.txt")" = mine ]
}

@test "a track that is a link, with files that are: what they point to is written, or kept" {
	mkdir "$BATS_TEST_TMPDIR/elsewhere"
	mv "$series" "$BATS_TEST_TMPDIR/elsewhere/real"
	ln -s "$BATS_TEST_TMPDIR/elsewhere/real" "$series"
	mv "$series/facts" "$BATS_TEST_TMPDIR/elsewhere/facts"
	ln -s ../facts "$series/facts"
	amend "mm: have line 20 say 3"
	before=$(find "$BATS_TEST_TMPDIR/elsewhere" -type f -exec sha256sum {} + | sort)
	run -0 refresh
	[ "$(find "$BATS_TEST_TMPDIR/elsewhere" -type f -exec sha256sum {} + | sort)" = "$before" ]
	run -0 refresh --write
	[ -L "$series" ]
	[ -e "$BATS_TEST_TMPDIR/elsewhere/real/0003-mm-have-line-20-say-3.patch" ]
	[ "$(cat "$BATS_TEST_TMPDIR/elsewhere/facts")" = "# none" ]
}

@test "a branch that is not there, and a missing --from, are wrong usage" {
	expect_failure 2 "no commit 'typo' in $kernel" "$SCRIPTS/refresh" mini --from typo --tree "$kernel"
	expect_failure 2 "--from is needed" "$SCRIPTS/refresh" mini
}

@test "killed at every step of the write: the next run finds the old or the new, whole" {
	. "$SCRIPTS/lib.sh"
	. "$SCRIPTS/refresh-write.sh"
	mkdir "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/stub" <<-'END'
		#!/bin/bash
		# Run the command of this name; the COUNTth ends with the caller killed.
		echo >>"$CALLS"
		n=$(wc -l <"$CALLS")
		[ "$n" != "$COUNT" ] || [ "$WHEN" != before ] || kill -9 $PPID
		PATH=${PATH#*:} "${0##*/}" "$@"
		[ "$n" != "$COUNT" ] || kill -9 $PPID
	END
	chmod +x "$BATS_TEST_TMPDIR/bin/stub"
	for command in cp mv rm; do ln -s stub "$BATS_TEST_TMPDIR/bin/$command"; done
	rm -rf "$FAULTLINE_PATCHES/.git"
	export track=mini dir=$series fresh=$BATS_TEST_TMPDIR/fresh RUN=$BATS_TEST_TMPDIR/run
	cp -a "$series" "$BATS_TEST_TMPDIR/saved"
	cp -a "$series" "$fresh"
	echo "# new" >>"$fresh/series"
	mkdir "$RUN"
	old=0 new=0
	for count in $(seq 1 12); do
		for when in before after; do
			rm -rf "$series" "$RUN/replaced" "$RUN/before"
			cp -a "$BATS_TEST_TMPDIR/saved" "$series"
			cp -a "$BATS_TEST_TMPDIR/saved" "$RUN/before"
			: >"$BATS_TEST_TMPDIR/calls"
			status=0
			CALLS=$BATS_TEST_TMPDIR/calls COUNT=$count WHEN=$when PATH=$BATS_TEST_TMPDIR/bin:$PATH \
				bash -c '. "$SCRIPTS/lib.sh"; . "$SCRIPTS/refresh-write.sh"; VERBOSITY=0; write_folder' || status=$?
			calls=$(wc -l <"$BATS_TEST_TMPDIR/calls")
			((status == 137 || count > calls))
			recover_write "$series"
			if diff -r "$BATS_TEST_TMPDIR/saved" "$series" >/dev/null; then
				old=$((old + 1))
			else
				diff -r "$fresh" "$series"
				new=$((new + 1))
			fi
			[ "$(ls -A "$FAULTLINE_PATCHES")" = mini ]
		done
	done
	((calls >= 5 && calls < 12 && old > 4 && new > 4))
}

@test "killed at a moment of its own, then run again: done" {
	amend "mm: have line 20 say 3"
	for delay in 0.1 0.4 0.9; do
		timeout -s KILL "$delay" "$SCRIPTS/refresh" mini --from work --tree "$kernel" --write || true
	done
	run -0 refresh --write
	[[ $(tail -n 1 "$series/series") == 0003-mm-have-line-20-say-3.patch ]]
	[ "$(ls -A "$FAULTLINE_PATCHES")" = ".git
mini" ]
	run -0 "$SCRIPTS/lint" mini
}

@test "locks of git that a killed copy of the branch left are no obstacle" {
	amend "mm: have line 20 say 3"
	mkdir -p "$FAULTLINE_WORK/linux.git/refs/faultline/refresh"
	touch "$FAULTLINE_WORK/linux.git/"{shallow,refs/faultline/refresh/mini}.lock
	run -0 refresh
	[[ $output == *"renamed  0003-mm-change-line-20-time-3.patch"* ]]
}

@test "a branch of which scripts/apply has copied a commit before is read whole" {
	sed -i '5s/$/ new/' "$kernel/mm/memory.c"
	commit "mm: change line 5" "It is new."
	"$SCRIPTS/apply" mini --onto work~1 --tree "$kernel" --no-branch --quiet || true
	"$SCRIPTS/apply" mini --onto work --tree "$kernel" --no-branch --quiet || true
	run -0 refresh --write
	[ "$(grep -c '^000' "$series/series")" -eq 4 ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# scripts/apply: what it makes, what it leaves alone, and what stops it.

bats_require_minimum_version 1.5.0
load helper

setup() { mini_track; }

# state: print every ref and the work trees of the work area's repository.
state() {
	role -C "$FAULTLINE_WORK/linux.git" for-each-ref
	role -C "$FAULTLINE_WORK/linux.git" worktree list
}

@test "applies in order, and prints the tip" {
	run --separate-stderr "$SCRIPTS/apply" mini
	[ "$status" -eq 0 ]
	[ "$(role -C "$FAULTLINE_WORK/linux.git" show "$output:mm/memory.c" | sed -n 20p)" = "line 20 changed 1 changed 2 changed 3" ]
	[ "$(role -C "$FAULTLINE_WORK/linux.git" rev-list --count "base/mini..apply/mini")" -eq 3 ]
	[ "$(role -C "$FAULTLINE_WORK/linux.git" worktree list | wc -l)" -eq 1 ]
}

@test "the same series gives the same commits in another work area" {
	first=$("$SCRIPTS/apply" mini)
	role clone -q --bare "$BATS_TEST_TMPDIR/kernel" "$BATS_TEST_TMPDIR/other/linux.git"
	role -C "$BATS_TEST_TMPDIR/other/linux.git" update-ref refs/heads/base/mini \
		"$(role -C "$FAULTLINE_WORK/linux.git" rev-parse base/mini)"
	FAULTLINE_WORK=$BATS_TEST_TMPDIR/other run --separate-stderr "$SCRIPTS/apply" mini
	[ "$output" = "$first" ]
}

@test "--upto stops after a patch" {
	run --separate-stderr "$SCRIPTS/apply" mini --upto 2
	[ "$status" -eq 0 ]
	[ "$(role -C "$FAULTLINE_WORK/linux.git" show "$output:mm/memory.c" | sed -n 20p)" = "line 20 changed 1 changed 2" ]
	expect_failure 2 "steps are 0 to 3" "$SCRIPTS/apply" mini --upto 4
	# In octal to some, and in decimal to others.
	expect_failure 2 "steps are 0 to 3" "$SCRIPTS/apply" mini --upto 02
}

@test "--upto 0 is the base" {
	run --separate-stderr "$SCRIPTS/apply" mini --upto 0
	[ "$status" -eq 0 ]
	[ "$output" = "$(role -C "$FAULTLINE_WORK/linux.git" rev-parse base/mini)" ]
}

@test "a mistyped --onto is wrong usage, and nothing is made" {
	before=$(state)
	expect_failure 2 "no commit 'typo'" "$SCRIPTS/apply" mini --onto typo --tree "$BATS_TEST_TMPDIR/kernel"
	[ "$(state)" = "$before" ]
	expect_failure 2 "--onto needs a value" "$SCRIPTS/apply" mini --onto
}

@test "commits that a user made on our branch are not thrown away" {
	"$SCRIPTS/apply" mini
	role clone -q -b apply/mini "$FAULTLINE_WORK/linux.git" "$BATS_TEST_TMPDIR/clone"
	role -C "$BATS_TEST_TMPDIR/clone" commit -q --allow-empty -m mine
	role -C "$BATS_TEST_TMPDIR/clone" push -q origin apply/mini
	before=$(state)
	expect_failure 125 "has commits that are not the series'" "$SCRIPTS/apply" mini
	[ "$(state)" = "$before" ]
}

@test "a branch that a work tree is on is not moved under it" {
	"$SCRIPTS/apply" mini
	role -C "$FAULTLINE_WORK/linux.git" worktree add -q "$BATS_TEST_TMPDIR/mine" apply/mini
	"$SCRIPTS/apply" mini
	sed -i 's/^It has to say 3\./It says 3./' "$(nth 3)"
	expect_failure 125 "branch apply/mini in $FAULTLINE_WORK/linux.git is checked out" "$SCRIPTS/apply" mini
	[ -z "$(role -C "$BATS_TEST_TMPDIR/mine" status --porcelain)" ]
	role -C "$BATS_TEST_TMPDIR/mine" switch -q -c my-work
	"$SCRIPTS/apply" mini
}

@test "a git am that is killed, or has no disk, is no bad patch; why it refuses one is said" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	real=$(command -v git)
	for how in 'kill -KILL $$' 'echo "error: unable to write file mm/memory.c" >&2; exit 128'; do
		printf '#!/bin/bash\ncase " $* " in *" am -q "*) %s ;; esac\nexec %q "$@"\n' "$how" "$real" >"$BATS_TEST_TMPDIR/bin/git"
		chmod +x "$BATS_TEST_TMPDIR/bin/git"
		PATH=$BATS_TEST_TMPDIR/bin:$PATH expect_failure 125 "git am of 0001-mm-change-line-20-time-1.patch" "$SCRIPTS/apply" mini
	done
	sed -i '/^From: /d' "$(nth 2)"
	expect_failure 1 "git am: fatal: " "$SCRIPTS/apply" mini --no-lint
}

@test "a patch that does not apply: patch, file and hunk are named, nothing is left" {
	sed -i 's/^-line 20 changed 1$/-line 20 altered/' "$(nth 2)"
	before=$(state)
	expect_failure 1 "patches/mini/$(basename "$(nth 2)") does not apply" "$SCRIPTS/apply" mini
	[[ $output == *"error: patch failed: mm/memory.c:17"* ]]
	[[ $output == *"| -line 20 altered"* ]]
	[[ $output == *"| line 20 changed 1"* ]]
	[ "$(state)" = "$before" ]
	[ -z "$(ls "$FAULTLINE_WORK/src/mini")" ]
}

@test "a patch that would need fuzz is refused" {
	sed -i 's/^ line 18$/ line eighteen/' "$(nth 1)"
	expect_failure 1 "does not apply" "$SCRIPTS/apply" mini
}

@test "a series with lint findings is not applied" {
	echo 0004-missing.patch >>"$series/series"
	expect_failure 1 "does not exist" "$SCRIPTS/apply" mini
	run role -C "$FAULTLINE_WORK/linux.git" rev-parse -q --verify apply/mini
	[ "$status" -ne 0 ]
}

@test "--onto takes a revision of the user's tree and leaves that tree alone" {
	tree=$BATS_TEST_TMPDIR/user
	role clone -q "$BATS_TEST_TMPDIR/kernel" "$tree"
	role -C "$tree" reset -q --hard HEAD~3
	echo "user's own" >"$tree/mine"
	role -C "$tree" add mine
	role -C "$tree" commit -q -m mine
	echo dirty >>"$tree/mm/memory.c"
	before=$(role -C "$tree" for-each-ref; role -C "$tree" status --porcelain; find "$tree" -type f -exec sha256sum {} + | sort)
	run --separate-stderr "$SCRIPTS/apply" mini --onto HEAD --tree "$tree"
	[ "$status" -eq 0 ]
	[ "$(role -C "$FAULTLINE_WORK/linux.git" show "$output:mine")" = "user's own" ]
	after=$(role -C "$tree" for-each-ref; role -C "$tree" status --porcelain; find "$tree" -type f -exec sha256sum {} + | sort)
	[ "$before" = "$after" ]
}

@test "a work tree of somebody else's in the way is refused and untouched" {
	. "$SCRIPTS/lib.sh"
	mkdir -p "$FAULTLINE_WORK/src/mini/arm64"
	echo precious >"$FAULTLINE_WORK/src/mini/arm64/file"
	expect_failure 125 "is not a work tree of ours" worktree_at "$FAULTLINE_WORK/src/mini/arm64" HEAD
	[ "$(cat "$FAULTLINE_WORK/src/mini/arm64/file")" = precious ]
}

@test "a work tree that a killed run left dirty is brought back" {
	. "$SCRIPTS/lib.sh"
	dir=$FAULTLINE_WORK/src/mini/arm64
	worktree_at "$dir" base/mini
	echo garbage >>"$dir/mm/memory.c"
	echo garbage >"$dir/stray"
	touch "$(git -C "$dir" rev-parse --git-path index.lock)"
	worktree_at "$dir" base/mini
	[ -z "$(role -C "$dir" status --porcelain)" ]
}

@test "interrupted, then run again: recovers" {
	"$SCRIPTS/apply" mini &
	apply=$!
	until compgen -G "$FAULTLINE_WORK/src/mini/apply-*"; do
		kill -0 "$apply" # it must not be over before it was seen at work
	done
	kill -9 "$apply"
	wait "$apply" || true
	run "$SCRIPTS/apply" mini
	[ "$status" -eq 0 ]
	[ -z "$(ls "$FAULTLINE_WORK/src/mini")" ]
}

@test "two runs at once give one answer" {
	"$SCRIPTS/apply" mini >"$BATS_TEST_TMPDIR/a" 2>/dev/null &
	"$SCRIPTS/apply" mini >"$BATS_TEST_TMPDIR/b" 2>/dev/null
	wait $!
	[ -s "$BATS_TEST_TMPDIR/a" ]
	cmp "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
}

@test "a changed patch is applied anew, and its steps are not those of the old one" {
	. "$SCRIPTS/lib.sh"
	"$SCRIPTS/apply" mini
	old=$(step_commit mini 3)
	sed -i 's/^It has to say 3\./It has to say three./' "$(nth 3)"
	expect_failure 125 "is not applied" step_commit mini 3
	"$SCRIPTS/apply" mini
	[ "$(step_commit mini 3)" != "$old" ]
}

@test "a folder of patches whose name has what the shell reads in a replacement" {
	mv "$FAULTLINE_PATCHES" "$BATS_TEST_TMPDIR/a & b"
	FAULTLINE_PATCHES="$BATS_TEST_TMPDIR/a & b" run -0 "$SCRIPTS/apply" mini
}

@test "no base: says how to get it" {
	role -C "$FAULTLINE_WORK/linux.git" update-ref -d refs/heads/base/mini
	expect_failure 125 "run scripts/base mini" "$SCRIPTS/apply" mini
}

@test "a missing tool is named" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	for tool in bash env dirname readlink sed grep wc awk sort cat; do
		ln -s "$(command -v "$tool")" "$BATS_TEST_TMPDIR/bin/"
	done
	PATH=$BATS_TEST_TMPDIR/bin expect_failure 125 "'git' is not installed" "$SCRIPTS/apply" mini
	[[ $output == *"run scripts/deps"* ]]
}

@test "the folder of the tracks may be named from where one is" {
	cd "$BATS_TEST_TMPDIR"
	FAULTLINE_PATCHES=patches run -0 "$SCRIPTS/apply" mini
}

@test "--onto of what is here already leaves our history whole" {
	"$SCRIPTS/apply" mini --quiet
	role clone -q "$FAULTLINE_WORK/linux.git" "$BATS_TEST_TMPDIR/mine" -b apply/mini
	run "$SCRIPTS/apply" mini --onto HEAD~1 --tree "$BATS_TEST_TMPDIR/mine"
	[ "$status" -eq 1 ] # the series is in it
	. "$SCRIPTS/lib.sh"
	[ "$(git_linux rev-list --count apply/mini)" -eq 4 ]
	[ ! -s "$LINUX_GIT/shallow" ]
	step_commit mini 0
}

@test "a ref's lock that a killed copy of what is here already left is no obstacle" {
	role clone -q "$BATS_TEST_TMPDIR/kernel" "$BATS_TEST_TMPDIR/mine"
	role -C "$BATS_TEST_TMPDIR/mine" reset -q --hard HEAD~3
	"$SCRIPTS/apply" mini --quiet --onto HEAD --tree "$BATS_TEST_TMPDIR/mine"
	. "$SCRIPTS/lib.sh"
	ref=$(git_linux for-each-ref --format='%(refname)' refs/faultline/onto)
	touch "$LINUX_GIT/$ref.lock"
	"$SCRIPTS/apply" mini --quiet --onto HEAD --tree "$BATS_TEST_TMPDIR/mine"
	[ ! -e "$LINUX_GIT/$ref.lock" ]
}

@test "a conflict in a long hunk is cut short, and the exit is 1" {
	role -C "$BATS_TEST_TMPDIR/kernel" reset -q --hard
	seq 1 50000 | sed 's/^/a line that is long enough to fill a pipe with a few of them /' \
		>>"$BATS_TEST_TMPDIR/kernel/mm/memory.c"
	role -C "$BATS_TEST_TMPDIR/kernel" commit -q -s -a -m "mm: say much" -m "It has to." \
		-m "Link: https://lore.kernel.org/r/mini@example.org
Upstream-Status: Pending"
	role -C "$BATS_TEST_TMPDIR/kernel" format-patch -q --zero-commit --no-signature -N --stdout -1 |
		sed 's/^ line 38$/ line of others/' >"$series/0004-much.patch"
	echo 0004-much.patch >>"$series/series"
	expect_failure 1 "apply: error: patches/mini/0004-much.patch does not apply" "$SCRIPTS/apply" mini
	[ "${#lines[@]}" -lt 80 ]
}

@test "a conflict at the start of a file that should be empty shows the file" {
	cat >"$series/0004-zero.patch" <<-'END'
		From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
		From: Faultline <faultline@series.invalid>
		Date: Sat, 21 Nov 2026 18:20:00 +0000
		Subject: [PATCH] mm: fill an empty file

		It has to be.

		Link: https://lore.kernel.org/r/mini@example.org
		Upstream-Status: Pending
		Signed-off-by: Faultline <faultline@series.invalid>
		---
		diff --git a/mm/memory.c b/mm/memory.c
		--- a/mm/memory.c
		+++ b/mm/memory.c
		@@ -0,0 +1 @@
		+new
	END
	echo 0004-zero.patch >>"$series/series"
	expect_failure 1 "apply: error: patches/mini/0004-zero.patch does not apply" "$SCRIPTS/apply" mini
	[[ $output == *"  | line 1"* && $output != *"sed:"* ]]
}

@test "a conflict in a file that the patch renames shows the hunk" {
	role -C "$BATS_TEST_TMPDIR/kernel" mv mm/memory.c mm/moved.c
	sed -i '20s/$/ moved/' "$BATS_TEST_TMPDIR/kernel/mm/moved.c"
	role -C "$BATS_TEST_TMPDIR/kernel" commit -q -s -a -m "mm: move it" -m "It has to." \
		-m "Link: https://lore.kernel.org/r/mini@example.org
Upstream-Status: Pending"
	role -C "$BATS_TEST_TMPDIR/kernel" format-patch -q -M --zero-commit --no-signature -N --stdout -1 |
		sed 's/^ line 19$/ line of others/' >"$series/0004-moved.patch"
	echo 0004-moved.patch >>"$series/series"
	expect_failure 1 "  |  line of others" "$SCRIPTS/apply" mini
}

@test "a work area that cannot be written to, or a git that fails, is no bad series" {
	mkdir -p "$FAULTLINE_WORK/lock/apply-mini"
	expect_failure 125 "cannot write to $FAULTLINE_WORK/lock/apply-mini" "$SCRIPTS/apply" mini
	rmdir "$FAULTLINE_WORK/lock/apply-mini"
	echo >"$FAULTLINE_WORK/src" # no work tree can be made
	expect_failure 125 "a command failed with" "$SCRIPTS/apply" mini
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/bisect: planted culprits, each to be named; ends that are not good and bad; what is
# interrupted. On a kernel of text and a machine that reads it, below the real ci/cell.
# shellcheck disable=SC2317,SC2034 # patch_N and trailer are for stand_in_series

bats_require_minimum_version 1.5.0
load helper
load stand-in

setup_file() { stand_in_project "$BATS_FILE_TMPDIR"; }

setup() {
	declare -gA trailer=()
	rm -f "$STAND_IN"/{boots,flaky}
	touch "$STAND_IN/boots"
}

teardown() { [[ ! -f $STAND_IN/machine ]] || mv "$STAND_IN/machine" "$FAULTLINE_CONFIGS/machine/text"; }

bisect() { "$COPY/ci/bisect" mini "$@"; }

# names EXPECTED... -- ARGS...: bisect with ARGS must find a culprit and print each EXPECTED.
names() {
	local expected=() text

	while [[ $1 != -- ]]; do
		expected+=("$1")
		shift
	done
	shift
	run --separate-stderr bisect "$@"
	printf '%s\n' "$stderr" "$output"
	[ "$status" -eq 0 ]
	for text in "${expected[@]}"; do
		grep -qF -e "$text" <<<"$output" || {
			printf 'expected: %s\n' "$text"
			return 1
		}
	done
}

# bats test_tags=slow
@test "a patch that does not build" {
	stand_in_series 8 3 'plant: error'
	names 'first bad: step 3, 0003-mm-patch-3.patch' 'reason: nobuild: ' \
		'confirmed: step 8 without it is good' --
	jq -e ".reason | test(\"does not compile: .*Error \")" "$FAULTLINE_WORK"/result/mini/text/3-*/result.json
	grep -q "does not build for text" "$FAULTLINE_WORK"/result/mini/text/3-*/build.log
}

# says_flip N: have the facts file say that a.fact changes from young to old at step N.
says_flip() {
	printf 'a.fact text young old %s\n' "$(sed -n "${1}p" "$FAULTLINE_PATCHES/mini/series")" \
		>"$FAULTLINE_PATCHES/mini/facts"
}

# parts FILE...: for a patch of many files: lines 3, 15 and 30 of each change.
parts() {
	local file

	for file; do sed -i -E '3s/$/ new/; 15s/$/ new/; 30s/$/ new/' "$KERNEL/mm/$file.c"; done
}

@test "a patch that crashes at boot, in few boots, and what is present is not booted again" {
	stand_in_series 11 5 'plant: crash'
	names 'first bad: step 5, 0005-mm-patch-5.patch' 'reason: crash: ' planted \
		'confirmed: step 11 without it is good' -- --repeat 1
	[[ $stderr == *"11 patches between step 0 (good) and step 11 (bad); at most 5 boots"* ]]
	# The end, ceil(log2 11) + 1 at most, and without it; step 0 may be present
	[ "$(boots)" -le 7 ]
	grep -qE '^boots: [567], [345] of them to find it' <<<"$output"
	before=$(boots)
	names 'first bad: step 5' 'boots: 0' -- --repeat 1
	[ "$(boots)" -eq "$before" ]
}

# bats test_tags=slow
@test "a patch that hangs, at the end of the range" {
	stand_in_series 4 4 'plant: hang'
	names 'first bad: step 4, 0004' 'reason: hang: ' 'confirmed: nothing follows it' -- --repeat 1
}

# bats test_tags=slow
@test "a patch that fails a test, and others of which was not asked" {
	stand_in_series 6 2 'plant: other' 4 'plant: fail' 6 'plant: error'
	names 'first bad: step 2' 'reason: fail: ' -- --bad 5 --repeat 1
	names 'first bad: step 4' 'reason: fails: group.second' 'confirmed: step 5 without it is good' \
		-- --test group.second --bad 5 --repeat 1
	names 'first bad: step 2' 'reason: fails: group.first' -- --test group --bad 5 --repeat 1
	expect_failure 125 'no case group.third was reported' bisect --test group.third --bad 5 --repeat 1
	expect_failure 125 'the bad end, step 6, cannot be judged: group.second did not get to its end: nobuild' \
		bisect --test group.second
}

# bats test_tags=slow
@test "a patch that cannot be taken out alone" {
	patch_3() { parts a; sed -i '15s/$/\nplant: fail/' "$KERNEL/mm/a.c"; }
	patch_5() { sed -i '15s/new/newer/' "$KERNEL/mm/a.c"; }
	stand_in_series 6
	names 'first bad: step 3' 'cannot be taken out alone: step 5, 0005-mm-patch-5.patch does not apply without it' \
		-- --repeat 1
}

# bats test_tags=slow
@test "a fact that changes too early, and too late, and not at all" {
	stand_in_series 6 3 'plant: fact old'
	says_flip 5
	names 'first bad: step 3' "reason: a.fact is 'old', and the series says 'young'" \
		'confirmed: step 4 without it is good' -- --repeat 1
	names 'first bad: step 3' "reason: a.fact is 'old', not 'young'" -- --fact a.fact=young --repeat 1
	says_flip 2
	names 'first bad: step 2' "reason: a.fact is 'young', and the series says 'old'" \
		'not confirmed: a fact is to change with this patch' -- --repeat 1
	says_flip 3
	expect_failure 1 'the bad end, step 6, is good' bisect --repeat 1
}

# bats test_tags=slow
@test "the wrong hunk inside a generated patch of many files" {
	trailer[3]='Semantic-patch: cocci/x.cocci'
	patch_3() { parts a b c d e f; sed -i '15s/$/\nplant: fail/' "$KERNEL/mm/d.c"; }
	stand_in_series 5
	names 'first bad: step 3' 'confirmed: step 5 without it is good' \
		'file: mm/d.c (step 3 without its part is good)' 'hunk: mm/d.c:15' -- --repeat 1
}

# bats test_tags=slow
@test "files that do not build without each other, and --files for a patch by hand" {
	patch_2() {
		parts a b c
		printf 'gives y\nplant: needs x\n' >>"$KERNEL/mm/a.c"
		sed -i '3s/$/\nplant: crash/' "$KERNEL/mm/b.c"
		printf 'gives x\nplant: needs y\n' >>"$KERNEL/mm/c.c"
	}
	stand_in_series 3
	names 'first bad: step 2' -- --repeat 1
	[[ $output != *file:* ]]
	names 'file: mm/b.c (step 2 without its part is good)' 'hunk: mm/b.c:3' -- --repeat 1 --files
	[[ $stderr == *'some files do not build without others: leaving out each of 3'* ]]
}

# bats test_tags=slow
@test "parts that are bad for another reason than the patch do not name the file" {
	trailer[2]='Semantic-patch: cocci/x.cocci'
	patch_2() {
		parts a b c d
		printf 'gives y\nplant: needs x\n' >>"$KERNEL/mm/a.c"
		printf 'gives x\nplant: needs y\n' >>"$KERNEL/mm/c.c"
		sed -i '15s/$/\nplant: error/' "$KERNEL/mm/d.c"
	}
	stand_in_series 4
	names 'first bad: step 2' 'file: mm/d.c (step 2 without its part is good)' 'hunk: mm/d.c:15' -- --repeat 1
	[[ $stderr == *'with 1 of the files it is bad for another reason: leaving out each of 5'* ]]
}

# bats test_tags=slow
@test "a file that becomes a folder, inside a patch" {
	patch_1() { echo x >"$KERNEL/foo"; }
	patch_2() {
		rm "$KERNEL/foo"
		mkdir "$KERNEL/foo"
		echo y >"$KERNEL/foo/y"
		echo 'plant: fail' >>"$KERNEL/mm/a.c"
	}
	stand_in_series 3
	names 'first bad: step 2' 'file: mm/a.c (step 2 without its part is good)' -- --repeat 1 --files
}

# bats test_tags=slow
@test "steps that do not build, before one that crashes, show nothing of the crash" {
	patch_5() { rm "$KERNEL/mm/p3"; }
	stand_in_series 8 3 'plant: error' 6 'plant: crash'
	names 'first bad: step 6' 'reason: crash: ' 'confirmed: step 8 without it is good' -- --repeat 1
}

# own_qemu EDIT: the machine is the stand-in with this edit (of sed).
own_qemu() {
	sed "$1" "$CI/tests/stand-in-qemu" >"$STAND_IN/qemu"
	chmod +x "$STAND_IN/qemu"
	cp "$FAULTLINE_CONFIGS/machine/text" "$STAND_IN/machine"
	sed -i "s|^qemu = .*|qemu = $STAND_IN/qemu|" "$FAULTLINE_CONFIGS/machine/text"
}

# bats test_tags=slow
@test "a host that fails while the culprit is measured does not hide what was seen" {
	stand_in_series 4 2 'plant: fail'
	# shellcheck disable=SC2016 # for the stand-in
	own_qemu 's#^if \[\[ $planted == \*infra.*#[[ $(tail -n 1 "$kernel") != "2 "* ]] || { echo >>"$STAND_IN/second"; [ $(wc -l <"$STAND_IN/second") -lt 2 ] || exit 7; }#'
	names 'first bad: step 2' 'reason: fail: ' 'confirmed: step 4 without it is good' --
	[[ $stderr == *'QEMU ended with status 7'* ]] # control
	[ -f "$(sed -n 's/^first bad result: //p' <<<"$output")/result.json" ]
}

# bats test_tags=slow
@test "a patch that fails one boot in three" {
	stand_in_series 3 2 'plant: flaky'
	printf '\n\n' >"$STAND_IN/flaky" # the next boot fails, and two pass
	names 'flaky: 1 of 3' 'first bad: step 2' 'reason: fail: ' 'confirmed: step 3 without it is good' --
	[[ $stderr == *"a step is good once 12 boots pass: at this rate a bad one would with a chance of 0.77 %"* ]]
	[[ $stderr == *"step 3 is bad: 1 of 3"* ]]
	jq -e '.verdict == "fail"' "$(sed -n 's/^first bad result: //p' <<<"$output")/result.json"
	# What has been seen of it stays its result.
	newest=$(find "$FAULTLINE_WORK/result/mini/text" -path '*/3-*/result.json' -printf '%T@ %p\n' | sort -n | sed -n '$s/[^ ]* //p')
	jq -e '.verdict == "fail"' "$newest"
	names 'first bad: step 2' --
}

# bats test_tags=slow
@test "a step that is bad at times, before one that always is" {
	stand_in_series 2 1 'plant: flaky' 2 'plant: fail'
	printf '\n\n' >"$STAND_IN/flaky" # the next boot fails
	names 'flaky: 1 of 3' 'first bad: step 1' 'not confirmed: step 2 without it is bad too: fail' --
	[[ $stderr == *'step 2 is bad: 3 of 3'*'step 1 is bad: 1 of 3'*'again from the good end'* ]]
	[ "$(tail -n 13 "$STAND_IN/boots" | grep -c '^base$')" -ge 11 ]
}

@test "one more patch on top of every step" {
	stand_in_series 2
	printf 'diff --git a/mm/q b/mm/q\nnew file mode 100644\n--- /dev/null\n+++ b/mm/q\n@@ -0,0 +1 @@\n+plant: fact old\n' \
		>"$BATS_TEST_TMPDIR/q.patch"
	expect_failure 1 "the good end, step 0, is bad: a.fact is 'young', not 'old'" bisect \
		--fact a.fact=old --bad 1 --repeat 1
	expect_failure 1 "the bad end, step 1, is good: pass" bisect \
		--fact a.fact=old --bad 1 --repeat 1 --with "$BATS_TEST_TMPDIR/q.patch"
}

# bats test_tags=slow
@test "the good end is bad, the bad end is good" {
	stand_in_series 4 1 'plant: fail'
	expect_failure 1 'the good end, step 2, is bad: fail' bisect --good 2 --repeat 1
	[[ $output == *'name a step that is good with --good'* ]]
	stand_in_series 4
	expect_failure 1 'the bad end, step 4, is good: pass' bisect --repeat 1
	[[ $output == *'name one that is bad with --bad'* ]]
}

# bats test_tags=slow
@test "a step that cannot be judged is passed over, and said where it matters" {
	patch_5() { rm "$KERNEL/mm/p4"; }
	stand_in_series 8 4 'plant: infra' 6 'plant: fail'
	names 'first bad: step 6' 'confirmed' -- --repeat 1
	[[ $stderr == *'step 4: skip (infra: '* ]]
	patch_5() { :; }
	patch_6() { sed -i 's/infra/fail/' "$KERNEL/mm/p4"; }
	stand_in_series 8 4 'plant: infra'
	expect_failure 125 'the first bad step cannot be told' bisect --repeat 1
	[[ $output == *$'one of:\nstep 4, 0004-mm-patch-4.patch\nstep 5,'*$'\nstep 6, '* ]]
}

# bats test_tags=slow
@test "killed in the middle, a rerun finds it and leaves nothing behind" {
	stand_in_series 8 6 'plant: fail'
	bisect --quiet --repeat 1 3>&- &
	pid=$!
	for _ in $(seq 1200); do (($(boots) < 3)) || break; sleep 0.05; done
	[ "$(boots)" -ge 3 ]
	kill -9 "$pid"
	wait "$pid" || [ "$?" -eq 137 ]
	role -C "$FAULTLINE_WORK/linux.git" worktree list | grep -q bisect-text
	names 'first bad: step 6' 'confirmed' -- --repeat 1
	[[ $(role -C "$FAULTLINE_WORK/linux.git" worktree list) != *bisect-text* ]]
	[ -z "$(role -C "$FAULTLINE_WORK/linux.git" for-each-ref refs/bisect)" ]
}

# A git that is killed while it makes a work tree leaves it locked, and its folder empty.
@test "a work tree that git was killed in is made again" {
	local dir git="role -C $FAULTLINE_WORK/linux.git"

	stand_in_series 2 1 'plant: fail'
	for dir in bisect-text build; do
		dir=$FAULTLINE_WORK/src/mini/$dir
		rm -rf "$dir"
		mkdir -p "${dir%/*}"
		$git worktree prune
		$git worktree add -q --no-checkout --lock --reason initializing --detach "$dir" base
		rm -rf "$dir"
		mkdir "$dir"
	done
	$git worktree prune
	[ "$($git worktree list --porcelain | grep -c '^locked')" -eq 2 ] # control
	names 'first bad: step 1' -- --repeat 1
}

# user_tree: a repository of the user with work that is not committed, at $USER_TREE, of
# five commits on the base, of which the third fails.
user_tree() {
	local n

	USER_TREE=$BATS_TEST_TMPDIR/user
	role clone -q "$KERNEL" "$USER_TREE"
	role -C "$USER_TREE" checkout -q -b work base
	for n in 1 2 3 4 5; do
		printf 'mine %s\n' "$n" >"$USER_TREE/mm/mine$n"
		((n != 3)) || echo 'plant: fail' >>"$USER_TREE/mm/mine$n"
		role -C "$USER_TREE" add -A
		role -C "$USER_TREE" commit -q -m "my commit $n"
	done
	echo 'not committed' >>"$USER_TREE/mm/a.c"
	echo 'not tracked' >"$USER_TREE/mm/new.c"
}

# fingerprint: all of the user's repository, with its work tree.
fingerprint() {
	role -C "$USER_TREE" for-each-ref
	(cd "$USER_TREE" && find . -printf '%p %m %T@\n' | sort && find . -type f -exec sha256sum {} + | sort)
}

# bats test_tags=slow
@test "commits of the user's own tree, which stays as it was" {
	stand_in_series 2
	user_tree
	before=$(fingerprint)
	names 'first bad: ' 'my commit 3' 'confirmed: ' 'file: mm/mine3' \
		-- --tree "$USER_TREE" --good base --bad work --repeat 1 --files
	[ "$(fingerprint)" = "$before" ]
	[ ! -f "$FAULTLINE_WORK/linux.git/shallow" ]
	expect_failure 2 'is not an ancestor' bisect --tree "$USER_TREE" --good work --bad work~1
	expect_failure 2 '--tree needs --good and --bad' bisect --tree "$USER_TREE" --bad work
	expect_failure 2 "--bad: no commit 'typo'" bisect --tree "$USER_TREE" --good base --bad typo
}

@test "the user's own tree may be another user's, and a fetch that was killed is no obstacle" {
	[ "$(id -u)" -eq 0 ]
	stand_in_series 2
	user_tree
	last=$(role -C "$USER_TREE" rev-parse --short=7 work)
	chown -R 1 "$USER_TREE"
	touch "$FAULTLINE_WORK/linux.git/shallow.lock"
	run --separate-stderr bisect --tree "$USER_TREE" --good work~1 --bad work --repeat 1
	[[ $output$stderr == *"$last"* && $output$stderr != *"dubious ownership"* ]]
	((status < 2))
}

# bats test_tags=slow
@test "a history that is not on the track's base is copied from the good end on" {
	stand_in_series 2
	user_tree
	# The same, on a root of its own
	role -C "$USER_TREE" stash -q -u
	role -C "$USER_TREE" checkout -q --orphan other base
	role -C "$USER_TREE" commit -q -m 'another base'
	role -C "$USER_TREE" tag start
	role -C "$USER_TREE" cherry-pick base..work >/dev/null
	names 'my commit 3' 'confirmed: ' -- --tree "$USER_TREE/mm" --good start~0 --bad other --repeat 1
	# A smaller range does not cut it for a search that still runs.
	names 'my commit 3' -- --tree "$USER_TREE" --good other~3 --bad other --repeat 1
	[ "$(role -C "$FAULTLINE_WORK/linux.git" rev-list --count "$(role -C "$USER_TREE" rev-parse other)")" -eq 6 ]
	"$COPY/scripts/apply" mini --no-lint --quiet >/dev/null
	"$COPY/ci/cell" mini --step 1 --machine text --quiet
}

# change NAME TEXT: commit mm/NAME in the user's tree.
change() {
	printf '%s\n' "$2" >"$USER_TREE/mm/$1"
	role -C "$USER_TREE" add -A
	role -C "$USER_TREE" commit -q -m "my change of $1: $2"
}

# bats test_tags=slow
@test "a side branch that was forked before the good end blames nothing that this has" {
	local n

	stand_in_series 2
	user_tree
	role -C "$USER_TREE" stash -q -u
	role -C "$USER_TREE" checkout -q --orphan other base
	role -C "$USER_TREE" commit -q -m 'another base'
	change bug 'plant: fail'
	change fork here
	role -C "$USER_TREE" branch side
	change bug fixed
	for n in 1 2 3 4 5 6 7 8 9; do change main "$n"; done
	role -C "$USER_TREE" tag good
	change main 10
	change main 11
	role -C "$USER_TREE" checkout -q side
	change side 1
	change side 2
	role -C "$USER_TREE" checkout -q other
	role -C "$USER_TREE" merge -q --no-ff -m 'merge side' side
	change last 1
	change last 'plant: fail'
	names 'first bad: ' -- --tree "$USER_TREE" --good good --bad other --repeat 1
	[[ $stderr == *': 7 patches between '* ]]
	# As git bisect itself: the first is bad as what it is forked from is.
	[[ $output == *'my change of side: 1'* ]]
}

@test "wrong usage is 2 and says what would be right" {
	stand_in_series 2
	expect_failure 2 'a track is needed' "$COPY/ci/bisect"
	expect_failure 2 "no machine 'vax'; there are: text" bisect --machine vax
	expect_failure 2 '--good 2 is not before --bad 1' bisect --good 2 --bad 1
	expect_failure 2 'steps are 0 to 2' bisect --bad 7
	expect_failure 2 'expected NAME=VALUE' bisect --fact young
	expect_failure 2 '--test and --fact are two questions' bisect --fact a=b --test c
	expect_failure 2 "no test 'nothing'; there are: group" bisect --test nothing
	expect_failure 2 "--test 'group,group'; expected one test" bisect --test group,group
	expect_failure 2 "no such file: $BATS_TEST_TMPDIR" bisect --with "$BATS_TEST_TMPDIR"
	expect_failure 2 "--repeat '0'; expected 1 to 999" bisect --repeat 0
	expect_failure 2 "no commit 'typo'" "$COPY/ci/cell" mini --commit typo --machine text
}

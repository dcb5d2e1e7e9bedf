#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# What a user may have for a base, or for a machine: scripts/rebase and
# scripts/apply work with it or say what is wrong, and lose nothing.

bats_require_minimum_version 1.5.0
load helper

setup() {
	mini_track
	tree=$BATS_TEST_TMPDIR/kernel linux=$FAULTLINE_WORK/linux.git
	base=$(role -C "$linux" rev-parse base/mini)
	# The user's repository: two commits beyond the base, and tags of the second.
	user=$BATS_TEST_TMPDIR/user
	role clone -q "$tree" "$user"
	role -C "$user" checkout -q -B main "$base"
	sed -i 1ione "$user/mm/memory.c"
	role -C "$user" commit -q -a -m one
	sed -i 1itwo "$user/mm/memory.c"
	role -C "$user" commit -q -a -m two
	head=$(role -C "$user" rev-parse HEAD)
	role -C "$user" tag -a -m annotated annotated
	role -C "$user" tag light
}

teardown() {
	[[ -z ${mounted:-} ]] || umount "$mounted"
}

rebase() { "$SCRIPTS/rebase" mini "$@"; }

# moved: the last run moved the series onto two commits more.
moved() {
	[ "$status" -eq 0 ]
	[[ $output == *"hunk 1 of mm/memory.c moved by 2 lines"*"3 context only"* ]]
}

# fingerprint DIR: every file of it, refs and index too.
fingerprint() { find "$1" -type f -exec sha256sum {} + | sort; }

# state: what the work area has: refs, work trees, and the carried files.
state() {
	role -C "$linux" for-each-ref refs/heads
	role -C "$linux" worktree list
	fingerprint "$FAULTLINE_PATCHES"
}

@test "a shallow clone is moved onto, and it says that there is no history" {
	role clone -q --depth 1 "file://$user" "$BATS_TEST_TMPDIR/shallow"
	run rebase --onto HEAD --tree "$BATS_TEST_TMPDIR/shallow"
	moved
	[[ $output == *"shallow is a shallow clone, without the history between the bases"* ]]
	expect_failure 2 "no commit '$base' in $BATS_TEST_TMPDIR/shallow" \
		rebase --onto "$base" --tree "$BATS_TEST_TMPDIR/shallow"
}

@test "a commit that is here already does not cut our history" {
	"$SCRIPTS/apply" mini
	role -C "$user" fetch -q "$linux" apply/mini
	role -C "$user" checkout -q FETCH_HEAD
	run rebase --onto HEAD~1 --tree "$user"
	[ "$status" -eq 0 ]
	[ "$(role -C "$linux" rev-list --count apply/mini)" -eq 4 ]
	[[ $output == *"2 upstream, 1 "* ]]
}

@test "uncommitted changes are not read, not touched, and it says so" {
	echo dirty >>"$user/mm/memory.c"
	echo staged >"$user/staged"
	role -C "$user" add staged
	before=$(fingerprint "$user")
	run rebase --onto HEAD --tree "$user"
	moved
	[[ $output == *"$user has uncommitted changes; only what is committed is read"* ]]
	[ "$(fingerprint "$user")" = "$before" ]
	run role -C "$linux" cat-file -e rebase/mini/"${head:0:12}":staged
	[ "$status" -ne 0 ]
}

@test "a tag that is annotated, or signed, is its commit; one of a file is none" {
	local id name

	for name in annotated light; do
		run rebase --onto "$name" --tree "$user"
		moved
	done
	id=$({
		role -C "$user" cat-file tag annotated
		printf -- '-----BEGIN PGP SIGNATURE-----\n\nabcd\n-----END PGP SIGNATURE-----\n'
	} | role -C "$user" hash-object -t tag -w --stdin)
	role -C "$user" tag signed "$id"
	run rebase --onto signed --tree "$user"
	moved
	role -C "$user" tag file HEAD:Makefile
	expect_failure 2 "no commit 'file' in $user" rebase --onto file --tree "$user"
}

@test "a revision that does not exist, a folder that is none, a tree that is no kernel" {
	before=$(state)
	expect_failure 2 "'nosuch' is no base and no commit in $linux" rebase --onto nosuch
	[[ $output == *"scripts/base --list"* ]]
	expect_failure 2 "no commit 'nosuch' in $user" rebase --onto nosuch --tree "$user"
	expect_failure 2 "no such folder: $user/none" rebase --onto HEAD --tree "$user/none"
	mkdir "$BATS_TEST_TMPDIR/plain"
	expect_failure 2 "is no git repository" rebase --onto HEAD --tree "$BATS_TEST_TMPDIR/plain"
	role init -q "$BATS_TEST_TMPDIR/other"
	role -C "$BATS_TEST_TMPDIR/other" commit -q --allow-empty -m empty
	expect_failure 2 "'HEAD' is not a kernel tree: it has 0 of the 1 files that mini changes, and no Makefile" \
		rebase --onto HEAD --tree "$BATS_TEST_TMPDIR/other"
	expect_failure 2 "no commit 'HEAD~9'" rebase --onto HEAD~9 --tree "$user"
	[ "$(state | grep -v apply/mini)" = "$before" ]
	[ ! -e "$FAULTLINE_WORK/rebase/mini/unfinished" ]
}

@test "the base it is on: nothing to do, by whatever name" {
	for onto in mini base/mini "$base"; do
		run rebase --onto "$onto"
		[[ $status -eq 0 && $output == *"it is on $onto already: nothing to do"* ]]
	done
	run rebase --onto main~2 --tree "$user"
	[[ $status -eq 0 && $output == *"nothing to do"* ]]
	[ -z "$(role -C "$linux" for-each-ref refs/heads/rebase)" ]
}

@test "a work tree that a killed run left is recovered; somebody else's is not touched" {
	. "$SCRIPTS/lib.sh"
	work=$FAULTLINE_WORK/src/mini/rebase
	worktree_at "$work" base/mini
	echo garbage >>"$work/mm/memory.c"
	touch "$(git -C "$work" rev-parse --git-path index.lock)"
	run rebase --onto light --tree "$user"
	moved
	[ ! -e "$work" ]
	mkdir -p "$work"
	echo precious >"$work/file"
	rm -rf "$FAULTLINE_WORK/rebase"
	expect_failure 125 "is not a work tree of ours" rebase --onto light --tree "$user"
	[ "$(cat "$work/file")" = precious ]
	rm -rf "$work"
	run rebase --continue
	[ "$status" -eq 0 ]
}

@test "a user without an identity, and without a home" {
	local anonymous=(env -u GIT_AUTHOR_NAME -u GIT_COMMITTER_NAME -u EMAIL HOME=/nonexistent
		XDG_CONFIG_HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 "$SCRIPTS/rebase" mini)

	sed -i '22s/.*/conflict/' "$user/mm/memory.c"
	role -C "$user" commit -q -a -m three
	run "${anonymous[@]}" --onto HEAD --tree "$user"
	[ "$status" -eq 1 ]
	work=$FAULTLINE_WORK/src/mini/rebase
	sed -i -e '/^<<<<<<< /i conflict solved' -e '/^<<<<<<< /,/^>>>>>>> /d' "$work/mm/memory.c"
	env -i PATH="$PATH" HOME=/nonexistent git -C "$work" add mm/memory.c
	run "${anonymous[@]}" --continue
	[ "$status" -eq 1 ]
	run "${anonymous[@]}" --skip
	run "${anonymous[@]}" --skip
	[ "$status" -eq 0 ]
	[ "$(role -C "$linux" log -1 --format='%an <%ae>%cn <%ce>' "rebase/mini/$(role -C "$user" rev-parse --short=12 HEAD)")" = \
		"Faultline <faultline@series.invalid>Faultline <faultline@series.invalid>" ]
}

@test "spaces and odd characters in every path" {
	mv "$user" "$BATS_TEST_TMPDIR/my 'own' tree%20"
	mv "$FAULTLINE_WORK" "$BATS_TEST_TMPDIR/work area"
	mv "$FAULTLINE_PATCHES" "$BATS_TEST_TMPDIR/all patches"
	export FAULTLINE_WORK="$BATS_TEST_TMPDIR/work area" FAULTLINE_PATCHES="$BATS_TEST_TMPDIR/all patches"
	cd "$BATS_TEST_TMPDIR"
	run rebase --onto HEAD --tree "my 'own' tree%20"
	moved
	run rebase --onto HEAD --tree "my 'own' tree%20" --write
	[ "$status" -eq 0 ]
	grep -q '@@ -19,' "$FAULTLINE_PATCHES/mini/"0001*
}

@test "a work area that cannot be written to: says so, and what to do" {
	local run=("$SCRIPTS/rebase" mini --onto light --tree "$user")

	rm -rf "$FAULTLINE_WORK/rebase"
	if ((EUID == 0)); then
		# Root writes wherever it likes, except where nothing can be written.
		chmod -R a+rX "$BATS_TEST_TMPDIR"
		run=(setpriv --reuid=65534 --regid=65534 --clear-groups "${run[@]}")
		chmod a+rx "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "${BATS_TEST_TMPDIR%/*/*}"
	else
		chmod -R a-w "$FAULTLINE_WORK"
	fi
	before=$(state)
	expect_failure 125 "cannot write to $FAULTLINE_WORK" "${run[@]}"
	[[ $output == *"next: set FAULTLINE_WORK to a folder of yours"* ]]
	[ "$(state)" = "$before" ]
	chmod -R u+w "$FAULTLINE_WORK"
}

@test "a tree that belongs to another user is read all the same" {
	((EUID == 0)) || return 0 # nobody else to give it to: the others cover it
	chown -R 65534 "$user"
	HOME=/nonexistent run rebase --onto light --tree "$user"
	moved
}

@test "a SHA-256 repository is refused" {
	role init -q --object-format=sha256 "$BATS_TEST_TMPDIR/sha256"
	cp -r "$user/mm" "$user/Makefile" "$BATS_TEST_TMPDIR/sha256/"
	role -C "$BATS_TEST_TMPDIR/sha256" add -A
	role -C "$BATS_TEST_TMPDIR/sha256" commit -q -m kernel
	expect_failure 125 "cannot copy 'HEAD' from $BATS_TEST_TMPDIR/sha256" rebase --onto HEAD --tree "$BATS_TEST_TMPDIR/sha256"
}

@test "a base with CRLF attributes and a user with autocrlf: not a byte is converted" {
	# As scripts/base makes the repository; the clone of the other tests lacks that.
	printf '* -text -eol -ident -filter -working-tree-encoding\n' >"$linux/info/attributes"
	grep -qF "$(cat "$linux/info/attributes")" "$SCRIPTS/base-import.sh"
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir "$HOME"
	printf '[core]\n\tautocrlf = true\n\teol = crlf\n\tsafecrlf = true\n' >"$HOME/.gitconfig"
	printf '* text=auto eol=crlf\n*.c ident\n' >"$user/.gitattributes"
	printf 'dos\r\n' >"$user/mm/dos.c"
	sed -i '22s/.*/conflict/' "$user/mm/memory.c"
	role -C "$user" update-index --add --cacheinfo "100644,$(role -C "$user" hash-object -w --no-filters "$user/mm/dos.c"),mm/dos.c"
	role -C "$user" add .gitattributes mm/memory.c
	role -C "$user" commit -q -m crlf
	run rebase --onto HEAD --tree "$user"
	[ "$status" -eq 1 ]
	work=$FAULTLINE_WORK/src/mini/rebase
	sed -i -e '/^<<<<<<< /i line 20 changed 1' -e '/^<<<<<<< /,/^>>>>>>> /d' "$work/mm/memory.c"
	git -C "$work" add mm/memory.c
	run rebase --continue
	[ "$status" -eq 0 ]
	id=$(role -C "$user" rev-parse --short=12 HEAD)
	run role -C "$linux" grep -c $'\r' "rebase/mini/$id"
	[ "$output" = "rebase/mini/$id:mm/dos.c:1" ]
	run -1 grep -q $'\r' "$FAULTLINE_WORK/rebase/mini/$id/patches/$id/"*
}

@test "scripts/apply --onto: a shallow clone, a signed tag's commit, a path with spaces" {
	mv "$user" "$BATS_TEST_TMPDIR/my tree"
	role clone -q --depth 1 "file://$BATS_TEST_TMPDIR/my tree" "$BATS_TEST_TMPDIR/my shallow tree"
	run --separate-stderr "$SCRIPTS/apply" mini --onto HEAD --tree "$BATS_TEST_TMPDIR/my shallow tree"
	[ "$status" -eq 0 ]
	first=$output
	run --separate-stderr "$SCRIPTS/apply" mini --onto annotated --tree "$BATS_TEST_TMPDIR/my tree"
	[[ $status -eq 0 && $output == "$first" ]]
}

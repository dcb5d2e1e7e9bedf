#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2016 # programs for other shells
#
# base.bats - scripts/base on a kernel of a dozen files.

bats_require_minimum_version 1.5.0

load base-kernel

@test "every kind of source gives the same commit" {
	local source

	tar -C "$T/linux-5.10.262" -cf "$T/flat.tar" .
	tar -C "$T" -czf "$T/linux.tar.gz" linux-5.10.262
	tar -C "$T" --zstd -cf "$T/linux.tar.zst" linux-5.10.262
	git clone -q --bare "$T/repo" "$T/bare.git"
	git -C "$T/repo" worktree add -q --detach "$T/worktree"
	for source in repo bare.git 'repo#v5.10.262' worktree linux-5.10.262 \
		linux_5.10.262.orig.tar.xz flat.tar linux.tar.gz linux.tar.zst; do
		rm -rf "${T:?}/work"
		run --separate-stderr base --from "$T/$source"
		echo "$source: $output $stderr"
		[[ $status -eq 0 && $output == "$ID" ]]
		[[ $source == *orig* || $stderr == *"left out"*"1 files, drivers/video/fbdev/riva/riva.c"* ]]
		assert_whole
	done
}

@test "a folder without a Makefile is named as what it is" {
	cp -r "$T/linux-5.10.262" "$T/pieces"
	rm "$T/pieces/Makefile"
	run --separate-stderr base --from "$T/pieces"
	[ "$status" -eq 1 ]
	[[ $stderr == *"pieces is not the pinned linux 5.10.262: Makefile is missing"*"it has no Makefile that says which kernel it is"* ]]
}

@test "a shallow clone, an annotated tag, and a path with spaces are sources too" {
	git clone -q --depth 1 "file://$T/repo" "$T/a shallow clone"
	git -C "$T/a shallow clone" -c user.name=me -c user.email=me@example.org \
		tag -f -a -m annotated v5.10.262
	local rev

	for rev in "" "#v5.10.262" "#HEAD"; do
		rm -rf "${T:?}/work"
		run --separate-stderr base --from "$T/a shallow clone$rev"
		echo "$stderr"
		[[ $status -eq 0 && $output == "$ID" ]]
		assert_whole
	done
}

@test "--from the folder around where one is" {
	cd "$T/linux-5.10.262/mm"
	run --separate-stderr base --from ..
	[[ $status -eq 0 && $output == "$ID" ]]
	assert_whole
}

@test "a base that is a link is not moved through it" {
	local before

	before=$(sha256sum "$FAULTLINE_CONFIGS"/base/v0/*)
	ln -s v0 "$FAULTLINE_CONFIGS/base/other"
	run "$ROOT/scripts/base" other --write-manifest --from "$T/repo"
	rm "$FAULTLINE_CONFIGS/base/other"
	[[ $status -eq 2 && $output == *"configs/base/other is a link to v0, whose base would move, too"* ]]
	[ "$(sha256sum "$FAULTLINE_CONFIGS"/base/v0/*)" = "$before" ]
}

@test "the user's umask, git configuration and environment change nothing" {
	local source

	mkdir -p "$T/hostile/hooks" "$T/hostile/git"
	printf '#!/bin/sh\nexit 1\n' >"$T/hostile/hooks/reference-transaction"
	chmod +x "$T/hostile/hooks/reference-transaction"
	printf '* text eol=crlf ident\n' >"$T/hostile/git/attributes"
	printf '*\n' >"$T/hostile/git/ignore"
	cat >"$T/hostile/.gitconfig" <<-EOF
		[core]
			autocrlf = true
			attributesFile = $T/hostile/git/attributes
			excludesFile = $T/hostile/git/ignore
			hooksPath = $T/hostile/hooks
			fileMode = false
		[commit]
			gpgSign = true
		[init]
			templateDir = $T/hostile
		[i18n]
			commitEncoding = latin1
		[user]
			name = somebody
	EOF
	for source in repo linux-5.10.262 linux_5.10.262.orig.tar.xz; do
		rm -rf "${T:?}/work"
		run --separate-stderr bash -c '
			umask 0177
			exec env HOME="$T/hostile" XDG_CONFIG_HOME="$T/hostile" \
				GIT_DIR=/nonexistent GIT_INDEX_FILE=/nonexistent/index \
				GIT_DEFAULT_HASH=sha256 GIT_AUTHOR_NAME=somebody \
				GIT_TEMPLATE_DIR="$T/hostile" GIT_LITERAL_PATHSPECS=1 \
				GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.autocrlf \
				GIT_CONFIG_VALUE_0=true TAR_OPTIONS=--strip-components=2 \
				TZ=Asia/Tokyo "$ROOT/scripts/base" v0 --from "$1"' - "$T/$source"
		echo "$source: $output $stderr"
		[[ $status -eq 0 && $output == "$ID" ]]
		assert_whole
	done
}

@test "a base that is there is answered at once, without any source" {
	base --from "$T/repo"
	mv "$T/repo" "$T/away"
	# Not even for another run's lock does it wait.
	exec 7>>"$T/work/lock/base"
	flock 7
	run --separate-stderr timeout 60 "$ROOT/scripts/base" v0 7>&-
	exec 7>&-
	[[ $status -eq 0 && $output == "$ID" && $stderr != *waiting* ]]
	mv "$T/away" "$T/repo"
	run --separate-stderr base --check
	[[ $status -eq 0 && $output == "$ID" && $stderr == *"there, whole, and as in the manifest"* ]]
	run --separate-stderr base --list
	[[ $output == *"present as $ID"*"git tree $T/repo, refs/tags/v5.10.262"* ]]
}

@test "--check names damage" {
	base --from "$T/repo"
	local pack
	# The one with the big file, in the middle of that.
	# shellcheck disable=SC2012 # names of hexadecimal digits
	pack=$(ls -S "$FAULTLINE_WORK"/linux.git/objects/pack/*.pack | head -n 1)
	chmod +w "$pack"
	printf 'XXXX' | dd of="$pack" bs=1 conv=notrunc \
		seek=$(($(stat -c %s "$pack") / 2)) status=none
	run base --check
	echo "$output"
	[[ $status -eq 1 && $output == *"is damaged: "* ]]
	rm "$FAULTLINE_WORK"/linux.git/objects/pack/*
	run base --check
	[[ $status -eq 1 && $output == *"is not in"*"or not readable"*"run scripts/base v0"* ]]
	base --from "$T/repo"
	base --check
}

@test "one changed byte in a tarball: exit 1, names the file" {
	cp -a "$T/linux-5.10.262" "$T/changed"
	sed -i 's/memory/Memory/' "$T/changed/mm/memory.c"
	tar -C "$T" -cJf "$T/changed.tar.xz" changed
	run base --from "$T/changed.tar.xz"
	echo "$output"
	[[ $status -eq 1 ]]
	[[ $output == *"mm/memory.c is changed: blob "*" expected, "*" found; 1 files differ in all"* ]]
	[[ $output == *"next: fetch it again or give a clean tree"* ]]
	assert_nothing
}

@test "missing, extra and no longer executable files are named; the first one comes first" {
	cp -a "$T/linux-5.10.262" "$T/wrong"
	rm "$T/wrong/mm/filemap.c"
	printf 'built\n' >"$T/wrong/mm/memory.o"
	chmod -x "$T/wrong/scripts/run.sh"
	run base --from "$T/wrong"
	echo "$output"
	[[ $status -eq 1 ]]
	[[ $output == *"1 changed, 1 missing, 1 extra"* ]]
	[[ $output == *"mm/filemap.c is missing: blob "*"3 files differ in all"* ]]
	cp "$T/linux-5.10.262/mm/filemap.c" "$T/wrong/mm/"
	run base --from "$T/wrong"
	[[ $status -eq 1 && $output == *"mm/memory.o is extra: "*"2 files differ in all"* ]]
	rm "$T/wrong/mm/memory.o"
	run base --from "$T/wrong"
	[[ $status -eq 1 && $output == *"scripts/run.sh is changed: mode 100755 expected, 100644 found"* ]]
	assert_nothing
}

@test "another version is told by its name" {
	cp -a "$T/linux-5.10.262" "$T/older"
	sed -i 's/262/250/' "$T/older/Makefile"
	run base --from "$T/older"
	[[ $status -eq 1 && $output == *"Makefile is changed"*"its Makefile says 5.10.250"* ]]
}

@test "a truncated tarball is bad, not half a base" {
	head -c 1000000 "$T/linux_5.10.262.orig.tar.xz" >"$T/truncated.tar.xz"
	run base --from "$T/truncated.tar.xz"
	echo "$output"
	[[ $status -eq 1 && $output == *"unpacking $T/truncated.tar.xz failed: "*"nexpected"* ]]
	assert_nothing
}

@test "wrong usage says what is wrong" {
	run base --from "$T/none"
	[[ $status -eq 2 && $output == *"no such file or directory: $T/none"* ]]
	run base --from "$T/repo#nosuch"
	[[ $status -eq 2 && $output == *"no commit 'nosuch' in $T/repo"* ]]
	run base --from "$T/etc" --rev v1
	[[ $status -eq 2 && $output == *"no git repository"* ]]
	run "$ROOT/scripts/base" v9
	[[ $status -eq 2 && $output == *"no base for track 'v9'"*"v0/"* ]]
	run base --frm x
	[[ $status -eq 2 && $output == *"unknown option '--frm'"* ]]
	run "$ROOT/scripts/base" --help
	[[ $status -eq 0 && $output == *"example: "* && ${#lines[@]} -lt 40 ]]
}

# bats test_tags=slow
@test "killed at any git command, the next run gets to the same commit" {
	local at

	mkdir -p "$T/bin"
	cat >"$T/bin/git" <<-'EOF'
		#!/bin/bash
		echo >>"$T/calls"
		# Not -eq: two run at once, and each may see both.
		[[ $(wc -l <"$T/calls") -lt $KILL_AT ]] || kill -9 0
		exec /usr/bin/git "$@"
	EOF
	chmod +x "$T/bin/git"
	for at in 3 5 7 8 9 11 13 15 17 18 19 20 21 22 23 24 25 26 27 40; do
		rm -rf "${T:?}/work" "$T/calls"
		KILL_AT=$at PATH=$T/bin:$PATH run setsid --wait "$ROOT/scripts/base" v0 \
			--from "$T/linux_5.10.262.orig.tar.xz"
		echo "killed at $at: status $status"
		[[ $status -eq 137 ]] || break
		run git --git-dir="$T/work/linux.git" rev-parse -q --verify refs/heads/base/v0
		[[ $status -ne 0 || $output == "$ID" ]]
		run --separate-stderr base --from "$T/linux_5.10.262.orig.tar.xz"
		[[ $status -eq 0 && $output == "$ID" ]]
		assert_whole
	done
	# It did get past the end.
	((at > 15))
}

@test "an orderly interrupt leaves nothing and stays within the exit codes" {
	mkfifo "$T/slow.tar"
	"$ROOT/scripts/base" v0 --from "$T/slow.tar" 2>"$T/err" &
	local pid=$!
	until grep -q importing "$T/err"; do sleep 0.1; done
	exec 5>"$T/slow.tar"
	kill -TERM $pid
	exec 5>&-
	run wait $pid
	wait $pid || status=$?
	[[ $status -eq 125 ]]
	rm "$T/slow.tar"
	assert_nothing
}

@test "two runs at once: one works, one waits, both print the commit" {
	base --from "$T/repo" >"$T/one" 2>"$T/one.err" &
	local first=$!
	base --from "$T/linux_5.10.262.orig.tar.xz" >"$T/two" 2>"$T/two.err"
	wait $first
	[[ $(cat "$T/one") == "$ID" && $(cat "$T/two") == "$ID" ]]
	assert_whole
}

@test "a --from is compared also when the base is there, and the base stays" {
	base --from "$T/repo"
	run --separate-stderr base --from "$T/linux_5.10.262.orig.tar.xz"
	[[ $status -eq 0 && $output == "$ID" && $stderr == *"is linux 5.10.262, which is there"* ]]
	cp -r "$T/linux-5.10.262" "$T/other"
	echo changed >>"$T/other/mm/memory.c"
	run base --from "$T/other"
	[[ $status -eq 1 && $output == *mm/memory.c* ]]
	run base --from "$T/none"
	[[ $status -eq 2 && $output == *"$T/none"* ]]
	[[ $(git --git-dir="$T/work/linux.git" rev-parse refs/heads/base/v0) == "$ID" ]]
	assert_whole
}

@test "a run that waits says so and then finds the base present" {
	mkdir -p "$T/work/lock"
	exec 7>>"$T/work/lock/base"
	flock 7
	base --from "$T/repo" >"$T/one" 2>"$T/one.err" 7>&- &
	local pid=$!
	until grep -q "waiting for another run" "$T/one.err"; do sleep 0.1; done
	assert_nothing
	exec 7>&-
	wait $pid
	[[ $(cat "$T/one") == "$ID" ]]
}

@test "too little space is refused beforehand, with the figures" {
	set_pin packed 0
	set_pin unpacked 90000000
	run base --from "$T/linux_5.10.262.orig.tar.xz"
	echo "$output"
	[[ $status -eq 125 && $output == *"needs 99000001 MiB in $T/work, and "*" MiB are free"* ]]
	assert_nothing
}

@test "a disk that fills up in the middle leaves nothing half-done" {
	local size source

	mkdir -p "$T/work"
	set_pin packed 0
	set_pin unpacked 0
	for source in linux_5.10.262.orig.tar.xz repo linux-5.10.262; do
		for size in 1 2 4; do
			mount -t tmpfs -o "size=${size}M" none "$T/work" || skip "needs mount"
			run base --from "$T/$source"
			echo "$source $size MiB: $status $output"
			if [[ $size == 4 && $source != *.xz ]]; then
				[[ $status -eq 0 ]]
			else
				[[ $status -eq 125 && ${output,,} == *"no space left"* ]]
				assert_nothing
				mount -o remount,size=64M "$T/work"
				run --separate-stderr base --from "$T/$source"
				[[ $status -eq 0 && $output == "$ID" ]]
			fi
			umount "$T/work"
		done
	done
}

@test "a missing tool is named" {
	mkdir -p "$T/few"
	local tool
	for tool in bash dirname readlink git tar awk flock sed cat; do
		ln -sf "$(command -v $tool)" "$T/few/$tool"
	done
	PATH=$T/few run "$ROOT/scripts/base" v0
	[[ $status -eq 125 && $output == *"'xz' is not installed"*"scripts/deps"* ]]
}

@test "a foreign linux.git is refused and left alone" {
	mkdir -p "$T/work"
	git clone -q --bare "$T/repo" "$T/work/linux.git"
	fingerprint "$T/work" >"$T/before"
	run base --from "$T/repo"
	[[ $status -eq 125 && $output == *"linux.git exists, and this project did not make it"* ]]
	fingerprint "$T/work" | diff "$T/before" -
}

@test "commits on top of the base are refused and left alone" {
	base --from "$T/repo"
	local work=$FAULTLINE_WORK/linux.git mine
	mine=$(git --git-dir="$work" -c user.name=me -c user.email=me@example.org \
		commit-tree -p "$ID" -m mine "$ID^{tree}")
	git --git-dir="$work" update-ref refs/heads/base/v0 "$mine"
	run base --from "$T/repo"
	[[ $status -eq 125 && $output == *"commits that are not the base's"*"branch -m"* ]]
	[[ $(git --git-dir="$work" rev-parse refs/heads/base/v0) == "$mine" ]]
}

@test "the user's repository, directory and tarball are only read" {
	local source

	printf 'dirty\n' >>"$T/repo/mm/memory.c"
	git -C "$T/repo" status >/dev/null
	for source in repo linux-5.10.262; do
		rm -rf "${T:?}/work"
		fingerprint "$T/$source" >"$T/before"
		base --from "$T/$source"
		fingerprint "$T/$source" | diff "$T/before" -
	done
	git -C "$T/repo" checkout -q mm/memory.c
}

@test "an ordinary user can do it" {
	[[ $EUID -eq 0 ]] || skip "runs as an ordinary user anyway"
	mkdir "$T/theirs"
	chown nobody "$T/theirs"
	run --separate-stderr setpriv --reuid=nobody --regid=nogroup --clear-groups \
		env HOME=/nonexistent FAULTLINE_WORK="$T/theirs/work" \
		"$ROOT/scripts/base" v0 --from "$T/repo"
	echo "$stderr"
	[[ $status -eq 0 && $output == "$ID" ]]
	run setpriv --reuid=nobody --regid=nogroup --clear-groups \
		env HOME=/nonexistent FAULTLINE_WORK="$T/home/work" \
		"$ROOT/scripts/base" v0 --from "$T/repo"
	[[ $status -eq 125 && $output == *"cannot write to $T/home/work"* ]]
}

@test "--dry-run changes nothing" {
	run base --dry-run
	[[ $status -eq 0 && $output == *"would make refs/heads/base/v0, linux 5.10.262, commit $ID"* ]]
	[[ ! -e $T/work ]]
}

@test "--write-manifest moves the base; the old one's id is told" {
	base --from "$T/repo"
	cp -a "$T/linux-5.10.262" "$T/newer"
	sed -i 's/262/263/' "$T/newer/Makefile"
	run --separate-stderr base --write-manifest --from "$T/newer"
	echo "$stderr"
	[[ $status -eq 0 && $output != "$ID" && $stderr == *"was $ID before"* ]]
	grep -qx "version = 5.10.263" "$T/configs/base/v0/pin"
	grep -qx "commit = $output" "$T/configs/base/v0/pin"
	run base --check
	[[ $status -eq 0 ]]
}

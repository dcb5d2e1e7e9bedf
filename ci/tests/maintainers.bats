#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# bats file_tags=base
# MAINTAINERS.txt, as the base's get_maintainer.pl reads it.

bats_require_minimum_version 1.5.0
load helper

setup_file() {
	. "$SCRIPTS/lib.sh"
	git_linux show base/v5.10:scripts/get_maintainer.pl >"$BATS_FILE_TMPDIR/get_maintainer.pl"
}

# maintainer ARGS...: get_maintainer.pl with $list, by default MAINTAINERS.txt, alone.
maintainer() {
	perl "$BATS_FILE_TMPDIR/get_maintainer.pl" --no-tree --no-git --no-git-fallback --no-fixes \
		--mpath="${list:-$ROOT/MAINTAINERS.txt}" "$@" 2>"$BATS_TEST_TMPDIR/stderr"
}

# project_files: print the files of the project, tracked or new.
project_files() { git -C "$ROOT" ls-files -co --exclude-standard; }

# uncovered LIST: print the files named in LIST, in the project, that no section
# has. One run for all: a section that has every file, and comes last, ends the
# answer for each.
uncovered() {
	local list=$BATS_TEST_TMPDIR/with-end files=$1

	{ cat "$ROOT/MAINTAINERS.txt"; printf '\nZZZ END\nM:\te <e@example.org>\nF:\t*\nF:\t*/\n'; } >"$list"
	mapfile -t names <"$files"
	(cd "$ROOT" && maintainer --nokeywords --sections -f "${names[@]}") | awk -v files="$files" '
		/^FAULTLINE / { found = 1 }
		/^ZZZ END$/ { getline name <files; if (!found) print name; found = 0; n++ }
		END { while ((getline name <files) > 0) print name ": not asked" }'
}

@test "every file of the project has a section" {
	project_files >"$BATS_TEST_TMPDIR/files"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/files")" -gt 100 ]
	run -0 uncovered "$BATS_TEST_TMPDIR/files"
	[ "$output" = "" ]
}

@test "a new file that no section has is found" {
	project_files >"$BATS_TEST_TMPDIR/files"
	new=$ROOT/unheard-of.$$
	touch "$new"
	{ head -n 20 "$BATS_TEST_TMPDIR/files"; echo "${new##*/}"; tail -n 20 "$BATS_TEST_TMPDIR/files"; } >"$BATS_TEST_TMPDIR/more"
	run uncovered "$BATS_TEST_TMPDIR/more"
	rm "$new"
	[ "$output" = "${new##*/}" ]
}

# parts PATCH...: write what the patches do to each file, a patch of its own each,
# to $BATS_TEST_TMPDIR/parts, with ! for / in the name.
parts() {
	mkdir -p "$BATS_TEST_TMPDIR/parts"
	cat "$@" | awk -v to="$BATS_TEST_TMPDIR/parts/" '
		/^From 0000000/ { file = "" }
		/^diff --git / { file = substr($4, 3); gsub("/", "!", file) }
		file != "" { print >> (to file) }'
}

# unclaimed: print the parts that are in no section FAULTLINE SERIES.
unclaimed() {
	local part

	for part in "$BATS_TEST_TMPDIR"/parts/*; do
		grep -q '^FAULTLINE SERIES' <(maintainer --no-email --subsystem "$part") || printf '%s\n' "${part##*/}"
	done
}

@test "every file that the series touches is in a section of the series" {
	parts "$ROOT"/patches/v5.10/*.patch
	[ "$(find "$BATS_TEST_TMPDIR/parts" -type f | wc -l)" -gt 100 ]
	run -0 unclaimed
	[ "$output" = "" ]
}

@test "a patch to a file of somebody else's is not claimed" {
	printf '%s\n' 'diff --git a/net/core/dev.c b/net/core/dev.c' '--- a/net/core/dev.c' \
		'+++ b/net/core/dev.c' '@@ -1 +1 @@' '-int a;' '+int b;' >"$BATS_TEST_TMPDIR/other.patch"
	parts "$BATS_TEST_TMPDIR/other.patch"
	run -0 unclaimed
	[ "$output" = 'net!core!dev.c' ]
}

# self_test FILE: print what get_maintainer.pl finds wrong with the sections of
# FILE, which it wants to have another name.
self_test() {
	cp "$1" "$BATS_TEST_TMPDIR/MAINTAINERS"
	(cd "$BATS_TEST_TMPDIR" && perl "$BATS_FILE_TMPDIR/get_maintainer.pl" --self-test=sections 2>stderr)
}

@test "get_maintainer.pl finds nothing wrong in it, and does in a broken one" {
	run -0 self_test "$ROOT/MAINTAINERS.txt"
	[ "$output" = "" ]
	{ cat "$ROOT/MAINTAINERS.txt"; printf '\nNO STATUS\nM:\tnobody\n'; } >"$BATS_TEST_TMPDIR/broken"
	run -0 self_test "$BATS_TEST_TMPDIR/broken"
	[[ $output == *'section without status'* ]]
}

@test "the sections are in alphabetical order" {
	grep '^FAULTLINE ' "$ROOT/MAINTAINERS.txt" | LC_ALL=C sort -c
	[ "$(grep -c '^FAULTLINE ' "$ROOT/MAINTAINERS.txt")" -gt 4 ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# bats file_tags=base
# scripts/checkpatch: what it finds, and what a patch accepts.

bats_require_minimum_version 1.5.0
load helper

setup() {
	patch=$BATS_TEST_TMPDIR/0001-line.patch
	first=$(sed -n '/^[^#]/{p;q}' "$ROOT/patches/v5.10/series")
	cp "$ROOT/patches/v5.10/$first" "$patch"
}

# add_long_line: make the patch add a line of 130 columns.
add_long_line() {
	awk '/^\+[^+]/ && !done { printf "+\t/* %0120d */\n", 0; done = 1; next } { print }' \
		"$patch" >"$patch.new"
	mv "$patch.new" "$patch"
}

# accept TEXT: give the patch the trailer Checkpatch-accepts: TEXT.
accept() { sed -i "s|^Upstream-Status: .*|&\nCheckpatch-accepts: $1|" "$patch"; }

@test "a clean patch is silent" {
	run "$SCRIPTS/checkpatch" v5.10 "$patch"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "a finding is printed with its line and type" {
	add_long_line
	expect_failure 1 ':LONG_LINE' "$SCRIPTS/checkpatch" v5.10 "$patch"
}

@test "a finding that the patch accepts is not printed" {
	add_long_line
	found=$("$SCRIPTS/checkpatch" v5.10 "$patch" | sed 's/.*: [A-Z]*:\([A-Z_]*\): .*/\1/' | sort -u)
	for type in $found; do
		accept "$type - the test wants it"
	done
	run "$SCRIPTS/checkpatch" v5.10 "$patch"
	[ "$status" -eq 0 ]
}

@test "another finding than the accepted one is printed" {
	add_long_line
	accept "AVOID_BUG - the test wants it"
	expect_failure 1 ':LONG_LINE' "$SCRIPTS/checkpatch" v5.10 "$patch"
}

@test "an acceptance without a reason accepts nothing" {
	add_long_line
	accept "LONG_LINE - "
	expect_failure 1 ':LONG_LINE' "$SCRIPTS/checkpatch" v5.10 "$patch"
}

@test "an acceptance that is not needed is named" {
	accept "AVOID_BUG - once there was one"
	expect_failure 1 'accepts AVOID_BUG, which is not found' "$SCRIPTS/checkpatch" v5.10 "$patch"
}

@test "a file that does not exist is wrong usage" {
	expect_failure 2 "no such file: none.patch" "$SCRIPTS/checkpatch" v5.10 none.patch
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/guest/tests/selftests.c, on this host, with programs that say one thing and do another.

bats_require_minimum_version 1.5.0
load helper

setup() {
	programs=$BATS_TEST_TMPDIR/selftests
	mkdir "$programs" "$BATS_TEST_TMPDIR/work"
	mkdir "$BATS_TEST_TMPDIR/thp"
	sed -e "s|\"/selftests\"|\"$programs\"|; s|\"/tmp/selftests\"|\"$BATS_TEST_TMPDIR/work\"|" \
		-e "s|MM_THP \"|\"$BATS_TEST_TMPDIR/thp/\" \"|" \
		"$CI/guest/tests/selftests.c" >"$BATS_TEST_TMPDIR/selftests.c"
	build
}

# build: make the program of its copy.
build() {
	gcc -D_GNU_SOURCE -I"$CI/guest/lib" -I"$CI/guest" -o "$BATS_TEST_TMPDIR/selftests-test" \
		"$BATS_TEST_TMPDIR/selftests.c" "$CI"/guest/lib/{ktap,mm,swapfile,file,cgroup}.c -pthread
}

# program NAME LINES: a program of the list that prints LINES and ends well.
program() {
	printf '#!/bin/sh\ncat <<"END"\n%s\nEND\n' "$2" >"$programs/$1"
	chmod +x "$programs/$1"
	printf 'run %s %s 5 0 # why\n' "$1" "$1" >>"$programs/list"
}

# says RESULT: the last run has that line of KTAP.
says() { grep -qE "^$1" <<<"$output" || { printf 'no line "%s" in:\n%s\n' "$1" "$output"; return 1; }; }

@test "tests that pass, are all skipped, or are none: what it counts itself is what counts" {
	printf '# a comment\n\n' >"$programs/list"
	program passes '# Totals: pass:1 fail:0 xfail:0 xpass:0 skip:3 error:0'
	program silent 'nothing to count'
	program skips '# Totals: pass:0 fail:0 xfail:0 xpass:0 skip:26 error:0'
	program nothing '# Totals: pass:0 fail:0 xfail:0 xpass:0 skip:0 error:0'
	printf 'omit something # why not\n' >>"$programs/list"
	run -1 "$BATS_TEST_TMPDIR/selftests-test"
	says 'ok 1 passes$'
	says 'ok 2 silent$'
	says 'ok 3 skips # SKIP it skips each of its tests'
	says 'not ok 4 nothing # it ran no test'
	says '# fact: selftests.skipped=skips$'
}

@test "a bad result counts also in a colour, behind a full line and without an end" {
	: >"$programs/list"
	program coloured $'\033[31mnot ok 1 in red\033[0m'
	program expected 'not ok 1 x # XFAIL as it is'
	program long "$(printf 'x%.0s' {1..511})not ok 1 behind"
	program unended 'ok'
	printf '#!/bin/sh\nprintf "not ok 1 to the end"\n' >"$programs/unended"
	run -1 "$BATS_TEST_TMPDIR/selftests-test"
	says 'not ok 1 coloured # > not ok 1 in red'
	says 'ok 2 expected$'
	says 'not ok 3 long # > not ok 1 behind'
	says 'not ok 4 unended # > not ok 1 to the end'
}

@test "gup_benchmark that gets fewer pages than it asks for ends well, and fails" {
	: >"$programs/list"
	program all $'get: 100 put: 10 us'
	program fewer $'get: 100 put: 10 us, truncated (size: 0)'
	run -1 "$BATS_TEST_TMPDIR/selftests-test"
	says 'ok 1 all$'
	says 'not ok 2 fewer # > get: 100 put: 10 us, truncated .size: 0.'
}

@test "what a machine cannot have is skipped: pages of a size, huge pages beyond its memory" {
	program small 'not ok 1 small pages'
	program huge 'not ok 1 huge pages'
	program argument ''
	# shellcheck disable=SC2016 # for the program
	printf '#!/bin/sh\necho "MiB: $1"\n' >"$programs/argument"
	sed -i -e '/small/s/#/page=65536 #/' -e '/huge/s/#/hugepages=100000000 #/' \
		-e '/argument/s/#/page=4 {huge} #/' "$programs/list"
	run -0 "$BATS_TEST_TMPDIR/selftests-test"
	says 'ok 1 small # SKIP it takes pages to be of 65536 KiB'
	says 'ok 2 huge # SKIP (100000000 huge pages of [0-9]+ kB are more than half of the memory|no huge pages)'
	says '# > MiB: 0'
	says 'ok 3 argument$'
	says '# fact: selftests.skipped=small,huge$'
}

@test "what is to make huge pages has to make one; without any it is skipped" {
	local good='stress: 0.1 s/loop	  16 succeed,    0 failed,   12 different pages'

	for name in stress idle silent; do
		printf '#!/bin/sh\necho "%s"\nexec sleep 60\n' "$good" >"$programs/$name"
		chmod +x "$programs/$name"
		echo "run $name $name 1 alive thp=madvise" >>"$programs/list"
	done
	sed -i 's/ 16 succeed/  0 succeed/' "$programs/idle"
	sed -i /succeed/d "$programs/silent"
	sed -i 's/define ROUND_SECONDS.*/define ROUND_SECONDS 1/' "$BATS_TEST_TMPDIR/selftests.c"
	build
	run -0 "$BATS_TEST_TMPDIR/selftests-test"
	says 'ok 1 stress # SKIP no '
	says '# fact: selftests.skipped=stress,idle,silent$'
	echo 'always madvise [never]' >"$BATS_TEST_TMPDIR/thp/enabled"
	run -1 "$BATS_TEST_TMPDIR/selftests-test"
	says 'ok 1 stress$'
	says 'not ok 2 idle # no huge page in 1 rounds'
	says 'not ok 3 silent # no huge page in 0 rounds'
	[ "$(head -n 1 "$BATS_TEST_TMPDIR/thp/enabled")" = never ]
}

@test "a line of the list that says nothing known is an error, not a test less" {
	program passes 'ok'
	printf 'rum passes passes 5 0\n' >>"$programs/list"
	expect_failure 2 "list:2: not understood" "$BATS_TEST_TMPDIR/selftests-test"
}

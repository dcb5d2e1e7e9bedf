#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# .ci/run, with stand-ins for what it runs: what it counts, and what it leaves out.

bats_require_minimum_version 1.5.0
load helper

setup() {
	local name

	COPY=$BATS_TEST_TMPDIR/copy
	export FAULTLINE_WORK=$BATS_TEST_TMPDIR/work
	unset CI
	mkdir -p "$COPY/.ci" "$COPY/ci" "$COPY/configs"
	cp -r "$ROOT/configs/compile" "$COPY/configs/"
	cp "$ROOT/.ci/run" "$COPY/.ci/"
	for name in run test compile identical; do
		stand_in "$name" 'echo "2 passed, 0 failed"'
	done
}

# stand_in NAME COMMANDS: ci/NAME of the copy runs COMMANDS.
stand_in() {
	printf '#!/bin/bash\n%s\n' "$2" >"$COPY/ci/$1"
	chmod +x "$COPY/ci/$1"
}

# compile_gives COMMANDS TOTAL: where ci/compile runs COMMANDS, .ci/run fails and ends with TOTAL.
compile_gives() {
	stand_in compile "$1"
	run -1 "$COPY/.ci/run"
	[ "${lines[-1]}" = "$2" ]
}

@test "what each stage counts is added up" {
	stand_in test 'echo "3 passed, 0 failed, 1 skipped"'
	run -0 "$COPY/.ci/run"
	[ "$(grep -c '^== .*: exit 0 after' <<<"$output")" -eq 9 ]
	# 4 of ci/test, 5 others
	[ "${lines[-1]}" = '22 passed, 0 failed, 4 skipped' ]
	[[ ${lines[-2]} =~ ^'== seconds: tests style '[0-9]+', series '[0-9]+', '.*', compile '[0-9]+', tests slow '[0-9]+$ ]]
}

@test "every configuration is compiled, but of those without MMU one" {
	stand_in compile 'printf "%s\n" "$@"; echo "1 passed, 0 failed"'
	touch "$COPY/configs/compile/"new{,.config}
	run -0 "$COPY/.ci/run"
	[[ $output == *$'\nv5.10\n--step\ntip\n--config\n'*nommu-* ]]
	for config in $(cd "$COPY/configs/compile" && ls -I '*.config'); do
		[[ $config == nommu-* || $'\n,'${output//$'\n'/,}, == *",$config,"* ]]
	done
	[ "$(grep -o 'nommu-' <<<"$output" | wc -l)" -eq 1 ]
}

@test "a stage that fails makes it fail, also one that counts no failure or nothing" {
	compile_gives 'echo "2 passed, 0 failed"; exit 125' '18 passed, 1 failed, 0 skipped'
	compile_gives 'echo "1 passed, 1 failed"; exit 1' '17 passed, 2 failed, 0 skipped'
	# A cell that is not judged is one that fails.
	compile_gives 'echo "cells: 1 passed, 0 failed, 2 not judged"; exit 125' '17 passed, 3 failed, 0 skipped'
	compile_gives 'echo "cells: 0 passed, 0 failed, 1 not judged"; exit 125' '16 passed, 2 failed, 0 skipped'
	[[ $output != *'nothing was checked'* ]]
	compile_gives 'echo "0 passed, 0 failed"' '16 passed, 1 failed, 0 skipped'
	[[ $output == *'nothing was checked'* ]]
}

@test "a stage for which there is no time is left out, said and counted" {
	FAULTLINE_CI_MINUTES=13 run -0 "$COPY/.ci/run"
	# What is planned to be shorter than that.
	[[ $output == *'== series: left out: planned 14 min, 0 of 13 min spent'*'ci/run --brief --no-deps'* ]]
	[ "${lines[-1]}" = '16 passed, 0 failed, 1 skipped' ]
	# With everything left out nothing has been shown.
	FAULTLINE_CI_MINUTES=0 run -1 "$COPY/.ci/run"
	[ "${lines[-1]}" = '0 passed, 0 failed, 9 skipped' ]
}

@test "the slow tests are left out where they would end after the hour, and nothing else is" {
	# shellcheck disable=SC2016 # for the copy
	sed -i 's/^passed=0 failed=0 skipped=0 planned=0/SECONDS=$ALREADY passed=0 failed=0 skipped=0 planned=47/' "$COPY/.ci/run"
	ALREADY=3300 run -0 "$COPY/.ci/run"
	[ "${lines[-1]}" = '18 passed, 0 failed, 0 skipped' ]
	ALREADY=3500 run -0 "$COPY/.ci/run"
	[[ $output == *'== tests slow: left out: planned 4 min, 58 of 59 min spent'*'ci/test shell --slow-only'* ]]
	[ "${lines[-1]}" = '16 passed, 0 failed, 1 skipped' ]
}

@test "a stage that takes longer than there is time is ended, and what failed in it counts" {
	stand_in test 'echo "ok 1 a test"; echo "ok 2 another"; exec sleep 100'
	SECONDS=0
	FAULTLINE_CI_MINUTES=3 FAULTLINE_CI_GRACE=-177 run -0 "$COPY/.ci/run"
	((SECONDS < 60))
	[[ $output == *'== tests style: ended after '*', as there is no more time'* ]]
	# Of the others there is time for none, and they are left out.
	[ "${lines[-1]}" = '2 passed, 0 failed, 9 skipped' ]
	stand_in test 'echo "ok 1 a test"; echo "not ok 2 another"; exec sleep 100'
	FAULTLINE_CI_MINUTES=3 FAULTLINE_CI_GRACE=-177 run -1 "$COPY/.ci/run"
	[ "${lines[-1]}" = '1 passed, 1 failed, 9 skipped' ]
	# ci/compile and ci/identical say it in words of their own.
	for line in 'arm64: mm/memory.c: function do_fault differs:' 's390x: mm/memory.c does not compile at step 2:' \
		'boot: step 1 on arm64-hafdbs: cannot be judged, see /x' '[  FAILED  ] test_two' 'ci/test: error: no disk'; do
		stand_in test "echo 'ok 1 a test'; echo '$line'; exec sleep 100"
		FAULTLINE_CI_MINUTES=3 FAULTLINE_CI_GRACE=-177 run -1 "$COPY/.ci/run"
		[ "${lines[-1]}" = '1 passed, 1 failed, 9 skipped' ]
	done
	# One that is killed while there is time is a failure.
	stand_in test 'echo "2 passed, 0 failed"; kill -KILL $$'
	run -1 "$COPY/.ci/run"
	[[ $output == *'== tests style: exit 137 after'* && ${lines[-1]} == '18 passed, 4 failed, 0 skipped' ]]
}

@test "a CI server has huge pages of every size meanwhile, and its own setting back" {
	export FAULTLINE_HUGE_PAGES=$BATS_TEST_TMPDIR/pages
	mkdir -p "$FAULTLINE_HUGE_PAGES/hugepages-64kB"
	echo 'always [madvise] never' >"$FAULTLINE_HUGE_PAGES/enabled"
	echo 'always inherit madvise [never]' >"$FAULTLINE_HUGE_PAGES/hugepages-64kB/enabled"
	settings() { cat "$FAULTLINE_HUGE_PAGES"/{,hugepages-*/}enabled; }
	original=$(settings)
	# shellcheck disable=SC2016 # for the stand-in
	stand_in compile 'cat "$FAULTLINE_HUGE_PAGES"/{,hugepages-*/}enabled; echo "1 passed, 1 failed"'
	run -1 "$COPY/.ci/run" # nobody else's machine is changed
	[[ $output == *"$original"* && $(settings) == "$original" ]]
	CI=true run -1 "$COPY/.ci/run"
	[[ $output == *$'always\ninherit\n'* && $(settings) == $'madvise\nnever' ]]
	# A setting that cannot be written is nothing to stop for.
	ln -sf /proc/version "$FAULTLINE_HUGE_PAGES/hugepages-64kB/enabled"
	echo 'always [madvise] never' >"$FAULTLINE_HUGE_PAGES/enabled"
	# shellcheck disable=SC2016 # for the stand-in
	stand_in compile 'cat "$FAULTLINE_HUGE_PAGES/enabled"; echo "2 passed, 0 failed"'
	CI=true run -0 "$COPY/.ci/run"
	[[ $output == *$'\nalways\n'* && $(cat "$FAULTLINE_HUGE_PAGES/enabled") == madvise ]]
}

@test "on a slow machine it is the pace that counts, on a fast one the plan" {
	there_is_time() { # SPENT PLANNED LIMIT MINUTES
		bash -c "$(sed -n '/^there_is_time()/,/^}/p' "$COPY/.ci/run")"'
			SECONDS=$(($1 * 60)) planned=$2 limit=$3; there_is_time "$4"' x "$@"
	}
	there_is_time 40 20 60 10
	run -1 there_is_time 40 20 60 11
	there_is_time 10 20 30 20
	run -1 there_is_time 10 20 30 21
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/test itself: what it counts, and how it ends.
# shellcheck disable=SC2016 # programs for other shells

bats_require_minimum_version 1.5.0
load helper

setup() {
	copy_of_project
	export FAULTLINE_WORK=$BATS_TEST_TMPDIR/work
	rm -r "$COPY"/ci/tests/*
	mkdir "$BATS_TEST_TMPDIR/bin"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

# suite TEXT...: a suite of the copy with these tests.
suite() { printf '@test "%s" { %s; }\n' "$@" >"$COPY/ci/tests/x.bats"; }

# of_copy ARGS...: ci/test of the copy, which runs bats as if none ran around it.
of_copy() (
	for name in "${!BATS_@}"; do [[ $name == BATS_TEST_TIMEOUT ]] || export -n "${name?}"; done
	"$COPY/ci/test" --no-deps "$@"
)

@test "suites are counted, also on one core" {
	suite good true better true bad false left 'skip not here'
	for cores in 1 2; do
		printf '#!/bin/sh\necho %s\n' "$cores" >"$BATS_TEST_TMPDIR/bin/nproc"
		chmod +x "$BATS_TEST_TMPDIR/bin/nproc"
		expect_failure 1 '2 passed, 1 failed, 1 skipped' of_copy shell
	done
	suite good true
	run -0 of_copy shell
	[[ $output == *'1 passed, 0 failed, 0 skipped' ]]
}

@test "slow tests are run when asked for, and alone when that is asked" {
	{
		printf '# bats test_tags=%s\n@test "%s" { true; }\n' base,slow kernel base guest slow minutes
		echo '@test "quick" { true; }'
	} >"$COPY/ci/tests/x.bats"
	run -0 of_copy shell
	[[ $output == *quick* && $output != *minutes* && $output == *'1 passed, 0 failed, 0 skipped' ]]
	run -0 of_copy shell --slow
	[[ $output == *minutes* && $output == *'2 passed, 0 failed, 0 skipped' ]]
	run -0 of_copy shell --slow-only
	[[ $output == *minutes* && $output != *quick* && $output == *'1 passed, 0 failed, 0 skipped' ]]
	# The other part, without the bases that it has imported first.
	printf '#!/bin/sh\n' | tee "$COPY/scripts/base" >"$COPY/scripts/apply"
	run -0 of_copy machine
	[[ $output == *guest* && $output != *kernel* && $output == *'1 passed, 0 failed, 0 skipped' ]]
	run -0 of_copy machine --slow-only
	[[ $output == *kernel* && $output != *guest* && $output == *'1 passed, 0 failed, 0 skipped' ]]
}

@test "no test waits for bats' own clock" {
	run ! grep -nE '(^|[;&|[:space:]])wait *($|[;&|)#])' "$CI"/tests/*.bats "$CI"/tests/*.bash
	# Control: one that does takes as long as its limit.
	suite waits 'true & wait'
	SECONDS=0
	BATS_TEST_TIMEOUT=3 run -1 timeout 60 bash -c "$(declare -f of_copy); COPY=$COPY; of_copy shell"
	((SECONDS >= 3))
}

@test "the suite with most tests to run is begun first" {
	printf '@test "%s" { true; }\n' one two three >"$COPY/ci/tests/b.bats"
	printf '# bats test_tags=%s\n@test "%s" { true; }\n' slow minutes slow hours none first >"$COPY/ci/tests/a.bats"
	run -0 of_copy shell
	[[ $output == *'ok 1 one in '*'ok 4 first in '* ]]
	run -0 of_copy shell --slow-only
	[[ $output == *'ok 1 minutes in '*'2 passed, 0 failed, 0 skipped' ]]
	run -0 of_copy shell --slow
	[[ $output == *'ok 1 minutes in '*'ok 4 one in '* ]]
}

@test "a test that does not end is ended, and has failed" {
	suite endless 'until false; do sleep 0.1; done' good true
	BATS_TEST_TIMEOUT=2 run -1 timeout 60 bash -c "$(declare -f of_copy); COPY=$COPY; of_copy shell"
	[[ $output == *'not ok 1 endless in '*'# timeout after 2s'*'1 passed, 1 failed, 0 skipped' ]]
	suite limit 'echo "# limit $BATS_TEST_TIMEOUT" >&3'
	BATS_TEST_TIMEOUT='' run -0 of_copy shell
	[[ $output == *'# limit 600'* ]]
	BATS_TEST_TIMEOUT='' run -0 of_copy shell --slow
	[[ $output == *'# limit 3600'* ]]
}

# bats test_tags=slow
@test "--quiet names what failed, and nothing else" {
	suite good true bad false
	run -1 of_copy shell --quiet
	[[ $output == *'not ok 2 bad'* && $output != *'ok 1 good'* ]]
	printf '#!/bin/sh\necho "a finding"; exit 1\n' >"$BATS_TEST_TMPDIR/bin/shellcheck"
	chmod +x "$BATS_TEST_TMPDIR/bin/shellcheck"
	role init -q "$COPY"
	printf '#!/bin/sh\n' | tee "$COPY/scripts/base" "$COPY/scripts/checkpatch" >/dev/null
	run -1 of_copy style --quiet
	[[ $output == *'not ok - shellcheck of '*'a finding'*' passed, '* ]]
	# Each of the parts that shellcheck is run in, and nothing else.
	[[ $output == *" passed, $(grep -c '^not ok - shellcheck of ' <<<"$output") failed, 0 skipped" ]]
	[[ $'\n'$output != *$'\nok - '* ]]
}

@test "the bases are imported beside shellcheck, and are there before checkpatch" {
	role init -q "$COPY"
	printf '#!/bin/sh\ntouch "%s"\n' "$BATS_TEST_TMPDIR/begun" >"$BATS_TEST_TMPDIR/bin/shellcheck"
	chmod +x "$BATS_TEST_TMPDIR/bin/shellcheck"
	printf '#!/bin/sh\nuntil [ -e "%s/begun" ]; do sleep 0.1; done\nsleep 0.5; touch "%s/$1"\n' \
		"$BATS_TEST_TMPDIR"{,} >"$COPY/scripts/base"
	printf '#!/bin/sh\n[ -e "%s/$1" ]\n' "$BATS_TEST_TMPDIR" >"$COPY/scripts/checkpatch"
	run -0 timeout 60 bash -c "$(declare -f of_copy); COPY=$COPY; of_copy style"
	[[ $output == *'ok - checkpatch of mainline/'*' 0 failed, 0 skipped' ]]
	# One that cannot be had keeps the tests from running.
	printf '#!/bin/sh\n[ "$1" != mainline ] || exit 9\n' >"$COPY/scripts/base"
	run -125 of_copy style
	[[ $output == *'a command failed with 9'* && $output != *checkpatch* ]]
}

@test "the cmocka suites run beside what comes before them, and end with ci/test" {
	# In a process of its own, which make does not end.
	printf 'check:\n\t@bash -c "%s"; true\n' "touch unit; until [ -e suite ]; do sleep 0.1; done; echo '[       OK ] test_one'" \
		>"$COPY/ci/vmrun/Makefile"
	suite both "until [ -e '$COPY/ci/vmrun/unit' ]; do sleep 0.1; done; touch '$COPY/ci/vmrun/suite'"
	run -0 timeout 20 bash -c "$(declare -f of_copy); COPY=$COPY; of_copy shell unit unit"
	[[ $output == *'3 passed, 0 failed, 0 skipped' ]]
	rm "$COPY/ci/vmrun/suite"
	printf '#!/bin/sh\nsleep 1; pgrep -f "touch unit; unti[l]" >"%s"; exit 9\n' "$BATS_TEST_TMPDIR/running" >"$COPY/scripts/base"
	run -125 of_copy machine unit 3>&- # bats waits for who has it
	[ -s "$BATS_TEST_TMPDIR/running" ] # control
	for pid in $(<"$BATS_TEST_TMPDIR/running"); do
		for _ in {1..50}; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
		run -1 kill -0 "$pid"
	done
}

@test "a cmocka test that fails is counted once" {
	printf 'check:\n\t@%s; exit 1\n' "printf '[       OK ] test_one\n[  FAILED  ] test_two\n[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] test_two\n'" \
		>"$COPY/ci/vmrun/Makefile"
	run -1 of_copy unit
	[[ $output == *'1 passed, 1 failed, 0 skipped' ]]
}

@test "what keeps the tests from running is 125" {
	expect_failure 125 'a command failed with 128' of_copy style
	echo "not a test" >"$COPY/ci/tests/x.bats"
	expect_failure 1 'no bats test ran' of_copy shell
}

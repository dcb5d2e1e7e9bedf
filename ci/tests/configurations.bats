#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/compile in the configurations of configs/compile, on a kernel that is built in a
# moment: what is compiled, what fails a step, and how it ends.

bats_require_minimum_version 1.5.0
load helper
load mini-matrix

setup() {
	local name

	mini_seed
	mini_matrix 3
	mkdir "$FAULTLINE_CONFIGS/compile"
	for name in one two; do
		printf 'arch = mini\ncross =\ntargets = Image\n' >"$FAULTLINE_CONFIGS/compile/$name"
		echo "# $name" >"$FAULTLINE_CONFIGS/compile/$name.config"
	done
	export FAULTLINE_JOBS=2
}

# planted LINE: the third step has LINE, and the fourth no longer.
planted() {
	sed -i "s/int bad;/$1/" "$series"/*.patch
	"$SCRIPTS/apply" mini --no-lint --quiet >/dev/null
}

compiled() { "$CI/compile" mini --config one,two "$@"; }

@test "each step is compiled in each configuration, once" {
	run -0 compiled
	[[ $output == *'compile mini: 10 passed, 0 failed' ]]
	[ "$(grep -c ': ok$' <<<"$output")" -eq 10 ]
	# Nothing of it is done again.
	printf '#!/bin/sh\nexit 1\n' >"$BATS_TEST_TMPDIR/make"
	chmod 755 "$BATS_TEST_TMPDIR/make"
	PATH=$BATS_TEST_TMPDIR:$PATH run -0 compiled
	[ "$(grep -c ': present$' <<<"$output")" -eq 10 ]
	# control: another configuration is another build
	echo '# and more' >>"$FAULTLINE_CONFIGS/compile/two.config"
	PATH=$BATS_TEST_TMPDIR:$PATH expect_failure 125 "two.config failed" compiled --step 0
}

@test "an error fails the step that has it, in each configuration" {
	planted '#error planted'
	expect_failure 1 'step 3 two: error, see ' compiled
	[[ $output == *'#error planted'*'compile mini: 8 passed, 2 failed'* ]]
	[ "$(grep -c 'step 3 .*: error, see' <<<"$output")" -eq 2 ]
}

@test "a warning in a file that the step touches fails it" {
	planted '#warning planted'
	expect_failure 1 'step 3 one: warnings, see ' compiled --step 2,3
	[[ $output == *'compile mini: 2 passed, 2 failed'* ]]
	# control
	run -0 compiled --step 2
}

@test "a base that does not compile judges nothing" {
	echo 'targets = nothing' >"$FAULTLINE_CONFIGS/compile/two"
	printf 'arch = mini\ncross =\n' >>"$FAULTLINE_CONFIGS/compile/two"
	expect_failure 125 'the base itself does not compile as two' compiled
	expect_failure 2 "no configuration 'three'" "$CI/compile" mini --config one,three
}

@test "what fails of ours is not the step's fault, and the same name twice is one" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/touch" <<-'E'
		#!/bin/sh
		case $* in *done-*) echo "touch: No space left on device" >&2; exit 1 ;; esac
		exec /usr/bin/touch "$@"
	E
	chmod +x "$BATS_TEST_TMPDIR/bin/touch"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH expect_failure 125 'step 2 could not be judged as' compiled --step 2
	[[ $output != *'passed, '* ]]
	run -0 "$CI/compile" mini --config one,one --step 2
	[[ $output == *'compile mini: 1 passed, 0 failed' ]]
}

# wait_in_make CONDITION: the kernel's make begins with this command of the shell.
wait_in_make() {
	sed -i "/^Image:/i Image: begin\n.PHONY: begin\nbegin:\n\t@touch \$(O)/begun; $1\n" "$tree/Makefile"
	role -C "$tree" commit -q -a --amend --no-edit
	role -C "$tree" tag -f v5.10.262 >/dev/null
	rm -rf "$FAULTLINE_WORK/linux.git"
	mini_work "$FAULTLINE_WORK"
}

@test "they are compiled side by side, and end with the command" {
	local command begun=$FAULTLINE_WORK/build/mini

	rm "$series"/*
	: >"$series/series"
	role -C "$tree" checkout -q v5.10.262
	wait_in_make "while [ ! -e $BATS_TEST_TMPDIR/go ]; do sleep 0.1; done"
	"$CI/compile" mini --config one,two 3>&- &
	command=$!
	for _ in {1..100}; do [[ ! -e $begun/one/begun || ! -e $begun/two/begun ]] || break; sleep 0.1; done
	[[ -e $begun/one/begun && -e $begun/two/begun ]]
	pgrep -f "O=$begun" # control
	kill "$command"
	wait "$command" && false
	for _ in {1..50}; do pgrep -f "O=$begun" >/dev/null || break; sleep 0.1; done
	run -1 pgrep -f "O=$begun"
	# A rerun recovers.
	touch "$BATS_TEST_TMPDIR/go"
	run -0 compiled
	[[ $output == *'compile mini: 2 passed, 0 failed' ]]
}

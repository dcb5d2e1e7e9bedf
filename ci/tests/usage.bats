#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# What all commands have in common on their command lines.

bats_require_minimum_version 1.5.0
load helper

# of_a_track: print the commands that take one track, a line each.
of_a_track() {
	printf '%s\n' "$SCRIPTS"/{apply,base,check,lint,rebase,refresh,regen,send} \
		"$CI"/{bench-{fault,matrix,reclaim,size,toolkit},bisect,boot,build,cell,compile,guest-image,identical,report}
}

@test "--help and -h say what it does and how it ends" {
	local command

	for command in $(of_a_track) "$SCRIPTS"/{check-patch.sh,checkpatch,deps,status} "$CI"/{bench,diagnose,run,test} "$CI/recipes/make" "$ROOT/.ci/run"; do
		run -0 "$command" --help
		[[ $output == *[Uu]'sage: '* && $output =~ Exit.*:' 0' ]]
		run -0 "$command" -h
	done
}

@test "a second track is refused, and names both" {
	local command

	for command in $(of_a_track); do
		expect_failure 2 "one track, not 'v5.10' and 'mainline'" "$command" v5.10 mainline
		[[ $stderr == *"see '$command --help'"* || $output == *"see '$command --help'"* ]]
	done
	expect_failure 2 "one track, not 'v5.10' and 'mainline'" "$CI/bench" show v5.10 mainline
}

@test "a track that is not there is wrong usage" {
	expect_failure 2 "no track 'nothing'" "$SCRIPTS/checkpatch" nothing "$ROOT/README.md"
	expect_failure 2 "no track 'nothing'" "$CI/guest-image" nothing --arch arm64
	expect_failure 2 "no track 'nothing'" "$CI/report" nothing
	expect_failure 2 "no track 'nothing'" "$CI/recipes/make" --track nothing --check
	expect_failure 2 "no track 'nothing'" "$CI/boot" nothing --list --step 0
}

@test "a guest test that is not there is wrong usage, before anything is built" {
	local missing="no test 'faultarond'; there are: dirty faultaround gup "

	export FAULTLINE_WORK=$BATS_TEST_TMPDIR/work
	expect_failure 2 "$missing" "$CI/cell" v5.10 --step 0 --machine s390x --tests gup,faultarond
	expect_failure 2 "$missing" "$CI/boot" v5.10 --list --tests faultarond
	expect_failure 2 "$missing" "$CI/run" --list --tests faultarond
	expect_failure 2 "$missing" "$CI/bisect" v5.10 --test faultarond
	[ ! -e "$FAULTLINE_WORK/image" ]
	run -0 "$CI/boot" v5.10 --list --step 0 --machine s390x --tests gup.anon,probe
}

@test "a work area without the base: how to get it, and nothing of git's own" {
	local command

	export FAULTLINE_WORK=$BATS_TEST_TMPDIR/work
	for command in "$SCRIPTS/checkpatch v5.10 $ROOT/README.md" "$SCRIPTS/refresh v5.10 --from topic" \
		"$SCRIPTS/regen v5.10" "$CI/guest-image v5.10 --arch arm64" "$CI/boot v5.10 --step tip" \
		"$CI/bench size v5.10 --arch arm64" "$CI/compile v5.10" "$CI/identical v5.10"; do
		# shellcheck disable=SC2086 # words of a command
		expect_failure 125 "run scripts/base v5.10" $command
		[[ $output != *fatal:* ]]
	done
}

@test ".ci/run takes no argument" {
	expect_failure 2 "unknown argument '--nonsense'" "$ROOT/.ci/run" --nonsense
	expect_failure 2 "unknown argument ''" "$ROOT/.ci/run" ''
	expect_failure 2 "unknown argument 'none'" "$ROOT/.ci/run" none
}

@test "an argument that is empty, or one too many, is refused" {
	expect_failure 2 "a track, --step and --machine are needed" "$CI/boot-job" ''
	expect_failure 2 "a track, --step and --machine are needed" "$CI/boot-job" '' --step 0 --machine arm
	expect_failure 2 "one result folder, not 'a' and 'b'" "$CI/diagnose" a b
	expect_failure 2 "no architecture 'vax'; there are: alpha " "$CI/guest-image" v5.10 --arch vax
}

@test "options of which one would be dropped without a word exclude each other" {
	local option

	for option in --all --flips --brief; do
		expect_failure 2 "--step, --all, --flips and --brief ask for different steps" \
			"$CI/boot" v5.10 --list --step 1 "$option"
	done
	expect_failure 2 "--report and --write exclude each other" "$SCRIPTS/regen" v5.10 --write --report
	expect_failure 2 "--against-coccicheck and --report exclude each other" \
		"$SCRIPTS/regen" v5.10 --report --against-coccicheck
	expect_failure 2 "--nommu and --config exclude each other" "$CI/compile" v5.10 --config um --nommu
	expect_failure 2 "--config and --nommu exclude each other" "$CI/compile" v5.10 --nommu --config um
}

@test "a path in which no kernel can be built is refused before anything is fetched" {
	export FAULTLINE_WORK="$BATS_TEST_TMPDIR/a work area"
	expect_failure 125 "a kernel cannot be built in a path with blanks or colons: $FAULTLINE_WORK" \
		"$CI/run" --no-deps
	[ ! -e "$FAULTLINE_WORK" ]
}

@test "a reader that has enough is no failure of ours; a signal where nobody reads is" {
	# shellcheck disable=SC2016 # a program for another shell
	local script='. "$1"; own_failures_are_infra; exit 141'

	[ -z "$( { bash -c "$script" - "$SCRIPTS/lib.sh" | cat; } 2>&1)" ]
	expect_failure 125 "a command failed with 141" bash -c "exec >/dev/null; $script" - "$SCRIPTS/lib.sh"
}

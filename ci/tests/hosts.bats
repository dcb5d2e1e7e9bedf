#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/boot-hosts.sh and what ci/boot-jobs.sh does with an answer, without a network.
# shellcheck disable=SC2034,SC2016 # for the functions; of the stand-in

bats_require_minimum_version 1.5.0
load helper

setup() {
	T=$BATS_TEST_TMPDIR
	export FAULTLINE_WORK=$T/work
	. "$SCRIPTS/lib.sh"
	. "$CI/boot-hosts.sh"
	. "$CI/boot-jobs.sh"
}

@test "a work area with blanks on another host: nothing beside it is removed" {
	FAULTLINE_ROOT=$T/project
	role init -q "$FAULTLINE_ROOT"
	role -C "$FAULTLINE_ROOT" commit -q --allow-empty -m project
	# What ssh is to the command; the home of the user there is "a b".
	printf '#!/bin/sh\nFAULTLINE_WORK= HOME="%s/a b" exec sh -c "$2"\n' "$T" >"$T/there"
	chmod +x "$T/there"
	mkdir "$T/a" "$T/a b"
	touch "$T/a/mine"
	for _ in 1 2; do
		send_project "$T/there host"
		[ -f "$T/a/mine" ]
		[ "$(ls "$T/a b/.faultline/project")" = "$(role -C "$FAULTLINE_ROOT" rev-parse HEAD)" ]
	done
}

@test "a result that cannot be put in its place is not one" {
	track=mini again=0 cells=('0 a1 mini')
	mkdir -p "$T/job" "$T/there" "$FAULTLINE_WORK/result/mini"
	echo '{"verdict": "pass"}' >"$T/there/result.json"
	{ printf '0\ta1/0-abc\n'; tar -cz -C "$T/there" .; } >"$T/job/stdout"
	touch "$FAULTLINE_WORK/result/mini/a1" # where the folder would be
	outcome=() folder=()
	accept 0 "$T/job"
	[ "${#outcome[@]}" -eq 0 ]
	# The control: with room for it.
	rm -r "$FAULTLINE_WORK/result/mini/a1" "$T/job/result"
	accept 0 "$T/job"
	[ "${outcome[0]}" = 0 ]
	[ -f "${folder[0]}/result.json" ]
}

@test "a result that is here stays, and is what counts, whatever another host says" {
	track=mini again=0 cells=('0 a1 mini')
	mkdir -p "$T/job" "$T/there" "$FAULTLINE_WORK/result/mini/a1/0-abc"
	echo '{"verdict": "pass"}' >"$T/there/result.json"
	{ printf '0\ta1/0-abc\n'; tar -cz -C "$T/there" .; } >"$T/job/stdout"
	echo '{"verdict": "hang"}' >"$FAULTLINE_WORK/result/mini/a1/0-abc/result.json"
	outcome=() folder=()
	accept 0 "$T/job"
	[ "${outcome[0]} ${folder[0]}" = "1 $FAULTLINE_WORK/result/mini/a1/0-abc" ]
	grep -q hang "$FAULTLINE_WORK/result/mini/a1/0-abc/result.json"
	# control: with --again the new one counts
	again=1
	rm -r "$T/job/result"
	accept 0 "$T/job"
	[ "${outcome[0]}" -eq 0 ]
	grep -q pass "$FAULTLINE_WORK/result/mini/a1/0-abc/result.json"
}

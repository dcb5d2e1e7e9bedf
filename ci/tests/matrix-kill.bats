#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/boot is killed at random moments, ten times, and goes on each time: what it has
# judged in the end is what a run that nothing disturbed judges.

bats_require_minimum_version 1.5.0
load helper
load mini-matrix

setup_file() { mini_seed; }

# start: begin a run in a session of its own, and set session and started.
start() {
	setsid "$CI/boot" mini --quiet >/dev/null 2>>"$BATS_TEST_TMPDIR/log" 3>&- &
	session=$!
}

# kill_run HOW SESSION: kill the process on top; its process group, which the jobs are
# not in; or everything it started.
kill_run() {
	local pids

	case $1 in
	top) kill -KILL "$2" ;;
	group) kill -KILL -- "-$2" ;;
	all)
		mapfile -t pids < <(ps -o pid= -s "$2" | tr -d ' ')
		((!${#pids[@]})) || kill -KILL "${pids[@]}"
		;;
	esac 2>/dev/null || true
	wait "$session" 2>/dev/null || true
}

# locked: print the locks that somebody holds.
locked() {
	local file

	for file in "$FAULTLINE_WORK"/lock/*; do
		flock -n "$file" true || printf '%s\n' "$file"
	done
}

# litter: print what a run makes on the way and has not put in its place.
litter() { find "$FAULTLINE_WORK" -path "$FAULTLINE_WORK/ccache" -prune -o \( -name '*.tmp*' -o -name '*.lock' \) -print; }

# bats test_tags=slow
@test "killed ten times at random moments, a run ends as one that nothing disturbed" {
	local seed=${SEED:-$RANDOM} length how rounds=0

	echo "# seed $seed" >&3
	echo "seed $seed"
	mini_matrix 3
	export MINI_SECONDS=0.1
	work=$FAULTLINE_WORK
	FAULTLINE_WORK=$BATS_TEST_TMPDIR/calm
	mini_work "$FAULTLINE_WORK"
	length=$EPOCHREALTIME
	run -1 "$CI/boot" mini --quiet
	length=$(awk -v from="$length" -v to="$EPOCHREALTIME" 'BEGIN { print to - from }')
	calm=$(what_was_judged "$FAULTLINE_WORK")
	[ "$(wc -l <<<"$calm")" -eq 9 ]

	FAULTLINE_WORK=$work
	RANDOM=$seed
	for how in all top all group all all top all group all; do
		start
		sleep "$(awk -v part="$RANDOM" -v whole="$length" 'BEGIN { print part / 32768 * whole / 4 }')"
		# It is killed at work, and not when it has ended.
		! kill -0 "$session" 2>/dev/null || rounds=$((rounds + 1))
		kill_run "$how" "$session"
	done
	echo "killed $rounds times while running"
	[ "$rounds" -ge 5 ]
	run -1 "$CI/boot" mini --quiet
	disturbed=$(what_was_judged "$work")
	diff <(printf '%s\n' "$calm") <(printf '%s\n' "$disturbed")
	# What a killed run had started ends by itself.
	for _ in $(seq 100); do
		[[ -n $(locked) ]] || break
		sleep 0.1
	done
	[ -z "$(locked)" ]
	echo "litter: $(litter)"
	[ -z "$(litter)" ]
	[ "$(find "$work/run" -mindepth 1 -maxdepth 1 | wc -l)" -le 2 ]
}

@test "the comparison sees a result that is not the same" {
	mini_matrix
	run -0 "$CI/boot" mini --quiet --step 0
	before=$(what_was_judged "$FAULTLINE_WORK")
	file=$(ls "$FAULTLINE_WORK"/result/mini/a1/0-*/result.json)
	jq '.facts["a.b"] = "young"' "$file" >"$BATS_TEST_TMPDIR/changed"
	cp "$BATS_TEST_TMPDIR/changed" "$file"
	[ "$(what_was_judged "$FAULTLINE_WORK")" != "$before" ]
	touch "$FAULTLINE_WORK/image/x.tmp.1"
	[ "$(litter)" = "$FAULTLINE_WORK/image/x.tmp.1" ]
}

@test "a run that is asked to end ends what it started" {
	mini_matrix
	export MINI_SECONDS=60
	start
	for _ in $(seq 1200); do (($(boots) < 2)) || break; sleep 0.1; done
	[ "$(boots)" -eq 2 ]
	kill -TERM "$session"
	status=0
	SECONDS=0
	wait "$session" || status=$?
	[ "$status" -eq 125 ]
	for _ in $(seq 100); do
		left=$(ps -o stat=,args= -s "$session" | awk '$1 !~ /^Z/')
		[[ -n $left ]] || break
		sleep 0.1
	done
	echo "left after $SECONDS s: $left"
	[ -z "$left" ]
	[ -z "$(locked)" ]
	# A boot would have taken a minute.
	((SECONDS < 40))
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/report: the table, the facts, the exit code.

bats_require_minimum_version 1.5.0
load helper

setup() {
	mini_track
	run_file=$BATS_TEST_TMPDIR/run
	cat >"$series/facts" <<-E
		# fact machines before after patch
		a.fact arm64-hafdbs young old $(basename "$(nth 2)")
		a.fact * young - -
	E
}

# cell STEP MACHINE VERDICT VALUE [NAME]: a result as ci/cell leaves it.
cell() {
	local folder=$BATS_TEST_TMPDIR/result/$2-$1

	mkdir -p "$folder"
	jq -n --arg v "$3" --arg f "$4" '{verdict: $v, reason: ("reason of " + $v),
		seconds: {total: 4.4}, facts: (if $f == "" then {} else {"a.fact": $f} end)}' >"$folder/${5:-result}.json"
	printf '%s\t%s\t%s\n' "$1" "$2" "$folder" >>"$run_file"
}

@test "a flip where the series says is right" {
	cell 0 arm64-hafdbs pass young
	cell 1 arm64-hafdbs pass young
	cell 2 arm64-hafdbs pass old
	cell 3 arm64-hafdbs pass old
	cell 3 s390x pass young
	run "$CI/report" mini --run "$run_file"
	[ "$status" -eq 0 ]
	[[ $output == *"every fact is what the series says"* ]]
	[[ $output == *"pass old 4s"* ]]
}

@test "a flip one step early is red, and the step is named" {
	cell 0 arm64-hafdbs pass young
	cell 1 arm64-hafdbs pass old
	expect_failure 1 "step 1 on arm64-hafdbs: a.fact is 'old', and the series says 'young'" "$CI/report" mini --run "$run_file"
}

@test "a flip that does not happen is red" {
	cell 3 arm64-hafdbs pass young
	expect_failure 1 "a.fact is 'young', and the series says 'old'" "$CI/report" mini --run "$run_file"
}

@test "a flip on a machine where there should be none is red" {
	cell 3 s390x pass old
	expect_failure 1 "step 3 on s390x: a.fact is 'old', and the series says 'young'" "$CI/report" mini --run "$run_file"
}

# telling FACTS: have the guest of the last cell tell more facts, a JSON object.
telling() {
	local json

	json=$(tail -n 1 "$run_file" | cut -f 3)/result.json
	jq --argjson more "$1" '.facts += $more' "$json" >"$json.new"
	mv "$json.new" "$json"
}

@test "what the series does not list stays as it is: a change is red at its step, and only there" {
	for step in 0 1 2 3; do
		cell "$step" s390x pass young
		telling "{\"gup.thp\": \"$((step > 1 ? 0 : 1024))\"}"
	done
	cell 3 arm64-hafdbs pass old
	telling '{"gup.thp": "2048"}'
	expect_failure 1 "step 2 on s390x: gup.thp is '0', and '1024' at step 1: patches/mini/facts does not say that it changes" \
		"$CI/report" mini --run "$run_file"
	[ "$(grep -c 'step .*gup.thp' <<<"$output")" -eq 1 ]
	grep -qE '^2 +.*pass young gup.thp=0! ' <<<"$output"
	# No view is green.
	expect_failure 1 'testsuite name="2-s390x" tests="3" failures="1"' "$CI/report" mini --run "$run_file" --format junit
	[[ $output == *'<testcase name="cell.fact.gup.thp"'*"was &apos;1024&apos; at step 1, and facts does not say"* ]]
	expect_failure 1 "not ok 3 cell.fact.gup.thp" "$CI/report" mini --run "$run_file" --format ktap
	run -0 "$CI/report" mini --run "$run_file" --partial
	: >"$run_file"
	cell 0 s390x pass young
	telling '{"gup.thp": "1024"}'
	cell 1 s390x pass young
	expect_failure 1 "step 1 on s390x: gup.thp is 'none', and '1024' at step 0" "$CI/report" mini --run "$run_file"
}

@test "a run of the series before a patch changed is not reported as one of this; a line of another form is named" {
	cell 3 s390x pass young
	sed -i "1i# series $(. "$SCRIPTS/lib.sh"; series_id mini)" "$run_file"
	run -0 "$CI/report" mini --run "$run_file"
	sed -i 's/^It has to say 2/It must say 2/' "$(nth 2)" # a changelog
	run -0 "$CI/report" mini --run "$run_file"
	sed -i 's/^+\(.* changed 1.*\)/+\1 too/' "$(nth 2)"
	expect_failure 125 "is of mini as it was before its patches changed" "$CI/report" mini --run "$run_file"
	echo "3 s390x folder" >"$run_file"
	expect_failure 125 "'3 s390x folder' in the run is no line of step, machine and result" "$CI/report" mini --run "$run_file"
}

@test "a fact that was not observed is red" {
	cell 3 s390x pass ''
	expect_failure 1 "a.fact is 'none', and the series says 'young'" "$CI/report" mini --run "$run_file"
}

@test "every verdict but pass is red, and its reason is shown" {
	for verdict in fail crash hang nobuild; do
		: >"$run_file"
		cell 3 s390x "$verdict" young
		expect_failure 1 "step 3 on s390x: $verdict: reason of $verdict" "$CI/report" mini --run "$run_file"
	done
}

@test "infra alone is 125, beside a failure 1" {
	cell 3 s390x infra young infra
	expect_failure 125 "infra" "$CI/report" mini --run "$run_file"
	cell 2 s390x crash young
	expect_failure 1 "crash" "$CI/report" mini --run "$run_file"
}

@test "without a facts file nothing is judged" {
	cell 3 s390x pass young
	rm "$series/facts"
	expect_failure 125 "is missing" "$CI/report" mini --run "$run_file"
}

@test "a cell without a folder is a row, and 125" {
	cell 3 s390x pass young
	printf '2\ts390x\t\n' >>"$run_file"
	expect_failure 125 "step 2 on s390x: it could not be judged: see what" "$CI/report" mini --run "$run_file"
	[[ $output == *"pass young"* ]]
}

@test "--partial does not miss a fact that was not looked at" {
	cell 3 s390x pass ''
	run "$CI/report" mini --run "$run_file" --partial
	[ "$status" -eq 0 ]
}

@test "a cell whose result is gone is not passed over" {
	cell 3 s390x pass young
	rm -r "$BATS_TEST_TMPDIR/result"
	expect_failure 125 "no result in" "$CI/report" mini --run "$run_file"
}

@test "no run at all is 125" {
	expect_failure 125 "no run to report" "$CI/report" mini
	echo '# partial' >"$BATS_TEST_TMPDIR/no-cells"
	expect_failure 125 "no cell in the run" "$CI/report" mini --run "$BATS_TEST_TMPDIR/no-cells"
}

@test "a last cell whose line does not end is not lost" {
	cell 2 s390x pass young
	cell 3 s390x pass young
	rm -r "$(tail -n 1 "$run_file" | cut -f 3)"
	printf '%s' "$(<"$run_file")" >"$run_file"
	expect_failure 125 "step 3 on s390x: no result in" "$CI/report" mini --run "$run_file"
}

@test "a report that cannot be written is 125, not a bad series" {
	cell 3 s390x pass young
	touch "$BATS_TEST_TMPDIR/file"
	expect_failure 125 "a command failed with 1" "$CI/report" mini --run "$run_file" --folder "$BATS_TEST_TMPDIR/file/report"
	# Nor is a facts file that jq cannot make rules of.
	printf 'a.fact arm64-[ young old -\n' >"$series/facts"
	expect_failure 125 "a command failed with 5" "$CI/report" mini --run "$run_file"
}

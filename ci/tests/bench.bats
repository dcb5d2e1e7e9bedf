#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/bench: what follows from samples, the views of it, and README.md's figures.
# shellcheck disable=SC2016 # programs for other shells

bats_require_minimum_version 1.5.0
load helper
load node

# One for all: of the project's work area.
setup_file() {
	NODE_TOOLS=$(node_tools)
	export NODE_TOOLS
}

# measure: results of a benchmark of the mini track, as they are measured: three rounds,
# a target that is met and two that are not.
measure() {
	mini_track
	(
		. "$SCRIPTS/lib.sh"
		. "$CI/bench.sh"
		own_failures_are_infra
		bench_begin
		for value in 3 1 2; do
			bench_sample arm64 scanned pages base $((value * 100))
			bench_sample arm64 scanned pages tip $((value * 50))
			bench_sample arm64 'faults, major' faults base 0
			bench_sample arm64 'faults, major' faults tip "$value"
		done
		bench_sample s390x scanned pages base 10
		bench_sample s390x scanned pages tip 10.04
		bench_sample s390x alone seconds once 0.25
		bench_target arm64 scanned tip 0.5
		bench_target arm64 'faults, major' tip 0.9
		bench_sample x86_64 resident KiB base 4
		bench_sample x86_64 resident KiB tip 3
		bench_sample x86_64 mapped KiB base 3
		bench_sample x86_64 mapped KiB tip 3
		bench_target s390x scanned tip 10 median
		bench_target x86_64 resident tip 1 equal
		bench_target x86_64 mapped tip 1 equal
		bench_write reclaim mini base "ci/bench reclaim mini"
	)
	result=$FAULTLINE_WORK/bench/mini/reclaim.json
}

# row SUBJECT NAME VARIANT JQ: what JQ gives for that row of $result.
row() {
	jq -c --arg s "$1" --arg n "$2" --arg v "$3" \
		".rows[] | select(.subject == \$s and .name == \$n and .variant == \$v) | $4" "$result"
}

@test "wrong usage is 2 and says what would be right" {
	expect_failure 2 "no benchmark ''; there are: reclaim fault size toolkit matrix all show compare" "$CI/bench"
	expect_failure 2 "no benchmark 'speed'" "$CI/bench" speed v5.10
	expect_failure 2 "a track is needed" "$CI/bench" size
	expect_failure 2 "a track is needed" "$CI/bench" all
	expect_failure 2 "no track 'nothing'" "$CI/bench" size nothing
	expect_failure 2 "no track 'nothing'" "$CI/bench" show nothing
	expect_failure 2 "no format 'pdf'" "$CI/bench" show v5.10 --format pdf
	expect_failure 2 "no architecture 'vax'" "$CI/bench" size v5.10 --arch vax
	expect_failure 2 "is no configuration of make" "$CI/bench" size v5.10 --config ../x
	expect_failure 2 "is not a number of rounds" "$CI/bench" toolkit v5.10 --rounds 0
	expect_failure 2 "no machine 'vax'" "$CI/bench" toolkit v5.10 --machine vax
	expect_failure 2 "unknown option '--nonsense'" "$CI/bench" size v5.10 --nonsense
}

@test "median, spread, change and ratio follow from the samples" {
	measure
	[ "$(row arm64 scanned base '[.values, .median, .min, .max, .ratio]')" = '[[300,100,200],200,100,300,1]' ]
	[ "$(row arm64 scanned tip '[.median, .change, .ratio]')" = '[100,-100,0.5]' ]
	# To 0 there is no ratio, and without a reference nothing to compare.
	[ "$(row arm64 'faults, major' tip '[.change, .ratio]')" = '[2,null]' ]
	[ "$(row s390x alone once '[.median, .change, .ratio]')" = '[0.25,null,null]' ]
}

@test "a target is met at its limit, and missed above it or without a ratio" {
	measure
	[ "$(row arm64 scanned tip .met)" = true ]
	[ "$(row arm64 'faults, major' tip .met)" = false ]
	[ "$(row s390x scanned tip .met)" = false ]
	# Less is not equal either.
	[ "$(row x86_64 resident tip .met)" = false ]
	[ "$(row x86_64 mapped tip .met)" = true ]
	[ "$(row arm64 scanned base .met)" = null ]
	run -0 "$CI/bench" show mini
	[[ $output == *'x <= 0.5 met'* && $output == *' <= 0.9 missed'* && $output == *' <= 10 missed'* ]]
	[[ $output == *'x = 1 met'* && $output == *'x = 1 missed'* ]]
}

@test "a value that is no number is an error that names it" {
	measure
	no_number() (
		. "$SCRIPTS/lib.sh"
		. "$CI/bench.sh"
		own_failures_are_infra
		bench_begin
		bench_sample arm64 scanned pages base nothing
	)
	expect_failure 125 "scanned of arm64, base, is 'nothing', which is no number" no_number
}

@test "the values of a machine's file are replaced, made longer and added" {
	. "$SCRIPTS/lib.sh"
	. "$CI/bench.sh"
	run -0 bench_machine s390x memory=96 "board+=-icount shift=0" slow=3
	[[ $output == *$'\nmemory = 96\n'* && $output == *$' -icount shift=0\n'* && $output == *'slow = 3' ]]
	[ "$(cut -d ' ' -f 1 <<<"$output" | sed '$d')" = "$(sed -n 's/^\([a-z]*\) *=.*/\1/p' "$ROOT/configs/machine/s390x")" ]
}

@test "nothing measured yet, nothing carried: an error that says what to do" {
	mini_track
	expect_failure 125 "run ci/bench all mini" "$CI/bench" show mini
	expect_failure 125 "bench.json is missing" "$CI/bench" show mini --kept
}

@test "ci/bench all is bad when a benchmark is, whatever else cannot be measured" {
	mini_track
	copy_of_project
	export FAULTLINE_WORK=$BATS_TEST_TMPDIR/work
	for name in reclaim fault size toolkit matrix; do
		printf '#!/bin/sh\nexit 0\n' >"$COPY/ci/bench-$name"
	done
	printf '#!/bin/sh\nexit 125\n' >"$COPY/ci/bench-toolkit"
	expect_failure 125 "measured in" "$COPY/ci/bench" all mini
	printf '#!/bin/sh\nexit 1\n' >"$COPY/ci/bench-size"
	expect_failure 1 "measured in" "$COPY/ci/bench" all mini
	[[ $output != *"a command failed"* ]]
}

@test "ci/bench toolkit: what cannot be judged is not bad; a track without generated patches" {
	mini_track
	copy_of_project
	export FAULTLINE_WORK=$BATS_TEST_TMPDIR/work
	printf '#!/bin/sh\n' >"$COPY/ci/boot"
	printf '#!/bin/sh\necho "regen without cache 1.0 s, make coccicheck MODE=patch J=2 2.0 s: ratio 0.50, of 1 of 1 patches"\nexit "${REGEN:-0}"\n' \
		>"$COPY/scripts/regen"
	mkdir "$BATS_TEST_TMPDIR/cell"
	echo '{"seconds": {"boot": 1, "total": 2}}' >"$BATS_TEST_TMPDIR/cell/result.json"
	printf '#!/bin/sh\necho "%s"\nexit "${CELL:-0}"\n' "$BATS_TEST_TMPDIR/cell" >"$COPY/ci/cell"
	CELL=125 expect_failure 125 "could not be judged" "$COPY/ci/bench" toolkit mini --rounds 1
	CELL=1 expect_failure 1 "the tip of mini does not pass" "$COPY/ci/bench" toolkit mini --rounds 1
	run -0 "$COPY/ci/bench" toolkit mini --rounds 1
	[[ $output == *"no patch of mini is generated: regenerating is not measured"* ]]
	sed -i 's|^Upstream-Status: .*|&\nSemantic-patch: cocci/a.cocci|' "$(nth 2)"
	run -0 "$COPY/ci/bench" toolkit mini --rounds 1
	[[ $output == *"with cache"* ]]
	REGEN=1 expect_failure 1 "not all is what is generated" "$COPY/ci/bench" toolkit mini --rounds 1
	REGEN=125 expect_failure 125 "" "$COPY/ci/bench" toolkit mini --rounds 1
}

@test "what is carried is what was measured, of every benchmark, in one file" {
	measure
	measure_again=$(cat "$result")
	(. "$SCRIPTS/lib.sh"; . "$CI/bench.sh"; mkdir -p "$FAULTLINE_WORK/bench/mini"
		jq '.bench = "fault"' <<<"$measure_again" >"$FAULTLINE_WORK/bench/mini/fault.json")
	copy_of_project
	export FAULTLINE_WORK=$BATS_TEST_TMPDIR/work
	printf 'before\n<!-- figures mini -->\nold\n<!-- end -->\nafter\n' >"$COPY/README.md"
	run -0 "$COPY/ci/bench" show mini --keep
	[ "$(jq -r '[.[].bench] | join(" ")' "$series/bench.json")" = "reclaim fault" ]
	[ "$(head -n 1 "$COPY/README.md")" = before ]
	[ "$(tail -n 1 "$COPY/README.md")" = after ]
	grep -Fx '| scanned, pages | 200 → 100, ×0.500 | 10 → 10.04, ×1.004, **missed** |  |' "$COPY/README.md"
	run ! grep -q '^old$' "$COPY/README.md"
	run -0 "$COPY/ci/bench" show mini --kept
}

@test "what was measured before a patch changed is left out" {
	measure
	run -0 "$CI/bench" show mini
	sed -i 's/^It has to say 2/It must say 2/' "$(nth 2)" # a changelog
	run -0 "$CI/bench" show mini
	sed -i 's/^+\(.* changed 1.*\)/+\1 too/' "$(nth 2)"
	for what in "show mini" "show mini --keep" "compare mini"; do
		# shellcheck disable=SC2086 # words
		expect_failure 125 "reclaim was measured of mini as it was before its patches changed" "$CI/bench" $what
	done
	[ ! -e "$series/bench.json" ]
}

@test "--keep: what was not measured now stays, and so does more than was, and what has a patch on top" {
	measure
	jq -s 'map(., .bench = "size")' "$result" >"$series/bench.json"
	jq '.command = "again"' "$result" >"$result.new"
	mv "$result.new" "$result"
	kept() { jq -r '[.[] | "\(.bench) \(.command)"] | join(", ")' "$series/bench.json"; }
	run -0 "$CI/bench" show mini --keep
	[ "$(kept)" = "reclaim again, size ci/bench reclaim mini" ]
	before=$(cat "$series/bench.json")
	jq '.rows |= map(select(.subject == "arm64"))' "$result" >"$result.less"
	cp "$result" "$result.all"
	mv "$result.less" "$result"
	expect_failure 125 "reclaim stays as it is in $series/bench.json: alone of s390x, once and 6 more was not measured now" "$CI/bench" show mini --keep
	# A column less is less as well.
	jq '.rows |= map(select(.variant != "tip"))' "$result.all" >"$result"
	expect_failure 125 ", tip and " "$CI/bench" show mini --keep
	expect_failure 2 "--keep and --kept exclude each other" "$CI/bench" show mini --keep --kept
	jq '.rows[0].variant = "with"' "$result.all" >"$result"
	expect_failure 125 "it has a patch on top: again" "$CI/bench" show mini --keep
	[ "$(cat "$series/bench.json")" = "$before" ]
}

@test "a README.md without the marks is not touched" {
	measure
	copy_of_project
	export FAULTLINE_WORK=$BATS_TEST_TMPDIR/work
	printf 'before\n<!-- figures mini -->\nno end\n' >"$COPY/README.md"
	cp "$COPY/README.md" "$BATS_TEST_TMPDIR/README.before"
	expect_failure 125 "README.md has no lines" "$COPY/ci/bench" show mini --keep
	cmp "$COPY/README.md" "$BATS_TEST_TMPDIR/README.before"
	[ ! -e "$series/bench.json" ]
	[ ! -e "$series/bench.json.tmp" ]
	# Nor is one that has no figures of this track.
	echo before | tee "$COPY/README.md" >"$BATS_TEST_TMPDIR/README.before"
	run -0 "$COPY/ci/bench" show mini --keep
	cmp "$COPY/README.md" "$BATS_TEST_TMPDIR/README.before"
	jq -e . "$series/bench.json"
}

@test "two measurements agree when the spreads of each count meet; one that moved is named" {
	measure
	expect_failure 125 "bench.json is missing" "$CI/bench" compare mini
	jq -s . "$result" >"$series/bench.json"
	run -0 "$CI/bench" compare mini
	[ "$output" = "10 counts agree, 0 do not; 1 of seconds and 0 of one side are not compared" ]
	expect_failure 125 "series is no measurement: not JSON" "$CI/bench" compare mini --to "$series/series"
	[[ $output != *"jq:"* ]]
	expect_failure 125 "null is no measurement: not JSON" "$CI/bench" compare mini --to "$(mktemp -p "$BATS_TEST_TMPDIR" XXXXnull)"
	# 100 to 300 meets 290 to 310, and 50 to 150 does not meet 151.
	changed() { jq "(.rows[] | select(.subject == \"arm64\" and .name == \"scanned\" and .variant == \"$1\")) |= (.min = $2 | .max = $3 | .median = $2)" "$result"; }
	changed base 290 310 >"$BATS_TEST_TMPDIR/other.json"
	run -0 "$CI/bench" compare mini --to "$BATS_TEST_TMPDIR/other.json"
	changed tip 150.1 150.1 >"$BATS_TEST_TMPDIR/other.json"
	expect_failure 1 "9 counts agree, 1 do not" "$CI/bench" compare mini --to "$BATS_TEST_TMPDIR/other.json"
	# A quarter of a percent is close enough for instructions, and for nothing else.
	of_unit() { jq "(.rows[] | select(.variant == \"tip\" and .name == \"resident\")) |= (.unit = \"$1\" | .min = $2 | .max = $2 | .median = $2)" "$result"; }
	kept=$series/bench.json
	of_unit instructions 3 | jq -s . >"$kept.unit"
	cp "$result" "$result.before"
	of_unit instructions 3.0075 >"$BATS_TEST_TMPDIR/measured.json"
	mv "$BATS_TEST_TMPDIR/measured.json" "$result"
	run -0 "$CI/bench" compare mini --to "$kept.unit"
	of_unit instructions 3.0076 >"$BATS_TEST_TMPDIR/measured.json"
	mv "$BATS_TEST_TMPDIR/measured.json" "$result"
	expect_failure 1 "9 counts agree, 1 do not" "$CI/bench" compare mini --to "$kept.unit"
	mv "$result.before" "$result"
	of_unit KiB 3.0001 >"$BATS_TEST_TMPDIR/other.json"
	expect_failure 1 "9 counts agree, 1 do not" "$CI/bench" compare mini --to "$BATS_TEST_TMPDIR/other.json"
	changed tip 151 151 >"$BATS_TEST_TMPDIR/other.json"
	expect_failure 1 "9 counts agree, 1 do not; 1 of seconds" "$CI/bench" compare mini --to "$BATS_TEST_TMPDIR/other.json"
	grep -E '^reclaim +arm64 +scanned +pages +tip +151 += +100 +50..150$' <<<"$output"
	# What is on one side is counted; two that have no count in common are not judged.
	jq '.rows |= map(select(.subject == "arm64"))' "$result" >"$BATS_TEST_TMPDIR/other.json"
	run -0 "$CI/bench" compare mini --to "$BATS_TEST_TMPDIR/other.json"
	[ "$output" = "4 counts agree, 0 do not; 0 of seconds and 7 of one side are not compared" ]
	jq '.bench = "fault"' "$result" >"$BATS_TEST_TMPDIR/other.json"
	expect_failure 125 "has no count that was measured here" "$CI/bench" compare mini --to "$BATS_TEST_TMPDIR/other.json"
	expect_failure 2 "'compare' takes --to" "$CI/bench" compare mini --keep
	expect_failure 2 "--to is for 'compare'" "$CI/bench" show mini --to x
}

# figures_agree FILE: true when the figures in FILE are those that are carried.
figures_agree() {
	(. "$SCRIPTS/lib.sh"; . "$CI/bench.sh"; bench_readme v5.10 "$ROOT/patches/v5.10/bench.json" <"$1") >"$BATS_TEST_TMPDIR/figures" &&
		cmp "$BATS_TEST_TMPDIR/figures" "$1"
}

@test "README.md's figures are those of patches/v5.10/bench.json; one that was edited is seen" {
	figures_agree "$ROOT/README.md"
	sed '/<!-- figures v5.10 -->/,/<!-- end -->/s/→ [0-9]/→ 9/' "$ROOT/README.md" >"$BATS_TEST_TMPDIR/edited"
	run ! cmp -s "$ROOT/README.md" "$BATS_TEST_TMPDIR/edited"
	run ! figures_agree "$BATS_TEST_TMPDIR/edited"
}

# cover_agrees FILE: the cover letter FILE has base's and tip's median of each figure of
# reclaim that README.md shows.
cover_agrees() {
	local figures number

	figures=$(jq -r '.[] | select(.bench == "reclaim") | .rows[] | select(.limit) | .name' \
		"$ROOT/patches/v5.10/bench.json" | sort -u)
	[ "$(wc -l <<<"$figures")" -eq 4 ]
	while IFS= read -r number; do
		grep -qE "(^|[^0-9.])$number([^0-9.]|\.?$)" "$1" || { echo "$number is not in $1"; return 1; }
	done < <(jq -r --arg figures "$figures" '.[] | select(.bench == "reclaim") | .rows[]
		| select(.subject == "arm64-hafdbs" and (.variant | IN("base", "tip")) and (.name | IN($figures | split("\n")[])))
		| select(.median > 0) | .median | if . < 10 then . * 100 | round / 100 else . end' "$ROOT/patches/v5.10/bench.json")
}

@test "the cover letter's figures of reclaim are those of patches/v5.10/bench.json; one that was edited is seen" {
	cover=$ROOT/patches/v5.10/cover-letter
	cover_agrees "$cover"
	sed 's/ instead of \([0-9]\)/ instead of 9\1/' "$cover" >"$BATS_TEST_TMPDIR/edited"
	run -1 cover_agrees "$BATS_TEST_TMPDIR/edited"
	[[ $output == *' is not in '* ]]
}

# page: the report of a run of the mini track with what was measured, as $page.
page() {
	measure
	page=$BATS_TEST_TMPDIR/report
	printf '0\ts390x\t%s\n' "$BATS_TEST_TMPDIR/cell" >"$BATS_TEST_TMPDIR/run"
	mkdir "$BATS_TEST_TMPDIR/cell"
	jq -n '{verdict: "pass", reason: "", seconds: {total: 1}, facts: {}}' >"$BATS_TEST_TMPDIR/cell/result.json"
	"$CI/report" mini --run "$BATS_TEST_TMPDIR/run" --folder "$page" >/dev/null
	jq -s . "$result" >"$page/bench.json"
	export PAGE=bench.html
}

# bats test_tags=slow
@test "the report links to a page with a bar, a median and a verdict of each" {
	page
	grep -q '<a href="bench.html">' "$page/report.html"
	run node "$CI/tests/node/browse.mjs" "$page" figures widths schemes screenshots
	printf '%s\n' "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"1..15"* ]]
	mkdir -p "${NODE_TOOLS%/*}/screenshots"
	cp "$page/screenshot-light.png" "${NODE_TOOLS%/*}/screenshots/bench.png"
}

@test "a page with a median or a bar that is not what was measured is red" {
	page
	sed -i 's|<b>100</b>|<b>90</b>|' "$page/bench.html"
	expect_failure 1 "not ok 2 every bar has its median" node "$CI/tests/node/browse.mjs" "$page" figures
	sed -i 's|</style>|rect.v1 { display: none } .verdict.bad { display: none }</style>|' "$page/bench.html"
	expect_failure 1 "not ok 1 every variant has its bar" node "$CI/tests/node/browse.mjs" "$page" figures
	[[ $output == *"not ok 3 every target that was missed"* ]]
}

@test "without results the report has no such page" {
	page
	rm -r "$FAULTLINE_WORK/bench" "$page"
	"$CI/report" mini --run "$BATS_TEST_TMPDIR/run" --folder "$page" >/dev/null
	[ ! -e "$page/bench.html" ]
	run ! grep -q bench.html "$page/report.html"
}

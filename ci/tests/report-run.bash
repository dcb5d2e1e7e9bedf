# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# report-run.bash - results of a run of the mini track, as ci/cell leaves them.

# result STEP MACHINE VERDICT VALUE [JQ [NAME]]: a result folder with a console, as a
# line of $run_file. VALUE is that of a.fact; JQ changes the result.
result() {
	local folder=$BATS_TEST_TMPDIR/result/$2/$1

	mkdir -p "$folder"
	jq -n --arg step "$1" --arg machine "$2" --arg verdict "$3" --arg value "$4" '{
		format: 1, verdict: $verdict, reason: "reason of \($verdict)", machine: $machine,
		qemu: {version: "7.2", command: "qemu-system-x -append '\''console=ttyS0 a=\"b\"'\''"},
		id: {track: "mini", step: $step, tree: "1234", build_seconds: "30"},
		seconds: {boot: 1.5, total: 4.4},
		facts: {"a.fact": $value, "b.fact": "21-38"},
		tests: {cases: [{name: "dirty.log", result: "ok", note: ""},
			{name: "gup.thp", result: "skip", note: "no huge pages # here"}]},
		crash: null} | '"${5:-.}" >"$folder/${6:-result}.json"
	printf '[    0.1] Linux\r\n[    1.500000][    T1] KTAP version 1\n[    1.6]   # Subtest: dirty\n[    1.75]   ok 1 log\n' >"$folder/console.log"
	: >"$folder/qemu.log"
	printf '%s\t%s\t%s\n' "$1" "$2" "$folder" >>"$run_file"
}

# report_run: a run that shows all there is: $run_file, on mini_track. Eleven
# cells, of which five are good.
report_run() {
	local crash='.crash = {line: "kernel BUG at mm/gup.c:2197!", pattern: "BUG", fingerprint: "f00d",
		trace: ["gup_pgd_range+0x1/0x2", "do_fault"]}'

	mini_track
	run_file=$BATS_TEST_TMPDIR/run
	printf 'a.fact arm64-* young old %s\na.fact * young - -\n' "$(basename "$(nth 2)")" >"$series/facts"
	result 0 arm64-hafdbs pass young
	result 1 arm64-hafdbs pass young '.taken_over = "0"'
	result 2 arm64-hafdbs pass old
	result 3 arm64-hafdbs fail old '.tests.cases += [{name: "race.huge", result: "not ok",
		note: "x.c:1: <27> pages & more\nsecond line"}]'
	result 0 s390x pass young
	result 1 s390x crash young "$crash"
	result 2 s390x crash young "$crash"
	result 3 s390x pass old
	result 0 x86_64 hang young '.facts = {} | .diagnosis = "diagnosis.txt"
		| .crash = {fingerprint: "hang do_fault", trace: ["do_fault mm/memory.c:1"]}'
	printf 'PSW: 0704\n' >"$BATS_TEST_TMPDIR/result/x86_64/0/diagnosis.txt"
	result 2 x86_64 infra young . infra
	result 3 x86_64 pass young '.known_splats = [{pattern: "a.*b", line: "a known b", count: 2}]'
}

# nasty_console FILE: what a console may hold and XML may not, at the end of FILE.
nasty_console() {
	printf '\033[1;31mred\033[0m ]]> <b>&amp; \x01\x08\x7f\x00 \xff\xfe\xc3\x28 \xef\xbf\xbe \xed\xa0\x80 last\r\n' >>"$1"
}

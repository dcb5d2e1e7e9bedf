#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/report: the views of a run beside the table.

bats_require_minimum_version 1.5.0
load helper
load report-run

setup() { report_run; }

# report FORMAT FILE: the run in this format into FILE.
report() { "$CI/report" mini --run "$run_file" --format "$1" >"$2"; }

# valid FILE: what Jenkins would say to it.
valid() { xmllint --noout --schema "$CI/tests/schema/junit.xsd" "$1"; }

# attribute FILE XPATH: print what XPATH gives.
attribute() { xmllint --xpath "string($2)" "$1"; }

# ktap_reader: print the path of vmrun's reader, as a program that reads stdin.
ktap_reader() {
	gcc -std=gnu11 -Wall -Werror -D_GNU_SOURCE -I "$CI/vmrun" -o "$BATS_TEST_TMPDIR/read-ktap" \
		"$CI/tests/read-ktap.c" "$CI/vmrun/ktap.c" "$CI/vmrun/util.c"
	printf '%s\n' "$BATS_TEST_TMPDIR/read-ktap"
}

@test "every format has the exit code of the table" {
	for format in table ktap junit html; do
		run "$CI/report" mini --run "$run_file" --format "$format"
		[ "$status" -eq 1 ]
	done
	sed -n 10p "$run_file" >"$run_file.1"
	for format in table ktap junit html; do
		run "$CI/report" mini --run "$run_file.1" --format "$format"
		[ "$status" -eq 125 ]
	done
	# What ci/boot could not judge has no folder.
	printf '0\ts390x\t\n' >"$run_file.1"
	expect_failure 125 "step 0 on s390x: it could not be judged: see what ci/run said of it" "$CI/report" mini --run "$run_file.1"
	[[ $output == *"cells: 0 passed, 0 failed, 1 not judged" ]]
	"$CI/report" mini --run "$run_file.1" --format html >"$BATS_TEST_TMPDIR/page.html" || [ $? -eq 125 ]
	grep -qF '? 1 of 1 cells could not be judged' "$BATS_TEST_TMPDIR/page.html"
	grep -qF '1 cells: 0 passed, 0 failed, 1 not judged.' "$BATS_TEST_TMPDIR/page.html"
	expect_failure 2 "no format 'yaml'; there are: table, ktap, junit, html" "$CI/report" mini --format yaml
}

@test "KTAP is what vmrun's reader takes: cases, facts by cell, the judgement" {
	reader=$(ktap_reader)
	report ktap "$BATS_TEST_TMPDIR/ktap" || [ $? -eq 1 ]
	run "$reader" <"$BATS_TEST_TMPDIR/ktap"
	[ "$status" -eq 0 ]
	[[ ${lines[-1]} == "22 ok, 7 not ok, 11 skip, 20 facts" ]]
	[[ $output == *"not ok 3-arm64-hafdbs.race.huge: x.c:1: <27> pages & more; second line"* ]]
	[[ $output == *"not ok 3-s390x.cell.fact.a.fact: is 'old', and the series says 'young'"* ]]
	[[ $output == *"not ok 2-x86_64.cell.verdict: ERROR infra: reason of infra"* ]]
	grep -qx '  ok 2 gup.thp # SKIP no huge pages % here' "$BATS_TEST_TMPDIR/ktap"
}

@test "KTAP with a case less, or a fact of two values, is not taken" {
	reader=$(ktap_reader)
	report ktap "$BATS_TEST_TMPDIR/ktap" || [ $? -eq 1 ]
	grep -v 'ok 1 dirty.log' "$BATS_TEST_TMPDIR/ktap" >"$BATS_TEST_TMPDIR/less"
	expect_failure 1 "has number 2, expected 1" "$reader" <"$BATS_TEST_TMPDIR/less"
	sed 's/# fact: [0-9a-z_-]*\./# fact: /' "$BATS_TEST_TMPDIR/ktap" >"$BATS_TEST_TMPDIR/contrary"
	expect_failure 1 "fact a.fact is 'young' and then 'old'" "$reader" <"$BATS_TEST_TMPDIR/contrary"
}

@test "prove counts the cells of KTAP" {
	report ktap "$BATS_TEST_TMPDIR/ktap" || [ $? -eq 1 ]
	expect_failure 1 "Failed 6/11 subtests" prove -e cat "$BATS_TEST_TMPDIR/ktap"
}

@test "JUnit XML fits the schema, and says what the table says" {
	xml=$BATS_TEST_TMPDIR/junit.xml
	report junit "$xml" || [ $? -eq 1 ]
	valid "$xml"
	[ "$(attribute "$xml" 'count(//testsuite)')" = 11 ]
	[ "$(attribute "$xml" '/testsuites/@failures')" = 6 ]
	[ "$(attribute "$xml" '/testsuites/@failures')" = "$(attribute "$xml" 'count(//failure)')" ]
	[ "$(attribute "$xml" '/testsuites/@errors')" = 1 ]
	[ "$(attribute "$xml" 'count(//error)')" = 1 ]
	[ "$(attribute "$xml" '/testsuites/@tests')" = "$(attribute "$xml" 'count(//testcase)')" ]
	[ "$(attribute "$xml" '//testsuite[@name="3-arm64-hafdbs"]/testcase[@name="race.huge"]/failure')" = $'x.c:1: <27> pages & more\nsecond line' ]
	[ "$(attribute "$xml" '//testsuite[@name="3-arm64-hafdbs"]/@time')" = 4.4 ]
	[ "$(attribute "$xml" '//testsuite[@name="2-arm64-hafdbs"]//property[@name="fact.a.fact"]/@value')" = old ]
	[ "$(attribute "$xml" '//testsuite[@name="1-arm64-hafdbs"]//property[@name="taken_over"]/@value')" = 0 ]
	[ "$(attribute "$xml" '//testsuite[@name="0-s390x"]/testcase[@name="gup.thp"]/skipped')" = "no huge pages # here" ]
	[ "$(attribute "$xml" '//testsuite[@name="2-x86_64"]/testcase[@name="cell.verdict"]/error/@type')" = infra ]
	[[ $(attribute "$xml" '//testsuite[@name="0-s390x"]/system-out') == *"ok 1 log"* ]]
	[ "$(attribute "$xml" '//testsuite[@name="0-s390x"]/testcase[@name="dirty.log"]/@time')" = 0.15 ]
	[ -z "$(attribute "$xml" '//testsuite[@name="1-arm64-hafdbs"]/testcase[@name="dirty.log"]/@time')" ]
}

@test "JUnit XML of another form is refused by the schema" {
	xml=$BATS_TEST_TMPDIR/junit.xml
	report junit "$xml" || [ $? -eq 1 ]
	sed -i '0,/<testcase name="[^"]*"/s//<testcase/' "$xml"
	expect_failure 3 "The attribute 'name' is required but missing" valid "$xml"
}

@test "a console with colours, control characters and broken UTF-8 stays XML and HTML" {
	nasty_console "$BATS_TEST_TMPDIR/result/s390x/0/console.log"
	xml=$BATS_TEST_TMPDIR/junit.xml
	report junit "$xml" || [ $? -eq 1 ]
	valid "$xml"
	[[ $(attribute "$xml" '//testsuite[@name="0-s390x"]/system-out') == *"red ]]> <b>&amp; ␁␈␡␀ "*" last"* ]]
	report html "$BATS_TEST_TMPDIR/page.html" || [ $? -eq 1 ]
	grep -qF 'red ]]&gt; &lt;b&gt;&amp;amp; ␁␈␡␀ ' "$BATS_TEST_TMPDIR/page.html"
}

@test "control characters that a test reports stay XML too" {
	jq '.reason = "\u0001\u001b[0m <&\"'\''" | .tests.cases[0] |= (.result = "not ok" | .note = "\u0000\ufffe\u0085")' \
		"$BATS_TEST_TMPDIR/result/s390x/0/result.json" >"$BATS_TEST_TMPDIR/x"
	mv "$BATS_TEST_TMPDIR/x" "$BATS_TEST_TMPDIR/result/s390x/0/result.json"
	report junit "$BATS_TEST_TMPDIR/junit.xml" || [ $? -eq 1 ]
	valid "$BATS_TEST_TMPDIR/junit.xml"
	[[ $(attribute "$BATS_TEST_TMPDIR/junit.xml" '//testsuite[@name="0-s390x"]//property[@name="reason"]/@value') == "␁␛[0m <&\"'" ]]
}

@test "a result that is cut off is infra, and the others are reported" {
	truncate -s 100 "$BATS_TEST_TMPDIR/result/s390x/0/result.json"
	run "$CI/report" mini --run "$run_file"
	[[ $output == *"s390x/0/result.json cannot be read: "*": run the cell again"* ]]
	[[ $output == *"cells: 4 passed, 5 failed, 2 not judged"* ]]
	report junit "$BATS_TEST_TMPDIR/junit.xml" || [ $? -eq 1 ]
	valid "$BATS_TEST_TMPDIR/junit.xml"
	# jq takes a file of nothing for no result, and is content.
	: >"$BATS_TEST_TMPDIR/result/s390x/0/result.json"
	run "$CI/report" mini --run "$run_file"
	[[ $output == *"s390x/0/result.json cannot be read: it is empty: run the cell again"* ]]
	[[ $output == *"cells: 4 passed, 5 failed, 2 not judged"* ]]
}

@test "the folder has every view and the logs, and replaces an earlier one" {
	folder=$BATS_TEST_TMPDIR/report
	for _ in 1 2; do
		run "$CI/report" mini --run "$run_file" --folder "$folder"
		[ "$status" -eq 1 ]
		[ ! -e "$folder/screenshot-light.png" ]
		touch "$folder/screenshot-light.png" # as ci/test leaves it
	done
	diff <("$CI/report" mini --run "$run_file") "$folder/table.txt"
	(cd "$folder" && ls -d report.html report.ktap junit.xml log/0-x86_64/diagnosis.txt log/2-x86_64/infra.json)
	cmp "$folder/log/0-s390x/console.txt" "$BATS_TEST_TMPDIR/result/s390x/0/console.log"
	[ -z "$(find "$BATS_TEST_TMPDIR" -maxdepth 1 -name 'report.tmp*')" ]
}

@test "a folder that holds something else is left alone" {
	folder=$BATS_TEST_TMPDIR/docs
	mkdir "$folder" "$folder.tmp.old" "$folder.tmp.77"
	touch "$folder/report.html" "$folder/thesis.txt" "$folder.tmp.77/thesis.txt"
	expect_failure 2 "docs has 'thesis.txt', which is no part of a report" "$CI/report" mini --run "$run_file" --folder "$folder"
	rm "$folder/thesis.txt"
	run "$CI/report" mini --run "$run_file" --folder "$folder"
	[ -s "$folder/table.txt" ]
	[ -d "$folder.tmp.old" ]
	[ -f "$folder.tmp.77/thesis.txt" ]
	mkdir "$BATS_TEST_TMPDIR/mine"
	touch "$BATS_TEST_TMPDIR/mine/work"
	expect_failure 2 "mine exists and holds no report" "$CI/report" mini --run "$run_file" --folder "$BATS_TEST_TMPDIR/mine"
	[ -f "$BATS_TEST_TMPDIR/mine/work" ]
}

@test "the page groups crashes by fingerprint, tells a hang, a wrong fact, what is excused" {
	page=$BATS_TEST_TMPDIR/page.html
	report html "$page" || [ $? -eq 1 ]
	[ "$(grep -c '<div class="crash">' "$page")" = 2 ]
	[ "$(grep -c "^<details class=.*</span> pass, wrong fact</span> step 3 on s390x" "$page")" = 1 ]
	grep -F 'Seen in 2 cells: <a href="#1-s390x">step 1 on s390x</a>, <a href="#2-s390x">step 2 on s390x</a>' "$page"
	grep -F '<h3><code>hang</code></h3>' "$page"
	grep -F '<code>a known b</code>, 2 times' "$page"
	run ! grep -F 'href="log/' "$page"
	run ! grep -F 'null' "$page"
}

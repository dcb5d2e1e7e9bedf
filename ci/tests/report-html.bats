#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/report: the page, as a person uses it in Chromium; and pages that turn it red.

bats_require_minimum_version 1.5.0
load helper
load node
load report-run

# One report for all: what browse.mjs looks at does not change it.
setup_file() {
	NODE_TOOLS=$(node_tools)
	export NODE_TOOLS SCREENSHOTS=${NODE_TOOLS%/*}/screenshots REPORT=$BATS_FILE_TMPDIR/report
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR report_run
	"$CI/report" mini --run "$BATS_FILE_TMPDIR/run" --folder "$REPORT" >/dev/null || [ $? -eq 1 ]
}

# browse PART...: use a copy of the page, after `sed` with $edit.
browse() {
	local page=$BATS_TEST_TMPDIR/report

	cp -r "$REPORT" "$page"
	sed -i "${edit:-}" "$page/report.html"
	node "$CI/tests/node/browse.mjs" "$page" "$@"
}

@test "the page is complete, usable by keyboard, at every width, in dark, without script" {
	run browse
	printf '%s\n' "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"1..29"* ]]
	mkdir -p "$SCREENSHOTS"
	cp "$BATS_TEST_TMPDIR"/report/screenshot-{light,dark,phone}.png "$SCREENSHOTS"
	# The report of the last ci/run, where there is one, gets its screenshots too.
	for page in "${NODE_TOOLS%/*}"/result/*/report; do
		[[ ! -f $page/report.html ]] ||
			node "$CI/tests/node/browse.mjs" "$page" contents logs screenshots
	done
}

@test "a page that hides a failure is red" {
	edit='s|</style>|td.bad { display: none }</style>|'
	expect_failure 1 "not ok 2 the table shows every failure" browse contents
}

@test "a filter that hides a failure is red" {
	edit='s|</style>|.failures details.bad:last-of-type, .failures tr.bad td { display: none !important }</style>|'
	expect_failure 1 "the filter leaves the failures in the table" browse filter
	[[ $output == *"not ok 2 the filter leaves the failures in the table"* ]]
}

@test "a broken link to a log is red" {
	edit='s|log/0-s390x/console.txt|log/0-s390x/gone.txt|'
	expect_failure 1 "not ok 1 every link to a log leads to a file" browse logs
	[[ $output == *"gone.txt"* ]]
}

@test "a page that is wider than a phone is red" {
	edit='s|</style>|h1 { width: 500px }</style>|'
	expect_failure 1 "not ok 1 nothing is wider than 360 pixels" browse widths
}

@test "texts without contrast, or a label that is missing, are red" {
	edit='s|</style>|.verdict.bad { color: #d88 !important }</style>|; s|<label>Find a test|<span>|'
	expect_failure 1 "not ok 1 texts have a contrast of 4.5 in light" browse schemes
	[[ $output == *"# label: "* ]]
}

@test "a page that fetches something is red" {
	edit='s|<meta http-equiv[^>]*>||; s|</main>|<img src="http://127.0.0.1:9/x.png" alt=""></main>|'
	expect_failure 1 "request of http://127.0.0.1:9/x.png" browse contents
}

@test "a focus that is not seen, and a filter out of reach, are red" {
	edit='s|</style>|:focus-visible { outline: none !important }</style>|; s|id="failures"|& tabindex="-1"|'
	expect_failure 1 "not ok 2 Tab reaches the filter" browse keyboard
	[[ $output == *"the focus is seen"* ]]
}

@test "a table that needs the script is red" {
	edit='s|<table class="grid"|<table hidden class="grid"|'
	expect_failure 1 "not ok 1 without script the table is there" browse withoutScript
}

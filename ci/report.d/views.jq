# SPDX-License-Identifier: GPL-2.0
# views.jq - what the views share.

# The tests of a cell with its judgement as tests of their own: the verdict,
# every fact of which the series says something, and what it does not list and has
# changed. Each is {name, result, note}
# with the result ok, skip, not ok or, when it could not be judged, error.
def judged:
	.class as $class
	| .cases
	+ [{name: "cell.verdict", note: (if .class == "good" then "" else "\(.verdict): \(.reason)" end),
		result: (if $class == "good" then "ok" elif $class == "bad" then "not ok" else "error" end)}]
	+ [.known[] | select($class == "good" and .expected != null)
		| {name: "cell.fact.\(.name)"} + if .wrong
			then {result: "not ok", note: "is '\(.value // "none")', and the series says '\(.expected)'"}
			elif .value == null then {result: "skip", note: "not observed"}
			else {result: "ok", note: ""} end]
	+ [.moved[] | {name: "cell.fact.\(.name)", result: "not ok",
		note: "is '\(.value // "none")', was '\(.was // "none")' at step \(.step), and facts does not say that it changes"}];

def count($cases; $result): [$cases[] | select(.result == $result)] | length;

# Text on one line.
def one_line: if contains("\n") then gsub("\\s*\n\\s*"; "; ") else . end;

# 75 as 1m15s.
def human: round as $s | if $s >= 60
	then "\($s / 60 | floor)m\($s % 60 | tostring | if length < 2 then "0" + . else . end)s"
	else "\($s)s" end;

# Text as an attribute of XML, which would otherwise make blanks of line ends.
def attribute: @html | if test("[\n\t]") then gsub("\n"; "&#10;") | gsub("\t"; "&#9;") else . end;

# SPDX-License-Identifier: GPL-2.0
# html.jq - a run as one HTML page that needs no network and no other file.
#
# Style and script are inlined; without the script everything is there, less the
# filters. $logs: the folder of the logs, relative to the page, or ""; $bench: the page of
# the benchmarks, or "". Input: what model.jq gives.

include "views";

def mark: {pass: "✓", fail: "✗", crash: "✗", hang: "◷", nobuild: "⊘", noapply: "⊘"}[.] // "?";
def verdict: if .class == "good" and (.good | not) then "<span class=\"verdict bad\"><span aria-hidden=\"true\">✗</span> pass, wrong fact</span>"
	else "<span class=\"verdict \(.class)\"><span aria-hidden=\"true\">\(.verdict | mark)</span> \(.verdict | @html)</span>" end;
def title: "step \(.step) on \(.machine)";
def log_name: sub("\\.log$"; ".txt");
def link_of($file): if $logs != "" and (.files | index($file)) and (.gone | not)
	then "<a href=\"\($logs)/\(.key | @uri)/\($file | log_name)\">\($file | log_name)</a>" else empty end;

# A known fact of a cell: its value, a mark where it flips, what was expected.
def fact:
	if .value == null and (.wrong | not) then empty
	else "<span class=\"fact\(if .wrong then " wrong" else "" end)\">"
		+ (if .flipped_from then "<span class=\"flip\"><span aria-hidden=\"true\">⚑ \(.flipped_from | @html) → </span><span class=\"hidden\">flips from \(.flipped_from | @html) to </span></span>" else "" end)
		+ (.value // "not observed" | @html)
		+ (if .wrong then " <span class=\"expected\">≠ expected \(.expected | @html)</span>" else "" end)
		+ "</span>" end;

def took: if .gone then "" elif .taken_over then "as step \(.taken_over | @html)" else .seconds.total | human end;

def grid_cell($machine):
	if . == null then "<td class=\"none\" role=\"cell\"><span class=\"hidden\">not run</span></td>"
	else "<td role=\"cell\" class=\"\(if .good then "good" else "bad" end)\" data-machine=\"\($machine | @html)\"><a href=\"#\(.key)\">\(verdict)<span class=\"hidden\"> \(title | @html)</span></a>"
		+ " <span class=\"took\">\(took)</span>"
		+ ([.known[] | fact] | if . == [] then "" else "<div class=\"known\">\(join(" "))</div>" end) + "</td>" end;

def grid:
	. as $run
	| "<section><h2 id=\"grid-title\">Steps and machines</h2>",
	"<p>A cell shows its verdict, \(if .known == [] then "" else "\(.known | join(", ") | @html), " end)and the time from QEMU’s start. <span class=\"flip\">⚑</span> marks a fact that flips there. <em>As step N</em>: the same kernel image was judged at step N.</p>",
	"<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"grid-title\"><table class=\"grid\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\"><th scope=\"col\" role=\"columnheader\">Step</th>",
	(.machines[] | "<th scope=\"col\" role=\"columnheader\">\(@html)</th>"),
	"</tr></thead><tbody role=\"rowgroup\">",
	(.steps[] | .step as $step | .patch as $patch
		| [$run.cells[] | select(.step == $step)] as $cells
		| "<tr role=\"row\" class=\"\(if all($cells[]; .good) then "good" else "bad" end)\"><th scope=\"row\" role=\"rowheader\"><div class=\"name\"><span class=\"step\">\($step)</span> <span class=\"patch\">\(if $patch == "" then "(base)" else $patch | sub("^[0-9]+-"; "") | sub("\\.patch$"; "") | @html end)</span></div></th>",
		($run.machines[] as $m | first(($cells[] | select(.machine == $m)), null) | grid_cell($m)),
		"</tr>"),
	"</tbody></table></div></section>";

def problems:
	if .problems == [] then empty else
	"<section><h2 id=\"problems-title\">What is wrong</h2><ul class=\"problems\">",
	(.problems[] | "<li><a href=\"#\(.key)\">\(title | @html)</a>: \(.wrong | @html)</li>"),
	"</ul></section>" end;

def notes:
	if .notes == [] then empty else
	"<section><h2 id=\"notes-title\">To note</h2><ul>",
	(.notes[] | "<li>\(@html)</li>"),
	"</ul></section>" end;

# Crashes of the same fingerprint are one crash that several cells saw.
def crashes:
	[.cells[] | select(.crash)] | if . == [] then empty else
	"<section><h2 id=\"crash-title\">Crashes and hangs</h2>",
	(group_by(.crash.fingerprint // .crash.line)[] | .[0].crash as $crash
		| "<div class=\"crash\"><h3><code>\($crash.line // .[0].verdict | @html)</code></h3>",
		(if $crash.fingerprint then "<p>Fingerprint <code>\($crash.fingerprint | @html)</code></p>" else empty end),
		"<p>Seen in \(length) \(if length == 1 then "cell" else "cells" end): \(map("<a href=\"#\(.key)\">\(title | @html)</a>") | join(", "))</p>",
		(if $crash.trace then "<pre tabindex=\"0\">\($crash.trace | join("\n") | @html)</pre>" else empty end),
		"</div>"),
	"</section>" end;

# The steps that each value of a known fact holds at, and what the series says.
def spans: reduce .[] as $c ([]; if . != [] and .[-1].value == $c.value and .[-1].expected == $c.expected
	then .[-1].to = $c.step | .[-1].n += 1 else . + [$c + {from: $c.step, to: $c.step, n: 1}] end);
def facts:
	. as $run
	| if .known == [] then empty else
	"<section><h2 id=\"facts-title\">Facts</h2><div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"facts-title\"><table class=\"facts\"><thead><tr><th scope=\"col\">Fact</th><th scope=\"col\">Machine</th><th scope=\"col\">Steps</th><th scope=\"col\">Observed</th><th scope=\"col\">Expected</th></tr></thead><tbody>",
	(.known[] as $name | .machines[] as $machine
		| [$run.cells[] | select(.machine == $machine and .class == "good") | .step as $step
			| .known[] | select(.name == $name) | {step: $step, value, expected, wrong}]
		| sort_by(.step) | spans | to_entries[] | .key as $n | .value
		| "<tr><th scope=\"row\">\($name | @html)</th><td>\($machine | @html)</td><td>\(.from)\(if .to != .from then "–\(.to)" else "" end)</td>"
		+ "<td>\(if $n > 0 then "<span class=\"flip\">⚑</span> " else "" end)\(.value // "not observed" | @html)</td>"
		+ "<td>\(if .expected == null then "anything" elif .wrong then "<span class=\"verdict bad\">≠ \(.expected | @html)</span>" else "✓ \(.expected | @html)" end)</td></tr>"),
	"</tbody></table></div></section>" end;

# A verdict that is taken over may have had a build, and no boot.
def phases: if .taken_over then [.seconds.build, 0, 0] else
	[.seconds.build, .seconds.boot, ([.seconds.total - .seconds.boot, 0] | max)] end;
def times:
	[.cells[] | select((.taken_over == null or .seconds.build > 0) and (.gone | not)) | . + {phases: phases}] as $cells
	| if $cells == [] then empty else
	([$cells[].phases | add] | max | if . == 0 then 1 else . end) as $longest
	| "<section><h2 id=\"times-title\">Time</h2>",
	"<p>All cells: \($cells | map(.phases | add) | add | human). <span class=\"key build\"></span> build, <span class=\"key boot\"></span> boot, <span class=\"key tests\"></span> tests.</p>",
	"<table class=\"times\"><colgroup><col class=\"cells\"><col><col class=\"sums\"></colgroup><thead class=\"hidden\"><tr><th scope=\"col\">Cell</th><th scope=\"col\">Chart</th><th scope=\"col\">Build, boot, tests</th></tr></thead><tbody>",
	($cells | sort_by(.machine, .step)[] | (.phases | map(. * 1000 / $longest / 10)) as $w
		| "<tr class=\"\(if .good then "good" else "bad" end)\"><th scope=\"row\"><a href=\"#\(.key)\">\(.step) <span class=\"machine\">\(.machine | @html)</span></a></th><td class=\"bar\"><svg width=\"100%\" height=\"12\" aria-hidden=\"true\" focusable=\"false\"><rect class=\"build\" width=\"\($w[0])%\" height=\"12\"/><rect class=\"boot\" x=\"\($w[0])%\" width=\"\($w[1])%\" height=\"12\"/><rect class=\"tests\" x=\"\($w[0] + $w[1])%\" width=\"\($w[2])%\" height=\"12\"/></svg></td>"
		+ "<td class=\"numbers\">\(.phases | map(human) | join(" + "))</td></tr>"),
	"</tbody></table></section>" end;

def where($result): [.[] | select(.result == $result) | "<a href=\"#\(.key)\">\(.step) \(.machine | @html)</a>"] | join(", ");
def longest: map(select(.seconds != null)) | if . == [] then "" else max_by(.seconds)
	| "\(.seconds * 10 | round / 10)s <a href=\"#\(.key)\">\(.step) \(.machine | @html)</a>" end;
def tests:
	[.cells[] | . as {$key, $step, $machine} | (.taken_over != null) as $taken | .cases[] | . + {$key, $step, $machine} | if $taken then .seconds = null else . end]
	| if . == [] then empty else
	"<section><h2 id=\"tests-title\">Tests</h2>",
	"<p class=\"controls\" hidden><label>Find a test <input id=\"find\" type=\"search\" autocomplete=\"off\"></label> <span id=\"found\" role=\"status\"></span></p>",
	"<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"tests-title\"><table class=\"tests\"><thead><tr><th scope=\"col\">Test</th><th scope=\"col\">Passed</th><th scope=\"col\">Skipped</th><th scope=\"col\">Failed</th><th scope=\"col\">Longest</th></tr></thead><tbody>",
	(group_by(.name) | sort_by(all(.[]; .result != "not ok"))[] | where("not ok") as $bad
		| "<tr class=\"\(if $bad == "" then "good" else "bad" end)\"><th scope=\"row\">\(.[0].name | @html)</th><td>\(count(.; "ok"))</td><td>"
		+ (count(.; "skip") as $n | if $n == 0 then "0" else "\($n) on \([.[] | select(.result == "skip") | .machine] | unique | join(", ") | @html)" end)
		+ "</td><td>\(if $bad == "" then "0" else $bad end)</td><td>\(longest)</td></tr>"),
	"</tbody></table></div></section>" end;

def case_list($result; $title): [.cases[] | select(.result == $result)] | if . == [] then empty else
	"<h3>\($title)</h3><ul>\(map("<li><code>\(.name | @html)</code>\(if .note == "" then "" else ": \(.note | @html)" end)</li>") | join(""))</ul>" end;
def fold($class; $title; $text): if $text == "" then empty else
	"<details class=\"\($class)\"><summary>\($title)</summary><pre tabindex=\"0\">\($text | @html)</pre></details>" end;

def detail($run):
	.cases as $cases
	| "<details class=\"cell \(if .good then "good" else "bad" end)\"><summary>\(verdict) \(title | @html)</summary><div id=\"\(.key | @html)\" class=\"body\" tabindex=\"-1\">",
	"<p>\(.reason | @html)\(if .patch == "" then "" else "<br><span class=\"patch\">\(.patch | @html)</span>" end)</p>",
	(.known[] | select(.wrong) | "<p class=\"wrong\">\(.name | @html) is <b>\(.value // "not observed" | @html)</b>, and the series says <b>\(.expected | @html)</b>.</p>"),
	(if (.id.with // "") != "" then "<p>With \(.id.with | @html) on top.</p>" else empty end),
	(.taken_over as $other | .machine as $machine | if $other == null then empty else
		(first($run.cells[] | select(.step == ($other | tonumber? // -1) and .machine == $machine)) // null) as $target
		| "<p>Takes over the verdict of \(if $target then "<a href=\"#\($target.key)\">step \($other | @html)</a>" else "step \($other | @html)" end): the same kernel image.</p>" end),
	(if .gone then empty else "<p>\(if .taken_over then "" else "Build \(.seconds.build | human), boot \(.seconds.boot | human), in all \(.seconds.total | human) from QEMU’s start. " end)\(count($cases; "ok")) tests passed, \(count($cases; "not ok")) failed, \(count($cases; "skip")) skipped.</p>" end),
	case_list("not ok"; "Failed"),
	(if .crash.line? then "<h3>Crash</h3><p><code>\(.crash.line | @html)</code></p>" else empty end),
	fold("log"; "Trace"; .crash.trace? // [] | join("\n")),
	(if .known_splats == [] then empty else "<h3>Known splats, excused</h3><ul>\(.known_splats | map("<li><code>\(.line // "" | @html)</code>\(if .count == 1 then "" else ", \(.count) times" end)</li>") | join(""))</ul>" end),
	
	"<h3>Run it again</h3><pre tabindex=\"0\">ci/cell \($run.track | @html) --step \(.step) --machine \(.machine | @html) --again</pre>",
	fold("command"; "QEMU command, as it was run"; .qemu.command // ""),
	case_list("skip"; "Skipped"),
	(if .facts == {} then empty else "<details><summary>\(.facts | length) facts</summary><ul>\(.facts | to_entries | map("<li><code>\(.key | @html)=\(.value | @html)</code></li>") | join(""))</ul></details>" end),
	fold("log"; "Diagnosis"; .diagnosis),
	(if .taken_over then empty else fold("log"; "Console, last lines"; .console) end),
	([link_of(.files[])] | if . == [] then empty else "<p class=\"files\">Files: \(join(" "))</p>" end),
	"</div></details>";

. as $run
| "<!DOCTYPE html>",
"<html lang=\"en\"><head><meta charset=\"utf-8\"><title>\("\(.track): \(.tally)" | @html)</title>",
"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">",
"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">",
"<link rel=\"icon\" href=\"data:,\"><style>", $style, "</style></head><body>",
"<a class=\"skip\" href=\"#grid-title\">Skip to the table</a>",
"<header><h1>Faultline \(.track | @html)</h1>",
"<p class=\"summary\"><span class=\"verdict \(.class)\">\({good: "✓ every cell passes, and every fact is what the series says", bad: "✗ \(.failed) of \(.cells | length) cells \(if .failed == 1 then "is" else "are" end) wrong", unjudged: "? \(.unjudged) of \(.cells | length) cells could not be judged"}[.class])</span></p>",
"<p>\(.cells | length) cells: \(.tally). \(.steps | length) \(if (.steps | length) == 1 then "step" else "steps" end) on \(.machines | length) \(if (.machines | length) == 1 then "machine" else "machines" end)\(if .partial then ", some of the tests only" else "" end). Page made at <time datetime=\"\(.made)\">\(.made | sub("T"; " ") | sub(":[0-9]*Z"; " UTC"))</time>.</p>",
(if $bench == "" then empty else "<p><a href=\"\($bench)\">What the series is worth and costs, measured</a></p>" end),
"<p class=\"controls\" hidden><label><input id=\"failures\" type=\"checkbox\"> Failures only</label></p></header><main>",
problems, notes, crashes, grid, facts, times,
"<section><h2 id=\"cells-title\">Cells</h2>",
(.cells | sort_by(.good, .machine, .step)[] | detail($run)),
"</section>", tests, "</main><script>", $script, "</script></body></html>"

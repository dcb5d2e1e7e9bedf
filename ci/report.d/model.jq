# SPDX-License-Identifier: GPL-2.0
# model.jq - what every view of a run is made from: the cells, judged.
#
# Input: the cells of the run as cell.jq gives them. $track, $made; $facts: the
# text of patches/<track>/facts; $series: the names of the patches, a line each;
# $partial: "1" when a fact that was not observed is not missed.
# $notes: lines of what is to be said and is not wrong.

def lines: split("\n") | map(select(. != ""));
def class:
	if . == "pass" then "good"
	elif IN("fail", "crash", "hang", "nobuild", "noapply") then "bad"
	else "unjudged" end;
# A pattern of the shell as a regular expression.
def as_regex: gsub("(?<c>[.+^$(){}|\\\\])"; "\\\(.c)") | gsub("\\*"; ".*") | gsub("\\?"; ".") | "^" + . + "$";

($series | lines) as $patches
| ($facts | lines | map(select(startswith("#") | not) | [splits("[ \t]+")] | map(select(. != "")))
	| map(select(length >= 3))
	| map({fact: .[0], machines: (.[1] | as_regex), before: .[2], after: .[3],
		flip: (.[4] as $p | $patches | index($p) | if . == null then null else . + 1 end)})
	) as $rules
| ($rules | map(.fact) | unique) as $known
| def expected($fact; $step; $machine):
	first(($rules[] | select(.fact == $fact) | .machines as $re | select($machine | test($re)))
		, null)
	| if . == null then null
	  elif .flip == null or $step < .flip then .before
	  else .after end;
  map(.step as $step | .machine as $machine | .verdict as $verdict
	| . + {
		key: "\($step)-\($machine)", class: ($verdict | class),
		patch: (if $step == 0 then "" else $patches[$step - 1] // "" end),
		known: ($known | map({name: ., expected: expected(.; $step; $machine)}))
	} | .facts as $observed | .known |= map(.value = ($observed[.name])
		| .wrong = ($verdict == "pass" and .expected != null and .value != .expected
			and ($partial != "1" or .value != null)))
	| .good = (.class == "good" and all(.known[]; .wrong | not)))
# The last line of the run for a cell counts; the order is that of the run.
| reduce .[] as $cell ([]; map(select(.key != $cell.key)) + [$cell])
| . as $cells
| map(. as $cell | .known |= map(.name as $name | .value as $value
	| ([$cells[] | select(.machine == $cell.machine and .step < $cell.step)
		| {step, value: (.known[] | select(.name == $name) | .value)} | select(.value != null)]
		| max_by(.step)) as $before
	| .flipped_from = (if $before != null and $value != null and $before.value != $value
		then $before.value else null end)))
# What the guest tells and the series does not list stays as it is.
| map(. as $cell
	| ([$cells[] | select(.machine == $cell.machine and .step < $cell.step and .verdict == "pass")]
		| max_by(.step)) as $before
	| .moved = (if $partial == "1" or .verdict != "pass" or $before == null then [] else
		[($before.facts + .facts | keys[]) as $name
			| select(expected($name; $cell.step; $cell.machine) == null
				and $before.facts[$name] != $cell.facts[$name])
			| {$name, value: $cell.facts[$name], was: $before.facts[$name], step: $before.step}] end)
	| .good = (.good and .moved == []))
| {
	format: 1, track: $track, made: $made, partial: ($partial == "1"), known: $known, rules: $rules,
	notes: ($notes | lines),
	machines: (reduce .[].machine as $m ([]; if index($m) then . else . + [$m] end)),
	steps: (map({step, patch}) | unique_by(.step)),
	cells: .,
	passed: (map(select(.good)) | length),
	failed: (map(select((.good | not) and .class != "unjudged")) | length),
	unjudged: (map(select(.class == "unjudged")) | length),
	problems: map(. as $c
		| (select(.class != "good") | {key, class, wrong: (if .gone then .reason else "\(.verdict): \(.reason)" end | gsub("\n"; " "))}),
		  (.known[] | select(.wrong) | {key: $c.key, class: "bad",
			wrong: "\(.name) is '\(.value // "none")', and the series says '\(.expected)'"}),
		  (.moved[] | {key: $c.key, class: "bad",
			wrong: "\(.name) is '\(.value // "none")', and '\(.was // "none")' at step \(.step): patches/\($track)/facts does not say that it changes"})
		| . + {step: $c.step, machine: $c.machine, folder: $c.folder, gone: ($c.gone // false)})
}
| .tally = "\(.passed) passed, \(.failed) failed\(if .unjudged > 0 then ", \(.unjudged) not judged" else "" end)"
| .class = (if any(.problems[]; .class == "bad") then "bad"
	elif any(.problems[]; .class == "unjudged") then "unjudged" else "good" end)

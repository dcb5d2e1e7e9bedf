# SPDX-License-Identifier: GPL-2.0
# model.jq - what a benchmark measured, with what follows from the samples.
#
# $samples: lines of subject, name, unit, variant, value; $limits: lines of subject,
# name, variant, limit, "ratio", "median" or "equal"; $bench, $track, $base, $series,
# $reference, $command. Change and ratio are of medians, and null without such a reference; the ratio also
# where the reference is 0 and this is not.

include "views";

def lines: split("\n") | map(select(. != "") | split("\t"));
def median: sort | if length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) / 2 end;

($limits | lines | map({subject: .[0], name: .[1], variant: .[2], limit: (.[3] | tonumber), of: .[4]})) as $targets
| ($samples | lines | map({labels: .[:4], value: (.[4] | tonumber)})) as $all
| [$all | map(.labels) | in_order[] as $labels
	| [$all[] | select(.labels == $labels) | .value] as $values
	| {subject: $labels[0], name: $labels[1], unit: $labels[2], variant: $labels[3], values: $values,
	   median: ($values | median), min: ($values | min), max: ($values | max)}] as $rows
| {
	format: 1, bench: $bench, track: $track, base: $base, series: $series, reference: $reference, command: $command,
	rows: [$rows[] as $row
		| (first($rows[] | select(.subject == $row.subject and .name == $row.name and .variant == $reference)) // null) as $r
		| $row + if $r == null then {change: null, ratio: null}
			else {change: ($row.median - $r.median),
				ratio: (if $r.median == $row.median then 1 elif $r.median == 0 then null else $row.median / $r.median end)} end
		| . as $row | first(($targets[] | select(.subject == $row.subject and .name == $row.name and .variant == $row.variant)), null) as $t
		| if $t == null then . else . + {limit: $t.limit, of: $t.of}
			| .met = ((if $t.of == "median" then .median else .ratio end) as $v
				| if $t.of == "equal" then $v == $t.limit else $v != null and $v <= $t.limit end) end]
}

# SPDX-License-Identifier: GPL-2.0
# compare.jq - two measurements, row by row: the rows whose spreads, from the least to
# the most of the rounds, do not meet, and how many rows do. Seconds are the machine's,
# and left out. Instructions repeat exactly and so have no spread, and are others with
# another build of the guest, which lays out memory in another way: by 0.12% at most of
# 112 (munmap_page on arm64, of four guests in two days). So half of what counts as a
# regression, a quarter of a percent, is close enough for them, and for nothing else: a
# series may change a size by less.
#
# Input: two arrays, each of files of model.jq. A row is the same in both when benchmark,
# subject, name, unit and variant are.
# Output: {"apart": [[benchmark, subject, name, unit, variant, median and spread of the first,
# median and spread of the second], ...], "agree": N, "seconds": N, "unmatched": N}

include "views";

def rows: map(.bench as $bench | .rows[] | {key: ([$bench, .subject, .name, .unit, .variant] | tojson), value: .})
	| from_entries;
def shown: (.median | number), spread;

(.[0] | rows) as $first | (.[1] | rows) as $second
| [$first, $second | keys[]] | group_by(.) | map({row: (.[0] | fromjson), a: $first[.[0]], b: $second[.[0]]})
| map(select(.a and .b)) as $both
| ($both | map(select(.row[3] != "seconds"))) as $counts
| ($counts | map(select((.a.max < .b.min or .b.max < .a.min) and
	(.a.median - .b.median | fabs) > (if .row[3] == "instructions" then 0.0025 else 0 end) * ([.a.median, .b.median | fabs] | max)))) as $apart
| {
	apart: ($apart | map(.row + [(.a | shown), (.b | shown)])),
	agree: (($counts | length) - ($apart | length)),
	seconds: (($both | length) - ($counts | length)),
	unmatched: (length - ($both | length))
}

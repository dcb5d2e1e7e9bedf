# SPDX-License-Identifier: GPL-2.0
# cell.jq - one cell of a run, from its result file.
#
# Input: result.json or infra.json. $step, $machine, $folder: the line of the
# run. With $logs = "1" also $files, the folder's files as `name<TAB>time` of the
# last change; $times, what times.awk says of the console; $console and
# $diagnosis, the ends of console.log and of diagnosis.txt.

# What XML forbids and no terminal shows is made visible: the pictures of the
# control characters, and the replacement character for the rest.
def printable:
	explode | map(
		if . == 9 or . == 10 then .
		elif . < 32 then . + 9216
		elif . == 127 then 9249
		elif . < 160 and . > 127 or . >= 65534 and . <= 65535 then 65533
		else . end) | implode;

def clean:
	if tojson | test("[\\x7f-\\x{9f}\\x{fffe}\\x{ffff}]|\\\\[bfru]")
	then walk(if type == "string" then printable else . end) else . end;

def rows: split("\n") | map(select(. != "") | split("\t"));

if type != "object" or (.verdict | type) != "string" then error("no verdict") else . end
| ($files | rows | sort) as $files
| ($times | rows | map({key: .[0], value: (.[1] | tonumber)}) | from_entries) as $times
| {
	verdict, reason: (.reason // ""), taken_over: (.taken_over // null),
	id: (.id // {}), qemu: (.qemu // {}), accel, crash: (.crash // null),
	facts: (.facts // {}), known_splats: (.known_splats // []),
	cases: (if $logs == "1" then .tests.cases // [] | map(. + {seconds: $times[.name]}) else [] end),
	seconds: {
		build: (.id.build_seconds // 0 | tonumber? // 0),
		boot: (.seconds.boot // 0), total: (.seconds.total // 0)
	}
} + {
	step: ($step | tonumber), machine: $machine, folder: $folder,
	made: (first($files[] | select(.[0] | IN("result.json", "infra.json")) | .[1] | tonumber | todate) // ""),
	files: ($files | map(.[0])), console: $console, diagnosis: $diagnosis
} | clean

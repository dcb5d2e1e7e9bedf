# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# status-table.sh - the table of scripts/status, 100 columns wide.

# status_table FILE: print the JSON of scripts/status for a person.
status_table() {
	jq -r '
	def pad(n): . + " " * (n - length);
	def letter: {pass: "P", fail: "F", crash: "C", hang: "H", nobuild: "B", noapply: "A"}[.] // "?";
	.tracks[] | . as $t |
	([.patches[].links[]] | unique) as $threads |
	(.machines | length) as $width |
	"track \(.track): \(.patches | length) patches onto linux \(.base.version // "unknown")",
	(if .base.newest == null then "newest of its line: unknown; nobody has looked, --look does"
	 elif .base.newest == .base.version then
		"newest of its line: the base, as of \(.base.newest_seen) (\(.base.newest_where))"
	 else "newest of its line: \(.base.newest), as of \(.base.newest_seen) (\(.base.newest_where))" end),
	"",
	("step " + ("upstream" | pad(14)) + ("commit" | pad(13)) + ("in" | pad(6)) + "needed " +
	 ("verdicts" | pad([$width, 8] | max)) + " thread  subject"),
	(.patches[] |
		(.needed_by[$t.track]) as $needed |
		([.links[] as $l | $threads | index([$l]) + 1 | tostring] | join(",")) as $thread |
		((.step | tostring | pad(5)) +
		 (.upstream.status // "unknown" | pad(14)) +
		 ((.upstream.commit // "-")[:12] | pad(13)) +
		 (.upstream.version // "-" | pad(6)) +
		 ((if $needed == null then "unknown" elif $needed then "yes" else "no" end) | pad(7)) +
		 ([. as $p | $t.machines[] | $p.verdicts[.] // null | if . == null then "." else letter end] |
			join("") | pad([$width, 8] | max)) +
		 " " + ($thread | pad(7)) + " " + .subject)[:100]),
	"",
	(reduce ("verdicts, in this order:", $t.machines[]) as $word ([];
		if length > 0 and (.[-1] + $word | length) < 100 then .[-1] += " " + $word
		elif length > 0 then . + ["  " + $word] else [$word] end) | .[]),
	"  P pass, F fail, C crash, H hang, B does not build, A does not apply, ? not judged, . none",
	"threads:",
	($threads | to_entries[] | "  \(.key + 1) \(.value)"),
	"patches: \(.patches | length), needed by this base: \([.patches[] | select(.needed_by[$t.track] == true)] | length)",
	(.equivalents | group_by(.track)[] |
		"",
		"patches of \(.[0].track) on linux \($t.base.version // "unknown"): " +
			([group_by(.what)[] | "\(length) \(.[0].what)"] | join(", ")),
		"step what     since  commit        note",
		(.[] | .carried as $by |
			((.step | tostring | pad(5)) +
			 (.what // "unknown" | pad(9)) +
			 (.version // "-" | pad(7)) +
			 ((.commit // ([$t.patches[] | select(.patch == $by) | "step \(.step)"][0]) // "-")[:12] | pad(14)) +
			 .note)[:100])),
	(if .equivalents == [] then empty else
		"  in: upstream has it, other: in another form, gone: nothing is left to change,",
		"  carried: a patch of this track has it, open: neither has it, and this base needs it" end),
	""' "$1"
}

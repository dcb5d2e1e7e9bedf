# SPDX-License-Identifier: GPL-2.0
# markdown.jq - the measures that have a target, or all where none has, as tables of
# Markdown, one per benchmark: a line per measure, a column per subject. A field is the
# median of the reference, that of the variant, and their ratio, or the variant's alone.
#
# Input: the files of model.jq, as one array.

include "views";

def line: "| " + join(" | ") + " |";

.[] | . as $result
| [.rows[] | select(.variant != $result.reference)] | map(select(.limit != null)) as $aimed
| if $aimed == [] then . else $aimed end | if . == [] then empty else . end
| . as $shown
| (map(.subject) | in_order) as $subjects
| ("`\($result.command)`", "",
	(["\(map(.variant) | in_order | join(", ")) against \($result.reference)"] + $subjects | line),
	([range($subjects | length + 1)] | map("---") | line),
	(group_by([.name, .variant]) as $groups | (map([.name, .variant]) | in_order)[] as $key
		| first($groups[] | select([.[0].name, .[0].variant] == $key))
		| . as $group | .[0] as $head
		| ["\($head.name), \($head.unit)\(if ([$shown[] | select(.name == $head.name) | .variant] | in_order | length) > 1 then ", \($head.variant)" else "" end)"]
			+ [$subjects[] as $s | first($group[] | select(.subject == $s)) // null
				| if . == null then "" else . as $row
				| (first($result.rows[] | select(.subject == $s and .name == $row.name and .variant == $result.reference)) // null) as $from
				| if $from == null then "\($row.median | number)" else
				"\($from.median | number) → \($row.median | number), ×\($row.ratio | ratio)\(if $row.met == false then ", **missed**" else "" end)" end end]
		| line),
	"")

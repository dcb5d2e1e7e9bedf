# SPDX-License-Identifier: GPL-2.0
# ktap.jq - a run as KTAP version 1: a subtest per cell.
#
# Facts are diagnostics. They are named by their cell, as a name has one value in
# a report. Input: what model.jq gives.

include "views";

# What follows " #" would be read as a directive.
def plain: one_line | gsub("#"; "%");
def outcome($number):
	(.note | plain) as $note
	| if .result == "not ok" and $note != "" then "  # \($note)" else empty end,
	"  " + (if .result | IN("ok", "skip") then "" else "not " end) + "ok \($number) \(.name | plain)"
		+ if .result == "skip" then " # SKIP \($note)"
		  elif .result == "error" then " # ERROR \($note)" else "" end;

"KTAP version 1",
"1..\(.cells | length)",
(.cells | to_entries[] | (.key + 1) as $number | .value | judged as $cases
	| "  KTAP version 1",
	"  # Subtest: \(.key)",
	"  1..\($cases | length)",
	(.key as $key | .facts | to_entries[] | "  # fact: \($key).\(.key)=\(.value | one_line)"),
	if .taken_over then "  # the verdict of step \(.taken_over), which boots the same to the byte" else empty end,
	($cases | to_entries[] | (.key + 1) as $n | .value | outcome($n)),
	(if .good then "" else "not " end) + "ok \($number) \(.key)")

# SPDX-License-Identifier: GPL-2.0
# table.jq - the table of a run for a terminal, columns separated by tabs, then
# an empty line and what is wrong.
#
# Input: what model.jq gives. $part: "head", "rows" or "tail".

. as $run
| def took: if .taken_over then "=\(.taken_over)" else "\(.seconds.total | round)s" end;
  def shown:
	if .gone then .verdict
	else ([.verdict] + (.known | map((.value // "none") + (if .wrong then "!" else "" end)))
		+ (.moved | map("\(.name)=\(.value // "none")!")) + [took])
		| join(" ")
	end;
  if $part == "head" then "track \(.track), facts: \(.known | join(" "))", ""
  elif $part == "rows" then
	(["step"] + .machines + ["patch"] | join("\t")),
	(.steps[] | . as {$step, $patch}
		| ["\($step)"] + [$run.machines[] as $m
			| first(($run.cells[] | select(.step == $step and .machine == $m) | shown), "-")]
			+ [if $patch == "" then "(base)" else $patch end] | join("\t"))
  else
	"",
	(if .problems == [] then "every cell passes, and every fact is what the series says" else
		.problems[] | "step \(.step) on \(.machine): \(.wrong)"
			+ (if .gone then "" else " (\(.folder))" end) end),
	.notes[],
	"cells: \(.tally)"
  end

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # shares its variables with scripts/check
#
# check-print.sh - print what scripts/check, which sources it, has found.

# columns: print the names of the checks of a patch, a line each.
columns() {
	printf '%s\n' form author changelog trailers apply whitespace checkpatch generated
	((!deep)) || echo compile
}

# rows: print `step name says` for every patch chosen and, as step 0, the series;
# says is - or, for a generated patch, generated.
rows() {
	local step name says

	[[ -n $chosen ]] || printf '0\tseries\t-\n'
	for step in "${STEPS[@]}"; do
		name=${NAMES[step - 1]} says=-
		[[ ! -f $dir/$name ]] || ! sed '/^---$/q' "$dir/$name" | grep -q '^Semantic-patch: ' || says=generated
		printf '%s\t%s\t%s\n' "$step" "$name" "$says"
	done
}

# table: print `step<TAB>name<TAB>cell...`, a line per row, the first with the
# columns. A cell is ok, N, ?, - or, with accepted findings, ok+N or N+N.
table() {
	awk -F '\t' -v names="$(columns | paste -s -d ' ')" -v series="$track" '
		BEGIN {
			n = split(names, check, " ")
			printf "step\tpatch"
			for (c = 1; c <= n; c++) printf "\t%s", check[c]
			print ""
		}
		FILENAME == ARGV[1] {
			file = $3
			sub(/:[0-9]+$/, "", file)
			if ($2 == "series") file = "series"
			count[$1, $2, file]++
			next
		}
		{
			printf "%s\t%s", $1, $2
			for (c = 1; c <= n; c++) {
				bad = count["finding", check[c], $2] + 0
				if ($2 == "series") {
					cell = "-"
					if (c == 1) { bad = count["finding", "series", "series"] + 0; cell = bad ? bad : "ok" }
				} else if (check[c] == "generated" && $3 != "generated") {
					cell = "-"
				} else if (bad) {
					cell = bad
				} else {
					cell = count["unjudged", check[c], $2] ? "?" : "ok"
				}
				if (count["accepted", check[c], $2]) cell = cell "+" count["accepted", check[c], $2]
				printf "\t%s", cell
			}
			print ""
		}' "$RESULTS" <(rows)
}

# chosen_lines STATE...: print the lines of the results in one of the states,
# of the patches chosen.
chosen_lines() {
	awk -F '\t' -v states=" $* " '
		NR == FNR { row[$2] = 1; next }
		index(states, " " $1 " ") {
			file = $3
			sub(/:[0-9]+$/, "", file)
			if (file in row || ($2 == "series" && "series" in row)) print
		}' <(rows) "$RESULTS"
}

# print_results: the table, then the findings.
print_results() {
	local state check where text

	table | print_table
	while IFS=$'\t' read -r state check where text; do
		[[ $state == finding ]] || check="$check: not judged"
		printf 'patches/%s/%s: %s: %s\n' "$track" "$where" "$check" "$text"
	done < <(chosen_lines finding unjudged)
}

# print_table: print the lines of table in columns of their own width; the name
# of a patch has what is left of 100.
print_table() {
	awk -F '\t' '
		{
			line[NR] = $0
			for (i = 1; i <= NF; i++) if (i != 2 && length($i) > width[i]) width[i] = length($i)
			fields = NF
		}
		END {
			left = 100 - width[1]
			for (i = 3; i <= fields; i++) left -= 2 + width[i]
			for (n = 1; n <= NR; n++) {
				split(line[n], cell, FS)
				printf "%-*s", width[1], cell[1]
				for (i = 3; i <= fields; i++) printf "  %-*s", width[i], cell[i]
				printf "  %s\n", substr(cell[2], 1, left - 2)
			}
		}'
}

# print_ktap: the same in KTAP version 1: a subtest per row, a test per column.
print_ktap() {
	printf 'KTAP version 1\n1..%d\n' "$(rows | wc -l)"
	awk -F '\t' '
		NR == FNR {
			file = $3
			sub(/:[0-9]+$/, "", file)
			if ($2 == "series") file = "series"
			text[$2, file] = text[$2, file] "    # " $3 ": " $4 "\n"
			next
		}
		FNR == 1 { for (i = 3; i <= NF; i++) check[i] = $i; next }
		{
			row++
			printf "  KTAP version 1\n  # Subtest: %s\n  1..%d\n", $2, NF - 2
			bad = 0
			for (i = 3; i <= NF; i++) {
				name = $2 == "series" && i == 3 ? "series" : check[i]
				if ((name, $2) in text) { t = text[name, $2]; gsub(/\n    #/, "\n  #", t); sub(/^    #/, "  #", t); printf "%s", t }
				no = $i ~ /^[0-9?]/
				bad += no
				printf "  %s %d %s%s\n", no ? "not ok" : "ok", i - 2, name,
					$i == "-" ? " # SKIP says nothing here" : $i ~ /^[?]/ ? " # ERROR could not be judged" : ""
			}
			printf "%s %d %s\n", bad ? "not ok" : "ok", row, $2
		}' <(chosen_lines finding unjudged accepted) <(table)
}

# summary: set FINDINGS and UNJUDGED; say them.
summary() {
	FINDINGS=$(chosen_lines finding | wc -l)
	UNJUDGED=$(chosen_lines unjudged | wc -l)
	say "check $track: ${#STEPS[@]} patches, $FINDINGS findings, $(chosen_lines accepted | wc -l) accepted, $UNJUDGED not judged"
}

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# splats.sh - known splats (configs/splats/<base>) that were not met again, for
# ci/report. Source it after scripts/lib.sh; needs jq.

# splats_file TRACK: print the path of the known splats of the track's base; nothing
# without. A track that is carried on the base of another names it with a link.
splats_file() {
	local base file

	base=$(readlink -f "$FAULTLINE_CONFIGS/base/$1") || base=$1
	file=$FAULTLINE_CONFIGS/splats/${base##*/}
	[[ ! -f $file ]] || printf '%s\n' "$file"
}

# splats_listed TRACK: print "machines<TAB>expression" of every known splat.
splats_listed() {
	local file

	file=$(splats_file "$1")
	# As vmrun reads it: the reason begins at the first " # " behind the machines.
	[[ -z $file ]] || awk '!/^#/ && NF {
			rest = substr($0, length($1) + 1)
			at = index(rest, " # ")
			expression = substr(rest, 1, at - 1)
			gsub(/^[ \t]+|[ \t]+$/, "", expression)
			if (at > 1 && expression != "") print $1 "\t" expression
		}' "$file"
}

# splats_missed TRACK RUN: print a line for every known splat that no cell of RUN
# (lines of step, machine and result folder, separated by tabs) met, although one
# passed, all tests included, on a machine that it is listed for. One that a patch
# removes at some step is still met at the steps before.
splats_missed() {
	local track=$1 run=$2 machines expression machine folder tried met

	while IFS=$'\t' read -r machines expression; do
		tried='' met=''
		while IFS=$'\t' read -r _ machine folder; do
			# shellcheck disable=SC2053 # a pattern, as the file says
			[[ $machine == $machines && -s $folder/result.json ]] || continue
			if jq -e --arg e "$expression" 'any(.known_splats[]?; .pattern == $e)' \
				"$folder/result.json" >/dev/null; then
				met=1
			elif jq -e '.verdict == "pass"' "$folder/result.json" >/dev/null; then
				[[ " $tried " == *" $machine "* ]] || tried+=" $machine"
			fi
		done <"$run"
		[[ -n $met || -z $tried ]] || printf \
			"known splat '%s' was not met on%s: take it out of configs/splats/%s\n" \
			"$expression" "$tried" "$(basename "$(splats_file "$track")")"
	done < <(splats_listed "$track")
}

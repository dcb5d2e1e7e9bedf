#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# scripts/check-patch.sh - what scripts/check asks of one patch alone; it runs several at once.
#
# Usage: scripts/check-patch.sh <track> WORDS COMMIT PATCH RESULT
#
#   WORDS    a file: what the base's folders and files are called, a word a line
#   COMMIT   the commit that the patch makes, or - where the series does not apply
#   PATCH    the file
#   RESULT   the file to write, with lines
#            finding|accepted|unjudged<TAB>check<TAB>file[:line]<TAB>text
#
# Prints the name of the patch when it is done.
#
# Exit: 0 whatever is found, 125 cannot be judged, 2 usage.
# Example: scripts/check-patch.sh v5.10 /tmp/words HEAD patches/v5.10/0001-a.patch /tmp/result

set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
# shellcheck source=check-changelog.sh
. "$FAULTLINE_ROOT/scripts/check-changelog.sh"

case ${1:-} in --help | -h) print_header_help "$0"; exit 0 ;; esac
(($# == 5)) || usage_error "track, words, commit, patch and result are needed"
# shellcheck disable=SC2034 # read by check-changelog.sh
track=$1 BASE_WORDS=$2 commit=$3 patch=$4 result=$5
name=${patch#"$FAULTLINE_PATCHES/$track/"} # as the series has it

# line STATE CHECK WHERE TEXT: print a line of the result.
line() { printf '%s\t%s\t%s\t%s\n' "$@"; }

# acceptances TRAILER: print `TYPE<TAB>reason` of the patch's trailers of that name.
acceptances() { sed -n "/^---\$/q;s/^$1: \([A-Z_]*\) - \(..*\)\$/\1\t\2/p" "$patch"; }

# whitespace_findings: print `WHITESPACE<TAB>TEXT` for what git calls an error in
# the lines that the patch adds.
whitespace_findings() {
	local found status=0

	found=$(git_linux -c core.whitespace=blank-at-eol,space-before-tab,blank-at-eof \
		diff-tree --check --root "$commit") || status=$?
	((status == 0 || status == 2)) || die "$EXIT_INFRA" "git diff-tree --check ended with $status" "see above"
	sed -n 's/^\([^+-].*:[0-9]*: .*\)/WHITESPACE\t\1/p' <<<"$found"
}

# acceptable CHECK: pass on the findings of CHECK, of lines TYPE<TAB>[LINE<TAB>]TEXT,
# or say that the patch accepts them.
acceptable() {
	local check=$1 type at text

	while IFS=$'\t' read -r type at text; do
		[[ -n $text ]] || { text=$at at=''; }
		if [[ -n ${accepts[$type]:-} ]]; then
			line accepted "$check" "$name" "$type: ${accepts[$type]}"
		else
			line finding "$check" "$name${at:+:$at}" "$type: $text"
		fi
	done
}

# checkpatch_lines: print what checkpatch.pl says, on stdin, as lines of a result: about
# a line of the patch or, where it is of no known form, about the patch.
checkpatch_lines() {
	awk -v name="$name" '
		!NF { next }
		{ at = "" }
		match($0, /: (ERROR|WARNING|CHECK):[A-Z_]+: |: accepts [A-Z_]+,/) {
			path = substr($0, 1, RSTART - 1)
			$0 = substr($0, RSTART + 2)
			if (match(path, /:[0-9]+$/)) at = substr(path, RSTART)
		}
		{ print "finding\tcheckpatch\t" name at "\t" $0 }'
}

# judge_checkpatch: what checkpatch.pl finds, and how much of it is accepted.
judge_checkpatch() {
	local out log=$result.$$.log status=0 text type

	out=$("$FAULTLINE_ROOT/scripts/checkpatch" "$track" "$patch" 2>"$log") || status=$?
	if ((status > 1)); then
		line unjudged checkpatch "$name" "$(sed -n '/error: /{p;q}' "$log")"
		rm -f "$log"
		return
	fi
	rm -f "$log"
	checkpatch_lines <<<"$out"
	while IFS=$'\t' read -r type text; do
		[[ -z $type || $out == *"accepts $type,"* ]] ||
			line accepted checkpatch "$name" "$type: $text"
	done < <(acceptances Checkpatch-accepts)
}

# unneeded RESULTS: a finding for every acceptance that RESULTS make no use of.
unneeded() {
	local type

	for type in "${!accepts[@]}"; do
		[[ $commit == - && $type == WHITESPACE ]] ||
			grep -q "^accepted"$'\t'".*"$'\t'"$type: " <<<"$1" ||
			line finding trailers "$name" "accepts $type, which is not found: drop the trailer"
	done
}

declare -A accepts=()
while IFS=$'\t' read -r type reason; do
	accepts[$type]=$reason
done < <(acceptances Check-accepts)

[[ -f $FAULTLINE_CONFIGS/check/verbs ]] || die "$EXIT_INFRA" "$FAULTLINE_CONFIGS/check/verbs is missing" \
	"it is a list of verbs and of their other forms; it may be empty"
out=$(
	changelog_findings "$patch" | acceptable changelog
	if [[ $commit == - ]]; then
		line unjudged whitespace "$name" "the series does not apply"
	else
		whitespace_findings | acceptable whitespace
	fi
	judge_checkpatch
)
{
	[[ -z $out ]] || printf '%s\n' "$out"
	unneeded "$out"
} >"$result.$$"
mv "$result.$$" "$result"
printf '%s\n' "$name"

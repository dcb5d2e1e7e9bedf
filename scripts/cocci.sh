# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# cocci.sh - run a semantic patch on the files of a step that it may change.
# Source it after scripts/lib.sh, call own_failures_are_infra, set COCCI_RUN to
# a folder that is yours alone, below FAULTLINE_WORK, and call cocci_begin.

# shellcheck source=spatch.sh
. "$FAULTLINE_ROOT/scripts/spatch.sh"

COCCI_JOBS=${FAULTLINE_JOBS:-$(nproc)}
# Use what earlier runs found: 1 or 0.
COCCI_CACHED=1
# Raise it when what is kept, or how it is found, changes.
readonly COCCI_FORMAT=1

# cocci_begin: make COCCI_RUN an empty folder, have children end with this
# process, and set COCCI_VERSION.
cocci_begin() {
	rm -rf "$COCCI_RUN"
	mkdir -p "$COCCI_RUN"
	trap 'kill "${!cocci_running[@]}" 2>/dev/null || :; exit "$EXIT_INFRA"' INT TERM HUP
	need_tool spatch git timeout
	export HOME=$COCCI_RUN # not the user's ~/.cocciconfig
	COCCI_VERSION=$(spatch --version 2>&1 | sed -n '1s/^spatch version \([^ ]*\).*/\1/p')
	[[ -n $COCCI_VERSION ]] || die "$EXIT_INFRA" \
		"'spatch --version' does not tell its version" "run scripts/deps"
}

# cocci_file TRAILER: print the path of the semantic patch that a trailer
# `Semantic-patch: cocci/<name>.cocci` names.
cocci_file() {
	local file=$FAULTLINE_COCCI/${1#cocci/}

	[[ $1 == cocci/* && -f $file ]] || bad \
		"${track:+$track: }Semantic-patch: '$1' does not exist in $FAULTLINE_COCCI" "see scripts/lint${track:+ $track}"
	printf '%s\n' "$file"
}

# cocci_header FILE KEY: print the values of the header lines `// KEY: value`.
cocci_header() { sed -n "/^\/\//!q; s|^// $2:[ \t]*||p" "$1" | sed 's/[ \t]*$//'; }

# cocci_check FILE: die unless the header has what is needed here and spatch is
# new enough.
cocci_check() {
	local file=$1 wanted leftover found=0

	[[ -n $(cocci_header "$file" Candidates) ]] || bad \
		"$file: no header line '// Candidates: <ERE>'" "name what a file must have to be changed"
	# Files are given to spatch alone: it must not look for others.
	[[ " $(cocci_header "$file" Options) " == *' --no-includes '* ]] || bad \
		"$file: its Options have no --no-includes" "add it: the result would depend on other files"
	leftover=$(cocci_header "$file" Leftover)
	[[ -z $leftover ]] || grep -qE -e "$leftover" /dev/null 2>/dev/null || found=$?
	((found < 2)) || bad "$file: the header line '// Leftover:' is no extended regular expression: '$leftover'" \
		"grep -E has to take it: what is left would not be found"
	wanted=$(cocci_header "$file" Requires)
	printf '%s\n' "${wanted:-0}" "$COCCI_VERSION" | sort -CV || die "$EXIT_INFRA" \
		"$file requires spatch $wanted, and spatch $COCCI_VERSION is here" "install a newer Coccinelle"
}

# cocci_key FILE MODE: print the name of the folder in the cache for what this
# spatch makes of files with FILE in MODE.
cocci_key() {
	{
		printf '%s %s %s\n' "$COCCI_FORMAT" "$COCCI_VERSION" "$2"
		# With it, Options, Candidates and Leftover. What is done by hand is
		# asked only when results are read.
		grep -v '^// By hand:' "$1"
	} | sha256sum | cut -c 1-40
}

# cocci_candidates FILE COMMIT: print the files of COMMIT that have a match of
# Candidates, as git ls-tree -l: `mode type blob size<TAB>path`.
cocci_candidates() {
	local file=$1 commit=$2 tree ere kept found paths

	ere=$(cocci_header "$file" Candidates)
	tree=$(git_linux rev-parse "$commit^{tree}")
	kept=$FAULTLINE_WORK/regen/candidates/$(sha256sum <<<"$tree $ere" | cut -c 1-40)
	if ((!COCCI_CACHED)) || [[ ! -f $kept ]]; then
		say "  looking for candidates: $ere"
		found=$(cocci_grep "$ere" "$commit") || {
			(($? == EXIT_USAGE)) && bad "$file: git cannot search for Candidates: '$ere'" \
				"it has to be an extended regular expression"
			die "$EXIT_INFRA" "git grep did not get to its end" "see above, and run it again"
		}
		mkdir -p "${kept%/*}"
		: >"$COCCI_RUN/found"
		mapfile -t paths <<<"$found"
		# No path at all would stand for every path.
		[[ -z $found ]] || GIT_LITERAL_PATHSPECS=1 git_linux -c core.quotePath=false \
			ls-tree -r -l "$commit" -- "${paths[@]#*:}" >"$COCCI_RUN/found"
		mv "$COCCI_RUN/found" "$kept"
	fi
	cat "$kept"
}

# cocci_grep ERE COMMIT: print `COMMIT:path` of the files with a match, as git grep. Returns
# EXIT_USAGE when ERE is none, and EXIT_INFRA when git grep fails for another reason.
cocci_grep() {
	local commit=$2 kind pid pids=()

	# Two at a time and without UTF-8, as it may be half of the whole time.
	for kind in c h; do
		LC_ALL=C git_linux grep -lE -e "$1" "$commit" -- "*.$kind" >"$COCCI_RUN/found.$kind" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || (($? == 1)) || {
			LC_ALL=C grep -qE -e "$1" /dev/null || (($? == 1)) || return "$EXIT_USAGE"
			return "$EXIT_INFRA"
		}
	done
	cat "$COCCI_RUN/found.c" "$COCCI_RUN/found.h"
}

# cocci_run FILE COMMIT MODE: run the semantic patch on every candidate of
# COMMIT, in MODE patch or report. Writes $COCCI_RUN/result, lines
# `path<TAB>kind<TAB>value` in order of path, where kind is
#   blob     the file's content afterwards, in LINUX_GIT (patch)
#   report   line: what was reported (report)
#   bad      line: one that matches Candidates where spatch cannot parse
#   left     line: one that matches Leftover, afterwards
#   fail     why spatch failed; nothing else is known of this file
cocci_run() {
	local file=$1 commit=$2 mode=$3 kept entry type blob size path
	local entries=()
	local -A damaged=()

	cocci_check "$file"
	cocci_todo=() cocci_size=() cocci_entry=()
	kept=$FAULTLINE_WORK/regen/cache/$(cocci_key "$file" "$mode")
	mkdir -p "$kept" "$COCCI_RUN/log"
	: >"$COCCI_RUN/failed"
	cocci_candidates "$file" "$commit" >"$COCCI_RUN/candidates"
	while read -r _ type blob size path; do
		[[ $type == blob ]] || continue
		# The path is in the name: with it, nothing is left that a result
		# could depend on.
		entry=$kept/$blob-${path//\//,}
		cocci_entry[$path]=$entry cocci_size[$path]=$size
		entries+=("$entry")
	done <"$COCCI_RUN/candidates"
	# Of results whose content somebody pruned from the repository, start again.
	while read -r entry; do damaged[$entry]=1; done < <(cocci_pruned "${entries[@]}")
	for path in "${!cocci_entry[@]}"; do
		entry=${cocci_entry[$path]}
		if ((!COCCI_CACHED)) || [[ ! -f $entry || -n ${damaged[$entry]:-} ]]; then
			rm -f "$entry"
			cocci_todo+=("${cocci_size[$path]} $path")
		fi
	done
	if ((${#cocci_todo[@]})); then
		# The largest first, so that the last jobs to end are short.
		mapfile -t cocci_todo < <(printf '%s\n' "${cocci_todo[@]}" | LC_ALL=C sort -k1,1nr -k2)
		cocci_files "$file" "$commit" "$mode"
	fi
	{
		cat "$COCCI_RUN/failed"
		for entry in "${entries[@]}"; do [[ ! -f $entry ]] || printf '%s\n' "$entry"; done |
			xargs -r -d '\n' cat
	} | LC_ALL=C sort -s -t $'\t' -k1,1 >"$COCCI_RUN/result"
	for path in "${!cocci_entry[@]}"; do
		[[ -f ${cocci_entry[$path]} ]] || grep -qF "$path"$'\t' "$COCCI_RUN/failed" ||
			die "$EXIT_INFRA" "nothing came of $path" "run it again with --no-cache"
	done
}

# cocci_pruned ENTRY...: print those that name a blob that LINUX_GIT lacks.
cocci_pruned() {
	local entry

	# shellcheck disable=SC2016 # awk, not the shell, expands
	for entry; do [[ ! -f $entry ]] || printf '%s\n' "$entry"; done |
		xargs -r -d '\n' awk -F '\t' '$2 == "blob" { print $3, FILENAME }' |
		git_linux cat-file --batch-check='%(objectname) %(rest)' |
		awk '$2 == "missing" { print $1 }' >"$COCCI_RUN/missing"
	[[ ! -s $COCCI_RUN/missing ]] || for entry; do
		[[ ! -f $entry ]] || ! grep -qF -f "$COCCI_RUN/missing" "$entry" || printf '%s\n' "$entry"
	done
}

# cocci_index COMMIT: make $COCCI_RUN/index the index of COMMIT.
cocci_index() { GIT_INDEX_FILE=$COCCI_RUN/index git_linux read-tree "$1"; }

# cocci_errors FILE MODE: print what was passed over in $COCCI_RUN/result, a line
# each. What is done by hand is not counted; but a report counts every line that
# matches Leftover, unless it is reported already.
cocci_errors() {
	by_hand=$(cocci_header "$1" "By hand") awk -F "\t" -v mode="$2" -v file="cocci/${1##*/}" '
		BEGIN {
			n = split(ENVIRON["by_hand"], line, "\n")
			for (i = 1; i <= n; i++) { sub(/ - .*/, "", line[i]); by_hand[line[i]] = 1 }
		}
		$2 == "fail" { print $1 ": " $3 }
		$2 == "bad" && !($1 in by_hand) {
			print $1 ":" $3 " (spatch cannot parse here; matches Candidates of " file ")"
		}
		$2 == "report" { split($3, f, ":"); reported[$1 ":" f[1]] = 1 }
		$2 == "left" && (mode == "report" || !($1 in by_hand)) {
			split($3, f, ":")
			if (!(($1 ":" f[1]) in reported))
				print $1 ":" $3 " (is left; matches Leftover of " file ")"
		}' "$COCCI_RUN/result"
}

# cocci_tree COMMIT: print the tree of COMMIT with the blobs of
# $COCCI_RUN/result in their places.
cocci_tree() {
	cocci_index "$1"
	awk -F '\t' '
		FNR == NR { split($1, f, " "); mode[$2] = f[1]; next }
		$2 == "blob" { print mode[$1] " " $3 "\t" $1 }' \
		"$COCCI_RUN/candidates" "$COCCI_RUN/result" |
		GIT_INDEX_FILE=$COCCI_RUN/index git_linux update-index --index-info
	GIT_INDEX_FILE=$COCCI_RUN/index git_linux write-tree
}

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # shares its variables with scripts/refresh
#
# refresh-series.sh - what the folder of a track becomes when its patches are
# those of a branch. For scripts/refresh, which sources it and sets track, dir
# (the folder), fresh (its copy, to be changed), RUN, base, old and tip.

# format_branch: write every commit of the branch to $RUN/formatted, in canonical
# form; set NEW_COMMITS. Everything that a configuration could change is said.
format_branch() {
	# The kernel's attributes say how to find the function of a hunk; git does
	# not look for them in a repository without work tree.
	git_linux show "$base:.gitattributes" >"$RUN/attributes" 2>/dev/null || true
	git_linux -c core.attributesFile="$RUN/attributes" -c core.abbrev=12 -c core.quotePath=true \
		-c format.signOff=false -c format.filenameMaxLength=64 \
		-c diff.statGraphWidth=-1 \
		format-patch -q -o "$RUN/formatted" --zero-commit --no-signature -N \
		--no-attach --no-thread --no-cover-letter --no-notes --no-from --no-to --no-cc --no-add-header \
		--no-base --encode-email-headers --suffix=.patch --subject-prefix=PATCH \
		-U3 --inter-hunk-context=0 --diff-algorithm=myers --indent-heuristic -M -l1000 \
		-O/dev/null --no-ext-diff --no-textconv --no-color --src-prefix=a/ --dst-prefix=b/ \
		"$base..$tip"
	mapfile -t NEW_COMMITS < <(git_linux rev-list --reverse "$base..$tip")
}

# patch_ids TIP: print `commit patch-id` of the commits from base to TIP.
patch_ids() {
	git_linux log -p --no-color --no-ext-diff --no-textconv "$base..$1" |
		git_linux patch-id --stable | awk '{ print $2, $1 }'
}

# match_patches: set MATCH[i] to the index of the carried patch that the ith
# commit of the branch is, or to nothing; OLD_NAMES, OLD_SUBJECTS, NEW_SUBJECTS.
match_patches() {
	local commit id i j
	local -A ids=() taken=()

	mapfile -t OLD_NAMES < <(series_patches "$track")
	mapfile -t OLD_COMMITS < <(git_linux rev-list --reverse "$base..$old")
	mapfile -t OLD_SUBJECTS < <(git_linux log --reverse --format=%s "$base..$old")
	mapfile -t NEW_SUBJECTS < <(git_linux log --reverse --format=%s "$base..$tip")
	while read -r commit id; do ids[$commit]=$id; done < <(patch_ids "$old"; patch_ids "$tip")
	MATCH=()
	for i in "${!NEW_COMMITS[@]}"; do MATCH[i]=''; done
	match_by both
	match_by subject
	match_by id
	[[ $old != "$base" && " ${MATCH[*]/#/x} " == *' x '* ]] || return 0
	# The others: what range-diff takes for the same.
	while read -r j i; do
		[[ -z ${MATCH[i]} && -z ${taken[$j]:-} ]] || continue
		MATCH[i]=$j taken[$j]=1
	done < <(git_linux range-diff --no-color --no-patch "$base..$old" "$base..$tip" |
		awk '$3 == "!" || $3 == "=" { print $1 - 1, $4 - 1 }')
}

# match_by KIND: match those that are left by what is the same, in order: both,
# subject, or id.
match_by() {
	local kind=$1 i j

	for i in "${!NEW_COMMITS[@]}"; do
		[[ -z ${MATCH[i]} ]] || continue
		for j in "${!OLD_COMMITS[@]}"; do
			[[ -z ${taken[$j]:-} ]] || continue
			[[ $kind == id || ${OLD_SUBJECTS[j]} == "${NEW_SUBJECTS[i]}" ]] || continue
			[[ $kind == subject || ${ids[${OLD_COMMITS[j]}]:-} == "${ids[${NEW_COMMITS[i]}]:-none}" ]] || continue
			MATCH[i]=$j taken[$j]=1
			break
		done
	done
}

# name_patches: set NEW_NAMES. A patch keeps its name or, with another subject,
# its number; a new one gets its place for a number.
name_patches() {
	local formatted i j name stem number
	local -A used=()

	mapfile -t formatted < <(cd "$RUN/formatted" && printf '%s\n' *.patch)
	NEW_NAMES=()
	for i in "${!NEW_COMMITS[@]}"; do
		j=${MATCH[i]}
		[[ -n $j && ${OLD_SUBJECTS[j]} == "${NEW_SUBJECTS[i]}" ]] || continue
		NEW_NAMES[i]=${OLD_NAMES[j]} used[${OLD_NAMES[j]}]=1
	done
	for i in "${!NEW_COMMITS[@]}"; do
		[[ -z ${NEW_NAMES[i]:-} ]] || continue
		name=${formatted[i]} j=${MATCH[i]}
		[[ -z $j || ! ${OLD_NAMES[j]} =~ ^[0-9]{4}- ]] || name=${OLD_NAMES[j]:0:4}${name:4}
		stem=${name%.patch} number=2
		while [[ -n ${used[$name]:-} ]]; do
			name=$stem-$number.patch number=$((number + 1))
		done
		NEW_NAMES[i]=$name used[$name]=1
	done
	FORMATTED=("${formatted[@]}")
}

# beside_other_tracks DIR: make DIR, with a link to each track but this one: the
# equivalents of a track name patches of others.
beside_other_tracks() {
	local other

	mkdir -p "$1"
	for other in $(all_tracks); do
		[[ $other == "$track" ]] || ln -s "$(readlink -m "$FAULTLINE_PATCHES/$other")" "$1/"
	done
}

# tell_other_tracks DIR: say what the equivalents of other tracks lack or name in vain once
# this track is what it is in DIR, beside the others. They are another track's to correct.
tell_other_tracks() {
	local other findings status=0

	for other in $(all_tracks); do
		[[ $other != "$track" && -f $FAULTLINE_PATCHES/$other/equivalents ]] || continue
		findings=$(FAULTLINE_PATCHES=$1 "$FAULTLINE_ROOT/scripts/lint" "$other" --by-check --quiet) || status=$?
		((status <= EXIT_BAD)) || die "$EXIT_INFRA" "cannot check patches/$other beside what $track becomes" "see above"
		awk -F '\t' -v track="$track" -v other="$other" '
			$2 ~ /^equivalents(:|$)/ && ($3 ~ " series of " track "$" || index($3, " line for \047" track "/")) {
				print "then patches/" other "/" $2 ": " $3
			}' <<<"$findings" >&2
	done
}

# notes_of FILE: print what a patch has between its `---` and its diffstat.
notes_of() {
	awk '
		/^diff --git / { exit }
		below { line[++n] = $0 }
		/^---$/ { below = 1 }
		END {
			for (end = n; end > 0 && line[end] !~ /^ [0-9]+ files? changed/; end--) ;
			if (!end) # none: up to the blank line in front of the diff
				for (end = n + 1; end > 1 && line[end - 1] == ""; end--) ;
			while (end > 1 && line[end - 1] ~ /^ .* \| +([0-9]+|Bin)/) end--
			for (i = 1; i < end; i++) print line[i]
		}' "$1"
}

# add_notes NOTES FILE: print FILE with NOTES below its `---`.
add_notes() {
	awk -v notes="$1" '
		{ print }
		/^---$/ && !done { done = 1; while ((getline line <notes) > 0) print line }' "$2"
}

# make_folder: make fresh what the folder is to be.
make_folder() {
	local i name

	name_patches
	for name in "${OLD_NAMES[@]}"; do rm -f "$fresh/$name"; done
	: >"$RUN/names"
	for i in "${!NEW_NAMES[@]}"; do
		name=${NEW_NAMES[i]}
		[[ ! -e $fresh/$name ]] || bad "patches/$track/$name is in the way: no patch of the series" "move it away"
		: >"$RUN/notes"
		[[ -z ${MATCH[i]} ]] || notes_of "$dir/${OLD_NAMES[MATCH[i]]}" >"$RUN/notes"
		add_notes "$RUN/notes" "$RUN/formatted/${FORMATTED[i]}" >"$fresh/$name"
		printf '%s\t%s\n' "$name" "${MATCH[i]:+${OLD_NAMES[MATCH[i]]}}" >>"$RUN/names"
	done
	new_series "$RUN/names" "$dir/series" >"$fresh/series"
	[[ ! -f $dir/facts ]] || rename_column 5 "$RUN/names" "$dir/facts" >"$fresh/facts"
	[[ ! -f $dir/equivalents ]] || rename_column 4 "$RUN/names" "$dir/equivalents" >"$fresh/equivalents"
}

# rename_column N NAMES FILE: print FILE, such as facts, with the patches in its column N
# under their new names.
rename_column() {
	awk -v n="$1" '
		FILENAME == ARGV[1] { if ($2 != "" && $2 != $1) new[$2] = $1; next }
		/^[ \t]*#/ || !($n in new) { print; next }
		{
			rest = $0 # from column n on
			for (i = 1; i < n; i++) sub(/^[ \t]*[^ \t]+[ \t]+/, "", rest)
			print substr($0, 1, length($0) - length(rest)) new[$n] substr(rest, length($n) + 1)
		}
	' "$2" "$3"
}

# new_series NAMES SERIES: print SERIES with the patches of NAMES, lines of
# `new<TAB>old`. A comment that follows a patch without a blank line, or another
# comment after one, is about the patch below it and goes with it. Any other
# heads a section and stays where the fewest patches change their section.
new_series() {
	awk -F '\t' '
		# own_from(): the line of the gap from which on it is about the patch below.
		function own_from(   i, blank, first, comments) {
			for (i = 1; i <= lines; i++) if (gap[i] ~ /^[ \t]*$/) blank = i
			if (!blank) return patches ? 1 : lines + 1
			first = 1
			# What heads the file is no section.
			if (!patches) while (first < blank && gap[first] !~ /^[ \t]*$/) first++
			for (i = first; i < blank; i++) if (gap[i] !~ /^[ \t]*$/) comments++
			return comments ? blank + 1 : lines + 1
		}
		FILENAME == ARGV[1] { name[++n] = $1; was[n] = $2; next }
		{
			text = $0
			sub(/[ \t]*#.*/, "", text); sub(/[ \t]*$/, "", text)
			if (text == "") { gap[++lines] = $0; next }
			from = own_from()
			if (!sections || from > 1) head[++sections] = ""
			for (i = 1; i < from; i++) head[sections] = head[sections] gap[i] "\n"
			for (; i <= lines; i++) own[text] = own[text] gap[i] "\n"
			section[text] = sections
			rest[text] = substr($0, length(text) + 1)
			patches++
			lines = 0
		}
		END {
			if (!sections) { # no patch so far: all of it heads the file
				for (i = 1; i <= lines; i++) head[1] = head[1] gap[i] "\n"
				sections = 1
				lines = 0
			}
			at[1] = 1
			for (s = 2; s <= sections; s++) {
				cost = 0
				for (i = 1; i <= n; i++) if (was[i] != "" && section[was[i]] < s) cost++
				best = cost; at[s] = 1
				for (i = 1; i <= n; i++) {
					if (was[i] != "") cost += section[was[i]] < s ? -1 : 1
					if (cost <= best) { best = cost; at[s] = i + 1 }
				}
				if (at[s] < at[s - 1]) at[s] = at[s - 1]
			}
			s = 1
			for (i = 1; i <= n + 1; i++) {
				while (s <= sections && at[s] == i) printf "%s", head[s++]
				if (i <= n) printf "%s%s%s\n", own[was[i]], name[i], rest[was[i]]
			}
			for (i = 1; i <= lines; i++) print gap[i]
		}' "$1" "$2"
}

# list_changes: print how each patch of the folder changes, a line each.
list_changes() {
	local i was name
	local -A kept=()

	for i in "${!NEW_NAMES[@]}"; do
		name=${NEW_NAMES[i]} was=${MATCH[i]:+${OLD_NAMES[MATCH[i]]}}
		[[ -z $was ]] || kept[$was]=1
		if [[ -z $was ]]; then
			printf '  new      %s\n' "$name"
		elif [[ $was != "$name" ]]; then
			printf '  renamed  %s\n        to %s\n' "$was" "$name"
		elif ! cmp -s "$dir/$name" "$fresh/$name"; then
			printf '  changed  %s\n' "$name"
		fi
	done
	for was in "${OLD_NAMES[@]}"; do
		[[ -n ${kept[$was]:-} ]] || printf '  removed  %s\n' "$was"
	done
}

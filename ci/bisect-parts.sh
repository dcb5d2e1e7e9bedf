# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2004,SC2034,SC2154 # shares its variables, and maps, with ci/bisect
#
# bisect-parts.sh - inside a patch, and without it, for ci/bisect, which sources it.
# Commits are made for what is between two of them: the parent with more and more of
# the patch's files or hunks, the patch without one, the bad end without the patch. They
# are judged as any other. Made in an index of its own, no file is written out.

# is_generated COMMIT: true when its message names the semantic patch that made it.
is_generated() { git_linux log -1 --format=%B "$1" | grep -q '^Semantic-patch: '; }

# index ARGS...: git on our own index.
index() { GIT_INDEX_FILE=$area/index git_in "$tree" "$@"; }

# commit_tree TREE PARENT MESSAGE: print a commit; the same for the same arguments, so
# that a rerun finds its results.
commit_tree() {
	local date

	date="$(git_linux log -1 --format=%ct "$2") +0000"
	GIT_AUTHOR_NAME=Faultline GIT_AUTHOR_EMAIL=faultline@series.invalid GIT_AUTHOR_DATE=$date \
		GIT_COMMITTER_NAME=Faultline GIT_COMMITTER_EMAIL=faultline@series.invalid GIT_COMMITTER_DATE=$date \
		git_linux commit-tree -p "$2" -m "$3" "$1"
}

# facts_step COMMIT STEP: print the step whose facts count for a commit made of COMMIT:
# STEP, or nothing where a fact is to change with COMMIT: half of it has no right value.
facts_step() {
	local step=${step_of[$1]:-0} name facts

	facts=$(track_dir "$track")/facts
	((step > 0)) && [[ -f $facts ]] || return 0
	while IFS= read -r name; do
		[[ $(expected_fact "$name" "$((step - 1))") == "$(expected_fact "$name" "$step")" ]] || return 0
	done < <(awk '!/^#/ && NF { print $1 }' "$facts")
	printf '%s\n' "$2"
}

# part_facts WHOLE: print the step whose facts count for a part of WHOLE, if any.
part_facts() {
	if [[ -n ${step_of[$1]:-} ]]; then
		facts_step "$1" "${step_of[$1]}"
	else
		printf '%s\n' "${facts_step_of[$1]:-}"
	fi
}

# without COMMIT TOP: print a commit of what TOP is without COMMIT, its later patches
# applied one by one to what was there before it, as git rebase --onto does. Returns 1
# printing the patch that needs it.
without() {
	local commit=$1 top=$2 patches next current merged status

	current=$(git_linux rev-parse "$commit^")
	patches=$(git_linux rev-list --reverse --ancestry-path "$commit..$top")
	for next in $patches; do
		# A commit on the parent of the patch makes that the merge base
		current=$(commit_tree "$current^{tree}" "$next^" "without $commit")
		status=0
		merged=$(git_linux merge-tree --write-tree "$current" "$next") || status=$?
		((status <= 1)) || die "$EXIT_INFRA" "git merge-tree ended with $status" "see above"
		if ((status)); then
			printf '%s\n' "$next"
			return 1
		fi
		current=$(commit_tree "${merged%%$'\n'*}" "$next^" "$(git_linux log -1 --format=%s "$next") (without $(name_of "$commit"))")
	done
	printf '%s\n' "$current"
}

# confirm COMMIT TOP: boot TOP without COMMIT and print what that says.
confirm() {
	local commit=$1 top=$2 current status=0

	if [[ -n ${wrong_of[$commit]:-} && -z $(facts_step "$commit" yes) ]]; then
		printf 'not confirmed: a fact is to change with this patch\n'
		return
	elif [[ $commit == "$top" ]]; then
		printf 'confirmed: nothing follows it, and without it is the last good one\n'
		return
	elif [[ -n $(git_linux rev-list --merges "$commit..$top") ]]; then
		printf 'not confirmed: there are merges behind it, out of which it cannot be taken\n'
		return
	fi
	current=$(without "$commit" "$top") || status=$?
	((status <= 1)) || exit "$status"
	if ((status)); then
		printf 'cannot be taken out alone: %s does not apply without it\n' "$(title "$current")"
		return
	fi
	label_of[$current]="$(name_of "$top") without it"
	facts_step_of[$current]=$(facts_step "$commit" "${step_of[$top]:-}")
	judge "$current"
	case $state in
	good) printf 'confirmed: %s is good (%s)\n' "${label_of[$current]}" "$folder" ;;
	skip) if [[ $reason == nobuild:* ]]; then
		printf 'cannot be taken out alone: %s does not build (%s)\n' "${label_of[$current]}" "$folder"
	else
		printf 'not confirmed: %s cannot be judged: %s (%s)\n' "${label_of[$current]}" "$reason" "$folder"
	fi ;;
	*) printf 'not confirmed: %s is bad too: %s (%s); look behind this patch, with --good, for what else is\n' \
		"${label_of[$current]}" "$reason" "$folder" ;;
	esac
}

# split_files BASE WHOLE DIR: write the part of each file between two commits into DIR, those
# first that are removed: there may be a folder of that name behind the patch.
split_files() {
	local base=$1 whole=$2 dir=$3 file number=0 filter

	while IFS= read -r -d '' file; do
		number=$((number + 1))
		printf '%s\n' "$file" >"$(printf '%s/%04d.name' "$dir" "$number")"
		git_linux diff-tree -r -p --binary --full-index --no-renames "$base" "$whole" -- ":(literal)$file" ":(exclude,literal)$file/" \
			>"$(printf '%s/%04d.patch' "$dir" "$number")"
	done < <(for filter in D d; do
		git_linux diff-tree -r -z --no-renames --name-only --diff-filter="$filter" "$base" "$whole"
	done)
}

# split_hunks BASE WHOLE DIR: the same for each hunk between two commits that differ in
# one file. A hunk's old lines are numbered as after those before it, where it is applied.
# Its name is the file and its first changed line.
split_hunks() {
	git_linux diff-tree -r -p --full-index --no-renames "$1" "$2" | awk -v dir="$3" '
		/^(---|\+\+\+) [ab]\// && !number { file = substr($0, 7) }
		/^@@ / {
			if (number) { close(out ".patch"); close(out ".name") }
			split($3, new, ",")
			out = sprintf("%s/%04d", dir, ++number)
			printf "%s", head >(out ".patch")
			sub(/^@@ -[0-9]+/, "@@ -" substr(new[1], 2))
			line = substr(new[1], 2) - 1; named = 0
		}
		!number { head = head $0 "\n"; next }
		!/^@@ / && !named {
			line++
			if (!/^ /) { print file ":" line >(out ".name"); named = 1 }
		}
		{ print >(out ".patch") }'
}

# make_chain BASE WHOLE DIR WHAT: set chain to BASE and commits with more and more parts of
# DIR on top, the last of which is WHOLE; WHAT names a part.
make_chain() {
	local base=$1 whole=$2 dir=$3 what=$4 part commit count tree_id label

	count=$(find "$dir" -name '*.patch' | wc -l)
	chain=("$base")
	index read-tree "$base"
	for part in "$dir"/*.patch; do
		index apply --cached --whitespace=nowarn "$part"
		tree_id=$(index write-tree)
		label="$(name_of "$base") with ${#chain[@]} of $count ${what}s"
		commit=$(commit_tree "$tree_id" "${chain[-1]}" "$label")
		label_of[$commit]=$label
		facts_step_of[$commit]=$(part_facts "$whole")
		chain+=("$commit")
	done
	[[ $tree_id == "$(git_linux rev-parse "$whole^{tree}")" ]] ||
		die "$EXIT_INFRA" "the ${what}s of $(name_of "$whole") do not add up to it" "see $dir"
	commit=${chain[-1]}
	state_of[$commit]=bad reason_of[$commit]=${reason_of[$whole]} folder_of[$commit]=${folder_of[$whole]}
}

# leave_out WHOLE DIR NUMBER: judge WHOLE without one part; set left_out to its commit.
# What needs another part to apply cannot be judged.
leave_out() {
	local whole=$1 part label

	part=$(printf '%s/%04d' "$2" "$3")
	label="$(name_of "$whole") without $(<"$part.name")"
	index read-tree "$whole"
	index apply --cached --whitespace=nowarn -R "$part.patch" 2>"$area/apply.log" || {
		state=skip reason="others need it to apply" left_out=''
		return
	}
	left_out=$(commit_tree "$(index write-tree)" "$whole" "$label")
	label_of[$left_out]=$label
	facts_step_of[$left_out]=$(part_facts "$whole")
	judge "$left_out"
}

# search_parts BASE WHOLE DIR WHAT: find the part of DIR that makes WHOLE bad: set number,
# 0 if it cannot be told; alone, when WHOLE is good without that part alone; and left_out.
# Where parts need each other to build, or the first that is bad is so for another reason
# than WHOLE, as half of a conversion may be, each is left out of the whole instead.
search_parts() {
	local base=$1 whole=$2 dir=$3 what=$4 n tried=()

	number=0 alone=0
	make_chain "$@"
	find_first_bad "$base" "${chain[-1]}"
	for n in "${!chain[@]}"; do
		((n)) || continue
		[[ ${chain[n]} != "$culprit" ]] || number=$n
		[[ $'\n'$suspects$'\n' != *$'\n'${chain[n]}$'\n'* ]] || tried+=("$n")
	done
	if ((!number)); then
		say "some ${what}s do not build without others: leaving out each of ${#tried[@]}"
	else
		tried=("$number")
		if [[ ${reason_of[$culprit]} != "${reason_of[$whole]}" ]]; then
			for n in "${!chain[@]}"; do ((n == 0 || n == number)) || tried+=("$n"); done
			say "with $number of the ${what}s it is bad for another reason: leaving out each of ${#tried[@]}"
			number=0
		fi
	fi
	for n in "${tried[@]}"; do
		leave_out "$whole" "$dir" "$n"
		[[ $state == good ]] || continue
		number=$n alone=1
		return
	done
}

# find_part PARENT COMMIT: name the file of a patch that makes it bad, and the hunk.
find_part() {
	local parent=$1 commit=$2 dir=$area/files base name

	if [[ -n ${wrong_of[$commit]:-} && -z $(facts_step "$commit" yes) ]]; then
		printf 'file: not looked for: a fact is to change with this patch\n'
		return
	fi
	[[ ${reason_of[$commit]} == nobuild:* ]] || nobuild_is=skip
	mkdir -p "$dir" "$area/hunks"
	split_files "$parent" "$commit" "$dir"
	search_parts "$parent" "$commit" "$dir" file
	if ((!number)); then
		printf 'file: cannot be told: no file of the patch can be left out alone\n'
		return
	fi
	name=$(<"$(printf '%s/%04d.name' "$dir" "$number")")
	if ((alone)); then
		printf 'file: %s (%s without its part is good)\n' "$name" "$(name_of "$commit")"
		base=$left_out
	else
		printf 'file: %s (the first that makes it bad; without it alone: %s)\n' "$name" "$reason"
		base=${chain[number - 1]} commit=${chain[number]}
	fi
	split_hunks "$base" "$commit" "$area/hunks"
	name_hunk "$base" "$commit" "$area/hunks"
}

# name_hunk BASE WHOLE DIR: name the hunk, between two commits that differ in one file.
name_hunk() {
	local dir=$3 hunks

	hunks=("$dir"/*.patch)
	number=1
	[[ -f ${hunks[0]} ]] || return 0 # binary, or of no lines
	((${#hunks[@]} == 1)) || search_parts "$1" "$2" "$dir" hunk
	if ((number)); then
		printf 'hunk: %s\n' "$(<"$(printf '%s/%04d.name' "$dir" "$number")")"
	else
		printf 'hunk: cannot be told: none can be left out alone\n'
	fi
}

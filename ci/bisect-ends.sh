# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2004,SC2034,SC2154 # shares its variables, and maps, with ci/bisect
#
# bisect-ends.sh - where a search begins, for ci/bisect, which sources it: which commits
# the two ends are, and that one is good and the other bad.

# series_ends: set good and bad to commits, from steps, and step_of.
series_ends() {
	local from to step commits commit

	from=$(step_number "$track" "${good:-0}")
	to=$(step_number "$track" "${bad:-tip}")
	good=$(step_commit "$track" "$from")
	bad=$(step_commit "$track" "$to")
	((from < to)) || usage_error "--good $from is not before --bad $to"
	step=$(step_count "$track")
	commit=$(step_commit "$track" "$step")
	commits=$(git_linux rev-list --max-count=$((step + 1)) "$commit")
	for commit in $commits; do
		step_of[$commit]=$step
		step=$((step - 1))
	done
}

# tree_ends: set good and bad to commits of linux.git, from revisions of the user's
# repository, after bringing them there. A history on the track's own base shares it
# and adds little. Any other is cut off at the good end: it may be a million commits.
# Where a side branch was forked before the good end, the cut hides that this is so:
# older is set to the commits that the good end has, and that others in question follow.
tree_ends() {
	local from to base name count top depth=whole

	[[ -d $user_tree ]] || usage_error "no such folder: $user_tree"
	user_tree=$(readlink -e "$user_tree")
	# Of a folder in it; a bare one, or .git, has none.
	! top=$(theirs "$user_tree" rev-parse --show-toplevel 2>/dev/null) || user_tree=$top
	from=$(theirs "$user_tree" rev-parse --verify -q "$good^{commit}") ||
		usage_error "--good: no commit '$good' in $user_tree"
	to=$(theirs "$user_tree" rev-parse --verify -q "$bad^{commit}") ||
		usage_error "--bad: no commit '$bad' in $user_tree"
	theirs "$user_tree" merge-base --is-ancestor "$from" "$to" ||
		usage_error "--good $good is not an ancestor of --bad $bad"
	[[ $from != "$to" ]] || usage_error "--good and --bad are the same commit"
	base=$(base_commit "$track")
	count=$(theirs "$user_tree" rev-list --count "$from..$to")
	mapfile -t older < <(theirs "$user_tree" rev-list --boundary "$from..$to" | sed -n 's/^-//p')
	theirs "$user_tree" merge-base --is-ancestor "$base" "$to" 2>/dev/null || depth=$((count + 1))
	name=refs/faultline/bisect/$(printf '%s' "$user_tree" | sha256sum | cut -c 1-12)
	# Cutting it again would take from another search what it needs.
	[[ $(git_linux rev-list --count "$to" --not "$from" "${older[@]}" 2>/dev/null) == "$count" ]] ||
		copy_commit "$user_tree" "$to" "$name" "$depth" ||
		die "$EXIT_INFRA" "cannot copy '$bad' from $user_tree" "see above"
	good=$from bad=$to
}

# flip_ends: print the steps on both sides of each flip of this machine, in order: where
# a fact that changes too early or too late is wrong though the tip is right.
flip_ends() {
	local name machines patch step

	while read -r name machines _ _ patch; do
		# shellcheck disable=SC2053 # a pattern, as the file says
		[[ -n $name && $machine == $machines ]] || continue
		step=$(series_patches "$track" | grep -nFx -- "$patch" | cut -d : -f 1) || continue
		printf '%s\n' $((step - 1)) "$step"
	done < <(grep -v '^#' "$(track_dir "$track")/facts") | sort -nu
}

# bad_end_at_a_flip: the tip is good; make the bad end a step beside a flip, if one is bad.
bad_end_at_a_flip() {
	local steps step commit

	steps=$(flip_ends)
	for step in $steps; do
		commit=$(step_commit "$track" "$step")
		((step > ${step_of[$good]})) || continue
		judge "$commit"
		[[ $state == bad ]] || continue
		say "  the tip is as the series says, and this step beside a flip is not: it is the bad end"
		bad=$commit
		measure "$bad"
		return
	done
	state=good
}

# good_end_is_bad: say so and end.
good_end_is_bad() {
	bad "the good end, $(name_of "$good"), is bad: $reason" \
		"name a step that is good with --good; see $folder"
}

# show_ends: judge both ends, the bad one first: how often it is bad says how often a
# good one has to pass. Ends unless they are good and bad.
show_ends() {
	local asked=$test$fact$user_tree$bad_given next

	measure "$bad"
	[[ $state != good || -n $asked || ! -f $(track_dir "$track")/facts ]] || bad_end_at_a_flip
	case $state in
	skip) die "$EXIT_INFRA" "the bad end, $(name_of "$bad"), cannot be judged: $reason" "see $folder" ;;
	good)
		next="name one that is bad with --bad; if it is so at times only, raise --repeat $repeat"
		next+="; a fact that patches/$track/facts does not list is judged with --fact"
		bad "the bad end, $(name_of "$bad"), is good: ${reason_of[$bad]}" "$next"
		;;
	esac
	judge "$good"
	case $state in
	skip) die "$EXIT_INFRA" "the good end, $(name_of "$good"), cannot be judged: $reason" "see $folder" ;;
	bad) good_end_is_bad ;;
	esac
}

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # shares its variables with scripts/regen
#
# regen-write.sh - what scripts/regen, which sources it and refresh-series.sh, does with
# --write and with --against-coccicheck.

# format_generated NAME MESSAGE_OF: write to $COCCI_RUN/new the patch from parent
# to generated, in the form of a series, with the author, date and changelog of
# the file MESSAGE_OF, and what that has below its `---`.
format_generated() {
	local info=$COCCI_RUN/info message=$COCCI_RUN/message commit

	git_linux mailinfo --encoding=UTF-8 "$message" /dev/null <"$2" >"$info"
	local author email date subject
	author=$(sed -n 's/^Author: //p' "$info")
	email=$(sed -n 's/^Email: //p' "$info")
	date=$(sed -n 's/^Date: //p' "$info")
	subject=$(sed -n 's/^Subject: //p' "$info")
	[[ -n $author && -n $email && -n $date && -n $subject ]] ||
		bad "patches/$track/$1 lacks From, Date or Subject" "write them as git format-patch does"
	commit=$({
		printf '%s\n\n' "$subject"
		cat "$message"
	} | git_linux stripspace |
		GIT_AUTHOR_NAME=$author GIT_AUTHOR_EMAIL=$email GIT_AUTHOR_DATE=$date \
			GIT_COMMITTER_NAME=$author GIT_COMMITTER_EMAIL=$email GIT_COMMITTER_DATE=$date \
			git_linux commit-tree -p "$parent" "$generated")
	# The kernel's attributes say how to find the function of a hunk; git does
	# not look for them in a repository without work tree.
	git_linux show "$parent:.gitattributes" >"$COCCI_RUN/attributes" 2>/dev/null || true
	git_linux -c core.attributesFile="$COCCI_RUN/attributes" -c core.abbrev=12 \
		format-patch --zero-commit --no-signature -N --stdout -1 "$commit" >"$COCCI_RUN/formatted"
	notes_of "$2" >"$COCCI_RUN/notes"
	add_notes "$COCCI_RUN/notes" "$COCCI_RUN/formatted" >"$COCCI_RUN/new"
}

# write: replace the chosen patches by what is generated. All of it is done on a
# copy of the track, so that a patch that cannot be generated leaves every file
# as it was.
write() {
	local step name trailer original=$dir fresh=$COCCI_RUN/patches before=$COCCI_RUN/before
	local written=() kept

	mkdir -p "$fresh" "$before"
	cp -aL "$original" "$fresh/$track" # a link would be written through
	cp -r "$fresh/$track" "$before"
	export FAULTLINE_PATCHES=$fresh
	dir=$fresh/$track
	while IFS=$'\t' read -r step name trailer <&3; do
		parent_of "$step"
		generate "$step" "$trailer"
		[[ -n $generated ]] || bad "step $step of $track cannot be generated; nothing was written" "see above"
		[[ $generated != $(git_linux rev-parse "$parent^{tree}") ]] ||
			bad "$trailer changes nothing at step $step; nothing was written" "is the patch at its place in the series?"
		format_generated "$name" "$dir/$name"
		if cmp -s "$COCCI_RUN/new" "$dir/$name"; then
			row "$step" identical "$name ($trailer)"
			continue
		fi
		row "$step" written "$name ($trailer): $(diff "$COCCI_RUN/new" "$dir/$name" | grep -c '^[<>]' || true) lines of the file differ"
		mv "$COCCI_RUN/new" "$dir/$name"
		tip='' written+=("$name")
	done 3< <(chosen)
	for name in "${written[@]}"; do
		cmp -s "$original/$name" "$before/$track/$name" || bad \
			"patches/$track/$name was changed while it was being generated; nothing was written" "run it again"
	done
	for name in "${written[@]}"; do
		kept=$FAULTLINE_WORK/regen/$track/replaced
		mkdir -p "$kept"
		kept+=/$name-$(sha256sum <"$original/$name" | cut -c 1-12)
		cp "$original/$name" "$kept"
		cp "$dir/$name" "$original/.$name.new"
		mv "$original/.$name.new" "$original/$name"
		say "patches/$track/$name is written; what it was: $kept"
	done
	commit_at "$last"
	[[ -n $commit ]] || bad "the series no longer applies" \
		"what is generated is written; a later patch has to follow, see above"
}

# against_coccicheck: run every chosen semantic patch on its step, with nothing
# cached, and with the base's own coccicheck; print the times and the ratio. A patch on
# which spatch ends in an exception when coccicheck has it work in parallel is said,
# and is in neither time.
against_coccicheck() {
	local step name trailer tree=$FAULTLINE_WORK/src/$track/coccicheck log
	local begin ours=0 theirs=0 took compared=0 all=0

	need_tool make
	need_space "$FAULTLINE_WORK" 1500 "a whole tree for coccicheck"
	COCCI_CACHED=0
	while IFS=$'\t' read -r step name trailer <&3; do
		all=$((all + 1))
		parent_of "$step"
		worktree_at "$tree" "$parent"
		begin=${EPOCHREALTIME/./}
		generate "$step" "$trailer"
		[[ -n $generated ]] || bad "step $step of $track cannot be generated" "see above"
		took=$((${EPOCHREALTIME/./} - begin)) log=$COCCI_RUN/coccicheck-$step.log
		say "  make coccicheck MODE=patch COCCI=$trailer J=$COCCI_JOBS, on step $((step - 1))"
		begin=${EPOCHREALTIME/./}
		make -s -C "$tree" coccicheck MODE=patch COCCI="$(cocci_file "$trailer")" J="$COCCI_JOBS" \
			</dev/null >"$log" 2>&1 || {
			say "  coccicheck failed on step $((step - 1)), which is not compared: $(grep -am 1 'Fatal error\|rror:' "$log"), see $log"
			continue
		}
		compared=$((compared + 1)) ours=$((ours + took))
		theirs=$((theirs + ${EPOCHREALTIME/./} - begin))
		((!files)) || grep -q '^+++ ' "$log" || die "$EXIT_INFRA" "coccicheck changed nothing" "see $log"
	done 3< <(chosen)
	rm -rf "$tree"
	git_linux worktree prune
	((compared)) || die "$EXIT_INFRA" "coccicheck failed on each patch" "see above"
	awk -v ours="$ours" -v theirs="$theirs" -v jobs="$COCCI_JOBS" -v compared="$compared" -v all="$all" 'BEGIN {
		printf "regen without cache %.1f s, make coccicheck MODE=patch J=%d %.1f s: ratio %.2f, of %d of %d patches\n",
			ours / 1e6, jobs, theirs / 1e6, ours / theirs, compared, all
	}'
	((ours <= theirs)) || findings=1
}

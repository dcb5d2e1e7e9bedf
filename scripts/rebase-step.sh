# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # shares its variables with scripts/rebase
#
# rebase-step.sh - move one patch: pick or generate it, say what became of it,
# and, where that is for a person to decide, what there is to decide.
#
# Sourced by scripts/rebase. A step is over when its line is in $state/done; what
# a killed run did of it before that is thrown away and done again. From
# $state/stopped on, the work tree is the user's, and nothing of it is.

# as_role COMMIT COMMAND...: run COMMAND with the role as the committer and the
# date of COMMIT, so that ids are the same on every machine and no identity of
# the user's is needed.
as_role() {
	local date

	date=$(git_linux log -1 --format=%ad --date=raw "$1")
	shift
	GIT_COMMITTER_NAME=Faultline GIT_COMMITTER_EMAIL=faultline@series.invalid \
		GIT_COMMITTER_DATE=$date "$@"
}

# commit_like COMMIT TREE PARENT MESSAGE_OF: print a commit of TREE on PARENT
# with the author of COMMIT and the changelog of MESSAGE_OF.
commit_like() {
	local author

	mapfile -t author < <(git_linux log -1 --date=raw --format='%an%n%ae%n%ad' "$1")
	git_linux cat-file commit "$4" | sed '1,/^$/d' |
		GIT_AUTHOR_NAME=${author[0]} GIT_AUTHOR_EMAIL=${author[1]} GIT_AUTHOR_DATE=${author[2]} \
			as_role "$1" git_linux commit-tree -p "$3" "$2"
}

# done_count, done_tip: how many patches are done, and the commit after them.
done_count() { wc -l <"$state/done"; }
done_tip() { awk -F '\t' -v tip="$onto" '$3 != "-" { tip = $3 } END { print tip }' "$state/done"; }

# step_over RESULT EVIDENCE [COMMIT]: the current patch is done; without COMMIT it
# is dropped.
step_over() {
	{
		cat "$state/done"
		printf '%s\t%s\t%s\t%s\t%s\n' "$number" "$1" "${3:--}" "$name" "$2"
	} >"$state/done.new"
	mv "$state/done.new" "$state/done"
	rm -f "$state/stopped" "$state/why"
}

# stop KIND EVIDENCE: hand the current patch to the user; what there is to decide
# is read from stdin.
stop() {
	cat >"$state/why"
	printf '%s\t%s\t%s\t%s\n' "$number" "$1" "$name" "$2" >"$state/stopped.new"
	mv "$state/stopped.new" "$state/stopped"
	show_stopped
	bad_end
}

# compare OLD NEW: print `result<TAB>evidence` for what became of a commit.
compare() {
	plain_diff "$1" >"$state/old.diff"
	plain_diff "$2" >"$state/new.diff"
	awk -v generated="$([[ -z $trailer ]] || echo 1)" -f "$FAULTLINE_ROOT/scripts/rebase-compare.awk" \
		"$state/old.diff" "$state/new.diff"
	rm -f "$state/old.diff" "$state/new.diff"
}

# there_already ON: print, in one line, the hunks of the current patch that the
# commit ON has already; nothing when there are none.
there_already() {
	hunk_states "$commit" "$1" | awk -F '\t' '
		$1 == "there" && ++n <= 3 { list = list (n > 1 ? ", " : "") "hunk " $3 " of " $2 }
		END { if (n) print "partly upstream: " list (n > 3 ? " and " n - 3 " more are" : n > 1 ? " are" : " is") " there already" }'
}

# judge_commit COMMIT: the current patch became COMMIT: say how it differs.
judge_commit() {
	local result evidence part

	[[ $(git_linux rev-parse "$1~1") == "$(done_tip)" ]] ||
		die "$EXIT_INFRA" "$name was made on another commit than that of the patch before it" "$again --abort, and start again"
	IFS=$'\t' read -r result evidence < <(compare "$commit" "$1")
	if [[ -n $trailer ]]; then
		evidence="$([[ $result == changed ]] || echo "equal${evidence:+, }")$evidence"
		result=regenerated
	elif [[ $result == changed ]]; then
		part=$(there_already "$1~1")
		evidence=${part:+$part; }$evidence
	fi
	step_over "$result" "${evidence}${hint:+; $hint}" "$1"
}

# one_step: do the patch of $number, $name, $commit (as carried) and $trailer.
one_step() {
	local parent found hint='' evidence

	parent=$(done_tip)
	found=$(commit_with_patch_id "$commit")
	if [[ -n $trailer ]]; then
		regenerate
		return
	fi
	evidence=${found:+patch-id ${found% *} = commit ${found#* }}
	if grep -qx "$number" "$state/upstream"; then
		step_over upstream "${evidence:-reverse applies, forward does not}"
		return
	fi
	if [[ -n $found ]]; then
		# What is in the history may have been reverted since.
		scratch_index "$parent"
		plain_diff "$commit" >"$state/diff"
		if applies --check "$state/diff"; then
			hint="$evidence, but it applies: reverted since?"
		elif reverted_since "${found#* }"; then
			hint="$evidence, which was reverted since"
		else
			step_over upstream "$evidence"
			return
		fi
	fi
	pick
}

# pick: have git cherry-pick the current patch in the work tree.
pick() {
	local subject

	as_role "$commit" git_in "$tree" -c merge.conflictStyle=diff3 -c rerere.enabled=false \
		-c commit.gpgSign=false -c core.hooksPath=/dev/null -c advice.mergeConflict=false \
		cherry-pick "$commit" >"$state/log" 2>&1 && {
		judge_commit "$(git_in "$tree" rev-parse HEAD)"
		return
	}
	[[ $(git_in "$tree" rev-parse -q --verify CHERRY_PICK_HEAD) == "$commit" ]] ||
		die "$EXIT_INFRA" "git cherry-pick of $name failed: $(tail -n 1 "$state/log")" \
			"remove the cause, then: $again --continue"
	if [[ -z $(git_in "$tree" ls-files -u) ]]; then
		# Merged, and not committed: it was killed, or could not.
		[[ $(git_in "$tree" write-tree) == "$(git_linux rev-parse "$parent^{tree}")" ]] ||
			die "$EXIT_INFRA" "git cherry-pick of $name did not get to its end: $(tail -n 1 "$state/log")" \
				"remove the cause, then: $again --continue"
		git_in "$tree" checkout -q -f --detach "$parent" >&2
		step_over upstream "merging it leaves nothing to change"
		return
	fi
	subject=$(commit_with_subject "$commit")
	if [[ -n $subject ]]; then
		git_in "$tree" checkout -q -f --detach "$parent" >&2
		step_over upstream "subject = commit $subject, of another form"
		return
	fi
	# What the new base has in another folder is to be there as well, for git add.
	git_in "$tree" diff --name-only --diff-filter=U | sed -n 's|/[^/]*$||p' | sort -u |
		git_in "$tree" sparse-checkout add --stdin >"$state/log" 2>&1 ||
		die "$EXIT_INFRA" "git sparse-checkout failed: $(tail -n 1 "$state/log")" "remove the cause, then: $again --continue"
	stop conflict "$(conflict_evidence)" < <(explain_conflict)
}

# conflict_evidence: one line: which hunks conflict, which are there already.
conflict_evidence() {
	local part

	part=$(there_already "$parent")
	git_in "$tree" diff --name-only --diff-filter=U | awk -v part="$part" '
		{ list = list (NR > 1 ? ", " : "") $0 }
		END { print "in " list (part ? "; " part : "") }'
}

# explain_conflict: for each file that conflicts: what was done to it on both
# sides, the hunks of the patch that do not apply, and the conflicts.
explain_conflict() {
	local file stages status

	status=$(sed -n 's/^Upstream-Status: //p' "$state/carried/$name" | head -n 1)
	printf 'It says Upstream-Status: %s\n' "$status"
	while IFS= read -r -d '' file; do
		stages=$(git_in "$tree" ls-files -u -- "$file" | cut -f 1 | cut -d ' ' -f 3 | tr -d '\n')
		case $stages in
		123) printf '%s: changed by both\n' "$file" ;;
		13) printf '%s: is not on the new base; the patch changes it\n' "$file" ;;
		12) printf '%s: changed on the new base; the patch removes it\n' "$file" ;;
		23) printf '%s: added by both\n' "$file" ;;
		*) printf '%s: renamed on one side\n' "$file" ;;
		esac
		[[ ! -f $tree/$file ]] || awk -v file="$file" '
			/^<<<<<<< / { show = 1; n = 0; print "  " file ":" NR ": the new base, with the patches before this one; then as it was before the patch; then with it" }
			show && ++n <= 40 { print "  | " $0 }
			show && n == 41 { print "  | (and more)" }
			/^>>>>>>> / { show = 0 }' "$tree/$file"
	done < <(git_in "$tree" diff -z --name-only --diff-filter=U)
	hunk_states "$commit" "$parent" | awk -F '\t' '
		$1 == "neither" { print "hunk " $3 " of " $2 ", line " $4 " of it as the series has it, does not apply" }
		$1 == "there" { print "hunk " $3 " of " $2 " is there already" }'
}

# regenerate: make the current patch with its semantic patch.
regenerate() {
	local file generated errors new

	file=$(cocci_file "$trailer")
	cocci_run "$file" "$parent" patch
	generated=$(cocci_tree "$parent")
	errors=$(cocci_errors "$file" patch)
	if [[ -n $errors ]]; then
		stop generated "$trailer cannot do all of it" <<<"$errors"
	elif [[ $generated == "$(git_linux rev-parse "$parent^{tree}")" ]]; then
		step_over upstream "${found:+patch-id ${found% *} = commit ${found#* }, and }$trailer finds nothing to convert"
	else
		new=$(commit_like "$commit" "$generated" "$parent" "$commit")
		git_in "$tree" checkout -q -f --detach "$new" >&2
		judge_commit "$new"
	fi
}

# take_resolution: the patch of $state/stopped, as the user left it in the work
# tree. Nothing is taken, and nothing lost, while something is not staged.
take_resolution() {
	local parent head loose hint='' staged

	parent=$(done_tip)
	head=$(git_in "$tree" rev-parse HEAD)
	loose=$(not_staged)
	[[ -z $loose ]] || bad "$name: not everything in $tree is resolved and staged:"$'\n'"$loose" \
		"git -C ${tree@Q} add --sparse FILE (or remove what does not belong to the patch), then $again --continue"
	staged=$(git_in "$tree" write-tree)
	if [[ $head != "$parent" ]]; then
		[[ $(git_in "$tree" rev-parse -q --verify HEAD~1) == "$parent" &&
			$staged == $(git_in "$tree" rev-parse "HEAD^{tree}") ]] ||
			bad "$name: expected one commit on ${parent:0:12} in $tree, found HEAD at ${head:0:12}" \
				"make it one commit with nothing staged on top, or: $again --abort"
		judge_resolution "$(commit_like "$commit" "$staged" "$parent" "$head")"
	elif [[ $staged != "$(git_linux rev-parse "$parent^{tree}")" ]]; then
		judge_resolution "$(commit_like "$commit" "$staged" "$parent" "$commit")"
	elif git_in "$tree" rev-parse -q --verify CHERRY_PICK_HEAD >/dev/null; then
		step_over dropped "resolved to no change"
	else
		# Reset, or about a semantic patch: try again.
		rm -f "$state/stopped" "$state/why"
	fi
}

# judge_resolution COMMIT: as judge_commit, and say that it was by hand.
judge_resolution() {
	hint="resolved by hand"
	if [[ -n $trailer ]]; then
		step_over changed "by hand, not by $trailer" "$1"
	else
		judge_commit "$1"
	fi
}

# not_staged: print what in the work tree is not resolved, or not staged.
not_staged() {
	git_in "$tree" status --porcelain=v1 -uall | awk '
		/^(DD|AU|UD|UA|DU|AA|UU) / { print "  " substr($0, 4) ": in conflict, not staged"; next }
		/^\?\?/ { print "  " substr($0, 4) ": new, not staged"; next }
		substr($0, 2, 1) != " " { print "  " substr($0, 4) ": changed, not staged" }'
	git_in "$tree" grep -n --cached -e '^<<<<<<< ' -- "${touched[@]}" | sed 's/^/  /; s/$/ (still there)/' || true
}

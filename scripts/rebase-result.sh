# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # shares its variables with scripts/rebase
#
# rebase-result.sh - the outcome: table, range-diff, branch, proposed patches, and
# the carried ones with --write.
#
# Sourced by scripts/rebase.

# result_key: print what the outcome depends on: all of the track's folder, where to, and
# the semantic patches.
result_key() {
	{
		series_key "$track" "$base" "$(step_count "$track")"
		tree_hash "$FAULTLINE_PATCHES/$track"
		printf '%s %s\n' "$onto" "$onto_name"
		tree_hash "$FAULTLINE_COCCI"
	} | sha256sum | cut -c 1-40
}

# table DONE...: print the table of the lines of $state/done, or of a result.
table() {
	printf 'step  result        patch\n'
	awk -F '\t' '{
		printf("%-4s  %-12s  %s\n", $1, $2, $4)
		if ($5 != "") print "                     " $5
	}' "$@"
}

# show_stopped: print the table so far, the patch that the user has to decide on,
# why, and what to do.
show_stopped() {
	local number kind evidence name

	IFS=$'\t' read -r number kind name evidence <"$state/stopped"
	if ((json)); then
		print_json "$kind"
	else
		table <(cat "$state/done"
			printf '%s\tconflict\t-\t%s\t%s\n' "$number" "$name" "$evidence")
	fi
	{
		printf '\npatch %s of %s, %s, onto %s:\n' "$number" "$(wc -l <"$state/series")" "$name" "$onto_arg"
		cat "$state/why"
		printf '\n'
		if [[ $kind == conflict ]]; then
			printf 'next: cd %s\n' "${tree@Q}"
			printf '      edit the files above; git add --sparse each of them, new ones too\n'
		else
			printf 'next: correct the semantic patch\n'
		fi
		printf '      %s --continue   to go on with the next patch\n' "$again"
		printf '      %s --skip       to go on without this patch\n' "$again"
		printf '      %s --abort      to give up; the carried series is as it was\n' "$again"
	} >&2
}

# propose DIR: make DIR the carried series as it is on the new base, with what
# scripts/refresh has for it: the same form, names, comments and notes.
propose() {
	local dir=$state/carried fresh=$1 RUN=$state/refresh base=$onto tip=$new
	local number commit

	rm -rf "$RUN"
	mkdir "$RUN"
	cp -a "$dir" "$fresh"
	format_branch
	OLD_NAMES=() MATCH=() OLD_SUBJECTS=()
	while IFS=$'\t' read -r number name commit trailer <&3; do
		OLD_NAMES+=("$name")
		OLD_SUBJECTS+=("$(git_linux log -1 --format=%s "$commit")")
	done 3<"$state/series"
	mapfile -t NEW_SUBJECTS < <(git_linux log --reverse --format=%s "$base..$tip")
	while IFS=$'\t' read -r number _ commit _ <&3; do
		[[ $commit == - ]] || MATCH+=("$((number - 1))")
	done 3<"$state/done"
	make_folder
	[[ ! -f $fresh/facts ]] || drop_facts "$fresh/facts"
	[[ ! -f $fresh/equivalents ]] || drop_equivalents "$fresh/equivalents"
}

# drop_equivalents FILE: a patch that is dropped is carried no longer: upstream has it, or
# nothing has.
drop_equivalents() {
	local lines

	lines=$(awk -F '\t' '
		NR == FNR { if ($3 == "-") now[$4] = $2 == "upstream" ? "in" : "open"; next }
		{ split($0, f, " ") }
		f[2] == "carried" && (f[4] in now) {
			rest = $0
			for (i = 1; i <= 4; i++) sub(/^[ \t]*[^ \t]+[ \t]+/, "", rest)
			print f[1], now[f[4]], "-", "-", rest
			next
		}
		{ print }' "$state/done" "$1")
	printf '%s\n' "$lines" >"$1"
}

# drop_facts FILE: what a dropped patch changes, the new base has from the start where it
# has the patch, and has not where the patch was passed over.
drop_facts() {
	local facts

	facts=$(awk -F '\t' '
		NR == FNR { if ($3 == "-") dropped[$4] = $2 == "upstream" ? 4 : 3; next }
		{ split($0, f, " ") }
		!/^#/ && (f[5] in dropped) {
			printf("%-24s %-13s %-6s -      -\n", f[1], f[2], f[dropped[f[5]]])
			next
		}
		{ print }' "$state/done" "$1")
	printf '%s\n' "$facts" >"$1"
}

# make_result: everything that the rebase gives, in $result; then the branch.
make_result() {
	local fresh=$area/fresh new branch=refs/heads/rebase/$track/$onto_name old

	new=$(done_tip)
	rm -rf "$fresh"
	mkdir -p "$fresh/patches"
	propose "$fresh/patches/$onto_name"
	# Patches are dropped, never added: what is left has a counterpart, however
	# much of it is other.
	: >"$fresh/range-diff"
	[[ $new == "$onto" ]] || # nothing is left of the series
		git_linux range-diff --no-color --creation-factor=999 "$base..$tip" "$onto..$new" >"$fresh/range-diff"
	cp "$state/done" "$fresh/done"
	printf '%s\n' "$onto" "$base" "$new" >"$fresh/commits"
	old=$(git_linux rev-parse -q --verify "$branch") || old=
	[[ -z $old || $old == "$(git_linux rev-parse -q --verify "refs/faultline/rebase/$track/$onto_name")" ]] ||
		die "$EXIT_INFRA" "branch ${branch#refs/heads/} in $LINUX_GIT has commits that are not the rebase's" \
			"keep them under another name: git --git-dir=${LINUX_GIT@Q} branch -m ${branch#refs/heads/} my-work; then $again --continue"
	refuse_checked_out "${branch#refs/heads/}" "$old" "$new" "$again --continue"
	printf 'update %s %s\n' "refs/faultline/rebase/$track/$onto_name" "$new" "$branch" "$new" |
		git_linux update-ref --stdin
	printf '%s\n' "$key" >"$fresh/key"
	rm -rf "$result"
	mv "$fresh" "$result"
}

# conclude: print what came out, and write the carried series if that is asked for.
conclude() {
	if ((json)); then
		print_json finished
	else
		table "$result/done"
		printf 'range-diff: %s lines, %s\n' "$(wc -l <"$result/range-diff")" "$result/range-diff"
		printf 'proposal: %s/patches/%s\n' "$result" "$onto_name"
	fi
	((!write)) || write_track
	say "rebase $track: $(awk -F '\t' '{ n[$2]++ } END { for (r in n) print n[r], r }' "$result/done" |
		sort -k1,1nr | paste -sd , | sed 's/,/, /g'); commits: branch rebase/$track/$onto_name"
}

# print_json STATUS: the same for programs; STATUS is finished, or why not.
print_json() {
	local lines=$result/done range=$result/range-diff count=null

	if [[ $1 == finished ]]; then
		count=$(wc -l <"$range")
	else
		lines=$state/done
	fi
	jq -n -R --arg track "$track" --arg onto "$onto_name" --arg commit "$onto" --arg status "$1" \
		--arg range "$range" --argjson count "$count" --arg patches "$result/patches/$onto_name" \
		--rawfile stopped <(cat "$state/stopped" 2>/dev/null || true) '{
			track: $track, onto: $onto, commit: $commit, status: $status,
			steps: [inputs | split("\t") | {step: .[0] | tonumber, result: .[1], patch: .[3], evidence: .[4],
				commit: (if .[2] == "-" then null else .[2] end)}],
			stopped: ($stopped | rtrimstr("\n") | if . == "" then null else split("\t") |
				{step: .[0] | tonumber, patch: .[2], evidence: .[3]} end),
		} + if $status == "finished" then
			{range_diff: $range, range_diff_lines: $count, proposal: $patches} else {} end' "$lines"
}

# lint_proposal DIR: die unless the proposal in DIR has the form that every command asks
# for, beside the other tracks.
lint_proposal() {
	local beside=$area/linted

	rm -rf "$beside"
	beside_other_tracks "$beside"
	ln -s "$1" "$beside/$track"
	FAULTLINE_PATCHES=$beside "$FAULTLINE_ROOT/scripts/lint" "$track" --quiet >&2 ||
		bad_or_infra $? "what is proposed has findings, see above; nothing was written" "correct them in $1, and copy it to patches/$track"
	tell_other_tracks "$beside"
	rm -rf "$beside"
}

# write_track: replace the carried series by the proposal, as scripts/refresh does.
write_track() {
	local dir fresh=$result/patches/$onto_name RUN=$area/written

	dir=$(readlink -m "$FAULTLINE_PATCHES/$track") # the folder itself, not a link to it
	if diff -rq "$dir" "$fresh" >/dev/null; then
		say "patches/$track is what was proposed already"
		return
	fi
	rm -rf "$RUN/before"
	mkdir -p "$RUN"
	cp -aL "$dir" "$RUN/before"
	[[ $(result_key) == "$key" ]] || bad "patches/$track or a semantic patch was changed meanwhile; nothing was written" \
		"$again --onto $onto_arg"
	lint_proposal "$fresh"
	write_folder
	rm -rf "$RUN/before"
	if [[ -f $FAULTLINE_CONFIGS/base/$onto_name/pin ]]; then
		say "next: make $onto_name the base of $track: cp configs/base/$onto_name/* configs/base/$track/ && scripts/base $track"
	else
		say "next: make that the base of $track: scripts/base $track --write-manifest --from TREE#${onto_arg@Q}"
	fi
}

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # shares its variables with scripts/rebase
#
# rebase-onto.sh - where a series is moved to, and what of it is there already.
#
# Sourced by scripts/rebase.

# resolve_onto: set onto to the commit that --onto names, copied into the work
# area if it is in the tree of the user's, and onto_name to a name for it.
resolve_onto() {
	local ref

	if [[ -n $user_tree ]]; then
		copy_from_user
		onto_name=${onto:0:12}
	elif [[ -f $FAULTLINE_CONFIGS/base/$onto_arg/pin ]]; then
		onto=$("$FAULTLINE_ROOT/scripts/base" "$onto_arg" --quiet)
		onto_name=$onto_arg
	elif ref=$(git_linux rev-parse -q --verify "refs/heads/base/$onto_arg^{commit}"); then
		onto=$ref onto_name=$onto_arg
	else
		onto=$(git_linux rev-parse -q --verify --end-of-options "$onto_arg^{commit}") ||
			die "$EXIT_USAGE" "--onto: '$onto_arg' is no base and no commit in $LINUX_GIT" \
				"scripts/base --list lists the bases; --tree names the repository that has the commit"
		onto_name=${onto:0:12}
	fi
}

# copy_from_user: set onto to the commit of the user's tree, and copy it.
copy_from_user() {
	local ref

	[[ -d $user_tree ]] || usage_error "--tree: no such folder: $user_tree"
	user_tree=$(readlink -f "$user_tree")
	theirs "$user_tree" rev-parse -q --git-dir >/dev/null 2>&1 ||
		die "$EXIT_USAGE" "--tree: $user_tree is no git repository" "name a work tree or a bare repository"
	onto=$(theirs "$user_tree" rev-parse -q --verify --end-of-options "$onto_arg^{commit}") ||
		die "$EXIT_USAGE" "--onto: no commit '$onto_arg' in $user_tree" \
			"git -C ${user_tree@Q} tag lists its tags"
	[[ -z $(theirs "$user_tree" status --porcelain -uno 2>/dev/null | head -n 1) ]] ||
		say "$user_tree has uncommitted changes; only what is committed is read"
	ref=refs/faultline/onto/$(printf '%s %s' "$user_tree" "$onto_arg" | sha256sum | cut -c 1-12)
	copy_commit "$user_tree" "$onto" "$ref" ||
		die "$EXIT_INFRA" "cannot copy '$onto_arg' from $user_tree" "see above"
}

# refuse_no_kernel: die when the commit onto has nothing that the series is about.
refuse_no_kernel() {
	local there

	there=$(GIT_LITERAL_PATHSPECS=1 git_linux ls-tree -r --name-only "$onto" -- "${touched[@]}" | wc -l)
	if ((!there)) || ! git_linux cat-file -e "$onto:Makefile" 2>/dev/null; then
		die "$EXIT_USAGE" "--onto: '$onto_arg' is not a kernel tree: it has $there of the ${#touched[@]} files that $track changes$(git_linux cat-file -e "$onto:Makefile" 2>/dev/null || echo ", and no Makefile")" \
			"name the commit of a kernel"
	fi
}

# plain_diff COMMIT: print the diff of a commit in one form, whatever is configured.
plain_diff() {
	git_linux diff-tree -p -M --binary --full-index --no-commit-id --no-ext-diff --no-textconv \
		--diff-algorithm=myers "$1"
}

# read_history: where both bases are in one history, write what happened between
# them to the files the series touches: $state/patch-ids (`patch-id commit`) and
# $state/subjects (`commit<TAB>subject`). Sets history to a line for a person.
read_history() {
	local repository=$LINUX_GIT old candidate version form

	: >"$state/patch-ids"
	: >"$state/subjects"
	history="none between the bases; what is upstream is found by trying each patch in reverse"
	[[ -z $user_tree ]] || repository=$user_tree
	version=$([[ ! -f $FAULTLINE_CONFIGS/base/$track/pin ]] ||
		conf_get "$FAULTLINE_CONFIGS/base/$track/pin" version)
	old=
	for candidate in "$base" "refs/tags/v$version"; do
		old=$(theirs "$repository" merge-base "$candidate" "$onto" 2>/dev/null) || continue
		break
	done
	if [[ -z $old ]]; then
		[[ $(theirs "$repository" rev-parse --is-shallow-repository) != true ]] || [[ -z $user_tree ]] ||
			history="$user_tree is a shallow clone, without the history between the bases; what is upstream is found by trying each patch in reverse"
		return 0
	fi
	form=(--no-renames --no-ext-diff --no-textconv --no-color --src-prefix=a/ --dst-prefix=b/
		--diff-algorithm=myers -U3)
	GIT_LITERAL_PATHSPECS=1 theirs "$repository" log --no-merges --full-diff -p "${form[@]}" \
		"$old..$onto" -- "${touched[@]}" | git_linux patch-id --stable >"$state/patch-ids"
	GIT_LITERAL_PATHSPECS=1 theirs "$repository" log --no-merges --format='%H%x09%s' \
		"$old..$onto" -- "${touched[@]}" >"$state/subjects"
	history="$(wc -l <"$state/subjects") commits to the same files since ${old:0:12}"
}

# commit_with_patch_id COMMIT: print `patch-id commit` when the history between
# the bases has the change that COMMIT makes; else nothing.
commit_with_patch_id() {
	local id

	id=$(git_linux diff-tree -p --no-renames --diff-algorithm=myers "$1" | git_linux patch-id --stable)
	awk -v id="${id%% *}" '$1 == id { print substr($1, 1, 12), substr($2, 1, 12); exit }' "$state/patch-ids"
}

# commit_with_subject COMMIT: print the commit between the bases that has the
# subject of COMMIT, and has not been reverted; else nothing.
commit_with_subject() {
	subject=$(git_linux log -1 --format=%s "$1") awk -F '\t' '
		{ s = substr($0, length($1) + 2) } # the newest comes first
		s == "Revert \"" ENVIRON["subject"] "\"" { exit }
		s == ENVIRON["subject"] { print substr($1, 1, 12); exit }' "$state/subjects"
}

# reverted_since COMMIT: whether a later commit between the bases reverts COMMIT.
reverted_since() {
	awk -F '\t' -v commit="$1" '
		{ s = substr($0, length($1) + 2) }
		index($1, commit) == 1 { reverted = ("Revert \"" s "\"") in seen; exit }
		{ seen[s] }
		END { exit !reverted }' "$state/subjects"
}

# scratch_index COMMIT: make the scratch index that of COMMIT, with no more than
# the files that the series touches: git apply then takes milliseconds.
scratch_index() {
	rm -f "$state/index"
	GIT_LITERAL_PATHSPECS=1 git_linux ls-tree -r "$1" -- "${touched[@]}" |
		GIT_INDEX_FILE=$state/index git_linux update-index --index-info
}

# applies ARGS... FILE: whether git apply takes a diff on the scratch index.
applies() {
	GIT_INDEX_FILE=$state/index git_linux apply --cached --whitespace=nowarn "$@" >/dev/null 2>&1
}

# find_upstream: write the numbers of the patches that the new base has in full
# to $state/upstream. From the last to the first, and what is found is taken out
# of the scratch index: a patch that a later one builds upon is visible only
# without that one. That the reverse applies is not enough: a patch that repeats
# what stands nearby would pass, so it must not apply forwards either.
find_upstream() {
	local number name commit trailer diff=$state/diff

	scratch_index "$onto"
	tac "$state/series" | while IFS=$'\t' read -r number name commit trailer; do
		plain_diff "$commit" >"$diff"
		applies --check --reverse "$diff" || continue
		! applies --check "$diff" || continue
		applies --reverse "$diff"
		printf '%s\n' "$number"
	done >"$state/upstream"
	rm -f "$diff"
}

# hunk_states COMMIT ON: print `state<TAB>file<TAB>hunk<TAB>line` for every hunk
# of COMMIT, tried alone on the commit ON: there, applies, or neither.
hunk_states() {
	local folder=$state/hunks file number line hunk what

	rm -rf "$folder"
	mkdir "$folder"
	scratch_index "$2"
	plain_diff "$1" | awk -v folder="$folder" '
		/^diff --git / { head = $0; n = 0; file = $0; sub(/^diff --git a\/.* b\//, "", file); next }
		/^@@ / {
			close(out)
			out = sprintf("%s/%04d", folder, ++total)
			print head >out
			split($2, at, /[-,]/)
			printf("%s\t%d\t%d\t%s\n", file, ++n, at[2], out)
		}
		n { print >out; next }
		{ head = head "\n" $0 }' >"$folder.list"
	while IFS=$'\t' read -r file number line hunk; do
		what=neither
		if applies --check "$hunk"; then
			what=applies
		elif applies --check --reverse "$hunk"; then
			what=there
		fi
		printf '%s\t%s\t%s\t%s\n' "$what" "$file" "$number" "$line"
	done <"$folder.list"
	rm -rf "$folder" "$folder.list"
}

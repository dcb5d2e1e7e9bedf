# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # shares its variables with scripts/lint
#
# lint-patch.sh - the form of one patch, for scripts/lint, which sources it. Every
# function takes the name of a patch in $dir and calls finding().

# lint_author PATCH: the patch is the role's, whatever git am would read that from.
lint_author() {
	local name=$1 author

	author=$(sed -n -e "s|^Author: ||p" -e "s|^Email: \(.*\)|<\1>|p" <<<"$mailinfo" | paste -s -d " ")
	[[ $author == "$role" ]] ||
		finding author "$name:2" "expected 'From: $role', not '${author:-none}'"
	[[ $(grep -cFx "Signed-off-by: $role" <<<"$trailers") == 1 ]] ||
		finding author "$name" "expected 'Signed-off-by: $role', once"
}

# lint_trailers PATCH: the trailers of a patch's changelog.
lint_trailers() {
	local name=$1 status semantic line

	grep -qE '^Link: https://[^ ]+$' <<<"$trailers" ||
		finding trailers "$name" "no 'Link: https://...' trailer: to the thread that motivated it"
	if grep -E '^Link:' <<<"$trailers" | grep -qvE '^Link: https://[^ ]+$'; then
		finding trailers "$name" "a Link: trailer is not one https address"
	fi
	status=$(grep -E '^Upstream-Status:' <<<"$trailers" || true)
	if [[ -z $status ]]; then
		finding trailers "$name" "no Upstream-Status: trailer"
	elif [[ $(wc -l <<<"$status") -gt 1 ]]; then
		finding trailers "$name" "more than one Upstream-Status: trailer"
	elif ! [[ $status =~ ^Upstream-Status:\ (Pending|Submitted(\ \[.+\])?|(Backport|Superseded|Inappropriate)\ \[.+\])$ ]]; then
		finding trailers "$name" "'$status': expected Pending, Submitted, Backport [commit], Superseded [commit] or Inappropriate [why]"
	fi
	semantic=$(sed -n 's/^Semantic-patch: //p' <<<"$trailers")
	[[ -z $semantic || -f $FAULTLINE_COCCI/${semantic#cocci/} ]] ||
		finding trailers "$name" "Semantic-patch: '$semantic' does not exist"
	while IFS= read -r line; do
		[[ ! $line =~ ^Check(patch)?-accepts: || $line =~ ^[A-Za-z-]+:\ [A-Z_]+\ -\ .*[^\ ] ]] ||
			finding trailers "$name" "'$line': expected a type of finding and the reason, 'TYPE - why it stays'"
	done <<<"$trailers"
}

# lint_changelog PATCH: the subject, and that there is something below it.
lint_changelog() {
	local name=$1 subject body

	subject=$(sed -n 's/^Subject: //p' <<<"$mailinfo")
	grep -q '^Subject: \[PATCH\] ' "$dir/$name" ||
		finding changelog "$name" "expected 'Subject: [PATCH] ...', without a number: format-patch -N"
	((${#subject} <= 72)) ||
		finding changelog "$name" "the subject has ${#subject} columns, 72 at most: '$subject'"
	[[ $subject =~ ^[a-zA-Z0-9_/,.\ -]+:\ .+[^.]$ ]] ||
		finding changelog "$name" "expected 'subsystem: imperative' without a full stop: '$subject'"
	body=$(sed -e '1,/^$/d' -e '/^---$/,$d' -e '/^[A-Z][a-zA-Z-]*: /d' "$dir/$name" | grep -c . || true)
	((body > 0)) || finding changelog "$name" "the changelog does not say why"
}

# lint_form PATCH: git format-patch --zero-commit --no-signature -N, and nothing
# that git am, or git apply below it, would refuse or pass over.
lint_form() {
	local name=$1 line text

	[[ $(head -n 1 "$dir/$name") =~ ^From\ 0{40}\  ]] ||
		finding form "$name:1" "expected 'From 0000... ', as of git format-patch --zero-commit"
	grep -q '^Date: .' <<<"$mailinfo" || finding form "$name:3" "expected 'Date: ...'"
	grep -q '^diff --git ' "$dir/$name" || finding form "$name" "there is no diff"
	# A changelog that is not UTF-8; what a diff changes may be anything.
	line=$(sed '/^---$/q' "$dir/$name" | grep -naxv '.*' | head -n 1 | cut -d : -f 1 || true)
	[[ -z $line ]] || finding form "$name:$line" "is not UTF-8"
	while IFS=$'\t' read -r line text; do
		finding form "$name:$line" "$text"
	done < <(LC_ALL=C awk -f "$FAULTLINE_ROOT/scripts/lint-patch.awk" "$dir/$name")
}

# lint_patch PATCH: all of it.
lint_patch() {
	local name=$1 mailinfo trailers

	# A patch with the bytes of another charset than it says makes mailinfo fail.
	mailinfo=$(git_anonymous mailinfo /dev/null /dev/null <"$dir/$name" 2>/dev/null | tr -d '\0') || true
	trailers=$(sed '/^---$/,$d' "$dir/$name" |
		git_anonymous interpret-trailers --parse --no-divider)
	lint_form "$name"
	lint_author "$name"
	lint_changelog "$name"
	lint_trailers "$name"
}

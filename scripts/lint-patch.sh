# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # shares its variables with scripts/lint
#
# lint-patch.sh - the form of one patch, for scripts/lint, which sources it. Every
# function takes the name of a patch in $dir, calls finding(), and has what lint_patch
# has read of it.

# lint_author PATCH: the patch is the role's, whatever git am would read that from.
lint_author() {
	local name=$1 author='' email='' line signed=0

	while IFS= read -r line; do
		case $line in
		"Author: "*) author=${line#Author: } ;;
		"Email: "*) email="<${line#Email: }>" ;;
		esac
	done <<<"$mailinfo"
	author+=${author:+${email:+ }}$email
	[[ $author == "$role" ]] ||
		finding author "$name:2" "expected 'From: $role', not '${author:-none}'"
	while IFS= read -r line; do
		[[ $line != "Signed-off-by: $role" ]] || signed=$((signed + 1))
	done <<<"$trailers"
	((signed == 1)) ||
		finding author "$name" "expected 'Signed-off-by: $role', once"
}

# lint_trailers PATCH: the trailers of a patch's changelog.
lint_trailers() {
	local name=$1 line link='^Link: https://[^ ]+$' links=0 others=0 statuses=() semantic=()

	while IFS= read -r line; do
		case $line in
		Link:*) if [[ $line =~ $link ]]; then links=$((links + 1)); else others=$((others + 1)); fi ;;
		Upstream-Status:*) statuses+=("$line") ;;
		"Semantic-patch: "*) semantic+=("${line#Semantic-patch: }") ;;
		esac
	done <<<"$trailers"
	((links)) ||
		finding trailers "$name" "no 'Link: https://...' trailer: to the thread that motivated it"
	((!others)) || finding trailers "$name" "a Link: trailer is not one https address"
	if ((!${#statuses[@]})); then
		finding trailers "$name" "no Upstream-Status: trailer"
	elif ((${#statuses[@]} > 1)); then
		finding trailers "$name" "more than one Upstream-Status: trailer"
	elif ! [[ ${statuses[0]} =~ ^Upstream-Status:\ (Pending|Submitted(\ \[.+\])?|(Backport|Superseded|Inappropriate)\ \[.+\])$ ]]; then
		finding trailers "$name" "'${statuses[0]}': expected Pending, Submitted, Backport [commit], Superseded [commit] or Inappropriate [why]"
	fi
	((${#semantic[@]} < 2)) || finding trailers "$name" "more than one Semantic-patch: trailer"
	for line in "${semantic[@]}"; do
		[[ -f $FAULTLINE_COCCI/${line#cocci/} ]] ||
			finding trailers "$name" "Semantic-patch: '$line' does not exist"
	done
	while IFS= read -r line; do
		[[ ! $line =~ ^Check(patch)?-accepts: || $line =~ ^[A-Za-z-]+:\ [A-Z_]+\ -\ .*[^\ ] ]] ||
			finding trailers "$name" "'$line': expected a type of finding and the reason, 'TYPE - why it stays'"
	done <<<"$trailers"
}

# lint_changelog PATCH: the subject, and that there is something below it.
lint_changelog() {
	local name=$1 subject='' line written=0 in_body=0 trailer='^[A-Z][a-zA-Z-]*: '

	while IFS= read -r line; do
		[[ $line != "Subject: "* ]] || subject=${line#Subject: }
	done <<<"$mailinfo"
	[[ $'\n'$message == *$'\nSubject: [PATCH] '* ]] ||
		finding changelog "$name" "expected 'Subject: [PATCH] ...', without a number: format-patch -N"
	((${#subject} <= 72)) ||
		finding changelog "$name" "the subject has ${#subject} columns, 72 at most: '$subject'"
	[[ $subject =~ ^[a-zA-Z0-9_/,.\ -]+:\ .+[^.]$ ]] ||
		finding changelog "$name" "expected 'subsystem: imperative' without a full stop: '$subject'"
	while IFS= read -r line; do
		if ((!in_body)); then
			[[ -n $line ]] || in_body=1
		elif [[ -n $line && ! $line =~ $trailer ]]; then
			written=1
		fi
	done <<<"$message"
	((written)) || finding changelog "$name" "the changelog does not say why"
}

# lint_encoding PATCH: the changelog is UTF-8; what a diff changes may be anything.
lint_encoding() {
	local name=$1 line LC_ALL=C

	[[ $message == *[$'\x80'-$'\xff']* ]] || return 0
	LC_ALL=C.UTF-8
	line=$(grep -naxv -m 1 '.*' <<<"$message") || return 0
	finding form "$name:${line%%:*}" "is not UTF-8"
}

# lint_form PATCH: git format-patch --zero-commit --no-signature -N, and nothing
# that git am, or git apply below it, would refuse or pass over.
lint_form() {
	local name=$1 line text found

	[[ $message =~ ^From\ 0{40}\  ]] ||
		finding form "$name:1" "expected 'From 0000... ', as of git format-patch --zero-commit"
	[[ $'\n'$mailinfo == *$'\nDate: '[^$'\n']* ]] || finding form "$name:3" "expected 'Date: ...'"
	lint_encoding "$name"
	found=$(LC_ALL=C awk -f "$FAULTLINE_ROOT/scripts/lint-patch.awk" "$dir/$name") ||
		die "$EXIT_INFRA" "awk failed on $name" "see above"
	while IFS=$'\t' read -r line text; do
		[[ -n $line ]] || continue
		line=:$line
		finding form "$name${line#:-}" "$text"
	done <<<"$found"
}

# read_message PATCH: set message to what is above the --- that ends the changelog.
read_message() {
	local name=$1 text nul=1 LC_ALL=C # whatever its bytes are

	IFS= read -r -d '' text <"$dir/$name" || nul=0
	message=${text%%$'\n---\n'*}
	((!nul)) || [[ $message != "$text" ]] ||
		finding form "$name" "has a NUL byte in the changelog, which git am refuses"
	message+=$'\n'
}

# lint_patch PATCH: all of it.
lint_patch() {
	local name=$1 mailinfo trailers message

	read_message "$name"
	# A patch with the bytes of another charset than it says makes mailinfo fail, and
	# of a NUL byte the shell says that it passes over it.
	{ mailinfo=$(git_anonymous mailinfo /dev/null /dev/null <"$dir/$name") || true; } 2>/dev/null
	trailers=$(git_anonymous interpret-trailers --parse --no-divider <<<"$message")
	lint_form "$name"
	lint_author "$name"
	lint_changelog "$name"
	lint_trailers "$name"
}

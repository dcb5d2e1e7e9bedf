# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# check-changelog.sh - how a patch says what it does and why, beyond the form
# that scripts/lint asks for. Sourced by scripts/check-patch.sh, after lib.sh and
# with BASE_WORDS set, see there.
#
# The types of finding, which a trailer Check-accepts: can name:
#	SUBJECT_CASE    a capital letter after the prefix
#	SUBJECT_VERB    not the imperative, by configs/check/verbs
#	SUBJECT_PREFIX  a subsystem that no folder or file of the base is called
#	BODY_SHORT      fewer than BODY_WORDS words that could say why
#	BODY_REPEATS    no word that the subject does not have

readonly BODY_WORDS=10

# changelog_findings PATCH: print `TYPE<TAB>LINE<TAB>TEXT` for each finding.
changelog_findings() {
	local patch=$1 subject body at

	subject=$(GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null \
		git mailinfo /dev/null /dev/null <"$patch" 2>/dev/null | sed -n 's/^Subject: //p') || true
	body=$(sed -e '1,/^$/d' -e '/^---$/,$d' -e '/^[A-Z][a-zA-Z-]*: /d' "$patch")
	at=$(grep -n -m 1 '^Subject: ' "$patch" | cut -d : -f 1) || true
	subject_findings "$subject" | sed "s/\t/\t$at\t/"
	body_findings "$subject" "$body" | sed "s/\t/\t$((at + 2))\t/"
}

# subject_findings SUBJECT: print `TYPE<TAB>TEXT`.
subject_findings() {
	local subject=$1 prefix summary word right

	# What is not `subsystem: text` is a finding of scripts/lint.
	[[ $subject =~ ^((([a-zA-Z0-9_/,.+-]+(,\ )?)+:\ )+)(.*)$ ]] || return 0
	prefix=${BASH_REMATCH[1]} summary=${BASH_REMATCH[5]}
	word=${summary%% *}
	[[ ! $word =~ ^[A-Z][a-z]+$ ]] ||
		printf 'SUBJECT_CASE\texpected a small letter after the prefix: %s\n' "'$summary'"
	right=$(awk -v word="${word,,}" '
		/^#/ { next }
		{ for (i = 2; i <= NF; i++) if ($i == word) { print $1; exit } }' \
		"$FAULTLINE_CONFIGS/check/verbs")
	[[ -z $right ]] ||
		printf 'SUBJECT_VERB\texpected the imperative, "%s" rather than "%s": %s\n' "$right" "$word" "'$summary'"
	word=${prefix%%[:/,]*}
	[[ ${word,,} == treewide ]] || grep -qixF -e "$word" "$BASE_WORDS" ||
		printf 'SUBJECT_PREFIX\tno folder or file of the base is called "%s", as the subsystem is: %s\n' "$word" "'$subject'"
}

# body_findings SUBJECT BODY: print `TYPE<TAB>TEXT`.
body_findings() {
	local subject=$1 body=$2 count fresh

	count=$(wc -w <<<"$body")
	((count >= BODY_WORDS)) ||
		printf 'BODY_SHORT\t%d words say why, %d at least are expected\n' "$count" "$BODY_WORDS"
	fresh=$(tr -cs '[:alnum:]_' '\n' <<<"${body,,}" | grep -vxFf <(tr -cs '[:alnum:]_' '\n' <<<"${subject,,}") |
		grep -cE '.{4}' || true)
	((count == 0 || fresh)) ||
		printf 'BODY_REPEATS\tthe changelog says nothing that the subject does not\n'
}

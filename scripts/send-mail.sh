# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # shares its variables with scripts/send
#
# send-mail.sh - make the mails of a series. Sourced by scripts/send.

# The trailers that only the toolkit reads.
readonly OWN_TRAILERS='Upstream-Status|Semantic-patch|Check-accepts|Checkpatch-accepts'

# More people than these get a patch through their lists only: nobody reads a
# mail to a hundred, and lists refuse it.
readonly PEOPLE_MAX=25

# check_address ADDRESS...: die unless each is an address that every server
# takes: `user@host` or `Name <user@host>`, the address in ASCII.
check_address() {
	local address mailbox='[a-zA-Z0-9._+=/-]+@[a-zA-Z0-9.-]+'
	local form="^($mailbox|[^<>]* <$mailbox>)\$"

	for address; do
		[[ $address =~ $form ]] || die "$EXIT_USAGE" \
			"'$address' is no mail address in ASCII" \
			"give user@host or 'Name <user@host>'; the name may be in any script"
	done
}

# encode_address: print the addresses on stdin as a mail header has them: a name that is
# not ASCII encoded, one with a character that separates or ends it quoted (RFC 5322, 3.2.3).
encode_address() {
	local line who

	while IFS= read -r line; do
		who=${line%% <*}
		if [[ $line == *' <'* && $who == *[!\ -~]* ]]; then
			printf '=?UTF-8?B?%s?= <%s\n' "$(printf '%s' "${who//\"/}" | base64 -w 0)" "${line##*<}"
		elif [[ $line == *' <'* && $who != \"*\" && $who == *[][,\;:\(\)@.\"\\]* ]]; then
			who=${who//\\/\\\\}
			printf '"%s" <%s\n' "${who//\"/\\\"}" "${line##*<}"
		else
			printf '%s\n' "$line"
		fi
	done
}

# without_own_trailers PATCH: print it without them, and what continues them.
without_own_trailers() {
	LC_ALL=C awk -v own="^($OWN_TRAILERS): " '
		/^---$/ { diff = 1 }
		!diff && $0 ~ own { ours = 1; next }
		!diff && ours && /^[ \t]/ { next }
		{ ours = 0; print }' "$1"
}

# mail_commits BASE: print the tip of the series of $track in FAULTLINE_PATCHES on
# BASE as it is mailed: without our own trailers, and signed off by the user.
mail_commits() {
	local at=$1 dir tree=$new.tree name names touched

	dir=$(track_dir "$track")
	mapfile -t names < <(series_patches "$track")
	mapfile -t touched < <(cd "$dir" && sed -n -e 's|^--- a/||p' -e 's|^+++ b/||p' \
		-e 's|^rename from ||p' "${names[@]}" | sort -u)
	sparse_worktree "$tree" "$at" Makefile "${touched[@]}"
	for name in "${names[@]}"; do
		if ((keep)); then cat "$dir/$name"; else without_own_trailers "$dir/$name"; fi |
			git_in "$tree" -c user.name="$name_of_user" -c user.email="$email" \
				-c am.threeWay=false -c commit.gpgSign=false -c core.hooksPath=/dev/null \
				am -q -s --keep-cr >"$new.log" 2>&1 || die "$EXIT_INFRA" \
			"patches/$track/$name does not apply as a mail: $(head -n 3 "$new.log")" "see scripts/apply $track"
	done
	git_in "$tree" rev-parse HEAD
	rm -rf "$tree"
	git_linux worktree prune
}

# previous_commits: print BASE..TIP of the version that was sent last, made from
# the commit of the project that patches/<track>/sent names; with the same notes as
# the one that is to be sent, or the range-diff would call every generated patch changed.
previous_commits() {
	local was_base was_commit there=$new.previous inside was_tip trailer

	read -r _ _ was_base was_commit _ <<<"$previous"
	git_linux cat-file -e "$was_base^{commit}" 2>/dev/null || die "$EXIT_INFRA" \
		"v$last of $track was on $was_base, which is not in $LINUX_GIT: no range-diff" \
		"check out $was_commit elsewhere and run its scripts/base $track with this FAULTLINE_WORK"
	inside=$(git -C "$dir" rev-parse --show-prefix)
	mkdir -p "$there"
	git -C "$(git -C "$dir" rev-parse --show-toplevel)" archive "$was_commit:${inside%/}" 2>"$new.log" | tar -x -C "$there" \
		--one-top-level="$track" || die "$EXIT_INFRA" \
		"v$last of $track is not in this repository: $(head -n 1 "$new.log")" \
		"fetch the commit $was_commit; in a shallow clone, git fetch --unshallow"
	# Of a day of their own: a commit has one note, and the same one would be the new one's.
	was_tip=$(FAULTLINE_PATCHES=$there GIT_COMMITTER_DATE='2000-01-01T00:00:00Z' mail_commits "$was_base")
	while IFS=$'\t' read -r _ _ trailer; do
		mkdir -p "$new.cocci/$(dirname "${trailer#cocci/}")"
		git -C "$FAULTLINE_COCCI" show "$was_commit:./${trailer#cocci/}" >"$new.cocci/${trailer#cocci/}" 2>/dev/null || true
	done < <(FAULTLINE_PATCHES=$there generated_steps "$track")
	FAULTLINE_PATCHES=$there FAULTLINE_COCCI=$new.cocci note_semantic_patches "$was_tip"
	printf '%s..%s\n' "$was_base" "$was_tip"
}

# note_semantic_patches TIP: attach to the commits that are generated what makes
# them, as a note, which a mail shows below its three dashes.
note_semantic_patches() {
	local step trailer count

	count=$(step_count "$track")
	while IFS=$'\t' read -r step _ trailer; do
		[[ -s $FAULTLINE_COCCI/${trailer#cocci/} ]] || continue # of a version that lacks it
		git_linux -c user.name="$name_of_user" -c user.email="$email" notes --ref=semantic-patch \
			add -f -F "$FAULTLINE_COCCI/${trailer#cocci/}" "$1~$((count - step))" >&2
	done < <(generated_steps "$track")
}

# format_mails OUT TIP: write the mails, without recipients.
format_mails() {
	local out=$1 top=$2 options=() text change branch=refs/heads/faultline-send

	git_linux update-ref -d refs/notes/semantic-patch
	((version == 1)) || options+=(--reroll-count "$version")
	[[ -z $previous ]] || options+=(--range-diff="$(previous_commits)")
	change=$(grep '^change-id: ' "$dir/cover-letter")
	text=$(grep -v '^change-id: ' "$dir/cover-letter")
	[[ -z $(generated_steps "$track") ]] || {
		note_semantic_patches "$top"
		options+=(--notes=refs/notes/semantic-patch)
	}
	# The cover letter is the description of a branch, as git wants it.
	git_linux update-ref "$branch" "$top"
	git_linux -c user.name="$name_of_user" -c user.email="$email" -c core.abbrev=12 \
		-c diff.algorithm=myers -c branch.faultline-send.description="$text" format-patch -q \
		--cover-letter --cover-from-description=subject --thread=shallow \
		--from="$name_of_user <$email>" --base="$base" \
		--stat=72 "${options[@]}" -o "$out" "$base..faultline-send" >&2
	git_linux update-ref -d "$branch"
	printf '%s\n' "$change" >"$new.change"
	sed -i "/^base-commit: /r $new.change" "$out"/*0000-cover-letter.patch
}

# maintainers_folder DIR: write the base's get_maintainer.pl to DIR, with what it
# reads, and MAINTAINERS.txt of the project, beside patches/, to DIR/maintainers.
maintainers_folder() {
	local at=$1 file

	mkdir -p "$at/maintainers"
	for file in .mailmap .get_maintainer.ignore get_maintainer.pl MAINTAINERS; do
		[[ $file != get_maintainer.pl ]] || file=scripts/$file
		git_linux cat-file -e "$base:$file" 2>/dev/null || continue
		git_linux show "$base:$file" >"$at/${file##*/}"
	done
	[[ -f $at/get_maintainer.pl && -f $at/MAINTAINERS ]] || die "$EXIT_INFRA" \
		"the base of $track has no scripts/get_maintainer.pl, or no MAINTAINERS" "see scripts/base $track --check"
	mv "$at/MAINTAINERS" "$at/maintainers/"
	file=$(dirname "$FAULTLINE_PATCHES")/MAINTAINERS.txt
	[[ ! -f $file ]] || cp "$file" "$at/maintainers/"
}

# maintainers_of MAIL: print who is to get MAIL, as lines `to<TAB>address` for
# people and `cc<TAB>address` for lists. Addresses that cannot exist, RFC 2606's
# .invalid, are left out.
maintainers_of() {
	# Its defaults, not the user's ~/.get_maintainer.conf.
	(cd "$new.maintainers" && HOME=$PWD perl get_maintainer.pl --no-tree --no-git --no-git-fallback \
		--no-fixes --rolestats --mpath=maintainers "$1" 2>"$new.log") >"$new.names" ||
		die "$EXIT_INFRA" "get_maintainer.pl failed on ${1##*/}: $(tail -n 1 "$new.log")" "see MAINTAINERS.txt"
	awk -v max="$PEOPLE_MAX" '
		/@[^ >]*\.invalid>?( |$)/ { next }
		{ list = / \([^()]*list[:)]/ || / \([a-z ]*list:/ }
		# The role follows the address; a name may have brackets as well.
		!sub(/> .*/, ">") { sub(/ .*/, "") }
		list { lists[++n] = "cc\t" $0; next }
		{ people[++m] = "to\t" $0 }
		END {
			if (m <= max) for (i = 1; i <= m; i++) print people[i]
			for (i = 1; i <= n; i++) print lists[i]
		}' "$new.names"
}

# unfold_headers MAIL: print the mail with each of its headers in one line.
unfold_headers() {
	awk '
		done { print; next }
		/^[ \t]/ { sub(/^[ \t]+/, ""); printf " %s", $0; next }
		NR > 1 { printf "\n" }
		/^$/ { print; done = 1; next }
		{ printf "%s", $0 }' "$1"
}

# address_mail MAIL: read `to` and `cc` lines on stdin and give MAIL its headers;
# print what was done. An address appears once.
address_mail() {
	local all kind headers=''

	all=$({
		((${#to[@]} == 0)) || printf 'to\t%s\n' "${to[@]}"
		((${#cc[@]} == 0)) || printf 'cc\t%s\n' "${cc[@]}"
		cat
	} | awk -F '\t' '{ a = tolower($2); sub(/.*</, "", a); sub(/>.*/, "", a) } !seen[a]++')
	[[ -n $all ]] || bad "nobody is to get ${1##*/}" "name somebody with --to"
	# A mail needs a To.
	[[ $all == *to$'\t'* ]] || all=$(sed '1s/^cc/to/' <<<"$all")
	printf '%s\n' "${1##*/}"
	for kind in To Cc; do
		sed -n "s/^${kind,,}\t/  $kind: /p" <<<"$all"
		headers+=$(sed -n "s/^${kind,,}\t//p" <<<"$all" | encode_address |
			awk -v kind="$kind" '{ printf "%s%s", NR == 1 ? "\n" kind ": " : ",\n    ", $0 }')
	done
	# Unfolded, as git send-email makes them: b4 0.12 fails on a folded header.
	headers=${headers#$'\n'}
	# git says so for what it finds in a changelog only
	! LC_ALL=C grep -q '[^ -~[:space:]]' "$1" || sed '/^$/q' "$1" | grep -i '^content-type:' >/dev/null ||
		headers+=$'\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit'
	unfold_headers "$1" | headers=$headers awk '
		!done && /^$/ { print ENVIRON["headers"]; done = 1 }
		{ print }' >"$1.new"
	mv "$1.new" "$1"
}

# make_mails OUT: write the mails, their recipients, and all of them as a mailbox.
make_mails() {
	local out=$1 top mail line name_of_user=$name every=$new.every

	top=$(mail_commits "$base")
	[[ $(git_linux rev-parse "$top^{tree}") == $(git_linux rev-parse "$tip^{tree}") ]] ||
		die "$EXIT_INFRA" "the mails do not give the tree of the series" "see scripts/lint $track"
	format_mails "$out" "$top"
	maintainers_folder "$new.maintainers"
	: >"$every"
	for mail in "$out"/*.patch; do
		# Another mail would begin there for who reads the mailbox
		line=$(awk 'NR > 1 && /^From / { print; exit }' "$mail")
		[[ -z $line ]] || bad "${mail##*/} has a line that begins as a mailbox's mails do: '$line'" \
			"write it in another way: a changelog or cover letter with 'From ' at the beginning of a line ends there"
		[[ $mail != *0000-cover-letter.patch ]] || continue
		maintainers_of "$mail" >"$new.who"
		cat "$new.who" >>"$every"
		address_mail "$mail" <"$new.who" >>"$out/recipients"
	done
	LC_ALL=C sort -s -t $'\t' -k1,1r "$every" |
		address_mail "$(printf '%s\n' "$out"/*0000-cover-letter.patch)" >"$every.cover"
	cat "$every.cover" "$out/recipients" >"$out/recipients.new"
	mv "$out/recipients.new" "$out/recipients"
	cat "$out"/*.patch >"$out/series.mbox"
}

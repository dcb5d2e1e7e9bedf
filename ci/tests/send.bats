#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# scripts/send: what the mails say, who gets them, and what stops it.

bats_require_minimum_version 1.5.0
load helper
load mail

# The mini track in a repository of its own, with a cover letter, a base that has
# a get_maintainer.pl, and a sendmail that keeps what it is given.
setup() {
	local tree=$BATS_TEST_TMPDIR/kernel

	mini_track
	identity
	role -C "$tree" checkout -q -B base HEAD~3
	mkdir "$tree/scripts"
	cat >"$tree/scripts/get_maintainer.pl" <<-'PERL'
		exit 0 if -f "$ENV{HOME}/.get_maintainer.conf";
		print "Andrew Example <mm\@example.org> (maintainer:MM)\n";
		print "\"Matt Example (Org)\" <matt\@example.org> (maintainer:MM)\n";
		print "Jérôme Example <jerome\@example.org> (reviewer:MM)\n";
		print "linux-mm\@example.org (open list:MM)\n";
		print "Faultline <faultline\@series.invalid> (maintainer:FAULTLINE SERIES)\n";
	PERL
	echo MM >"$tree/MAINTAINERS"
	role -C "$tree" add -A
	role -C "$tree" commit -q -m 'with maintainers'
	role -C "$tree" push -q "$FAULTLINE_WORK/linux.git" +HEAD:refs/heads/base/mini
	printf '%s\n' 'mm: three times line 20' '' 'It says why.' '' \
		'change-id: 20260101-mini-0123456789ab' >"$series/cover-letter"
	git init -q "$FAULTLINE_PATCHES"
	git -C "$FAULTLINE_PATCHES" add -A
	git -C "$FAULTLINE_PATCHES" commit -qm series
	OUT=$FAULTLINE_WORK/send/mini-v1
	export MAILS=$BATS_TEST_TMPDIR/mails
	mkdir "$MAILS"
	cat >"$BATS_TEST_TMPDIR/sendmail" <<-'EOS'
		#!/bin/bash
		n=$(ls "$MAILS" | wc -l)
		[ "$n" != "${FAIL_AT:-none}" ] || exit 75
		{ echo "to: ${*:2}"; cat; } >"$MAILS/$(printf %02d "$n")"
	EOS
	chmod +x "$BATS_TEST_TMPDIR/sendmail"
	git config --global sendemail.smtpServer "$BATS_TEST_TMPDIR/sendmail"
}

# typing TEXT COMMAND...: run COMMAND on a terminal on which TEXT is typed.
typing() {
	local text=$1

	shift
	printf '%s\n' "$text" | timeout 60 script -qec "$(printf '%q ' "$@")" /dev/null
}

# count_mails N: N mails went out.
count_mails() { [ "$(find "$MAILS" -type f | wc -l)" -eq "$1" ]; }

# header NAME FILE: print a header of a mail, unfolded.
header() { sed '/^$/,$d' "$2" | sed -e ':a' -e 'N;$!ba' -e 's/\n[ \t]\+/ /g' | sed -n "s/^$1: //Ip"; }

@test "by default it writes mails, and sends nothing" {
	run -0 --separate-stderr "$SCRIPTS/send" mini
	[ "$output" = "$OUT" ]
	[[ $stderr == *"nothing was sent"* ]]
	count_mails 0
	(cd "$OUT" && ls -- *.patch) >"$BATS_TEST_TMPDIR/mails.list"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/mails.list")" -eq 4 ]
	[ ! -e "$series/sent" ]
	[ -z "$(git -C "$FAULTLINE_PATCHES" status --porcelain)" ]
}

@test "the cover letter: subject, text, shortlog, diffstat, base and change-id" {
	"$SCRIPTS/send" mini
	cover=$OUT/0000-cover-letter.patch
	[ "$(header Subject "$cover")" = "[PATCH 0/3] mm: three times line 20" ]
	grep -qx 'It says why.' "$cover"
	grep -qx 'Faultline (3):' "$cover"
	grep -q '^ mm/memory.c | 2 +-$' "$cover"
	grep -A1 "^base-commit: $(git -C "$FAULTLINE_WORK/linux.git" rev-parse base/mini)\$" "$cover" |
		grep -qx 'change-id: 20260101-mini-0123456789ab'
	run ! grep -q 'HERE \*\*\*' "$cover"
}

@test "a mail: From the user, in reply to the cover letter, signed off in order, without our trailers" {
	"$SCRIPTS/send" mini
	mail=$(echo "$OUT"/0002-*.patch)
	[[ $(header From "$mail") == *'<tester@example.org>' ]]
	[ "$(header In-Reply-To "$mail")" = "$(header Message-Id "$OUT/0000-cover-letter.patch")" ]
	run -0 sed '1,/^$/d; /^---$/q' "$mail"
	[[ $output == *$'From: Faultline <faultline@series.invalid>\n\n'* ]]
	[[ $output == *$'Signed-off-by: Faultline <faultline@series.invalid>\nSigned-off-by: Jörg Tester <tester@example.org>\n---' ]]
	[[ $output != *Upstream-Status* ]]
}

@test "no mail has a trailer that only the toolkit reads" {
	sed -i 's/^Upstream-Status: .*/&\nCheck-accepts: BODY_SHORT - it is one line\nCheckpatch-accepts: LONG_LINE - it is long/' "$series"/0002-*.patch
	"$SCRIPTS/send" mini
	run ! grep -rE '^(Upstream-Status|Check-accepts|Checkpatch-accepts):' "$OUT"
	grep -q '^Link: ' "$OUT"/0002-*.patch
}

@test "nor the rest of one that is folded" {
	sed -i 's/^Upstream-Status: .*/Checkpatch-accepts: LONG_LINE - a cast that\n cannot be broken\n&\nCc: one@example.org,\n two@example.org/' "$(nth 2)"
	"$SCRIPTS/send" mini
	run ! grep -r 'cannot be broken' "$OUT"
	grep -qx ' two@example.org' "$OUT"/0002-*.patch
}

@test "a change-id of any characters is in the cover letter as it is" {
	sed -i "/^change-id: /d" "$series/cover-letter"
	echo "change-id: 20260101-a/b&c" >>"$series/cover-letter"
	"$SCRIPTS/send" mini
	grep -qxF 'change-id: 20260101-a/b&c' "$OUT/0000-cover-letter.patch"
}

@test "--keep keeps our trailers" {
	"$SCRIPTS/send" mini --keep
	grep -qx 'Upstream-Status: Pending' "$OUT"/0002-*.patch
}

@test "recipients: people To, lists Cc, .invalid nobody, a name not in ASCII encoded, brackets kept" {
	"$SCRIPTS/send" mini --cc 'linux-mm@example.org' --cc stable@example.org
	mail=$(echo "$OUT"/0001-*.patch)
	[ "$(header To "$mail")" = "Andrew Example <mm@example.org>, \"Matt Example (Org)\" <matt@example.org>, =?UTF-8?B?SsOpcsO0bWUgRXhhbXBsZQ==?= <jerome@example.org>" ]
	[ "$(header Cc "$mail")" = "linux-mm@example.org, stable@example.org" ]
	[ "$(header To "$OUT/0000-cover-letter.patch")" = "$(header To "$mail")" ]
	run ! grep -rq 'To: .*invalid' "$OUT"
}

@test "what the user has set for get_maintainer.pl changes nobody" {
	echo --nol >"$HOME/.get_maintainer.conf"
	"$SCRIPTS/send" mini
	[ "$(header Cc "$(echo "$OUT"/0001-*.patch)")" = "linux-mm@example.org" ]
}

@test "MAINTAINERS.txt beside patches/ is asked as well" {
	echo 'OURS' >"$BATS_TEST_TMPDIR/MAINTAINERS.txt"
	run -0 role -C "$FAULTLINE_WORK/linux.git" show base/mini:scripts/get_maintainer.pl
	tree=$BATS_TEST_TMPDIR/kernel
	cat >>"$tree/scripts/get_maintainer.pl" <<-'PERL'
		print "ours\@example.org (open list:OURS)\n" if -f "maintainers/MAINTAINERS.txt";
	PERL
	role -C "$tree" commit -qam more
	role -C "$tree" push -q "$FAULTLINE_WORK/linux.git" +HEAD:refs/heads/base/mini
	"$SCRIPTS/send" mini
	[[ $(header Cc "$(echo "$OUT"/0001-*.patch)") == *ours@example.org ]]
}

@test "a patch of too many people goes to its lists" {
	tree=$BATS_TEST_TMPDIR/kernel
	# shellcheck disable=SC2016 # perl expands
	printf '%s\n' 'print "P$_ <p$_\@example.org> (maintainer:ALL)\n" for 1..30;' >>"$tree/scripts/get_maintainer.pl"
	role -C "$tree" commit -qam more
	role -C "$tree" push -q "$FAULTLINE_WORK/linux.git" +HEAD:refs/heads/base/mini
	"$SCRIPTS/send" mini
	[ "$(header To "$(echo "$OUT"/0001-*.patch)")" = linux-mm@example.org ]
}

@test "the mailbox, through b4, gives the tree of the series" {
	"$SCRIPTS/send" mini
	run -0 --separate-stderr through_b4 "$OUT/series.mbox" mini
	[ "$output" = "$(role -C "$FAULTLINE_WORK/linux.git" rev-parse 'apply/mini^{tree}')" ]
	grep -q '^Signed-off-by: Jörg Tester' "$BATS_TEST_TMPDIR/last-message"
}

@test "a mailbox with a mail less does not give that tree" {
	"$SCRIPTS/send" mini
	rm "$OUT"/0002-*.patch
	cat "$OUT"/*.patch >"$OUT/series.mbox"
	run through_b4 "$OUT/series.mbox" mini
	[[ $output == *"ERROR: missing [2/3]"* ]]
	[ "${lines[-1]}" != "$(role -C "$FAULTLINE_WORK/linux.git" rev-parse 'apply/mini^{tree}')" ]
}

@test "sent in order, each mail as it was made, and noted for the next version" {
	head=$(git -C "$FAULTLINE_PATCHES" rev-parse HEAD)
	run -0 typing 'send mini v1' "$SCRIPTS/send" mini --really
	count_mails 4
	for n in 0 1 2 3; do
		[[ $(header Subject "$MAILS/0$n") == "[PATCH $n/3] mm: "* ]]
		[ "$(header Message-Id "$MAILS/0$n")" = "$(header Message-Id "$(echo "$OUT/000$n"-*.patch)")" ]
		[ "$(header to "$MAILS/0$n" | head -n 1)" = "mm@example.org matt@example.org jerome@example.org linux-mm@example.org" ]
	done
	[ "$(header In-Reply-To "$MAILS/03")" = "$(header Message-Id "$MAILS/00")" ]
	run -0 tail -n 1 "$series/sent"
	[[ $output == "v1 $(date -u +%F) $(git -C "$FAULTLINE_WORK/linux.git" rev-parse base/mini) $head <cover."* ]]
	expect_failure 2 "v1 of mini was sent already" "$SCRIPTS/send" mini --version 1
}

@test "what the user has set for other mails adds nobody, and leaves nobody out" {
	git config --global sendemail.suppressCc all
	git config --global sendemail.ccCmd 'echo boss@example.org #'
	git config --global sendemail.signedOffByCc true
	for key in to cc bcc; do git config --global "sendemail.$key" more@example.org; done
	run -0 typing 'send mini v1' "$SCRIPTS/send" mini --really --cc '"Last, First" <first@example.org>'
	count_mails 4
	for mail in "$MAILS"/*; do
		header to "$mail"
		[ "$(header to "$mail" | head -n 1)" = \
			"mm@example.org matt@example.org jerome@example.org first@example.org linux-mm@example.org" ]
	done
}

@test "a version of which some mails are sent is not sent again from the start" {
	FAIL_AT=2 run -1 typing 'send mini v1' "$SCRIPTS/send" mini --really --output "$BATS_TEST_TMPDIR/out"
	cp -r "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/copy"
	for option in '' "--output $BATS_TEST_TMPDIR/other"; do
		# shellcheck disable=SC2086 # an option and its value
		run -1 typing 'send mini v1' "$SCRIPTS/send" mini --really $option
		[[ $output == *"some mails in $BATS_TEST_TMPDIR/out are sent already"* ]]
	done
	count_mails 2
	"$SCRIPTS/send" mini --output "$BATS_TEST_TMPDIR/preview" # sends nothing
	cp -r "$series" "$FAULTLINE_PATCHES/other"
	expect_failure 2 "are those of 'mini', not of other" "$SCRIPTS/send" other --resume --output "$BATS_TEST_TMPDIR/out"
	run -0 typing 'send mini v1' "$SCRIPTS/send" mini --resume
	count_mails 4
	expect_failure 2 "v1 of mini was sent already" "$SCRIPTS/send" mini --resume --output "$BATS_TEST_TMPDIR/copy"
	# It is over: the next version can be made.
	"$SCRIPTS/send" mini
	count_mails 4
}

@test "the range-diff calls a generated patch that is the same the same" {
	export FAULTLINE_COCCI=$FAULTLINE_PATCHES/cocci
	mkdir "$FAULTLINE_COCCI"
	printf '// SPDX-License-Identifier: GPL-2.0\n@@ @@\n- a\n+ b\n' >"$FAULTLINE_COCCI/a.cocci"
	sed -i 's|^Upstream-Status: .*|&\nSemantic-patch: cocci/a.cocci|' "$(nth 2)"
	git -C "$FAULTLINE_PATCHES" add -A
	git -C "$FAULTLINE_PATCHES" commit -qm generated
	typing 'send mini v1' "$SCRIPTS/send" mini --really
	git -C "$FAULTLINE_PATCHES" add -A
	git -C "$FAULTLINE_PATCHES" commit -qm sent
	"$SCRIPTS/send" mini
	cover=$FAULTLINE_WORK/send/mini-v2/v2-0000-cover-letter.patch
	[ "$(grep -cE '^[1-3]: .* = [1-3]: ' "$cover")" -eq 3 ]
	# One whose semantic patch is another is shown with that.
	sed -i 's/^+ b/+ c/' "$FAULTLINE_COCCI/a.cocci"
	"$SCRIPTS/send" mini
	grep -qE '^2: .* ! 2: ' "$cover"
	[ "$(grep -cE '^[1-3]: .* = [1-3]: ' "$cover")" -eq 2 ]
	grep -qE '^    [-] +- ?.*[+] b$|^    -.*\+ b$' "$cover"
}

@test "the next version has a range-diff against what was sent, also in a new work area" {
	typing 'send mini v1' "$SCRIPTS/send" mini --really
	git -C "$FAULTLINE_PATCHES" add -A
	git -C "$FAULTLINE_PATCHES" commit -qm sent
	sed -i 's/^It has to say 3\./It has to say three./' "$(nth 3)"
	git clone -q --bare "$FAULTLINE_WORK/linux.git" "$BATS_TEST_TMPDIR/new/linux.git"
	git -C "$BATS_TEST_TMPDIR/new/linux.git" update-ref -d refs/heads/apply/mini
	export FAULTLINE_WORK=$BATS_TEST_TMPDIR/new
	"$SCRIPTS/send" mini
	cover=$FAULTLINE_WORK/send/mini-v2/v2-0000-cover-letter.patch
	grep -q '^Range-diff against v1:$' "$cover"
	grep -q '^[1-3]: .* ! [1-3]: .* mm: change line 20, time 3$' "$cover"
	grep -q '^    +    It has to say three\.$' "$cover"
	[ "$(header Subject "$cover")" = "[PATCH v2 0/3] mm: three times line 20" ]
}

@test "without a terminal --really refuses, and a wrong answer sends nothing" {
	run -2 "$SCRIPTS/send" mini --really </dev/null
	[[ $output == *"there is no terminal"* ]]
	run -1 typing yes "$SCRIPTS/send" mini --really
	[[ $output == *"not confirmed, nothing was sent"* ]]
	count_mails 0
	[ ! -e "$series/sent" ]
}

@test "a failure in the middle says what was sent; --resume sends the rest, once" {
	FAIL_AT=2 run -1 typing 'send mini v1' "$SCRIPTS/send" mini --really
	[[ $output == *"git send-email failed with 0002-"*": 2 of 4 mails are sent"* ]]
	[[ $output == *"  0001-mm-change-line-20-time-1.patch"* ]]
	[ ! -e "$series/sent" ]
	expect_failure 1 "some mails in $OUT are sent already" "$SCRIPTS/send" mini
	run -0 typing 'send mini v1' "$SCRIPTS/send" mini --resume
	count_mails 4
	[[ $(header Subject "$MAILS/02") == "[PATCH 2/3] "* ]]
	grep -q '^v1 ' "$series/sent"
	run -2 typing 'send mini v1' "$SCRIPTS/send" mini --resume
	count_mails 4
}

@test "killed after the last mail: --resume records the version, and sends none twice" {
	run -0 typing 'send mini v1' "$SCRIPTS/send" mini --really
	rm "$series/sent"
	run -0 "$SCRIPTS/send" mini --resume
	grep -q '^v1 ' "$series/sent"
	count_mails 4
}

@test "--resume does not send what was made without --really" {
	"$SCRIPTS/send" mini
	run -2 typing 'send mini v1' "$SCRIPTS/send" mini --resume
	[[ $output == *"were made without --really"* ]]
	count_mails 0
}

@test "what is not committed is not sent" {
	echo >>"$series/cover-letter"
	run -1 typing 'send mini v1' "$SCRIPTS/send" mini --really
	[[ $output == *"has changes that are not committed"* ]]
	# Also what git is told not to look at.
	git -C "$FAULTLINE_PATCHES" checkout -q .
	git -C "$FAULTLINE_PATCHES" rm -q --cached "$(nth 3)"
	git -C "$FAULTLINE_PATCHES" commit -qm 'not all of it'
	git config --global status.showUntrackedFiles no
	run -1 typing 'send mini v1' "$SCRIPTS/send" mini --really
	[[ $output == *"has changes that are not committed"* ]]
	echo '*.patch' >>"$FAULTLINE_PATCHES/.git/info/exclude"
	run -1 typing 'send mini v1' "$SCRIPTS/send" mini --really
	[[ $output == *"not all of $series is in its repository: "*"$(basename "$(nth 3)")"* ]]
	rm -rf "$FAULTLINE_PATCHES/.git"
	run -125 typing 'send mini v1' "$SCRIPTS/send" mini --really
	[[ $output == *"is in no git repository"* ]]
	count_mails 0
}

@test "a cover letter that is missing, unfinished or without change-id" {
	cover=$series/cover-letter
	sed -i 's/^It says why\.$/TODO: say why/' "$cover"
	expect_failure 1 "cover-letter:3: a placeholder is left: 'TODO: say why'" "$SCRIPTS/send" mini
	sed -i 's/^TODO.*/*** BLURB HERE ***/' "$cover"
	expect_failure 1 "a placeholder is left" "$SCRIPTS/send" mini
	sed -i 's/^\*\*\*.*/It says why./; /^change-id/d' "$cover"
	expect_failure 1 "expected one line 'change-id: ...'" "$SCRIPTS/send" mini
	printf 'a subject\nand no text\n' >"$cover"
	expect_failure 1 "expected a subject, an empty line, and text" "$SCRIPTS/send" mini
	rm "$cover"
	expect_failure 1 "cover-letter is missing" "$SCRIPTS/send" mini
}

@test "wrong usage: track, folder, version, address" {
	expect_failure 2 "no track 'typo'" "$SCRIPTS/send" typo
	mkdir "$BATS_TEST_TMPDIR/full"
	echo precious >"$BATS_TEST_TMPDIR/full/file"
	expect_failure 2 "is not empty" "$SCRIPTS/send" mini --output "$BATS_TEST_TMPDIR/full"
	[ "$(cat "$BATS_TEST_TMPDIR/full/file")" = precious ]
	expect_failure 2 "a number from 1 on" "$SCRIPTS/send" mini --version two
	expect_failure 2 "'J <jörg@example.org>' is no mail address in ASCII" "$SCRIPTS/send" mini --to 'J <jörg@example.org>'
	expect_failure 2 "'nobody' is no mail address" "$SCRIPTS/send" mini --cc nobody
	expect_failure 2 "'x@example.org>' is no mail address" "$SCRIPTS/send" mini --cc 'x@example.org>'
	expect_failure 2 "'a@example.org, b@example.org' is no mail" "$SCRIPTS/send" mini --cc 'a@example.org, b@example.org'
	expect_failure 2 "there is nothing to send in" "$SCRIPTS/send" mini --resume
}

@test "a name with a comma, and letters that are not ASCII, arrive" {
	git config --global user.name Tester
	sed -i 's/^It says why\.$/Für Jérôme: it says why./' "$series/cover-letter"
	git -C "$FAULTLINE_PATCHES" commit -qam cover
	typing 'send mini v1' "$SCRIPTS/send" mini --really --to 'Doe, Jane <jane@example.org>' --cc 'J. "R" Doe <jr@example.org>'
	count_mails 4
	[[ $(header To "$MAILS/00" | tail -n 1) == '"Doe, Jane" <jane@example.org>'* ]]
	[[ $(header Cc "$MAILS/00") == *'"J. \"R\" Doe" <jr@example.org>'* ]]
	[[ $(head -n 1 "$MAILS/00") == *' jane@example.org'* && $(head -n 1 "$MAILS/00") != *Doe* ]]
	[ "$(header Content-Type "$MAILS/00")" = 'text/plain; charset=UTF-8' ]
	[ -z "$(header Content-Type "$MAILS/01")" ]
	grep -q '^Für Jérôme' "$MAILS/00"
}

@test "a line that ends a mail in a mailbox is refused" {
	sed -i 's/^It has to say 2\.$/&\nFrom step 2 on it is so./' "$(nth 2)"
	expect_failure 1 "has a line that begins as a mailbox's mails do: 'From step 2 on it is so.'" "$SCRIPTS/send" mini
}

@test "our own failure is not the series': a full disk, and a get_maintainer.pl that dies" {
	local bin=$BATS_TEST_TMPDIR/bin

	mkdir "$bin"
	printf '#!/bin/sh\nexit 1\n' >"$bin/perl"
	chmod +x "$bin/perl"
	PATH=$bin:$PATH expect_failure 125 "get_maintainer.pl failed on 0001" "$SCRIPTS/send" mini
	[[ $output != *"name somebody with --to"* ]]
	printf '#!/bin/sh\ncase " $* " in *" am "*) exit 128 ;; esac\nexec %s "$@"\n' "$(command -v git)" >"$bin/git"
	rm "$bin/perl"
	chmod +x "$bin/git"
	"$SCRIPTS/apply" mini --quiet
	PATH=$bin:$PATH expect_failure 125 "does not apply as a mail" "$SCRIPTS/send" mini
}

@test "without an identity: says which setting is missing" {
	git config --global --unset user.email
	expect_failure 125 "user.email is not set" "$SCRIPTS/send" mini
}

@test "a series with findings, and a base without get_maintainer.pl" {
	sed -i '/^Link:/d' "$(nth 2)"
	expect_failure 1 "no 'Link: https://...' trailer" "$SCRIPTS/send" mini
	git -C "$FAULTLINE_PATCHES" checkout -q .
	role -C "$BATS_TEST_TMPDIR/kernel" push -q "$FAULTLINE_WORK/linux.git" +HEAD~1:refs/heads/base/mini
	expect_failure 125 "has no scripts/get_maintainer.pl" "$SCRIPTS/send" mini
}

@test "a run that was killed leaves nothing in the way" {
	mkdir -p "$FAULTLINE_WORK/linux.git/refs/notes"
	touch "$FAULTLINE_WORK"/linux.git/refs/{heads/faultline-send,notes/semantic-patch}.lock
	mkdir -p "$FAULTLINE_WORK/send/.mini.1"
	"$SCRIPTS/send" mini
	"$SCRIPTS/send" mini
	[ "$(ls -A "$FAULTLINE_WORK/send")" = mini-v1 ]
	[ "$(role -C "$FAULTLINE_WORK/linux.git" worktree list | wc -l)" -eq 1 ]
}

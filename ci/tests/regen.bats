#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# scripts/regen: what it finds, what it writes, and what it must not pass over.

bats_require_minimum_version 1.5.0
load helper

# user FUNCTION: print a function that uses struct vm_fault.
user() {
	printf 'int %s(struct vm_fault *vmf)\n{\n\tuse(vmf->address);\n\treturn vmf->pgoff;\n}\n' "$1"
}

# patch_of SUBJECT TRAILER: commit what is in the kernel's tree, and print it as a patch.
patch_of() {
	role -C "$tree" add -A
	role -C "$tree" commit -q -s -m "$1" -m "It has to be." -m "Link: https://lore.kernel.org/r/mini@example.org
Upstream-Status: Pending${2:+
Semantic-patch: $2}"
	role -C "$tree" -c core.abbrev=12 format-patch --zero-commit --no-signature -N --stdout -1
}

# A track "mini" of three patches, of which the second is generated: what it
# should be comes from sed here, not from spatch.
setup() {
	tree=$BATS_TEST_TMPDIR/kernel
	export FAULTLINE_WORK=$BATS_TEST_TMPDIR/work FAULTLINE_PATCHES=$BATS_TEST_TMPDIR/patches
	export FAULTLINE_COCCI=$BATS_TEST_TMPDIR/cocci
	series=$FAULTLINE_PATCHES/mini
	mkdir -p "$tree/mm" "$series" "$FAULTLINE_WORK" "$FAULTLINE_COCCI"
	role init -q "$tree"
	user fault >"$tree/mm/memory.c"
	user filemap_fault >"$tree/mm/filemap.c"
	user inline_fault >"$tree/mm/internal.h"
	seq 1 20 | sed 's|.*|/* line & */|' >"$tree/mm/swap.c"
	printf '*.c diff=cpp\n' >"$tree/.gitattributes"
	echo 'all:' >"$tree/Makefile"
	role -C "$tree" add -A
	role -C "$tree" commit -q -m 'miniature kernel'
	role clone -q --bare "$tree" "$FAULTLINE_WORK/linux.git"
	role -C "$FAULTLINE_WORK/linux.git" update-ref refs/heads/base/mini HEAD
	sed -i '5s/.*/\/* changed *\//' "$tree/mm/swap.c"
	patch_of "mm: change line 5" >"$series/0001-line.patch"
	sed -i 's/vmf->/vmf->info./' "$tree"/mm/*.[ch]
	patch_of "mm: use info" cocci/info.cocci >"$series/0002-info.patch"
	sed -i '15s/.*/\/* changed *\//' "$tree/mm/swap.c"
	patch_of "mm: change line 15" >"$series/0003-line.patch"
	(cd "$series" && printf '%s\n' *.patch >series)
	printf '# none\n' >"$series/facts"
	cocci=$FAULTLINE_COCCI/info.cocci
	cat >"$cocci" <<-'END'
		// SPDX-License-Identifier: GPL-2.0-only
		/// Use info.
		///
		// Requires: 1.1.1
		// Options: --no-includes --include-headers
		// Candidates: struct vm_fault\b
		virtual patch
		virtual report
		@depends on patch@ struct vm_fault *v; @@
		-v->address
		+v->info.address
		@depends on patch@ struct vm_fault *v; @@
		-v->pgoff
		+v->info.pgoff
		@r depends on report@ struct vm_fault *v; position p; @@
		v->address@p
		@script:python depends on report@ p << r.p; @@
		coccilib.report.print_report(p[0], "use info")
	END
}

# first_patch: read the content of a new file mm/new.c, and put a hand-written patch that
# adds it before all others.
first_patch() {
	role -C "$tree" checkout -q -b "$RANDOM" "$(role -C "$FAULTLINE_WORK/linux.git" rev-parse base/mini)"
	cat >"$tree/mm/new.c"
	patch_of "mm: add a file" >"$series/0000-new.patch"
	sed -i '1i 0000-new.patch' "$series/series"
}

# fake_spatch: read a script that goes in front of spatch: it sees spatch's
# arguments, and the last one, the file, as $file.
fake_spatch() {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	# shellcheck disable=SC2016 # for the fake
	{
		printf '#!/bin/bash\nfile=${@: -1}\n'
		cat
		printf 'exec %s "$@"\n' "$(command -v spatch)"
	} >"$BATS_TEST_TMPDIR/bin/spatch"
	chmod +x "$BATS_TEST_TMPDIR/bin/spatch"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

# counted_spatch: have every file that spatch gets written to $calls.
counted_spatch() {
	calls=$BATS_TEST_TMPDIR/calls
	fake_spatch <<<"[[ \$file != mm/* ]] || echo \"\$file\" >>'$calls'"
	: >"$calls"
}

# result: print the result of the last run: every file and its content.
result() { cat "$FAULTLINE_WORK/regen/mini/run/result"; }

@test "what is generated is identical to what is carried" {
	run --separate-stderr "$SCRIPTS/regen" mini
	[ "$status" -eq 0 ]
	[[ ${lines[1]} =~ ^2\ +3\ +3\ +[0-9]+s\ +identical\ +0002-info.patch ]]
	[ -z "$stderr" ] || [[ $stderr == *"looking for candidates"* ]]
}

@test "a hunk edited by hand is named" {
	sed -i 's/^+\treturn vmf->info.pgoff;/+\treturn vmf->info.pgoff + 1;/;T;:a;n;ba' "$series/0002-info.patch"
	expect_failure 1 "mm/filemap.c: the carried patch is not what the semantic patch makes" "$SCRIPTS/regen" mini
	[[ $output == *"| +"*"info.pgoff + 1;"* ]]
	[[ $output != *mm/memory.c* ]]
}

@test "a file left out of the carried patch, and one too many, are named" {
	role -C "$tree" checkout -q HEAD~2
	sed -i 's/vmf->/vmf->info./' "$tree/mm/memory.c" "$tree/mm/internal.h"
	sed -i '6s/.*/by hand/' "$tree/mm/swap.c"
	patch_of "mm: use info" cocci/info.cocci >"$series/0002-info.patch"
	expect_failure 1 "mm/filemap.c: only the semantic patch changes it" "$SCRIPTS/regen" mini
	[[ $output == *"mm/swap.c: only the carried patch changes it"* ]]
}

@test "a rule deleted from the semantic patch is noticed, file by file" {
	sed -i '/^-v->pgoff/,/^+v->info.pgoff/d' "$cocci"
	sed -i '/^@depends on patch@ struct vm_fault \*v; @@$/{N;/\n@r/s/^[^\n]*\n//}' "$cocci"
	expect_failure 1 "mm/filemap.c: the carried patch is not what" "$SCRIPTS/regen" mini
	[[ $output == *mm/memory.c:* && $output == *mm/internal.h:* ]]
}

@test "a new user in the tree is named" {
	user new_fault | first_patch
	expect_failure 1 "mm/new.c: only the semantic patch changes it: a new user" "$SCRIPTS/regen" mini
}

@test "a user where spatch cannot parse is named with its line" {
	{
		echo 'int x;'
		user new_fault | sed 's/pgoff;/pgoff +;/'
	} | first_patch
	expect_failure 1 "mm/new.c:2:int new_fault(struct vm_fault *vmf)" "$SCRIPTS/regen" mini
	[[ $output == *"not done"* && $output == *"spatch cannot parse here"* ]]
	# Also when it comes out of the cache, ...
	expect_failure 1 "mm/new.c:2:" "$SCRIPTS/regen" mini
	# ... but not when it is said to be done by hand.
	sed -i 's|^// Requires.*|&\n// By hand: mm/new.c - spatch cannot parse it|' "$cocci"
	counted_spatch
	run "$SCRIPTS/regen" mini
	[ "$status" -eq 0 ]
	[ ! -s "$calls" ]
}

@test "where spatch cannot parse and nothing is of interest, nothing is said" {
	printf 'int broken(int a)\n{\n\treturn a +;\n}\nstruct vm_fault;\nint x;\n' | first_patch
	run "$SCRIPTS/regen" mini
	[ "$status" -eq 0 ]
}

@test "a user that spatch passes over without a word matches Leftover" {
	user new_fault | sed 's/^\tuse.*/#if 0\n&\n#endif/; s/vmf->pgoff/0/' | first_patch
	run "$SCRIPTS/regen" mini
	[ "$status" -eq 0 ]
	sed -i 's/^\/\/ Requires.*/&\n\/\/ Leftover: vmf->(address|pgoff)/' "$cocci"
	expect_failure 1 "mm/new.c:4: use(vmf->address); (is left" "$SCRIPTS/regen" mini
}

@test "a spatch, or a git grep, that is killed says nothing of the semantic patch" {
	# shellcheck disable=SC2016 # for the fake
	fake_spatch <<<'case $file in mm/memory.c) kill -9 $$ ;; esac'
	expect_failure 125 "spatch was killed" "$SCRIPTS/regen" mini
	rm "$BATS_TEST_TMPDIR/bin/spatch"
	# shellcheck disable=SC2016 # as above
	printf '#!/bin/sh\ncase " $* " in *" grep "*) kill -9 $$ ;; esac\nexec %s "$@"\n' "$(command -v git)" >"$BATS_TEST_TMPDIR/bin/git"
	chmod +x "$BATS_TEST_TMPDIR/bin/git"
	expect_failure 125 "git grep did not get to its end" "$SCRIPTS/regen" mini --no-cache
	[[ $output != *"regular expression"* ]]
}

@test "an exception of spatch names the file, and hides no other" {
	# shellcheck disable=SC2016 # for the fake
	fake_spatch <<<'case $file in
		mm/memory.c) echo "EXN: Failure(\"already tagged\") in $file" >&2; exit 0 ;;
		mm/internal.h) echo "Fatal error: boom" >&2; exit 255 ;;
	esac'
	expect_failure 1 "mm/internal.h: spatch ended with 255: Fatal error: boom" "$SCRIPTS/regen" mini
	[[ $output == *"mm/memory.c: spatch had an exception: EXN: "* ]]
	[[ $output != *mm/filemap.c* ]]
	# Nothing of it is kept.
	rm "$BATS_TEST_TMPDIR/bin/spatch"
	run "$SCRIPTS/regen" mini
	[ "$status" -eq 0 ]
}

@test "an exception of the real spatch is found" {
	cat >>"$cocci" <<-'END'
		@depends on patch@ struct vm_fault *v; expression e; @@
		(
		-v->page
		+v->info.page
		&
		-e
		+here
		)
	END
	user new_fault | sed 's/pgoff/page/' | first_patch
	expect_failure 1 "mm/new.c: spatch ended with 255" "$SCRIPTS/regen" mini
	[[ $output == *"whole content = "*"vmf->page"* ]]
}

@test "a file that takes too long is named" {
	# shellcheck disable=SC2016 # for the fake
	fake_spatch <<<'[[ $file != mm/memory.c ]] || exec sleep 100'
	COCCI_LIMIT=4 expect_failure 1 "mm/memory.c: spatch took longer than COCCI_LIMIT=4 s" "$SCRIPTS/regen" mini
}

@test "a semantic patch that spatch refuses is named" {
	echo '@ nonsense' >>"$cocci"
	expect_failure 1 "$cocci: spatch cannot use it with -D patch" "$SCRIPTS/regen" mini
}

@test "a semantic patch that would read other files, says no Candidates, or no expression, is refused" {
	cp "$cocci" "$BATS_TEST_TMPDIR/good"
	sed -i '/Candidates/a // Leftover: vmf->(pgoff' "$cocci"
	expect_failure 1 "is no extended regular expression: 'vmf->(pgoff'" "$SCRIPTS/regen" mini
	cp "$BATS_TEST_TMPDIR/good" "$cocci"
	sed -i 's/--no-includes//' "$cocci"
	expect_failure 1 "have no --no-includes" "$SCRIPTS/regen" mini
	sed -i '/Candidates/d' "$cocci"
	expect_failure 1 "no header line '// Candidates: <ERE>'" "$SCRIPTS/regen" mini
}

@test "a semantic patch that is not there is a defect of the track, which is named" {
	rm "$cocci"
	expect_failure 1 "mini: Semantic-patch: 'cocci/info.cocci' does not exist" "$SCRIPTS/regen" mini
}

@test "without spatch nothing can be judged" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s /usr/bin/* "$BATS_TEST_TMPDIR/bin/"
	rm -f "$BATS_TEST_TMPDIR/bin/spatch"
	PATH=$BATS_TEST_TMPDIR/bin expect_failure 125 "'spatch' is not installed" "$SCRIPTS/regen" mini
	[[ $output == *"run scripts/deps"* ]]
}

@test "a spatch older than required cannot judge" {
	sed -i 's/Requires: .*/Requires: 99.1/' "$cocci"
	expect_failure 125 "requires spatch 99.1, and spatch " "$SCRIPTS/regen" mini
}

@test "--write brings the carried patch back to the byte, and does nothing twice" {
	cp "$series/0002-info.patch" "$BATS_TEST_TMPDIR/good"
	sed -i 's/info.pgoff;/info.pgoff + 1;/' "$series/0002-info.patch"
	cp "$series/0002-info.patch" "$BATS_TEST_TMPDIR/edited"
	run "$SCRIPTS/regen" mini --write
	[ "$status" -eq 0 ]
	[[ $output == *"written"*"0002-info.patch (cocci/info.cocci): 6 lines of the file differ"* ]]
	cmp "$series/0002-info.patch" "$BATS_TEST_TMPDIR/good"
	cmp "$FAULTLINE_WORK"/regen/mini/replaced/0002-info.patch-* "$BATS_TEST_TMPDIR/edited"
	run "$SCRIPTS/regen" mini --write
	[ "$status" -eq 0 ]
	[[ $output == *identical* && $output != *written* ]]
	cmp "$series/0002-info.patch" "$BATS_TEST_TMPDIR/good"
}

@test "--write keeps the changelog, the trailers, the author and the date" {
	sed -i 's/^It has to be\./It has\n\n  * to be\n\nwritten: by a person./; s/^Date: .*/Date: Tue, 3 Mar 2020 01:02:03 +0530/' "$series/0002-info.patch"
	cp "$series/0002-info.patch" "$BATS_TEST_TMPDIR/good"
	sed -i 's/info.pgoff;/info.pgoff + 1;/' "$series/0002-info.patch"
	run "$SCRIPTS/regen" mini --write
	[ "$status" -eq 0 ]
	cmp "$series/0002-info.patch" "$BATS_TEST_TMPDIR/good"
}

@test "--write keeps what stands below the ---" {
	sed -i 's/^---$/&\nv2: says why/' "$series/0002-info.patch"
	cp "$series/0002-info.patch" "$BATS_TEST_TMPDIR/noted"
	run -0 "$SCRIPTS/regen" mini --write
	cmp "$series/0002-info.patch" "$BATS_TEST_TMPDIR/noted"
	sed -i 's/^+.*info\.address.*/+\tuse(0);/' "$series/0002-info.patch"
	run -0 "$SCRIPTS/regen" mini --write
	cmp "$series/0002-info.patch" "$BATS_TEST_TMPDIR/noted"
}

@test "--write on a track that is a link: what it points to is written once all is made, and kept" {
	mv "$series" "$BATS_TEST_TMPDIR/elsewhere"
	ln -s ../elsewhere "$series"
	cp "$series/0002-info.patch" "$BATS_TEST_TMPDIR/good"
	sed -i 's/^+.*info\.address.*/+\tuse(0);/' "$series/0002-info.patch"
	cp "$series/0002-info.patch" "$BATS_TEST_TMPDIR/bad"
	# The one after it cannot be made.
	printf '// SPDX-License-Identifier: GPL-2.0-only\n/// None.\n///\n// Requires: 1.1.1\n// Options: --no-includes\n// Candidates: nothing\nvirtual patch\nvirtual report\n@depends on patch@ @@\n-nothing();\n' \
		>"$FAULTLINE_COCCI/none.cocci"
	cp "$series/0003-line.patch" "$BATS_TEST_TMPDIR/third"
	sed -i 's|^Upstream-Status: .*|&\nSemantic-patch: cocci/none.cocci|' "$series/0003-line.patch"
	run -1 "$SCRIPTS/regen" mini --write
	[[ $output == *"nothing was written"* ]]
	cmp "$series/0002-info.patch" "$BATS_TEST_TMPDIR/bad"
	cp "$BATS_TEST_TMPDIR/third" "$series/0003-line.patch"
	run -0 "$SCRIPTS/regen" mini --write
	[ -L "$series" ]
	cmp "$BATS_TEST_TMPDIR/elsewhere/0002-info.patch" "$BATS_TEST_TMPDIR/good"
	cmp "$FAULTLINE_WORK"/regen/mini/replaced/0002-info.patch-* "$BATS_TEST_TMPDIR/bad"
}

@test "--write starts a patch that has no diff yet" {
	cp "$series/0002-info.patch" "$BATS_TEST_TMPDIR/good"
	sed -i '/^---$/q' "$series/0002-info.patch"
	run "$SCRIPTS/regen" mini --write
	[ "$status" -eq 0 ]
	cmp "$series/0002-info.patch" "$BATS_TEST_TMPDIR/good"
}

@test "--write replaces a patch that does not apply; a check says that it does not" {
	cp "$series/0002-info.patch" "$BATS_TEST_TMPDIR/good"
	sed -i 's/^-\tuse.*/-\tuse(nothing);/' "$series/0002-info.patch"
	expect_failure 1 "no apply" "$SCRIPTS/regen" mini
	[[ $output == *"patches/mini/0002-info.patch does not apply"* ]]
	run "$SCRIPTS/regen" mini --write
	[ "$status" -eq 0 ]
	cmp "$series/0002-info.patch" "$BATS_TEST_TMPDIR/good"
}

@test "--write writes nothing when one of several cannot be generated" {
	sed 's/0002/0004/; s/info.cocci/more.cocci/' "$series/0002-info.patch" | sed '/^---$/q' >"$series/0004-more.patch"
	echo 0004-more.patch >>"$series/series"
	sed '/^@depends/,$d; s/struct vm_fault/vmf/' "$cocci" >"$FAULTLINE_COCCI/more.cocci"
	printf '@depends on patch@ @@\n-nothing\n+something\n' >>"$FAULTLINE_COCCI/more.cocci"
	sed -i 's/info.pgoff;/info.pgoff + 1;/' "$series/0002-info.patch"
	before=$(sha256sum "$series"/*)
	expect_failure 1 "cocci/more.cocci changes nothing at step 4; nothing was written" "$SCRIPTS/regen" mini --write
	[ "$(sha256sum "$series"/*)" = "$before" ]
	# A second one that can be is generated on top of the new first.
	sed -i 's/^-nothing/-use(vmf->info.address);/; s/^+something/+use(0);/; s/^@depends on patch@ @@/@depends on patch@ identifier vmf; @@/' "$FAULTLINE_COCCI/more.cocci"
	run "$SCRIPTS/regen" mini --write
	[ "$status" -eq 0 ]
	grep -qx -- '-	use(vmf->info.address);' "$series/0004-more.patch"
	run "$SCRIPTS/regen" mini
	[ "$status" -eq 0 ]
	[ "$(grep -c identical <<<"$output")" -eq 2 ]
}

@test "--write names a later patch that no longer applies" {
	sed -i 's/use(vmf->address)/use(v->address)/' "$BATS_TEST_TMPDIR/kernel/mm/memory.c"
	sed -i 's/info.pgoff;/info.pgoff + 1;/' "$series/0002-info.patch" "$tree"/mm/*.[ch]
	role -C "$tree" commit -q -a -m "as edited"
	sed -i 's/pgoff + 1/pgoff + 2/' "$tree/mm/memory.c"
	patch_of "mm: again" >"$series/0004-again.patch"
	echo 0004-again.patch >>"$series/series"
	expect_failure 1 "patches/mini/0004-again.patch does not apply" "$SCRIPTS/regen" mini --write
	[[ $output == *"what is generated is written"* ]]
	run ! grep 'pgoff + 1' "$series/0002-info.patch"
}

@test "the number of jobs changes nothing" {
	"$SCRIPTS/regen" mini --no-cache --jobs 1
	one=$(result)
	"$SCRIPTS/regen" mini --no-cache --jobs 2
	[ "$(result)" = "$one" ]
	[ "$(grep -c blob <<<"$one")" -eq 3 ]
	expect_failure 2 "--jobs none: a number is needed" "$SCRIPTS/regen" mini --jobs none
}

@test "what is known of a file is used again" {
	counted_spatch
	"$SCRIPTS/regen" mini
	[ "$(wc -l <"$calls")" -eq 3 ]
	run "$SCRIPTS/regen" mini
	[ "$status" -eq 0 ]
	[ "$(wc -l <"$calls")" -eq 3 ]
	"$SCRIPTS/regen" mini --no-cache
	[ "$(wc -l <"$calls")" -eq 6 ]
	# A new file is looked at alone; another semantic patch is another question.
	user new_fault | first_patch
	"$SCRIPTS/regen" mini || true
	[ "$(tail -n +7 "$calls")" = mm/new.c ]
	echo '// another' >>"$cocci"
	"$SCRIPTS/regen" mini || true
	[ "$(wc -l <"$calls")" -eq 11 ]
}

@test "a result whose content was pruned from the repository is made again" {
	"$SCRIPTS/regen" mini
	# The series itself has the same content.
	rm -rf "$FAULTLINE_WORK/linux.git"
	role clone -q --bare "$tree" "$FAULTLINE_WORK/linux.git"
	base=$(role -C "$FAULTLINE_WORK/linux.git" rev-parse HEAD~3)
	rm -rf "$FAULTLINE_WORK/linux.git"
	role init -q --bare "$FAULTLINE_WORK/linux.git"
	role -C "$tree" push -q "$FAULTLINE_WORK/linux.git" "$base:refs/heads/base/mini"
	run "$SCRIPTS/regen" mini --write
	[ "$status" -eq 0 ]
	[[ $output == *identical* ]]
}

@test "interrupted, then run again: goes on where it was" {
	counted_spatch
	sed -i "2a [[ \$file != mm/memory.c || -e '$BATS_TEST_TMPDIR/go' ]] || exec sleep 100" "$BATS_TEST_TMPDIR/bin/spatch"
	"$SCRIPTS/regen" mini --jobs 2 &
	regen=$!
	until (($(cat "$FAULTLINE_WORK"/regen/cache/*/* 2>/dev/null | wc -l) >= 2)); do
		kill -0 "$regen" # it must not be over before it was seen at work
	done
	kill "$regen"
	run wait "$regen"
	[ "$status" -ne 0 ]
	touch "$BATS_TEST_TMPDIR/go"
	run "$SCRIPTS/regen" mini
	[ "$status" -eq 0 ]
	[ "$(sort "$calls" | uniq -c | awk '{ print $1 }' | paste -sd ' ')" = "1 1 1" ]
}

@test "--report is silent at the tip and names what is left before" {
	run --separate-stderr "$SCRIPTS/regen" mini --report
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	expect_failure 1 "mm/filemap.c:3:10-17: use info" "$SCRIPTS/regen" mini --report --step 1
	expect_failure 2 "--report looks at one step" "$SCRIPTS/regen" mini --report --step 1-2
}

@test "--report names a user that a later patch adds" {
	user new_fault >"$tree/mm/new.c"
	patch_of "mm: add a user" >"$series/0004-new.patch"
	echo 0004-new.patch >>"$series/series"
	run "$SCRIPTS/regen" mini
	[ "$status" -eq 0 ]
	expect_failure 1 "mm/new.c:3:10-17: use info" "$SCRIPTS/regen" mini --report
}

@test "a track without a generated patch is fine; a step that is none is wrong usage" {
	expect_failure 2 "no patch of --step 1 is generated" "$SCRIPTS/regen" mini --step 1
	expect_failure 2 "'9' is not a step" "$SCRIPTS/regen" mini --step 9
	sed -i '/^Semantic-patch/d' "$series/0002-info.patch"
	run "$SCRIPTS/regen" mini
	[ "$status" -eq 0 ]
	[[ $output == *"no patch is generated"* ]]
}

@test "every semantic patch that the project carries is used by one of its patches" {
	for file in "$ROOT"/cocci/*.cocci; do
		grep -qFx "Semantic-patch: cocci/${file##*/}" "$ROOT"/patches/*/*.patch
	done
}

@test "a series that names a missing patch is not one without generated patches" {
	echo 0009-missing.patch >>"$series/series"
	expect_failure 1 "names 0009-missing.patch, which does not exist" "$SCRIPTS/regen" mini
}

@test "the user's ~/.cocciconfig changes nothing" {
	mkdir -p "$BATS_TEST_TMPDIR/home"
	printf '[spatch]\n\toptions = --no-such-option\n' >"$BATS_TEST_TMPDIR/home/.cocciconfig"
	HOME=$BATS_TEST_TMPDIR/home run "$SCRIPTS/regen" mini
	[ "$status" -eq 0 ]
}

@test "--against-coccicheck: both times; one that fails is not compared, and one that changes nothing is no measure" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/make" <<-'END'
		#!/bin/sh
		echo "$COCCICHECK_SAYS"
		[ "$COCCICHECK_SAYS" != "Fatal error: exception End_of_file" ]
	END
	chmod +x "$BATS_TEST_TMPDIR/bin/make"
	export COCCICHECK_SAYS='+++ b/mm/memory.c' PATH=$BATS_TEST_TMPDIR/bin:$PATH
	run "$SCRIPTS/regen" mini --against-coccicheck
	# Which is faster is not the question here.
	[[ $status -le 1 && $output =~ regen\ without\ cache\ [0-9.]+\ s,\ make\ coccicheck\ MODE=patch\ J=[0-9]+\ [0-9.]+\ s:\ ratio\ [0-9.]+,\ of\ 1\ of\ 1\ patches ]]
	COCCICHECK_SAYS='Fatal error: exception End_of_file'
	expect_failure 125 "coccicheck failed on each patch" "$SCRIPTS/regen" mini --against-coccicheck
	[[ $output == *"coccicheck failed on step 1, which is not compared: Fatal error: exception End_of_file"* ]]
	COCCICHECK_SAYS=nothing
	expect_failure 125 "coccicheck changed nothing" "$SCRIPTS/regen" mini --against-coccicheck
}

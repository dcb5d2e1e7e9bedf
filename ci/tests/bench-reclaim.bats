#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/bench reclaim: which kernels it boots and what it makes of their counts, with a
# stand-in for the guests; what makes a measure void, and that it tells a kernel that is
# better from one that is not, in real ones.

bats_require_minimum_version 1.5.0
load helper

# stand_in: the project in $COPY with a track of three patches, of which the second flips
# the fact on arm64-hafdbs. Nothing is built; a guest counts what the step $GOOD_FROM and
# those behind it have less of, and $BOOTS says what was booted.
stand_in() {
	mini_track
	printf 'faultaround.prefaulted arm64-hafdbs young old %s\n' "$(sed -n 2p "$series/series")" >>"$series/facts"
	printf 'faultaround.prefaulted * young - -\n' >>"$series/facts"
	"$SCRIPTS/apply" mini --no-lint --quiet >/dev/null
	copy_of_project
	export FAULTLINE_PATCHES=$BATS_TEST_TMPDIR/patches BOOTS=$BATS_TEST_TMPDIR/boots GOOD_FROM=2 BAD_BUILD='' BAD_BOOT=''
	: >"$BOOTS"
	printf '#!/bin/sh\ntrue\n' >"$COPY/ci/guest-image"
	# shellcheck disable=SC2016
	printf '#!/bin/sh\n[ "$3" != "$BAD_BUILD" ]\n' >"$COPY/ci/build"
	cat >>"$COPY/ci/bench.sh" <<-'E'
		bench_boot() {
			local share=4 load
			printf '%s %s %s %s\n' "$1" "$2" "$3" "${*:5}" >>"$BOOTS"
			[[ $2 != "$BAD_BOOT" ]] || die "$EXIT_INFRA" "no guest" "see above"
			[[ $1 == arm64-hafdbs ]] && (($2 >= GOOD_FROM)) && [[ $* != *with=* ]] && share=1
			mkdir -p "$4"
			for load in stream launch; do
				printf 'reclaim.%s.scanned %d\n' "$load" $((share * 1000))
				printf 'reclaim.%s.stolen %d\n' "$load" $((share * 100 + 800))
				printf "reclaim.$load.%s $((share * 10))\n" refaults activated read_kb written_kb hot_major cold_major
			done | jq -Rn '{facts: ([inputs | split(" ") | {(.[0]): .[1]}] | add)}' >"$4/result.json"
		}
	E
}

# row SUBJECT NAME VARIANT: print a row of the result as JSON.
row() {
	jq -c --arg subject "$1" --arg name "$2" --arg variant "$3" \
		'.rows[] | select(.subject == $subject and .name == $name and .variant == $variant)' "${RESULT:-$FAULTLINE_WORK/bench/mini/reclaim.json}"
}

# is SUBJECT NAME VARIANT JQ: there is one such row, and JQ is true of it. jq -e alone is
# content with nothing at all.
is() { row "$1" "$2" "$3" | jq -se "length == 1 and (.[0] | $4)"; }

@test "wrong usage is 2" {
	expect_failure 2 "a track is needed" "$CI/bench" reclaim
	expect_failure 2 "no track 'nothing'" "$CI/bench" reclaim nothing
	expect_failure 2 "no machine 'vax'" "$CI/bench" reclaim v5.10 --machine arm64-hafdbs,vax
	expect_failure 2 "is not a number of rounds" "$CI/bench" reclaim v5.10 --rounds 0
	expect_failure 2 "is not a number of boots" "$CI/bench" reclaim v5.10 --jobs two
	expect_failure 2 "is not a number of MiB" "$CI/bench" reclaim v5.10 --memory 96M
	expect_failure 2 "is not a step" "$CI/bench" reclaim v5.10 --step 99
	expect_failure 2 "takes one step" "$CI/bench" reclaim v5.10 --step 0-2
	expect_failure 2 "no such file" "$CI/bench" reclaim v5.10 --with /no/such.patch
	expect_failure 2 "unknown option '--nonsense'" "$CI/bench" reclaim v5.10 --nonsense
}

# bats test_tags=slow
@test "the kernels take turns, and the step before the flip is one where there is a flip" {
	stand_in
	run -0 --separate-stderr "$COPY/ci/bench" reclaim mini --rounds 2 --jobs 1 --machine arm64-hafdbs,s390x
	for _ in 1 2; do
		printf '%s\n' "arm64-hafdbs 0" "arm64-hafdbs 1" "arm64-hafdbs 3" "s390x 0" "s390x 3"
	done >"$BATS_TEST_TMPDIR/expected"
	cut -d ' ' -f 1,2 "$BOOTS" | diff "$BATS_TEST_TMPDIR/expected" -
	[[ $(head -n 1 "$BOOTS") == *" reclaim memory=88 cpus=1 "*disk-file=* ]]
	[ "$(row arm64-hafdbs 'stream: pages scanned' base | jq -c .values)" = '[4000,4000]' ]
	[ "$(row arm64-hafdbs 'stream: pages scanned' before | jq .ratio)" = 1 ]
	is arm64-hafdbs 'stream: pages scanned' tip '.ratio == 0.25 and .limit == 0.5 and .met'
	is arm64-hafdbs 'stream: scanned per stolen' tip '.median == 1.111 and .limit == 1.25 and .of == "median" and .met'
	is arm64-hafdbs 'stream: file refaults' tip '.met'
	# A target that is missed is said, and is no failure.
	is arm64-hafdbs 'stream: major faults of the hot set' tip '.limit == 0.05 and (.met | not)'
	[[ $output == *"missed"* ]]
	# What is aimed at is where the series changes something.
	is s390x 'stream: pages scanned' tip '.ratio == 1 and (has("limit") | not)'
	[ -z "$(row s390x 'stream: pages scanned' before)" ]
}

# bats test_tags=slow
@test "control: the base against itself, a patch that undoes it, and a series that does nothing miss every target" {
	stand_in
	run -0 --separate-stderr "$COPY/ci/bench" reclaim mini --rounds 1 --machine arm64-hafdbs --step 0 --memory 80
	is arm64-hafdbs 'stream: pages scanned' 'step 0' '.ratio == 1 and (.met | not)'
	[ "$(grep -c " memory=80 " "$BOOTS")" -eq 2 ]
	[ "$(wc -l <"$BOOTS")" -eq 2 ]
	echo diff >"$BATS_TEST_TMPDIR/bad.patch"
	run -0 --separate-stderr "$COPY/ci/bench" reclaim mini --rounds 1 --machine arm64-hafdbs --with "$BATS_TEST_TMPDIR/bad.patch"
	is arm64-hafdbs 'stream: pages scanned' tip .met
	is arm64-hafdbs 'stream: pages scanned' with '.ratio == 1 and (.met | not)'
	[ "$(grep -c "with=$BATS_TEST_TMPDIR/bad.patch" "$BOOTS")" -eq 1 ]
	GOOD_FROM=99
	run -0 --separate-stderr "$COPY/ci/bench" reclaim mini --rounds 1 --machine arm64-hafdbs
	jq -e '[.rows[] | select(has("limit"))] | length == 4 and all(.met | not)' "$FAULTLINE_WORK/bench/mini/reclaim.json"
}

@test "a step that does not build is 1; a guest that measures nothing is 125, and nothing is written" {
	stand_in
	export BAD_BUILD=3
	expect_failure 1 "step 3 does not build for arm64-hafdbs" "$COPY/ci/bench" reclaim mini --machine arm64-hafdbs
	[ ! -s "$BOOTS" ]
	export BAD_BUILD='' BAD_BOOT=1
	expect_failure 125 "no guest" "$COPY/ci/bench" reclaim mini --machine arm64-hafdbs --jobs 1
	[ "$(wc -l <"$BOOTS")" -eq 2 ]
	[ ! -e "$FAULTLINE_WORK/bench/mini/reclaim.json" ]
}

@test "the disk is the same to the byte, and its files are what the guest expects" {
	local disk sum

	stand_in
	run -0 "$COPY/ci/bench" reclaim mini --rounds 1 --machine s390x
	disk=$(echo "$FAULTLINE_WORK"/bench/reclaim-*.img)
	sum=$(sha256sum <"$disk")
	rm "$disk"
	run -0 "$COPY/ci/bench" reclaim mini --rounds 1 --machine s390x
	[ "$(sha256sum <"$disk")" = "$sum" ]
	e2fsck -fn "$disk"
	debugfs -R 'cat hot' "$disk" 2>/dev/null >"$BATS_TEST_TMPDIR/hot"
	[ "$(stat -c %s "$BATS_TEST_TMPDIR/hot")" -eq $((24 << 20)) ]
	[ "$(tail -c +$((4096 * 100 + 1)) "$BATS_TEST_TMPDIR/hot" | head -n 1)" = $((100000000000000 + 100 * 256)) ]
}

# void TEXT DISK KEY=VALUE...: with lib.sh and bench.sh, a boot of a judged kernel must measure nothing, and say TEXT.
void() {
	local text=$1 disk=$2 out=$BATS_TEST_TMPDIR/void image guest

	shift 2
	image=$("$CI/build" v5.10 --step "$(young_step)" --kernel arm64)
	guest=$("$CI/guest-image" v5.10 --arch arm64 --bench)
	bench_machine arm64-hafdbs slow=5 "$@" >"$BATS_TEST_TMPDIR/machine"
	run "$(vmrun_binary)" --machine "$BATS_TEST_TMPDIR/machine" --kernel "$image/Image" --initrd "$guest/init-bench.cpio" \
		--disk "${disk:-$guest/disk.img}" --tests reclaim.stream --output "$out"
	[ "$status" -eq 1 ]
	[ "$(jq -r .verdict "$out/result.json")" = fail ]
	grep -a "not ok 1 stream # .*$text" "$out/console.log"
}

# bats test_tags=base
@test "control: a larger machine, and a disk without the files, make the measure void" {
	. "$SCRIPTS/lib.sh"
	. "$CI/bench.sh"
	void "not the machine of this measure" '' memory=256
	void "/mnt/hot: No such file" '' memory=96 cpus=1
}

# bats test_tags=base,slow
@test "the tip scans less than the base, the base as much as itself, and the tip with its neighbours young as much as the base" {
	export RESULT
	RESULT=$(. "$SCRIPTS/lib.sh" && . "$CI/bench.sh" && bench_results v5.10)/reclaim.json
	[ ! -f "$RESULT" ] || cp "$RESULT" "$BATS_TEST_TMPDIR/kept.json"
	run -0 "$CI/bench" reclaim v5.10 --machine arm64-hafdbs --rounds 2 --step 0
	is arm64-hafdbs 'stream: pages scanned' 'step 0' '.ratio > 0.8 and .ratio < 1.25 and (.met | not)'
	is arm64-hafdbs 'stream: major faults of the hot set' 'step 0' '.min > 100 and (.met | not)'
	run -0 "$CI/bench" reclaim v5.10 --machine arm64-hafdbs --rounds 2 --with "$CI/tests/controls/inverted-prefault.patch"
	is arm64-hafdbs 'stream: pages scanned' before '.ratio > 0.8 and .ratio < 1.25'
	is arm64-hafdbs 'stream: pages scanned' tip .met
	is arm64-hafdbs 'stream: scanned per stolen' tip .met
	is arm64-hafdbs 'stream: major faults of the hot set' tip .met
	is arm64-hafdbs 'stream: pages scanned' with '.met | not'
	is arm64-hafdbs 'stream: major faults of the hot set' with '.met | not'
	[ ! -f "$BATS_TEST_TMPDIR/kept.json" ] || cp "$BATS_TEST_TMPDIR/kept.json" "$RESULT"
}

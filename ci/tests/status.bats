#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# scripts/status: what it knows of upstream, of bases and of verdicts, and what it does not.

bats_require_minimum_version 1.5.0
load helper

setup() {
	mini_track
	export FAULTLINE_CONFIGS=$BATS_TEST_TMPDIR/configs
	mkdir -p "$FAULTLINE_CONFIGS"/{machine,base/mini}
	touch "$FAULTLINE_CONFIGS"/machine/{arm64,s390x}
	printf 'version = 5.10.262\ndebian_suites = bullseye\n' >"$FAULTLINE_CONFIGS/base/mini/pin"
	upstream 1 'Superseded [0123456789ab, v5.12]'
	upstream 2 'Backport [0123456789ab, v5.9]'
}

# upstream N STATUS: give the Nth patch another Upstream-Status.
upstream() { sed -i "s/^Upstream-Status: .*/Upstream-Status: $2/" "$(nth "$1")"; }

# result MACHINE STEP VERDICT [AGE [PATCH [TESTS]]]: a result for what STEP is now, AGE
# seconds old, with one more PATCH, or of some TESTS only.
result() {
	local dir=$FAULTLINE_WORK/result/mini/$1/$2-$3 tree

	tree=$(. "$SCRIPTS/lib.sh"; git_linux rev-parse "$(step_commit mini "$2")^{tree}")
	mkdir -p "$dir"
	printf '{"machine":"%s","verdict":"%s","id":{"tree":"%s","with":"%s","tests":"%s"}}\n' \
		"$1" "$3" "$tree" "${5:-}" "${6:-}" >"$dir/result.json"
	touch -d "@$(($(date +%s) - ${4:-0}))" "$dir/result.json"
}

# of FILTER: print what the JSON says at a jq filter.
of() { "$SCRIPTS/status" mini --json | jq -c "$1"; }

@test "upstream: commit, version, and which base needs the patch" {
	[ "$(of '.tracks[0].patches[0].upstream')" = \
		'{"status":"Superseded","commit":"0123456789ab","version":"v5.12","note":null}' ]
	[ "$(of '[.tracks[0].patches[].needed_by.mini]')" = '[true,false,true]' ]
	upstream 2 'Superseded [v5.10 has it already]'
	[ "$(of '.tracks[0].patches[1] | .upstream.version, .needed_by.mini' | paste -sd ' ')" = '"v5.10" false' ]
	upstream 2 'Superseded [somewhere else]'
	[ "$(of '.tracks[0].patches[1] | .upstream.note, .needed_by.mini' | paste -sd ' ')" = '"somewhere else" null' ]
}

@test "another track's base is judged as well" {
	cp -r "$series" "$FAULTLINE_PATCHES/next"
	mkdir "$FAULTLINE_CONFIGS/base/next"
	echo 'version = 7.3' >"$FAULTLINE_CONFIGS/base/next/pin"
	[ "$(of '.tracks[0].patches[0].needed_by')" = '{"mini":true,"next":false}' ]
	[ "$("$SCRIPTS/status" --json | jq -c '[.tracks[].track]')" = '["mini","next"]' ]
}

@test "the verdict is the newest for this tree, and goes when the tree changes" {
	"$SCRIPTS/apply" mini
	result arm64 2 fail 60
	result arm64 2 pass
	result s390x 3 crash
	result s390x 1 fail 0 control.patch
	result s390x 3 pass 0 '' probe
	[ "$(of '[.tracks[0].patches[].verdicts]')" = '[{},{"arm64":"pass"},{"s390x":"crash"}]' ]
	run -0 "$SCRIPTS/status" mini
	[[ $output == *$'\n2    Backport      0123456789ab v5.9  no     P.       '* ]]
	[[ $output == *$'\n3    Pending       -            -     yes    .C       '* ]]
	[[ $output == *'needed by this base: 2'* ]]
	sed -i 's/changed 1 changed 2$/changed 1 altered 2/' "$(nth 2)" "$(nth 3)"
	"$SCRIPTS/apply" mini
	# The third step gives the tree that it gave before.
	[ "$(of '[.tracks[0].patches[].verdicts]')" = '[{},{},{"s390x":"crash"}]' ]
}

@test "a series that is not applied has no verdicts, and that is no error" {
	"$SCRIPTS/apply" mini
	result arm64 3 pass
	sed -i 's/^It has to say 3\./It has to say three./' "$(nth 3)"
	[ "$(of '.tracks[0].patches[2].verdicts')" = '{}' ]
}

@test "the newest kernel is unknown until somebody has looked, and then has a date" {
	run -0 "$SCRIPTS/status" mini
	[[ $output == *'newest of its line: unknown'* ]]
	[ "$(of '.tracks[0].base.newest')" = null ]
	mkdir "$FAULTLINE_WORK/newest"
	printf '5.10.999\t2026-01-02\tDebian bullseye\n' >"$FAULTLINE_WORK/newest/mini"
	run -0 "$SCRIPTS/status" mini
	[[ $output == *'newest of its line: 5.10.999, as of 2026-01-02 (Debian bullseye)'* ]]
	printf '6.1.5\t2026-01-02\tDebian bookworm\n' >"$FAULTLINE_WORK/newest/mini"
	[ "$(of '.tracks[0].base.newest')" = null ]
}

@test "--look without a mirror: says so, and the newest stays unknown" {
	printf 'Dir::Etc::SourceList "/dev/null";\nDir::Etc::SourceParts "/nonexistent";\n' >"$BATS_TEST_TMPDIR/apt.conf"
	APT_CONFIG=$BATS_TEST_TMPDIR/apt.conf run -0 "$SCRIPTS/status" mini --look
	[[ $output == *'no mirror of this machine tells the newest 5.10.y: apt has no mirror configured'* ]]
	[[ $output == *'newest of its line: unknown'* ]]
}

# equivalents: a track "next", whose equivalents name the patches of "mini".
equivalents() {
	local patches

	mapfile -t patches <"$series/series"
	cp -r "$series" "$FAULTLINE_PATCHES/next"
	mkdir "$FAULTLINE_CONFIGS/base/next"
	echo 'version = 7.3' >"$FAULTLINE_CONFIGS/base/next/pin"
	cat >"$FAULTLINE_PATCHES/next/equivalents" <<-END
		# what they are

		mini/${patches[0]}  in       v5.12  0123456789ab  function() of it, as before
		mini/${patches[1]}  open     -      -             is still to be done
		mini/${patches[2]}  carried  -      ${patches[1]} here
	END
}

@test "equivalents: a table under the track, and JSON" {
	equivalents
	run -0 "$SCRIPTS/status" next
	[[ $output == *$'\npatches of mini on linux 7.3: 1 carried, 1 in, 1 open\n'* ]]
	[[ $output == *$'\n1    in       v5.12  0123456789ab  function() of it, as before\n2    open     -      -             is still'* ]]
	[[ $output == *$'\n3    carried  -      step 2        here\n'* ]]
	[ "$("$SCRIPTS/status" next --json | jq -c '.tracks[0].equivalents[] | del(.patch)')" = \
		'{"track":"mini","step":1,"what":"in","version":"v5.12","commit":"0123456789ab","carried":null,"note":"function() of it, as before"}
{"track":"mini","step":2,"what":"open","version":null,"commit":null,"carried":null,"note":"is still to be done"}
{"track":"mini","step":3,"what":"carried","version":null,"commit":null,"carried":"'"$(basename "$(nth 2)")"'","note":"here"}' ]
	[ "$("$SCRIPTS/status" next --json | jq -r '.tracks[0].equivalents[].patch')" = "$(cat "$series/series")" ]
}

@test "equivalents say whether the base needs a patch, whatever its Upstream-Status" {
	upstream 1 Pending
	upstream 2 'Superseded [0123456789ab, v5.12]'
	equivalents
	[ "$(of '[.tracks[0].patches[].needed_by.next]')" = '[false,true,true]' ]
	rm "$FAULTLINE_PATCHES/next/equivalents"
	[ "$(of '[.tracks[0].patches[].needed_by.next]')" = '[true,false,true]' ]
}

@test "a track without equivalents shows none" {
	equivalents
	run -0 "$SCRIPTS/status" mini
	[[ $output != *"patches of"* && $output != *carried* ]]
	[ "$(of '.tracks[0].equivalents')" = '[]' ]
}

@test "the table fits 100 columns" {
	sed -i 's/^\(Subject: .*\), time 1$/\1, time 1, with a subject that goes on and on and on to 71 columns/' "$(nth 1)"
	touch "$FAULTLINE_CONFIGS"/machine/a-machine-{1..9}
	echo "mini/$(basename "$(nth 1)") other - - with a note that goes on and on until there is no place for it in 100 columns" \
		>"$series/equivalents"
	run -0 "$SCRIPTS/status" mini
	[[ $output == *'with a'* && $output == *$'a-machine-6\n  a-machine-7'* ]]
	for line in "${lines[@]}"; do ((${#line} <= 100)); done
}

@test "what cannot be read is named" {
	expect_failure 2 "no track 'typo'" "$SCRIPTS/status" typo
	mkdir -p "$FAULTLINE_WORK/result/mini/arm64/1-x"
	echo '{' >"$FAULTLINE_WORK/result/mini/arm64/1-x/result.json"
	expect_failure 125 "arm64/1-x/result.json is no result" "$SCRIPTS/status" mini
	: >"$FAULTLINE_WORK/result/mini/arm64/1-x/result.json"
	expect_failure 125 "arm64/1-x/result.json is no result" "$SCRIPTS/status" mini
	rm -r "$FAULTLINE_WORK/result"
	echo "mini/0009-nothing.patch in v5.12 - a note" >"$series/equivalents"
	expect_failure 125 "there is no patch 'mini/0009-nothing.patch'" "$SCRIPTS/status" mini
	rm "$series/equivalents"
	rm "$(nth 2)"
	expect_failure 125 "does not exist" "$SCRIPTS/status" mini
}

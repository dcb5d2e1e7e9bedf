#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/boot on a miniature matrix: what is run, what is not run again, and how it ends.

bats_require_minimum_version 1.5.0
load helper
load mini-matrix

setup_file() { mini_seed; }

# of_run COLUMN: the values that the last run's job log has in a column, in order.
of_run() { sed 1d "$FAULTLINE_WORK"/run/mini.*/joblog | sort -n | cut -f "$1" | paste -sd ' '; }

teardown() { [[ -z ${SMALL:-} ]] || umount "$SMALL"; }

@test "every cell is judged once, each image is built once, and nothing is done again" {
	mini_matrix
	run -0 --separate-stderr "$CI/boot" mini
	[ "$(cut -f 1,2 <<<"$output" | tr '\t' - | paste -sd ' ')" = '0-a1 4-a1 0-a2 0-b1 4-a2 4-b1 1-a1 2-a1 3-a1' ]
	while read -r _ _ folder; do [ "$(jq -r .verdict "$folder/result.json")" = pass ]; done <<<"$output"
	before=$output
	[[ $stderr == *'[9/9'* && $stderr == *'step 3 on a1: build mini step 3 mini-a'* ]]
	# Each line tells its cell, or is the run's own.
	run ! grep -vE '^(step [0-9]+ on [ab][12]: |\[[0-9]/9)' <<<"$stderr"
	[ "$(builds)" -eq 7 ]
	# Step 2 has the image of step 1 and takes over its verdict; step 3 has another.
	[ "$(boots)" -eq 8 ]
	of_step() { jq -r "$2" "$FAULTLINE_WORK"/result/mini/a1/"$1"-*/result.json; }
	[ "$(of_step 2 '"\(.taken_over) \(.id.step) \(.verdict)"')" = '1 2 pass' ]
	[ "$(of_step 3 '.taken_over')" = null ]
	[ "$(of_step 1 .id.content)" = "$(of_step 2 .id.content)" ]
	[ "$(of_step 1 .id.content)" != "$(of_step 3 .id.content)" ]

	run -0 --separate-stderr "$CI/boot" mini
	[ "$output" = "$before" ]
	[ "$(builds) $(boots)" = '7 8' ]
	mkdir "$FAULTLINE_WORK/run/mini.1.abcdef" # of the track mini.1
	run -0 --separate-stderr "$CI/boot" mini --again --machine b1
	[ -d "$FAULTLINE_WORK/run/mini.1.abcdef" ]
	[ "$(builds) $(boots)" = '7 10' ]
	# One folder for the runs, and it is the last one's.
	[ "$(of_run 7)" = '0 0' ]
}

@test "a build's time is its own: without the wait for another, and 0 where the image is there" {
	mini_matrix
	(. "$SCRIPTS/lib.sh"; hold_lock build-mini; touch "$BATS_TEST_TMPDIR/held"; sleep 4) &
	until [ -e "$BATS_TEST_TMPDIR/held" ]; do sleep 0.1; done
	SECONDS=0
	run -0 --separate-stderr "$CI/build" mini --step 1 --kernel mini-a --time "$BATS_TEST_TMPDIR/time"
	[[ $stderr == *"waiting for another run that holds the lock 'build-mini'"* ]]
	echo "$SECONDS in all, $(cat "$BATS_TEST_TMPDIR/time") to build"
	[ "$(cat "$BATS_TEST_TMPDIR/time")" -le $((SECONDS - 3)) ]
	"$CI/build" mini --step 1 --kernel mini-a --time "$BATS_TEST_TMPDIR/time"
	[ "$(cat "$BATS_TEST_TMPDIR/time")" = 0 ]
	# What a verdict costs that is taken over is its own build.
	folder=$("$CI/cell" mini --step 1 --machine a1)
	[ "$(jq -r .id.build_seconds "$folder/result.json")" = 0 ]
	jq '.id.build_seconds = "1000"' "$folder/result.json" >"$folder/new"
	mv "$folder/new" "$folder/result.json"
	folder=$("$CI/cell" mini --step 2 --machine a1)
	[ "$(jq -r .taken_over "$folder/result.json")" = 1 ]
	[ "$(jq -r .id.build_seconds "$folder/result.json")" -lt 1000 ]
	[ ! -e "$folder.seconds" ]
}

@test "a patch that is changed while its build waits is not built under the key of before" {
	mini_matrix
	(cd "$BATS_TEST_TMPDIR" && cp "$series"/0001-*.patch mine.patch && sed -i 's/^+/+ /' mine.patch)
	(. "$SCRIPTS/lib.sh"; hold_lock build-mini; touch "$BATS_TEST_TMPDIR/held"; sleep 3) &
	until [ -e "$BATS_TEST_TMPDIR/held" ]; do sleep 0.1; done
	(sleep 1; echo >>"$BATS_TEST_TMPDIR/mine.patch") &
	expect_failure 125 "mine.patch, was changed meanwhile" "$CI/build" mini --step 0 --kernel mini-a --with "$BATS_TEST_TMPDIR/mine.patch"
	[ -z "$(ls "$FAULTLINE_WORK/image" 2>/dev/null)" ]
}

@test "a bad cell is not tried again, and the run is 1" {
	mini_matrix 3
	run -1 --separate-stderr "$CI/boot" mini --step 2-4 --machine a1
	[[ $stderr == *'step 3 on a1: not a pass, see '* ]]
	[ "$(cut -f 1 <<<"$output" | paste -sd ' ')" = '4 2 3' ]
	[ "$(boots)" -eq 3 ]
	[ "$(jq -r .verdict "$(sed -n 's/^3.*\t//p' <<<"$output")/result.json")" = fail ]
}

# bats test_tags=slow
@test "a cell that cannot be judged is tried once more, and then the run is 125" {
	mini_matrix
	export MINI_TROUBLE=$BATS_TEST_TMPDIR/trouble
	echo once >"$MINI_TROUBLE"
	run -0 "$CI/boot" mini --step 0 --machine a1
	[ "$(boots)" -eq 2 ]
	seq 9 >"$MINI_TROUBLE"
	run -125 --separate-stderr "$CI/boot" mini --step 1 --machine a1
	[[ $stderr == *'step 1 on a1: cannot be judged, see '* ]]
	[ "$(boots) $(of_run 7)" = '4 125' ]
	[ -f "$(cut -f 3 <<<"$output")/infra.json" ]
	run -125 "$CI/boot" mini --step 1 --machine a1 --retries 0
	[ "$(boots)" -eq 5 ]
	# Beside a bad cell it is the bad one that counts.
	sed -i '12s/.*/int bad;/' "$tree/mm/memory.c"
	role -C "$tree" diff >"$BATS_TEST_TMPDIR/bad.patch"
	role -C "$tree" checkout -q .
	sed -i '2,$d' "$MINI_TROUBLE"
	run -1 "$CI/boot" mini --step 4 --machine a1,a2 --jobs 1 --retries 0 --with "$BATS_TEST_TMPDIR/bad.patch"
	[[ $output == *'cannot be judged'*'not a pass'* ]]
}

@test "a step that does not build is bad, and what was built by a killed make is not trusted" {
	mini_matrix
	sed -i '2s/;//' "$tree/mm/memory.c"
	role -C "$tree" diff >"$BATS_TEST_TMPDIR/broken.patch"
	run -1 "$CI/boot" mini --step 1 --machine a1 --with "$BATS_TEST_TMPDIR/broken.patch"
	[[ $output == *'the kernel of step 1 does not build for mini-a'* ]]
	run -0 "$CI/build" mini --step 1 --kernel mini-a
	out=$FAULTLINE_WORK/build/mini/mini-a image=$out/arch/mini/boot/Image
	whole=$(sha256sum <"$image")
	[ ! -e "$out/.faultline-building" ]
	# As a kill leaves it: the mark, and half an image that is newer.
	touch "$out/.faultline-building"
	sleep 0.05
	echo half >"$image"
	rm -r "$FAULTLINE_WORK"/image/*
	run "$CI/build" mini --step 1 --kernel mini-a
	echo "$output"; [ "$status" -eq 0 ]
	[ "$(sha256sum <"$image")" = "$whole" ]
	# The control: without the mark, make takes it for whole.
	echo half >"$image"
	rm -r "$FAULTLINE_WORK"/image/*
	run "$CI/build" mini --step 1 --kernel mini-a
	echo "$output"; [ "$status" -eq 0 ]
	[ "$(cat "$image")" = half ]
}

# bats test_tags=slow
@test "two runs at once share the work" {
	mini_matrix
	export MINI_SECONDS=0.2
	"$CI/boot" mini >"$BATS_TEST_TMPDIR/one" 2>"$BATS_TEST_TMPDIR/one.log" 3>&- &
	first=$!
	run -0 --separate-stderr "$CI/boot" mini
	wait "$first"
	[ "$(cat "$BATS_TEST_TMPDIR/one")" = "$output" ]
	[ "$(cut -f 3 <<<"$output" | xargs -I {} cat {}/result.json | jq -r .verdict | sort | uniq -c | xargs)" = '9 pass' ]
	[ "$(builds) $(boots)" = '7 8' ]
}

# bats test_tags=slow
@test "the key: a changed guest test is booted again and builds nothing; what does not matter, nothing" {
	mini_matrix
	unset FAULTLINE_PATCHES FAULTLINE_CONFIGS
	copy_of_project
	cp "$ROOT/README.md" "$COPY/"
	rm -r "$COPY/patches" "$COPY/configs"
	cp -r "$BATS_TEST_TMPDIR/patches" "$BATS_TEST_TMPDIR/configs" "$COPY/"
	judged() {
		: >"$MINI_BOOTS"
		rm -rf "$FAULTLINE_WORK/image.before"
		cp -r "$FAULTLINE_WORK/image" "$FAULTLINE_WORK/image.before" 2>/dev/null || mkdir "$FAULTLINE_WORK/image.before"
		"$COPY/ci/boot" mini --step 0 >/dev/null
		printf '%s booted, %s built' "$(boots)" $(($(builds) - $(find "$FAULTLINE_WORK/image.before" -name config | wc -l)))
	}
	run --separate-stderr judged
	[ "$output" = '3 booted, 2 built' ]
	for file in README.md ci/report ci/kbuild.sh ci/tests/helper.bash ci/vmrun/tests/test.h; do
		printf '# a comment\n' >>"$COPY/$file"
	done
	sed -i 's/^description.*/description = another/; s/^steps.*/steps = ends  # comment/' "$COPY/configs/machine/a1"
	run --separate-stderr judged
	[ "$output" = '0 booted, 0 built' ]
	printf '// changed\n' >>"$FAULTLINE_GUEST/tests/one.c"
	run --separate-stderr judged
	[ "$output" = '3 booted, 0 built' ]
	sed -i 's/^memory.*/memory = 32/' "$COPY/configs/machine/a1"
	run --separate-stderr judged
	[ "$output" = '1 booted, 0 built' ]
	printf 'CONFIG_B2=y\n' >>"$COPY/configs/kernel/mini-b.config"
	run --separate-stderr judged
	[ "$output" = '1 booted, 1 built' ]
	# The host's CPU, where KVM can be tried: only then.
	sed -i "s/^kvm.*/kvm = $(uname -m)/" "$COPY/configs/machine/a1"
	run --separate-stderr judged # where it can, one boot tries KVM
	[[ $output == [12]' booted, 0 built' ]]
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\necho "Model name: another"\n' >"$BATS_TEST_TMPDIR/bin/lscpu"
	chmod +x "$BATS_TEST_TMPDIR/bin/lscpu"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run --separate-stderr judged
	[ "$output" = "$([[ -r /dev/kvm && -w /dev/kvm ]] && echo 1 || echo 0) booted, 0 built" ]
	# An argument of make that reaches the image.
	sed -i 's/KBUILD_BUILD_USER=faultline/KBUILD_BUILD_USER=another/' "$COPY/ci/kbuild.sh"
	run --separate-stderr judged
	[[ $output == *', 2 built' ]]
}

@test "ccache's own settings reach it, and so a storage that machines share" {
	mini_matrix
	mkdir "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/ccache" <<-'E'
		#!/bin/sh
		echo "$CCACHE_REMOTE_STORAGE $CCACHE_MAXSIZE $CCACHE_INODECACHE $1" >>"$CCACHE_CALLS"
		exec "$@"
	E
	chmod +x "$BATS_TEST_TMPDIR/bin/ccache"
	export CCACHE_CALLS=$BATS_TEST_TMPDIR/calls
	PATH=$BATS_TEST_TMPDIR/bin:$PATH CCACHE_REMOTE_STORAGE=redis://cache.invalid "$CI/build" mini --step 0 --kernel mini-a
	[ "$(cat "$CCACHE_CALLS")" = 'redis://cache.invalid 2G 1 gcc' ]
	run "$CI/build" --help
	[[ $output == *CCACHE_REMOTE_STORAGE* ]]
}

@test "--list --json tells the cells without base, work area, QEMU or parallel" {
	mini_matrix
	rm -rf "$FAULTLINE_WORK"
	mkdir "$BATS_TEST_TMPDIR/bin"
	for tool in bash awk sed sort jq dirname readlink cut seq wc cat paste nproc; do
		ln -s "$(command -v "$tool")" "$BATS_TEST_TMPDIR/bin/"
	done
	run -0 --separate-stderr env PATH="$BATS_TEST_TMPDIR/bin" bash "$CI/boot" mini --list --json
	[ "$(jq -r '"\(.format) \(.track) \(.cells | length)"' <<<"$output")" = '1 mini 9' ]
	[ "$(jq -c '.cells[6]' <<<"$output")" = '{"step":1,"machine":"a1","kernel":"mini-a","arch":"mini","patch":"0001-mm-change-a-line-time-1.patch"}' ]
	[ ! -e "$FAULTLINE_WORK" ]
}

@test "--flips: the ends and both sides of a flip, where the choice is every step" {
	mini_matrix
	steps_of() { run -0 "$CI/boot" mini --list "$@"; awk -v m=a1 '$2 == m { print $1 }' <<<"$output" | paste -sd ' '; }
	[ "$(steps_of | tr ' ' '\n' | sort -n | paste -sd ' ')" = '0 1 2 3 4' ]
	[ "$(steps_of --flips)" = '0 4' ]
	patch=$(sed -n 2p "$series/series")
	printf 'a.b * old new %s\n' "$patch" >"$series/facts"
	[ "$(steps_of --flips | tr ' ' '\n' | sort -n | paste -sd ' ')" = '0 1 2 4' ]
	[ "$(steps_of --step 3)" = 3 ]
	expect_failure 2 "--all, --flips and --brief" "$CI/boot" mini --all --flips
}

@test "wrong usage is 2, and a series that is not applied 125" {
	mini_matrix
	expect_failure 2 "a track is needed" "$CI/boot"
	expect_failure 2 "one track" "$CI/boot" mini other
	expect_failure 2 "--json belongs to --list" "$CI/boot" mini --json
	expect_failure 2 "is not a number of jobs" "$CI/boot" mini --jobs 0
	expect_failure 2 "is not a number" "$CI/boot" mini --retries x
	expect_failure 2 "no such file" "$CI/boot" mini --with "$BATS_TEST_TMPDIR/nothing"
	role -C "$FAULTLINE_WORK/linux.git" for-each-ref --format='delete %(refname)' refs/faultline |
		role -C "$FAULTLINE_WORK/linux.git" update-ref --stdin
	expect_failure 125 "is not applied" "$CI/boot" mini
}

@test "half an initramfs, as on a full disk, is no verdict and does not stay" {
	mini_matrix
	mkdir "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/cat" <<-'E'
		#!/bin/sh
		case $*$# in *init.cpio*modules.cpio2) head -c 100 "$1"; echo "cat: No space left on device" >&2; exit 1 ;; esac
		exec /bin/cat "$@"
	E
	chmod +x "$BATS_TEST_TMPDIR/bin/cat"
	run -125 --separate-stderr env PATH="$BATS_TEST_TMPDIR/bin:$PATH" "$CI/cell" mini --step 1 --machine a1
	[ "$(jq -r .reason "$output/infra.json")" = 'no initramfs with the modules' ]
	[ "$(boots)" -eq 0 ]
	[ -z "$(find "$FAULTLINE_WORK/guest" -name 'init-[0-9a-f]*.cpio')" ]
	run -0 --separate-stderr "$CI/cell" mini --step 1 --machine a1
	initrd=$(find "$FAULTLINE_WORK/guest" -name 'init-[0-9a-f]*.cpio')
	cmp "$initrd" <(cat "${initrd%/*}/init.cpio" "$FAULTLINE_WORK"/image/mini-a-*/modules/modules.cpio)
}

@test "a result of nothing, as a host that went down leaves it, is none" {
	mini_matrix
	run -0 --separate-stderr "$CI/cell" mini --step 0 --machine a1
	: >"$output/result.json"
	run -0 --separate-stderr "$CI/cell" mini --step 0 --machine a1
	[ "$(boots)" -eq 2 ]
	[ "$(jq -r .verdict "$output/result.json")" = pass ]
}

@test "a build that is killed, as for want of memory, is not a step that does not build" {
	mini_matrix
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\ncase $* in *memory.o*) kill -9 $$ ;; esac\nexec /usr/bin/gcc "$@"\n' >"$BATS_TEST_TMPDIR/bin/gcc"
	printf '#!/bin/sh\nexec "$@"\n' >"$BATS_TEST_TMPDIR/bin/ccache"
	chmod +x "$BATS_TEST_TMPDIR"/bin/*
	expect_failure 125 'ran out of disk or memory' env PATH="$BATS_TEST_TMPDIR/bin:$PATH" \
		"$CI/build" mini --step 1 --kernel mini-a
	# shellcheck disable=SC2016 # of the stand-in
	sed -i 's/kill -9 .*;; esac/kill -9 $PPID ;; esac/' "$BATS_TEST_TMPDIR/bin/gcc"
	expect_failure 125 'building was killed, status 137' env PATH="$BATS_TEST_TMPDIR/bin:$PATH" \
		"$CI/build" mini --step 1 --kernel mini-a
	# Nor is it one when what ci/build says cannot be kept
	printf '#!/bin/sh\ncat\nexit 1\n' >"$BATS_TEST_TMPDIR/bin/tee"
	chmod +x "$BATS_TEST_TMPDIR/bin/tee"
	expect_failure 125 'building was killed, status 137' env PATH="$BATS_TEST_TMPDIR/bin:$PATH" \
		"$CI/cell" mini --step 1 --machine a1
	run ! compgen -G "$FAULTLINE_WORK/result/mini/a1/1-*/result.json"
	# What it left half-written is not trusted.
	[ -e "$FAULTLINE_WORK/build/mini/mini-a/.faultline-building" ]
	run -0 "$CI/build" mini --step 1 --kernel mini-a
	. "$SCRIPTS/lib.sh"
	. "$CI/kbuild.sh"
	# As gcc and collect2 say it, make of a command without a shell, and of one with.
	for line in 'gcc: fatal error: Killed signal terminated program cc1' \
		'collect2: fatal error: ld terminated with signal 9 [Killed]' \
		'cc1: out of memory allocating 65536 bytes after a total of 1 bytes' \
		'make[1]: *** [Makefile:1: vmlinux] Killed' 'make[1]: *** [Makefile:1: vmlinux] Error 137'; do
		kbuild_was_starved <(printf '%s\n' "$line" 'make: *** [Makefile:185: __sub-make] Error 2')
	done
	run ! kbuild_was_starved <(printf '%s\n' 'mm/oom.c:1: error: Killed' 'make: *** [Makefile:185: __sub-make] Error 2')
}

# bats test_tags=slow
@test "ci/run: all of it; a run of some tests stays one, and a full disk is no bad series" {
	mini_project
	run -0 --separate-stderr "$COPY/ci/run" --track mini --no-deps --step 0 --machine a1
	[[ $output == *'every cell passes, and every fact is what the series says'* ]]
	# A fact that the guest does not observe is missed, but not by a run of some tests.
	printf 'c.d * x - -\n' >>"$COPY/patches/mini/facts"
	expect_failure 1 "c.d is 'none'" "$COPY/ci/report" mini
	run -0 --separate-stderr "$COPY/ci/run" --track mini --no-deps --step 0 --machine a1 --tests one
	run -0 --separate-stderr "$COPY/ci/report" mini
	[[ $output == *'cells: 1 passed, 0 failed' ]]
	expect_failure 1 "c.d is 'none'" "$COPY/ci/run" --track mini --no-deps --step 0 --machine a1
	expect_failure 1 "c.d is 'none'" "$COPY/ci/report" mini
	# What the run's own table would have gone into cannot be written.
	sed -i '$d' "$COPY/patches/mini/facts"
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\necho "mv: No space left on device" >&2\nexit 1\n' >"$BATS_TEST_TMPDIR/bin/mv"
	chmod +x "$BATS_TEST_TMPDIR/bin/mv"
	expect_failure 125 "a command failed with 1" env PATH="$BATS_TEST_TMPDIR/bin:$PATH" \
		"$COPY/ci/run" --track mini --no-deps --step 0 --machine a1
}

@test "ci/run: what ci/boot has seen counts, also where the report does not show it" {
	mini_matrix
	copy_of_project
	for script in scripts/{base,lint,apply} ci/report; do printf '#!/bin/sh\n' >"$COPY/$script"; done
	# What ci/boot ends with, ci/report, and both: what is bad stays so.
	while read -r boot report both; do
		printf '#!/bin/sh\ncase "$*" in *--list) exit 0 ;; esac\nprintf "0\\ta1\\t/none\\n"\nexit %d\n' "$boot" >"$COPY/ci/boot"
		printf '#!/bin/sh\nexit %d\n' "$report" >"$COPY/ci/report"
		run "-$both" "$COPY/ci/run" --track mini --no-deps
	done <<<$'0 0 0\n1 0 1\n125 0 125\n0 1 1\n1 125 1\n125 1 1\n0 125 125'
}

@test "ci/run: who ends it ends the cells, and it waits for them" {
	mini_matrix
	copy_of_project
	for script in scripts/{base,lint,apply} ci/report; do printf '#!/bin/sh\n' >"$COPY/$script"; done
	cat >"$COPY/ci/boot" <<-'END'
		#!/bin/bash
		case "$*" in *--list) exit 0 ;; esac
		trap 'sleep 1; touch ended; exit 125' TERM
		touch begun
		while :; do sleep 0.1; done
	END
	cd "$BATS_TEST_TMPDIR"
	for signal in TERM HUP; do
		rm -f begun ended
		"$COPY/ci/run" --track mini --no-deps 2>log 3>&- &
		for _ in {1..100}; do [ ! -e begun ] || break; sleep 0.1; done
		kill -s "$signal" $!
		status=0
		wait $! || status=$?
		[ "$status" -eq 125 ]
		[ -e ended ]
	done
}

@test "ci/cell --print removes no result when there is nothing to print" {
	mini_matrix
	run -0 --separate-stderr "$CI/cell" mini --step 1 --machine a1
	folder=$output
	run -0 --separate-stderr "$CI/cell" mini --step 1 --machine a1 --print
	[[ $output == *qemu-mini* ]]
	rm -r "$FAULTLINE_WORK"/image/*
	rm -rf "$FAULTLINE_WORK/build"
	touch "$FAULTLINE_WORK/build"
	expect_failure 125 "no command to print: ci/build ended with 125" "$CI/cell" mini --step 1 --machine a1 --print
	[ -f "$folder/result.json" ]
}

@test "--with a patch of a Kconfig file configures anew, and so does the build after it" {
	mini_matrix
	stamp=$FAULTLINE_WORK/build/mini/mini-a/.faultline-config
	printf 'config NEW\n\tbool "new"\n' >>"$tree/Kconfig"
	role -C "$tree" diff >"$BATS_TEST_TMPDIR/kconfig.patch"
	role -C "$tree" checkout -q .
	echo 'int more;' >>"$tree/mm/memory.c"
	role -C "$tree" diff >"$BATS_TEST_TMPDIR/other.patch"
	"$CI/build" mini --step 4 --kernel mini-a
	plain=$(cat "$stamp")
	"$CI/build" mini --step 4 --kernel mini-a --with "$BATS_TEST_TMPDIR/other.patch"
	[ "$(cat "$stamp")" = "$plain" ]
	"$CI/build" mini --step 4 --kernel mini-a --with "$BATS_TEST_TMPDIR/kconfig.patch"
	[ "$(cat "$stamp")" != "$plain" ]
	"$CI/build" mini --step 3 --kernel mini-a
	[ "$(cat "$stamp")" = "$plain" ]
}

# The disk is a small file system of its own: the compiler fills it, and what it has
# written is removed when it ends.
@test "a disk that was full while the compiler ran says nothing of the step" {
	[ "$(id -u)" -eq 0 ] || skip 'mounts a file system'
	mini_matrix
	mkdir "$BATS_TEST_TMPDIR"/{small,bin}
	SMALL=$BATS_TEST_TMPDIR/small
	mount -t tmpfs -o size=40m none "$SMALL"
	cp -a "$FAULTLINE_WORK/." "$SMALL/"
	FAULTLINE_WORK=$SMALL
	git -C "$FAULTLINE_WORK/linux.git" worktree prune
	printf '#!/bin/sh\nprintf "x 1 1 1 9000\\nx 1 1 9000 9000\\n"\n' >"$BATS_TEST_TMPDIR/bin/df"
	cat >"$BATS_TEST_TMPDIR/bin/gcc" <<-E
		#!/bin/sh
		case \$* in *memory.o*) ;; *) exec /usr/bin/gcc "\$@" ;; esac
		dd if=/dev/zero of=$SMALL/fill bs=4k 2>/dev/null
		/usr/bin/gcc "\$@"
		status=\$?
		rm -f $SMALL/fill
		exit \$status
	E
	chmod +x "$BATS_TEST_TMPDIR/bin"/*
	export CCACHE_DISABLE=1
	PATH=$BATS_TEST_TMPDIR/bin:$PATH expect_failure 125 'the log of the build cannot be written' "$CI/cell" mini --step 2 --machine a1
	[[ $output != *nobuild* ]]
	# control: with a healthy one it is judged, and passes
	rm "$BATS_TEST_TMPDIR/bin/gcc"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run -0 "$CI/cell" mini --step 2 --machine a1
}

@test "a log that cannot be written is no step that does not build" {
	mini_matrix
	mkdir -p "$FAULTLINE_WORK/build/mini/mini-a/build.log"
	expect_failure 125 "the log of the build cannot be written: " "$CI/build" mini --step 2 --kernel mini-a
}

@test "what make would take from the environment reaches no image" {
	mini_matrix
	# shellcheck disable=SC2016 # make's
	sed -i 's/cat mm.memory.c >>/(echo "flags $(KCFLAGS)"; cat mm\/memory.c) >>/' "$tree/Makefile"
	role -C "$tree" diff >"$BATS_TEST_TMPDIR/flags.patch"
	image=$(KCFLAGS=-DX MAKEFLAGS=k "$CI/build" mini --step 1 --kernel mini-a --with "$BATS_TEST_TMPDIR/flags.patch")
	grep -qx 'flags ' "$image/Image"
}

@test "an image that has another name now is built" {
	mini_matrix
	"$CI/build" mini --step 2 --kernel mini-a
	sed -i 's,^image.*,image = arch/mini/boot/System,' "$FAULTLINE_CONFIGS"/machine/a?
	# shellcheck disable=SC2016 # make's
	sed -i 's,^IMAGE := .*,IMAGE := $(O)/arch/mini/boot/System,; s/^Image:/System:/' "$tree/Makefile"
	role -C "$tree" diff >"$BATS_TEST_TMPDIR/name.patch"
	# Of the step as it is there is none: that is said, and what is there is not taken for it.
	expect_failure 1 'of step 2 does not build' "$CI/build" mini --step 2 --kernel mini-a
	image=$("$CI/build" mini --step 2 --kernel mini-a --with "$BATS_TEST_TMPDIR/name.patch")
	[ -f "$image/System" ]
}

@test "--print beside a run of the same cell leaves this alone" {
	mini_matrix
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\ncase $* in *memory.o*) sleep 2 ;; esac\nexec /usr/bin/gcc "$@"\n' >"$BATS_TEST_TMPDIR/bin/gcc"
	chmod +x "$BATS_TEST_TMPDIR/bin/gcc"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	export CCACHE_DISABLE=1
	"$CI/cell" mini --step 1 --machine a1 >"$BATS_TEST_TMPDIR/folder" 3>&- &
	cell=$!
	for _ in {1..100}; do [ ! -e "$FAULTLINE_WORK/build/mini/mini-a/arch/mini/boot" ] || break; sleep 0.1; done
	run -0 --separate-stderr "$CI/cell" mini --step 1 --machine a1 --print
	[[ $output == *qemu* && $stderr == *"waiting for another run that holds the lock 'cell-mini-1-a1'"* ]]
	wait "$cell"
	[ "$(jq -r .id.build_seconds "$(<"$BATS_TEST_TMPDIR/folder")/result.json")" -ge 1 ]
}

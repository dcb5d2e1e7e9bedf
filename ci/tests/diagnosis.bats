#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# bats file_tags=base
# Where a real guest crashed or hung: functions, source files and lines, all CPUs.

bats_require_minimum_version 1.5.0
load helper

MACHINE=arm64-hafdbs

setup_file() {
	. "$SCRIPTS/lib.sh"
	GUEST=$("$CI/guest-image" v5.10 --arch arm64 --quiet)
	STEP=$(young_step)
	IMAGE=$("$CI/build" v5.10 --step "$STEP" --kernel arm64)
	VMRUN=$(vmrun_binary)
	COMMIT=$(step_commit v5.10 "$STEP")
	TREE=$(git_linux rev-parse "$COMMIT^{tree}")
	export GUEST STEP IMAGE VMRUN MACHINE LINUX_GIT COMMIT TREE
	control panic
	# On a busy host a CPU with nothing to do may be in its timer interrupt just then.
	for _ in 1 2 3; do
		control hang
		[[ $(jq -r .crash.fingerprint "$BATS_FILE_TMPDIR/hang/result.json") != hang ]] || break
	done
	"$CI/diagnose" "$BATS_FILE_TMPDIR/panic"
	"$CI/diagnose" "$BATS_FILE_TMPDIR/hang"
}

# control NAME: boot the guest that misbehaves as NAME; the result is of $STEP.
control() {
	"$VMRUN" --machine "$ROOT/configs/machine/$MACHINE" --kernel "$IMAGE/Image" \
		--symbols "$IMAGE/System.map" --initrd "$GUEST/init-controls.cpio" \
		--append "faultline.control=$1" --silence 8 --timeout 40 --quiet \
		--id track=v5.10 --id "step=$STEP" --id "build=${IMAGE##*/arm64-}" --id "tree=$TREE" \
		--output "$BATS_FILE_TMPDIR/$1" || [ $? -eq 1 ]
}

# A copy of the result NAME to change, as $copy.
copy_of() {
	copy=$BATS_TEST_TMPDIR/$1
	cp -r "$BATS_FILE_TMPDIR/$1" "$copy"
}

# trace FOLDER: print the trace of a result.
trace() { jq -r '.crash.trace[]' "$1/result.json"; }

# raw FOLDER: take the source lines out of a result again.
raw() {
	jq '.crash.trace |= map(sub(" \\([^()]*:[0-9]+[^()]*\\)"; ""))' "$1/result.json" >"$1/raw"
	mv "$1/raw" "$1/result.json"
}

@test "a crash names the functions, and where in the source they were" {
	run trace "$BATS_FILE_TMPDIR/panic"
	line=$(sed -n 's|^ sysrq_handle_crash+0x[0-9a-f]*/0x[0-9a-f]* (.*drivers/tty/sysrq\.c:\([0-9]*\))$|\1|p' <<<"$output")
	[ -n "$line" ]
	# The call is in that line, or in the one before: a return address.
	git --git-dir="$LINUX_GIT" show "$COMMIT:drivers/tty/sysrq.c" |
		sed -n "$((line - 1)),${line}p" | grep -q 'panic('
	grep -qE ' ksys_write\+0x[0-9a-f/x]+ \((.* )?fs/read_write\.c:[0-9]+\)' <<<"$output"
	grep -qE ' __arm64_sys_write\+0x[0-9a-f/x]+ \((.* )?fs/read_write\.c:[0-9]+\)' <<<"$output"
}

@test "the fingerprint of a crash says what happened and where" {
	[ "$(jq -r .crash.fingerprint "$BATS_FILE_TMPDIR/panic/result.json")" = \
		"Kernel panic - not syncing: sysrq triggered crash | sysrq_handle_crash < __handle_sysrq < write_sysrq_trigger" ]
}

@test "a hang shows every CPU, with its source lines" {
	run trace "$BATS_FILE_TMPDIR/hang"
	for cpu in 0 1; do
		awk -v cpu="CPU $cpu:" '/^CPU/ { on = $0 == cpu } on' <<<"$output" |
			grep -qE '^ do_idle\+0x[0-9a-f/x]+ \((.* )?kernel/sched/idle\.c:[0-9]+\)'
	done
	grep -qE ' secondary_start_kernel.*arch/arm64/kernel/smp\.c:' <<<"$output"
	[ "$(jq -r .crash.fingerprint "$BATS_FILE_TMPDIR/hang/result.json")" = hang ]
}

@test "the diagnosis is one file: trace, end of the console, registers of a hang" {
	[ "$(jq -r .diagnosis "$BATS_FILE_TMPDIR/panic/result.json")" = diagnosis.txt ]
	grep -q 'drivers/tty/sysrq.c:' "$BATS_FILE_TMPDIR/panic/diagnosis.txt"
	sed -n '/^== last lines of the console/,$p' "$BATS_FILE_TMPDIR/panic/diagnosis.txt" |
		grep -q 'Kernel panic'
	grep -q 'kernel/sched/idle.c:' "$BATS_FILE_TMPDIR/hang/diagnosis.txt"
	[ "$(grep -c '^ PC=' "$BATS_FILE_TMPDIR/hang/diagnosis.txt")" -eq 2 ]
}

@test "a diagnosis that is made again is the same" {
	copy_of hang
	"$CI/diagnose" "$copy"
	diff -r "$BATS_FILE_TMPDIR/hang" "$copy"
}

@test "a function of another size than in the guest gets no line" {
	copy_of panic
	raw "$copy"
	sed -i -E 's|( ksys_write\+0x[0-9a-f]+/0x)[0-9a-f]+|\1fff|' "$copy/result.json"
	"$CI/diagnose" "$copy"
	run trace "$copy"
	grep -qE ' ksys_write\+0x[0-9a-f]+/0xfff$' <<<"$output"
	# control: the others do
	grep -qE ' vfs_write\+0x[0-9a-f/x]+ \(' <<<"$output"
}

@test "without the kernel that ran the functions stay, and it is said" {
	copy_of panic
	raw "$copy"
	sed -i 's/"build": *"[^"]*"/"build": "gone"/' "$copy/result.json"
	expect_failure 125 "the kernel that ran is gone: " "$CI/diagnose" "$copy"
	trace "$copy" | grep -qE ' ksys_write\+0x[0-9a-f]+/0x[0-9a-f]+$'
	[ "$(jq -r .diagnosis "$copy/result.json")" = diagnosis.txt ]
}

@test "what did not crash is not diagnosed" {
	copy_of panic
	sed -i 's/"verdict": *"crash"/"verdict": "pass"/' "$copy/result.json"
	expect_failure 2 "is pass, not crash or hang" "$CI/diagnose" "$copy"
	expect_failure 2 "no result in" "$CI/diagnose" "$BATS_TEST_TMPDIR"
	expect_failure 2 "a result folder is needed" "$CI/diagnose"
}

# planted_line: print the line of mm/memory.c that the WARN is in, once it is planted.
planted_line() {
	export GIT_INDEX_FILE=$BATS_TEST_TMPDIR/index

	git --git-dir="$LINUX_GIT" read-tree "$COMMIT"
	git --git-dir="$LINUX_GIT" apply --cached "$CI/tests/controls/warn-in-fault.patch"
	git --git-dir="$LINUX_GIT" show :mm/memory.c |
		awk '/^static vm_fault_t do_read_fault\(/ { inside = 1 } inside && /WARN_ON_ONCE\(1\);/ { print NR; exit }'
}

# planted: judge a kernel with a WARN planted in it, and one short test; $folder.
planted() {
	run --separate-stderr "$CI/cell" v5.10 --step "$STEP" --machine "$MACHINE" --tests probe \
		--with "$CI/tests/controls/warn-in-fault.patch"
	folder=$output
}

@test "a WARN that is planted is a crash in its line; listed, it is recorded; gone, it is reported" {
	line=$(planted_line)
	[ -n "$line" ]
	planted
	[ "$status" -eq 1 ]
	[ "$(jq -r .verdict "$folder/result.json")" = crash ]
	[[ $(jq -r .crash.fingerprint "$folder/result.json") == "WARNING: at mm/memory.c:N "*" | "* ]]
	trace "$folder" | grep -qE '^WARNING: .*\+0x[0-9a-f/x]+ \((.* )?mm/memory\.c:'"$line"'[ )]'
	echo other >"$BATS_TEST_TMPDIR/warn-in-fault.patch"
	expect_failure 2 "is another warn-in-fault.patch than the one that ran" \
		"$CI/diagnose" "$folder" --with "$BATS_TEST_TMPDIR/warn-in-fault.patch"

	cp -r "$ROOT/configs" "$BATS_TEST_TMPDIR/configs"
	export FAULTLINE_CONFIGS=$BATS_TEST_TMPDIR/configs
	echo "arm64-* WARNING: .* at mm/memory\.c:$line # planted" >>"$FAULTLINE_CONFIGS/splats/v5.10"
	planted
	[ "$status" -eq 0 ]
	[ "$(jq -c '[.known_splats[] | .pattern]' "$folder/result.json")" = \
		'["WARNING: .* at mm/memory\\.c:'"$line"'"]' ]

	folder=$("$CI/cell" v5.10 --step "$STEP" --machine "$MACHINE" --tests probe)
	printf '0\t%s\t%s\n' "$MACHINE" "$folder" >"$BATS_TEST_TMPDIR/run"
	run bash -ec ". '$SCRIPTS/lib.sh'; . '$CI/splats.sh'; splats_missed v5.10 '$BATS_TEST_TMPDIR/run'"
	[[ $output == "known splat 'WARNING: .* at mm/memory\.c:$line' was not met on $MACHINE: "* ]]
}

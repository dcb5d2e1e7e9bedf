#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# bats file_tags=base
# The modules that the guest loads, and kernels whose faults go wrong in ways that only
# the guest's tests can see: each must turn its own cases red. Boots kernels that the track has anyway.

bats_require_minimum_version 1.5.0
load helper

setup() { STEP=$(young_step); }

# broken MACHINE TESTS PATCH [STEP [TRACK]]: boot STEP ($STEP) of TRACK (v5.10) with PATCH of
# controls/; the cases of TESTS that fail are in $failed, a line each "test.case # why".
# The verdict is fail, or $verdict. With $again=--again it is booted also where it has been.
broken() {
	local folder

	# shellcheck disable=SC2086 # empty without
	run --separate-stderr "$CI/cell" ${again:-} "${5:-v5.10}" --step "${4:-$STEP}" --machine "$1" --tests "$2" \
		--with "$CI/tests/controls/$3"
	folder=$output
	echo "$folder"
	[ "$status" -eq 1 ]
	[ "$(jq -r .verdict "$folder/result.json")" = "${verdict:-fail}" ]
	failed=$(tr -d '\r' <"$folder/console.log" | sed -n '
		s/^.*# Subtest: //; t name
		s/^\(\[[^]]*\]\)\{0,1\} *not ok [0-9]* \([a-z_0-9]*\) # /\2 # /p; d
		:name
		s/^/== /p' | awk '/^== / { test = $2; next } { print test "." $0 }')
	echo "$failed"
}

# red CASE WHY: it is among $failed, and for this reason (a fixed string).
red() {
	printf '%s\n' "$failed" | grep -F "$1 # " | grep -qF -- "$2" && return
	printf '%s is not red for "%s"\n' "$1" "$2"
	return 1
}

# red_neighbours FS WHY: faultaround's neighbours are red in each kind of mapping of FS.
red_neighbours() {
	local kind

	for kind in shared private exec; do red "faultaround.neighbours_${kind}_$1" "$2" || return; done
}

# green CASE: it is not among $failed.
green() { ! grep -qF "$1 # " <<<"$failed"; }

# bats test_tags=base,slow
@test "fault-around with a page less, or with other contents, turns each of its cases red" {
	local fs verdict

	broken arm64-hafdbs faultaround around-short.patch
	red faultaround.window_default "Rss is 60 kB, not 64 kB"
	red faultaround.window_16 "Rss is 60 kB, not 64 kB"
	red faultaround.window_256 "Rss is 1020 kB, not 1024 kB"
	red faultaround.edge_hole_at_fault "Rss is 60 kB, not 64 kB"
	red faultaround.consistent "measurement 0 is unknown"
	for fs in tmpfs ext4; do
		red_neighbours "$fs" "15 pages are mapped, not exactly [16, 32); first wrong: 31"
		red "faultaround.minor_faults_$fs" "shared: the neighbours took 1 minor faults"
		red "faultaround.edge_eof_$fs" "5 pages are mapped, not exactly [0, 6); first wrong: 5"
		red "faultaround.edge_hole_$fs" "14 pages are mapped, not exactly [16, 32); first wrong: 31"
		red "faultaround.edge_vma_$fs" "15 pages are mapped, not exactly [0, 16); first wrong: 15"
		red "faultaround.edge_pmd_$fs" "18 pages are mapped, not exactly [0, 19); first wrong: 18"
		red "faultaround.edge_offset_$fs" "15 pages are mapped, not exactly [16, 32); first wrong: 31"
		red "faultaround.locked_$fs" "8 minor faults for 4 windows"
		red "faultaround.by_kernel_$fs" "15 pages are mapped, not exactly [0, 16); first wrong: 15"
	done
	green faultaround.populate_ext4
	verdict=crash
	broken arm64-hafdbs faultaround around-wrong.patch
	red faultaround.cold "wrong data"
	red faultaround.edge_hole_ext4 "wrong data"
	red faultaround.write_shared_tmpfs "page 1: wrong data"
	red faultaround.write_shared_ext4 "64 kB are dirty after a read"
	for fs in tmpfs ext4; do
		red_neighbours "$fs" "page 1: wrong data"
		red "faultaround.rss_counters_$fs" "VmRSS: +124 kB, not 64 kB"
		red "faultaround.write_private_$fs" "the rest of a copy is wrong"
		red "faultaround.populate_$fs" "page 1: wrong data"
	done
	grep -q 'BUG: Bad rss-counter state .* type:MM_ANONPAGES' "$output/console.log"
	green faultaround.window_16
}

# bats test_tags=base,slow
@test "a page that swap gives back as zeroes, and another page of a huge one, are seen" {
	local name

	broken arm64-hafdbs swap,gup lost-contents.patch 0
	for name in anon_read anon_write anon_swapoff anon_fork shmem shmem_swapoff \
		write_alone write_alone_cached write_shared write_shared_cached; do
		red "swap.$name" "page 63 is not what was swapped out"
	done
	red swap.khugepaged "page 511 is not what was swapped out"
	red gup.thp "page 0 is frame"
	red gup.hugetlb "page 0 is frame"
	green gup.anon
}

@test "each way to break a write fault turns its own case red" {
	broken arm64-hafdbs handlers,mkwrite,swap fault-flags.patch
	red handlers.read_write_page "call 0 has flags 0x1, not 0x3"
	red handlers.refused_page "no SIGBUS"
	red handlers.lost_page "write: 1 calls, not 2"
	red handlers.read_write_pfnmap "call 0 has flags 0x255, not 0x257"
	red handlers.refused_pfnmap "no SIGBUS"
	red handlers.read_write_mixed "write: 0 calls, not 1"
	red handlers.copy_mixed "the copy differs"
	red mkwrite.first_write "0 major and 1 minor faults, not 1 and 0"
	red mkwrite.race_writeback "not what was written last"
	red mkwrite.race_punch "not what was written last"
	red mkwrite.no_space "no SIGBUS on a full disk"
	red mkwrite.swap_file "no SIGBUS where it is mapped"
	red swap.write_alone "alone: writing to 256 pages took about"
	red swap.write_shared "parent: 512 faults for 256 pages"
	red swap.khugepaged "0 huge pages were made"
	grep -q 'write after msync: page_mkwrite was not called' "${output}/console.log"
	green handlers.copy_page
	green handlers.unload
	green swap.anon_read
}

@test "each way to break a fault on a page protected with userfaultfd turns its own case red" {
	broken x86_64 uffdwp uffd-wp.patch tip
	red uffdwp.mapped "page 3: flags 0x2"
	red uffdwp.swapped_out "a write to page 3 is not reported"
	red uffdwp.forked "the child ended with status 0x7"
}

@test "a dirty page that is cleaned and not recorded turns what records red" {
	broken arm64-hafdbs dirty dirty-not-recorded.patch
	red dirty.record_tmpfs "all written: 0xffffefff is recorded, not 0xffffffff"
	red dirty.entry_only "cleaned: 4 kB are dirty, not 0"
	red dirty.record_more "page 9: 2 entries were cleaned"
	grep -q 'pages 2 and 7: from 2 to 8, not from 2 to 10' "${output}/console.log"
	red dirty.log "not all pages are recorded"
	green dirty.protect_tmpfs
}

@test "private mappings taken for shared ones, and the last entry of a table left out, are seen" {
	broken arm64-hafdbs dirty dirty-private.patch
	red dirty.private_tmpfs "private alone: 2 entries were write-protected, not 0"
	red dirty.behind_skipped "17 of 16 entries were write-protected"
	red dirty.edges "all: 15 entries were write-protected, not 16"
	red dirty.sparse "all: 5 entries were write-protected, not 8"
	red dirty.huge_page "0 kB are still mapped huge"
	green dirty.record_tmpfs
}

@test "a write through an entry that was cached is not lost: without the flush it is" {
	local again

	# Each at the first or the second time, and in one of three boots: the CPU may have
	# dropped the entries itself, and on a busy host often has.
	for again in '' --again --again; do
		broken arm64-hafdbs dirty dirty-no-flush.patch
		{ red dirty.protect_tmpfs "protected: a write to page 0 takes 0 faults" ||
			red dirty.protect_tmpfs "protected again: a write to page 0 takes 0 faults"; } &&
			red dirty.entry_only "written again: 0 kB are dirty, not 28" && return
	done
	false
}

# bats test_tags=base,slow
@test "a page that is left behind, or mapped though it has left the file, turns race red" {
	local again

	# The second takes a moment that not every boot meets.
	for again in '' --again --again; do
		broken arm64-hafdbs race race.patch
		red race.dontneed_tmpfs "pages are left behind"
		green race.remap_ext4
		grep -qE "^race\..*(is not the file's|in a hole)" <<<"$failed" && return
	done
	false
}

# bats test_tags=base,slow
@test "a page table that is allocated under the lock of the page turns tight red" {
	cp -r "$ROOT/configs" "$BATS_TEST_TMPDIR/configs"
	export FAULTLINE_CONFIGS=$BATS_TEST_TMPDIR/configs
	sed -i 's/^cmdline .*/cmdline = faultline.rounds=200/' "$FAULTLINE_CONFIGS/machine/arm64-hafdbs"
	run --separate-stderr "$CI/cell" v5.10 --step "$STEP" --machine arm64-hafdbs --tests tight \
		--with "$CI/tests/controls/tight.patch"
	echo "$output"
	[ "$status" -eq 1 ]
	# All wait for each other, if it does not run out of memory first.
	case $(jq -r .verdict "$output/result.json") in
	hang) [ "$(jq '[.crash.trace[] | select(test("^ do_idle"))] | length' "$output/result.json")" -eq 2 ] ;;
	fail) grep -q "not ok 1 writeback # died of signal 9" "$output/console.log" ;;
	*) false ;;
	esac
	run -0 "$CI/cell" v5.10 --step "$STEP" --machine arm64-hafdbs --tests tight
}

@test "the base's own tests are judged by what the kernel's log says of them" {
	broken arm64-hafdbs selftests.debug_vm_pgtable,selftests.test_vmalloc kernel-tests.patch
	red debug_vm_pgtable "the kernel's log has no \"Validating architecture page table helpers\""
	red test_vmalloc "fix_size_alloc_test: 0 passed, 1 failed"
}

@test "a guest without its modules fails, and says what is missing" {
	guest=$("$CI/guest-image" v5.10 --arch arm64 --quiet)
	image=$("$CI/build" v5.10 --step "$STEP" --kernel arm64)
	vmrun=$(. "$SCRIPTS/lib.sh"; vmrun_binary)
	run "$vmrun" --machine "$ROOT/configs/machine/arm64-hafdbs" --kernel "$image/Image" \
		--initrd "$guest/init.cpio" --disk "$guest/disk.img" --tests handlers \
		--output "$BATS_TEST_TMPDIR/without"
	[ "$status" -eq 1 ]
	[ "$(jq -r .verdict "$BATS_TEST_TMPDIR/without/result.json")" = fail ]
	grep -q 'not ok 1 read_write_pfnmap # /modules/vmfault.ko: No such file' \
		"$BATS_TEST_TMPDIR/without/console.log"
}

@test "what is left on the disk by a program that passes is a result of the run" {
	copy_of_project
	cat >"$COPY/ci/guest/tests/left.c" <<-'EOF'
		#include <sys/mount.h>
		#include <sys/stat.h>
		#include "ktap.h"

		static void mounted(const void *arg)
		{
			require(!mkdir("/mnt/left", 0755), "mkdir: %m");
			require(!mount("left", "/mnt/left", "tmpfs", 0, NULL), "mount: %m");
		}

		static const struct ktap_case cases[] = { { .name = "mounted", .run = mounted }, { } };

		int main(int argc, char **argv)
		{
			return ktap_main(argc, argv, cases);
		}
	EOF
	guest=$("$COPY/ci/guest-image" v5.10 --arch arm64 --quiet)
	image=$("$CI/build" v5.10 --step "$STEP" --kernel arm64)
	vmrun=$(. "$SCRIPTS/lib.sh"; vmrun_binary)
	for tests in probe left; do
		run "$vmrun" --machine "$ROOT/configs/machine/arm64-hafdbs" --kernel "$image/Image" \
			--initrd "$guest/init.cpio" --disk "$guest/disk.img" --tests "$tests" \
			--output "$BATS_TEST_TMPDIR/$tests"
		cat "$BATS_TEST_TMPDIR/$tests/result.json"
	done
	[ "$(jq -r .verdict "$BATS_TEST_TMPDIR/probe/result.json")" = pass ]
	grep -q 'ok 2 disk' "$BATS_TEST_TMPDIR/probe/console.log"
	[ "$(jq -r '.verdict + ": " + .reason' "$BATS_TEST_TMPDIR/left/result.json")" = "fail: 1 of 2 tests failed: disk" ]
	grep -q 'not ok 2 disk # umount: Device or resource busy' "$BATS_TEST_TMPDIR/left/console.log"
}

@test "a file that cannot be put into the guest makes it fail" {
	bin=$BATS_TEST_TMPDIR/bin source=$(. "$SCRIPTS/lib.sh"; . "$CI/kbuild.sh"; build_source v5.10)
	"$CI/build" v5.10 --step "$STEP" --kernel arm64
	mkdir "$bin"
	printf '#!/bin/sh\ncase "$*" in */gup*) exit 1 ;; esac\nexec %s "$@"\n' "$(command -v install)" >"$bin/install"
	chmod +x "$bin/install"
	guest() { make -s -C "$CI/guest" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- KSRC="$source" O="$BATS_TEST_TMPDIR/guest" "$BATS_TEST_TMPDIR/guest/init.cpio"; }
	PATH=$bin:$PATH run -2 guest
	[ ! -s "$BATS_TEST_TMPDIR/guest/init.cpio" ]
	guest
	grep -aq tests/gup "$BATS_TEST_TMPDIR/guest/init.cpio"
}

@test "a change to a module builds the modules anew, and not the kernel" {
	image=$("$CI/build" v5.10 --step "$STEP" --kernel arm64)
	kernel=$(stat -c '%i %y' "$image/Image") modules=$(stat -c '%i %y' "$image/modules")
	copy_of_project
	sed -i 's/^MODULE_DESCRIPTION("/&Changed. /' "$COPY/ci/guest/modules/vmfault.c"
	[ "$("$COPY/ci/build" v5.10 --step "$STEP" --kernel arm64)" = "$image" ]
	[ "$(stat -c '%i %y' "$image/Image")" = "$kernel" ]
	[ "$(stat -c '%i %y' "$image/modules")" != "$modules" ]
	grep -q 'Changed. ' "$image/modules/vmfault.ko"
	grep -q 'Changed. ' "$image/modules/modules.cpio"
	before=$("$CI/build" v5.10 --step "$STEP" --kernel arm64 --print-key)
	[ "$("$COPY/ci/build" v5.10 --step "$STEP" --kernel arm64 --print-key)" = "$before" ]
	"$CI/build" v5.10 --step "$STEP" --kernel arm64
	run ! grep -q 'Changed. ' "$image/modules/vmfault.ko"
}

@test "a change to a guest's test builds nothing of the kernel, and gives the cell another key" {
	copy_of_project
	echo '/* changed */' >>"$COPY/ci/guest/tests/handlers.c"
	image=$("$CI/build" v5.10 --step "$STEP" --kernel arm64)
	modules=$(stat -c '%i %y' "$image/modules")
	[ "$("$COPY/ci/build" v5.10 --step "$STEP" --kernel arm64)" = "$image" ]
	[ "$(stat -c '%i %y' "$image/modules")" = "$modules" ]
	[ "$("$COPY/ci/guest-image" v5.10 --arch arm64 --print-key)" != \
		"$("$CI/guest-image" v5.10 --arch arm64 --print-key)" ]
}

# Builds the kernel of the base.
# bats test_tags=base,slow
@test "a warning in a module is an error that names the line, and leaves the image as it was" {
	STEP=0
	image=$("$CI/build" v5.10 --step "$STEP" --kernel arm64)
	copy_of_project
	sed -i 's/^static int __init vmfault_init(void)$/static int unused;\n&/' \
		"$COPY/ci/guest/modules/vmfault.c"
	run "$COPY/ci/build" v5.10 --step "$STEP" --kernel arm64
	[ "$status" -eq 125 ]
	[[ $output == *"vmfault.c:"*"unused"* ]]
	[[ $output == *"a module of the base itself does not build"* ]]
	# Those that were there are of other sources; they are still whole
	[ -f "$image/modules/vmfault.ko" ]
	"$CI/build" v5.10 --step "$STEP" --kernel arm64
}

# Builds the kernel of another track.
# bats test_tags=base,slow
@test "flags that a refused write leaves changed are another fact than the series says" {
	"$SCRIPTS/apply" mainline
	run --separate-stderr "$CI/cell" mainline --step 1 --machine arm64-hafdbs \
		--tests mkwrite.swap_file_flags --with "$CI/tests/controls/swap-file-flags.patch"
	[ "$status" -eq 0 ]
	[ "$(jq -r '.facts["mkwrite.swapfile"]' "$output/result.json")" = stale ]
	printf '1\tarm64-hafdbs\t%s\n' "$output" >"$BATS_TEST_TMPDIR/run"
	run "$CI/report" mainline --run "$BATS_TEST_TMPDIR/run" --partial
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"mkwrite.swapfile"*stale* ]]
}

# red_aging PATCH MACHINE STEP: with PATCH of controls/ lrugen finds too few entries on STEP
# of mainline, and what DEBUG_VM looks at in the walk warns.
red_aging() {
	run --separate-stderr "$CI/cell" mainline --step "$3" --machine "$2" --tests lrugen \
		--with "$CI/tests/controls/$1"
	[ "$status" -eq 1 ]
	grep -q "not ok 1 aging # .* entries are young, 768 have been touched" "$output/console.log"
	grep -q "WARNING: mm/vmscan.c:.*get_next_vma" "$output/console.log"
}

# bats test_tags=base,slow
@test "an aging walk that looks at other entries turns lrugen red" {
	"$SCRIPTS/apply" mainline
	red_aging lrugen.patch arm64-hafdbs 1
}

# bats test_tags=base,slow
@test "an aging walk that indexes a pud folded at boot turns lrugen red on riscv64" {
	"$SCRIPTS/apply" mainline
	run -0 --separate-stderr "$CI/cell" mainline --step tip --machine riscv64 --tests lrugen \
		--with "$CI/tests/controls/riscv-accessed-bit.patch"
	grep -q ' ok 1 aging[[:space:]]*$' "$output/console.log"
	red_aging riscv-pud-index.patch riscv64 tip
}

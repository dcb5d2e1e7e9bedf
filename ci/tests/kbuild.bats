#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# bats file_tags=base
# The entries of configs/kernel/Kconfig in a configuration of the base. Nothing is
# compiled.

bats_require_minimum_version 1.5.0
load helper

# A copy of the project to change files in, and a folder to configure the base in.
setup() {
	copy_of_project
	unset FAULTLINE_CONFIGS FAULTLINE_PATCHES
	OUT=$BATS_TEST_TMPDIR/out ENTRIES=$COPY/configs/kernel/Kconfig
}

# of_copy COMMAND...: run COMMAND with the functions of the copy, ready to
# configure the base in $OUT.
of_copy() (
	set -euo pipefail
	. "$COPY/scripts/lib.sh"
	. "$COPY/ci/kbuild.sh"
	KBUILD_SRC=$(build_source v5.10) KBUILD_OUT=$OUT
	KBUILD_ARCH=s390 KBUILD_CROSS=s390x-linux-gnu-
	hold_lock build-v5.10
	commit=$(step_commit v5.10 0)
	worktree_at "$KBUILD_SRC" "$commit"
	fragments=("$FAULTLINE_CONFIGS/kernel/common.config" "$FAULTLINE_CONFIGS/kernel/s390x.config")
	"$@"
)

configure() { kbuild_configure "$commit" "${fragments[@]}"; }
stamp() { kbuild_config_stamp "$commit" "${fragments[@]}"; }
key() { "$1/ci/build" v5.10 --step 0 --kernel s390x --print-key; }

@test "an option that the tree only selects can be asked for, and make keeps it" {
	of_copy configure
	of_copy kbuild include/config/auto.conf
	touch "$OUT/.config"
	of_copy kbuild include/config/auto.conf
	grep -qx 'CONFIG_MAPPING_DIRTY_HELPERS=y' "$OUT/.config"
	grep -qx 'CONFIG_MAPPING_DIRTY_HELPERS=y' "$OUT/include/config/auto.conf"
	grep -qx 'CONFIG_DEBUG_VM_PGTABLE=y' "$OUT/.config"
	grep -qF "$OUT/Kconfig.faultline" "$OUT/include/config/auto.conf.cmd"
}

@test "without its entry it is named as missing" {
	sed -i '/^config MAPPING_DIRTY_HELPERS/,/^$/d' "$ENTRIES"
	expect_failure 125 "CONFIG_MAPPING_DIRTY_HELPERS=y (got nothing)" of_copy configure
	rm "$ENTRIES"
	expect_failure 125 "CONFIG_MAPPING_DIRTY_HELPERS=y (got nothing)" of_copy configure
}

@test "an entry that Kconfig does not understand stops the build" {
	echo 'config' >>"$ENTRIES"
	expect_failure 125 "failed" of_copy configure
	grep -q 'Kconfig.faultline:[0-9]*:' "$OUT/config.log"
}

@test "a change to the entries configures anew, and gives the kernel another key" {
	# The file is kept when nothing changes, as its time makes make look again.
	of_copy kbuild_kconfig
	touch -d @0 "$OUT/Kconfig.faultline"
	of_copy kbuild_kconfig
	[ "$(stat -c %Y "$OUT/Kconfig.faultline")" -eq 0 ]
	stamp=$(of_copy stamp) key=$(key "$ROOT")
	[ "$(key "$COPY")" = "$key" ]
	printf '\nconfig NOTHING\n\tbool "Nothing"\n' >>"$ENTRIES"
	[ "$(of_copy stamp)" != "$stamp" ]
	[ "$(key "$COPY")" != "$key" ]
	of_copy kbuild_kconfig
	[ "$(stat -c %Y "$OUT/Kconfig.faultline")" -ne 0 ]
}

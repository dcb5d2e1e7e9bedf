# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# stand-in.bash - a kernel of text files that builds at once, and a machine that reads it,
# below the real ci/cell, ci/build and vmrun. Load it after helper.

# stand_in_project DIR: in DIR, a copy of the project with a guest of nothing and a silence
# of 1 s, which COPY, STAND_IN and the FAULTLINE_ variables are set for; the base of the
# track "mini", its tree at $KERNEL, is in the work area.
stand_in_project() {
	local dir=$1

	COPY=$dir/copy STAND_IN=$dir/stand-in KERNEL=$dir/kernel
	FAULTLINE_WORK=$dir/work FAULTLINE_CONFIGS=$dir/configs FAULTLINE_PATCHES=$dir/patches
	export COPY STAND_IN KERNEL FAULTLINE_WORK FAULTLINE_CONFIGS FAULTLINE_PATCHES
	mkdir -p "$COPY" "$STAND_IN" "$FAULTLINE_WORK" "$FAULTLINE_PATCHES"
	cp -r "$ROOT/ci" "$ROOT/scripts" "$COPY/"
	sed -i "s/\.silence = 60/.silence = 1/" "$COPY/ci/vmrun/main.c"
	sed -i -E "s/(define (CRASH|NMI)_QUIET_MS) [0-9]+/\1 200/" "$COPY/ci/vmrun/run.c"
	rm -rf "$COPY/ci/guest"
	mkdir -p "$COPY/ci/guest/"{modules,tests}
	echo "// SPDX-License-Identifier: GPL-2.0" >"$COPY/ci/guest/tests/group.c"
	# shellcheck disable=SC2016 # make's variables
	printf 'all:\n\t@for f in init.cpio disk.img; do echo guest >$(O)/$$f; done\n' >"$COPY/ci/guest/Makefile"
	# The host's compiler makes gen_init_cpio only, each time anew
	# shellcheck disable=SC2016 # another shell's variables
	printf '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\nprintf "#!/bin/sh\\n" >"$2"\nchmod +x "$2"\n' \
		>"$STAND_IN/hostcc"
	chmod +x "$STAND_IN/hostcc"
	export HOSTCC=$STAND_IN/hostcc
	stand_in_machine
	stand_in_kernel
}

# stand_in_machine: the configs of a machine "text" and its kernel.
stand_in_machine() {
	mkdir -p "$FAULTLINE_CONFIGS"/{arch,kernel,machine}
	printf 'arch = text\ncross =\noptions =\n' >"$FAULTLINE_CONFIGS/arch/text"
	touch "$FAULTLINE_CONFIGS/kernel/common.config" "$FAULTLINE_CONFIGS/kernel/text.config"
	cat >"$FAULTLINE_CONFIGS/machine/text" <<-END
		description = reads the kernel
		arch = text
		kernel = text
		image = Image
		qemu = $ROOT/ci/tests/stand-in-qemu
		board = -M text
		disk = none
		console = tty0
		memory = 1
		cpus = 1
		cmdline =
		kvm = none
		steps = all
	END
}

# stand_in_kernel: a kernel whose image is its text. It does not compile with a line
# "plant: error", nor with a line "plant: needs X" unless another is "gives X".
stand_in_kernel() {
	local n

	mkdir -p "$KERNEL"/{mm,lib,usr,scripts/kconfig}
	cat >"$KERNEL/Makefile" <<-'END'
		.RECIPEPREFIX = >
		tinyconfig olddefconfig modules_prepare:
		> @touch $(O)/.config
		.SHELLFLAGS = -ec
		Image:
		> @! grep -n '^plant: error' mm/*
		> @for w in $$(sed -n 's/^plant: needs //p' mm/*); do grep -qx "gives $$w" mm/*; done
		> @cat mm/* >$(O)/Image
		> @echo "0 T start" >$(O)/System.map; touch $(O)/vmlinux.symvers
		modules:
		> @touch $(M)/none.ko
	END
	printf '#!/bin/sh\n' >"$KERNEL/scripts/kconfig/merge_config.sh"
	chmod +x "$KERNEL/scripts/kconfig/merge_config.sh"
	touch "$KERNEL/Kconfig" "$KERNEL/lib/test_vmalloc.c" "$KERNEL/usr/gen_init_cpio.c"
	for n in a b c d e f; do seq -f "line %g of $n" 40 >"$KERNEL/mm/$n.c"; done
	echo 'base' >"$KERNEL/mm/z-step"
	role init -q "$KERNEL"
	role -C "$KERNEL" add -A
	role -C "$KERNEL" commit -q -m 'a kernel of text'
	role -C "$KERNEL" tag base
	role clone -q --bare "$KERNEL" "$FAULTLINE_WORK/linux.git"
	role -C "$FAULTLINE_WORK/linux.git" update-ref refs/heads/base/mini HEAD
}

# stand_in_series COUNT [N TEXT]...: make the track "mini" of COUNT patches of which the
# Nth adds the lines TEXT, and apply it. Each is in a file of its own and, as the last line
# of the kernel, in the name of the test: no other test has the same. The tree of $KERNEL
# becomes the tip's.
stand_in_series() {
	local count=$1 n
	declare -A text=()

	shift
	while (($#)); do
		text[$1]=$2
		shift 2
	done
	role -C "$KERNEL" checkout -q -f --detach base
	for ((n = 1; n <= count; n++)); do
		if declare -F "patch_$n" >/dev/null; then
			"patch_$n"
		else
			printf 'patch %s\n%s\n' "$n" "${text[$n]:-}" >"$KERNEL/mm/p$n"
		fi
		printf '%s %s\n' "$n" "$BATS_TEST_DESCRIPTION" >"$(printf '%s/mm/zz-%02d' "$KERNEL" "$n")"
		role -C "$KERNEL" add -A
		role -C "$KERNEL" commit -q -m "mm: patch $n" -m "${trailer[$n]:-Link: none}"
	done
	rm -rf "${FAULTLINE_PATCHES:?}/mini"
	role -C "$KERNEL" format-patch -q --zero-commit --no-signature -N -o "$FAULTLINE_PATCHES/mini" base
	(cd "$FAULTLINE_PATCHES/mini" && printf '%s\n' *.patch >series)
	printf '# none\n' >"$FAULTLINE_PATCHES/mini/facts"
	"$COPY/scripts/apply" mini --no-lint --quiet >/dev/null
}

# boots: print how often the machine has been started.
boots() { wc -l <"$STAND_IN/boots"; }

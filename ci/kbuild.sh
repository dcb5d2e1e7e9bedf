# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# kbuild.sh - configuring and building a kernel, for ci/build and ci/compile.
# Source it after scripts/lib.sh and set KBUILD_SRC, KBUILD_OUT, KBUILD_ARCH
# and KBUILD_CROSS: the step's work tree, the O= folder, the kernel's name of
# the architecture and the compiler prefix.

# What configs/kernel/Kconfig adds to every configuration; a project may do without.
KBUILD_ENTRIES=$FAULTLINE_CONFIGS/kernel/Kconfig

# kbuild_kconfig: make the top-level Kconfig of a build, Kconfig.faultline in its O=
# folder: the tree's own with our entries behind. The tree's cannot be sourced: it
# begins with a mainmenu, which Kconfig takes only at the beginning of the top.
# Left alone when nothing changes, so that its time stays.
kbuild_kconfig() {
	local file=$KBUILD_OUT/Kconfig.faultline

	mkdir -p "$KBUILD_OUT"
	cat "$KBUILD_SRC/Kconfig" "$KBUILD_ENTRIES" >"$file.tmp" || return
	cmp -s "$file.tmp" "$file" || mv "$file.tmp" "$file"
	rm -f "$file.tmp"
}

# Linux 5.10 has pud_dirty() on x86 only, where alone a driver selects the helpers, and
# riscv has no pmd_dirty() either. There no such entry of a mapping is huge, and the code
# that asks is dead, but has to compile. For make to expand, once it knows the
# architecture's folder.
# shellcheck disable=SC2016
KBUILD_DIRTY='$(foreach level,pmd pud,$(if $(shell grep -rlw $(level)_dirty $(srctree)/include/linux/pgtable.h $(srctree)/arch/$(SRCARCH)/include),,-D$(level)_dirty=$(level)_write))'

# What of make's arguments reaches an image, and so is part of its key: a fixed time
# stamp, user and host make equal trees give equal images
# (Documentation/kbuild/reproducible-builds.rst).
KBUILD_FIXED=(
	KBUILD_BUILD_TIMESTAMP='Thu Jan 1 00:00:00 UTC 1970'
	KBUILD_BUILD_USER=faultline KBUILD_BUILD_HOST=series
	KBUILD_BUILD_VERSION=1 LOCALVERSION=)
[[ ! -f $KBUILD_ENTRIES ]] || KBUILD_FIXED+=("CFLAGS_mapping_dirty_helpers.o=$KBUILD_DIRTY")

# What make would take from the environment is in no key.
unset KCFLAGS KAFLAGS KCPPFLAGS LLVM LLVM_IAS KCONFIG_ALLCONFIG MAKEFLAGS MFLAGS

# kbuild_arguments: print what of make's arguments reaches an image.
kbuild_arguments() { printf '%s\n' "${KBUILD_FIXED[@]}"; }

# kbuild_begin: mark the O= folder as being written to. What a build that was killed
# wrote is removed first, as make takes a half-written file for a whole one; not what
# we write: the log, which is open, and configurations.
kbuild_begin() {
	local mark=$KBUILD_OUT/.faultline-building

	mkdir -p "$KBUILD_OUT" && { [[ ! -f $mark ]] || find "$KBUILD_OUT" -newer "$mark" -type f ! -name '*.log' ! -name '*.config' -delete; } &&
		touch "$mark"
}

# kbuild_end: make has ended, whether well or not, and removed what it did not finish;
# not so when it was killed.
kbuild_end() { rm -f "$KBUILD_OUT/.faultline-building"; }

# kbuild ARGS...: make in the step's tree with ccache, where it is installed. What the
# user sets of ccache's own variables counts: CCACHE_REMOTE_STORAGE=redis://HOST or
# http://HOST:PORT/ shares the objects with other machines (man ccache, "remote
# storage"). Silent but for what is wrong,
# unless KBUILD_OUTPUT_OPTION is set to another option of make.
kbuild() {
	local compiler=${KBUILD_CROSS}gcc host_compiler=gcc entries=() status=0

	kbuild_begin || return
	if [[ -f $KBUILD_ENTRIES ]]; then
		kbuild_kconfig || return
		entries=(KBUILD_KCONFIG="$KBUILD_OUT/Kconfig.faultline")
	fi
	if command -v ccache >/dev/null; then
		# Of the whole work area, as what make builds for itself, which is the same in
		# every O= folder, names files of that folder.
		export CCACHE_DIR=$FAULTLINE_WORK/ccache CCACHE_BASEDIR=$FAULTLINE_WORK
		export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-2G} CCACHE_NOHASHDIR=1
		# A miss then costs one run of the compiler, not two of cpp besides.
		export CCACHE_DEPEND=1
		# Headers are hashed once, not for each object (mm/ and fs/ of v5.10, nothing
		# kept, three alternating rounds: 1.084 of the time of gcc alone without
		# this, 1.014 with it).
		[[ -v CCACHE_NOINODECACHE ]] || export CCACHE_INODECACHE=1
		compiler="ccache $compiler" host_compiler="ccache gcc"
	fi
	nice make -C "$KBUILD_SRC" O="$KBUILD_OUT" ARCH="$KBUILD_ARCH" \
		CROSS_COMPILE="$KBUILD_CROSS" CC="$compiler" HOSTCC="$host_compiler" \
		-j"${FAULTLINE_JOBS:-$(nproc)}" "${KBUILD_OUTPUT_OPTION:--s}" \
		"${KBUILD_FIXED[@]}" "${entries[@]}" "$@" </dev/null || status=$?
	((status >= 128)) || kbuild_end
	return "$status"
}

# kbuild_was_starved LOG: true when a build failed for want of disk or memory, or was
# killed. Who the kernel kills when memory is short is told by the compiler driver
# (cc1), by the shell that make runs (ld: "Killed", Error 137) or by make alone.
kbuild_was_starved() {
	grep -aqE 'No space left on device|Disk quota exceeded|Killed signal|terminated with signal 9|Cannot allocate memory|out of memory allocating|virtual memory exhausted|\] (Error 137|Killed)$' "$1"
}

# kbuild_compiler: print what identifies the compiler and the linker.
kbuild_compiler() {
	"${KBUILD_CROSS}gcc" --version | head -n 1
	"${KBUILD_CROSS}ld" --version | head -n 1
}

# kbuild_entries: print what we add to the Kconfig of every tree.
kbuild_entries() { [[ ! -f $KBUILD_ENTRIES ]] || cat "$KBUILD_ENTRIES"; }

# kbuild_config_stamp COMMIT FRAGMENT...: print a hash of what a .config follows
# from: the compiler, the fragments, our Kconfig, and the Kconfig files of COMMIT
# and of the patch on top of it, $with, if it has any.
kbuild_config_stamp() {
	local commit=$1

	shift
	{
		kbuild_compiler
		cat "$@"
		kbuild_entries
		git_linux ls-tree -r "$commit" | grep -a 'Kconfig'
		[[ -z ${with:-} ]] || ! grep -aq '^+++ .*Kconfig' "$with" || cat "$with"
	} | sha256sum
}

# kbuild_configure COMMIT FRAGMENT...: make .config in the O= folder: tinyconfig,
# or KBUILD_CONFIG of make, with the fragments on top. Dies naming the options that a fragment asks for
# and olddefconfig did not keep. Does nothing when the fragments, our Kconfig and
# the Kconfig files of COMMIT are those of the .config that is there.
kbuild_configure() {
	local commit=$1 stamp log=$KBUILD_OUT/config.log

	shift
	mkdir -p "$KBUILD_OUT"
	stamp=$(kbuild_config_stamp "$commit" "$@")
	[[ -f $KBUILD_OUT/.config &&
		$(cat "$KBUILD_OUT/.faultline-config" 2>/dev/null) == "$stamp" ]] && return
	rm -f "$KBUILD_OUT/.faultline-config"
	{
		kbuild "${KBUILD_CONFIG:-tinyconfig}" &&
			"$KBUILD_SRC/scripts/kconfig/merge_config.sh" -m -O "$KBUILD_OUT" \
				"$KBUILD_OUT/.config" "$@" &&
			kbuild olddefconfig
	} >"$log" 2>&1 || die "$EXIT_INFRA" "configuring with $* failed" "see $log"
	require_options "$KBUILD_OUT/.config" "$@"
	printf '%s\n' "$stamp" >"$KBUILD_OUT/.faultline-config"
}

# kbuild_errors LOG: print what a person wants to see of a failed build.
kbuild_errors() {
	grep -a -E -B 2 -A 6 'error|Error|undefined reference' "$1" | head -n 40
}

# kbuild_logged LOG COMMAND...: run COMMAND, which builds, with its output in LOG, and
# return its status. Of a failure it prints the errors, and dies where they are not the
# source's: what was killed, or ran out of disk or memory, shows nothing of a patch. Nor
# does a failure whose reason may be lost, as the log was on the disk that was full.
kbuild_logged() {
	local log=$1 statuses status

	shift
	if "$@" 2>&1 | cat >"$log"; then return 0; else statuses=("${PIPESTATUS[@]}"); fi
	((!statuses[1])) || die "$EXIT_INFRA" "the log of the build cannot be written: $log" "see above, and run it again"
	status=${statuses[0]}
	kbuild_errors "$log" >&2 || true
	((status != EXIT_INFRA)) || exit "$EXIT_INFRA"
	not_killed "$status" building "$log"
	! kbuild_was_starved "$log" || die "$EXIT_INFRA" "building ran out of disk or memory" "see $log"
	return "$status"
}

# require_options CONFIG FRAGMENT...: die naming every option that a fragment
# asks for and CONFIG does not have so; `# CONFIG_X is not set` asks for "off".
# Where fragments differ the last one counts, as it does for merge_config.sh: a
# machine takes back what it cannot have of that which all the others want.
require_options() {
	local config=$1 missing

	shift
	missing=$(awk '
		function name(line) {
			if (line ~ /^CONFIG_[A-Za-z0-9_]+=/)
				return substr(line, 1, index(line, "=") - 1)
			if (line ~ /^# CONFIG_[A-Za-z0-9_]+ is not set/)
				return substr(line, 3, index(line, " is not set") - 3)
			return ""
		}
		{ n = name($0); if (n == "") next }
		FILENAME == ARGV[1] { have[n] = $0; next }
		!(n in want) { names[++count] = n }
		{ want[n] = $0; file[n] = FILENAME }
		END {
			for (i = 1; i <= count; i++) {
				n = names[i]
				if (want[n] ~ / is not set/) {
					if (n in have && have[n] !~ / is not set/)
						print file[n] ": " n " is set"
				} else if (!(n in have)) {
					print file[n] ": " want[n] " (got nothing)"
				} else if (have[n] != want[n]) {
					print file[n] ": " want[n] " (got " have[n] ")"
				}
			}
		}
	' "$config" "$@")
	[[ -z $missing ]] || die "$EXIT_INFRA" \
		"requested options are not in the final configuration:"$'\n'"$missing" \
		"look at 'depends on' of each in the base's Kconfig"
}

# build_source TRACK: print the folder of the work tree that all builds of TRACK
# take turns in, under the lock build-TRACK. One is enough: git checkout writes
# only the files that differ between two steps, and those are to be recompiled.
build_source() { printf '%s\n' "$FAULTLINE_WORK/src/$1/build"; }

# kernel_fragments KERNEL TRACK: set the array fragments to the files of KERNEL in
# configs/kernel: those for all, and one for each part of a name such as A+B. Behind
# them what the base of TRACK has instead, where it has files for that: kernel.config
# for all, and kernel-A.config and kernel-B.config.
kernel_fragments() {
	local part names file own=()

	IFS=+ read -ra names <<<"$1"
	fragments=("$FAULTLINE_CONFIGS/kernel/common.config")
	own=("$FAULTLINE_CONFIGS/base/$2/kernel.config")
	for part in "${names[@]}"; do
		fragments+=("$FAULTLINE_CONFIGS/kernel/$part.config")
		own+=("$FAULTLINE_CONFIGS/base/$2/kernel-$part.config")
	done
	for file in "${own[@]}"; do
		[[ ! -f $file ]] || fragments+=("$file")
	done
}

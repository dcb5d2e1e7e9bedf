# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# source-lines.sh - from "function+0x1c8/0x210" of a trace to file and line, for
# ci/diagnose. Source it after scripts/lib.sh and ci/kbuild.sh.

# trace_frames FILE: print every function+offset/size of a trace once, a line each,
# but for those of modules.
trace_frames() {
	grep -oE '[A-Za-z_][A-Za-z0-9_.]*\+0x[0-9a-f]+/0x[0-9a-f]+( \[[a-z0-9_]+\])?' "$1" |
		grep -v '\]$' | awk '!seen[$0]++' || true
}

# The folders of what can be in a kernel; arch/ besides.
readonly SOURCE_FOLDERS=(block certs crypto drivers fs init ipc kernel lib mm net security virt)

# defining_files NAME...: print the files of KBUILD_SRC that seem to define one of
# these functions. A C definition begins in the first column.
defining_files() {
	local name names='' calls='' folders=() folder source_arch=$KBUILD_ARCH

	[[ $source_arch != x86_64 ]] || source_arch=x86
	for name; do
		name=${name%%.*}
		# __arm64_sys_write, __do_sys_write: SYSCALL_DEFINE3(write, ...)
		[[ ! $name =~ ^_+[a-z0-9]+_sys_(.*)$ ]] || calls+="${calls:+|}${BASH_REMATCH[1]}"
		names+="${names:+|}$name"
	done
	for folder in "${SOURCE_FOLDERS[@]}" "arch/$source_arch"; do
		[[ ! -d $KBUILD_SRC/$folder ]] || folders+=("$folder")
	done
	# In C a byte is a character, and this takes a second rather than ten.
	LC_ALL=C git_in "$KBUILD_SRC" grep -lE \
		"^([A-Za-z_][^;=]*[ *])?($names)\(([^;]*|.*[{].*)\$|^(SYM_[A-Z]*_START[A-Z_]*|ENTRY)\(($names)\)${calls:+|^SYSCALL_DEFINE[0-6]\(($calls)[,)]}" \
		-- "${folders[@]/%//*.[cS]}" || true
}

# compile_with_lines FILE...: compile source files into KBUILD_OUT with line
# numbers; print the objects that came out. The paths in them are relative, and they
# are compiled here: a cache that work areas share may have those of another.
compile_with_lines() {
	local object list=() lines="-g -fdebug-prefix-map=$KBUILD_SRC=. -fdebug-prefix-map=$KBUILD_OUT=."

	for object; do list+=("${object%.*}.o"); done
	# Some may not belong to this configuration.
	CCACHE_DISABLE=1 kbuild KCFLAGS="$lines" KAFLAGS="$lines" -k "${list[@]}" >"$KBUILD_OUT/build.log" 2>&1 || true
	for object in "${list[@]}"; do
		[[ ! -f $KBUILD_OUT/$object ]] || printf '%s\n' "$KBUILD_OUT/$object"
	done
}

# functions_in OBJECTS NAMES: print "name object size" for every function among NAMES,
# lines, that one of OBJECTS, lines too, defines.
functions_in() {
	local list names=$2

	mapfile -t list <<<"$1"
	"${KBUILD_CROSS}nm" -A -S --defined-only "${list[@]}" 2>/dev/null |
		sed -n 's/^\(.*\):[0-9a-f]* \([0-9a-f]\{1,\}\) [tTwW] \(.*\)$/\3 \1 0x\2/p' |
		awk 'FILENAME == ARGV[1] { wanted[$1] = 1; next } $1 in wanted' <(printf '%s\n' "$names") -
}

# place_of OBJECT FRAME: print where in the source FRAME of OBJECT is, the innermost
# inlined function first.
place_of() {
	CROSS_COMPILE=$KBUILD_CROSS "$KBUILD_SRC/scripts/faddr2line" "$1" "${2%/*}" 2>/dev/null |
		sed -n "s/^.* at \([^ ]*:[0-9]\{1,\}\).*/\1/p" |
		sed -e 's|^\(\./\)*||' | paste -sd ' '
}

# places OBJECTS FRAMES: print "frame<TAB>file:line" for the frames, a line each, whose
# function an object has in the size that it has in the frame; in a kernel the
# padding up to the next function counts too.
places() {
	local objects=$1 frames=$2 frame name object size functions place padding

	functions=$(functions_in "$objects" "$(cut -d + -f 1 <<<"$frames")")
	while IFS= read -r frame; do
		while read -r name object size; do
			padding=$((${frame#*/} - size))
			if [[ $name != "${frame%%+*}" ]] || ((padding < 0 || padding >= 64)); then continue; fi
			place=$(place_of "$object" "$frame")
			[[ -n $place ]] || continue
			printf '%s\t%s\n' "$frame" "$place"
			break
		done <<<"$functions"
	done <<<"$frames"
}

# source_lines TRACK STEP KERNEL IMAGE WITH FRAMES: print "frame<TAB>file:line" for
# every frame of FRAMES, a line each, whose line is found. IMAGE is the folder of the
# kernel that ran; its configuration is used.
source_lines() {
	local track=$1 step=$2 kernel=$3 image=$4 with=$5 frames=$6
	local commit arch_file names files objects

	arch_file=$FAULTLINE_CONFIGS/arch/$(kernel_conf "$kernel" arch)
	KBUILD_ARCH=$(conf_get "$arch_file" arch)
	KBUILD_CROSS=$(conf_get "$arch_file" cross)
	KBUILD_SRC=$FAULTLINE_WORK/src/$track/lines
	KBUILD_OUT=$FAULTLINE_WORK/build/$track/$kernel.lines
	need_tool "${KBUILD_CROSS}gcc" "${KBUILD_CROSS}addr2line" make
	commit=$(step_commit "$track" "$step")
	# Not the tree of the builds: one of them may take minutes.
	hold_lock "lines-$track"
	need_space "$FAULTLINE_WORK" 2500 "finding source lines"
	worktree_at "$KBUILD_SRC" "$commit"
	[[ -z $with ]] || git_in "$KBUILD_SRC" apply "$with" >&2 ||
		die "$EXIT_INFRA" "$with does not apply to step $step" "see above"
	mkdir -p "$KBUILD_OUT"
	cmp -s "$image/config" "$KBUILD_OUT/.config" || cp "$image/config" "$KBUILD_OUT/.config"
	mapfile -t names < <(cut -d + -f 1 <<<"$frames" | sort -u)
	mapfile -t files < <(defining_files "${names[@]}")
	((${#files[@]})) || return 0
	objects=$(compile_with_lines "${files[@]}")
	[[ -n $objects ]] || return 0
	places "$objects" "$frames"
}

# add_lines LINES: copy a trace from stdin with " (file:line)" behind every frame
# that LINES, from source_lines, knows; one that has it already stays.
add_lines() {
	awk -F '\t' '
		FILENAME == ARGV[1] { line[$1] = $2; next }
		match($0, /[A-Za-z_][A-Za-z0-9_.]*\+0x[0-9a-f]+\/0x[0-9a-f]+/) {
			frame = substr($0, RSTART, RLENGTH)
			rest = substr($0, RSTART + RLENGTH)
			if (frame in line && rest !~ /^ [(\[]/)
				$0 = substr($0, 1, RSTART + RLENGTH - 1) " (" line[frame] ")" rest
		}
		{ print }
	' "$1" -
}

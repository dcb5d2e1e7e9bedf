# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# objects.sh - compiling the files that a patch touches, for ci/compile and
# ci/identical. Source it after scripts/lib.sh and ci/kbuild.sh, with ci/touched.sh.
#
# The configuration is allmodconfig with configs/compile/touched.config and the
# `options` of configs/arch/NAME. make itself says whether a file is compiled in
# it: asked for an object that is not in its folder's list, it has no rule. That of 7.3
# has, and compiles it all the same: what then fails, and is of another architecture or of
# an option that is off, is not compiled either.
#
# What came of a file is kept in $FAULTLINE_WORK/objects/ARCH/KEY, where KEY
# stands for the tree, the configuration and the tools:
#
#	FILE.status	"object HASH" (in objects/blob), "error" or "unreached"
#	FILE.log	what the compiler, sparse and kernel-doc said
#	FILE.warnings	the warnings in it, see warnings.awk

OBJECTS_DIR=$FAULTLINE_WORK/objects
OBJECTS_FLAGS=(KCFLAGS="-include $FAULTLINE_ROOT/ci/no-line.h")

# objects_with_warnings: have what follows warn too, which takes half as long
# again: W=1, kernel-doc and sparse.
objects_with_warnings() {
	OBJECTS_WARN=1
	OBJECTS_FLAGS+=(W=1 C=1 CHECK="$FAULTLINE_ROOT/ci/sparse" CF=-fmax-warnings=unlimited)
}
OBJECTS_WARN=0

# objects_arch TRACK ARCH: have what follows compile for ARCH; sets
# OBJECTS_COMPILER to 0 when its compiler is not installed. Not to be called in a
# condition, as what follows.
objects_arch() {
	local file=$FAULTLINE_CONFIGS/arch/$2 option options

	OBJECTS_ARCH=$2
	KBUILD_ARCH=$(conf_get "$file" arch) KBUILD_CROSS=$(conf_get "$file" cross)
	KBUILD_SRC=$(build_source "$1") KBUILD_OUT=$FAULTLINE_WORK/build/$1/touched-$2
	need_plain_paths
	OBJECTS_COMPILER=1
	command -v "${KBUILD_CROSS}gcc" >/dev/null || OBJECTS_COMPILER=0
	((OBJECTS_COMPILER)) || return 0
	options=$(conf_get "$file" options)
	mkdir -p "$KBUILD_OUT" "$OBJECTS_DIR/blob"
	for option in $options; do printf 'CONFIG_%s\n' "$option"; done >"$KBUILD_OUT/arch.config"
	cat "$FAULTLINE_CONFIGS/compile/touched.config" "$KBUILD_OUT/arch.config" >"$KBUILD_OUT/touched.config"
}

# objects_key COMMIT [PATCH]: print the key of everything that the objects and
# warnings of COMMIT, with PATCH on top, follow from.
objects_key() {
	{
		git_linux rev-parse "$1^{tree}"
		[[ -z ${2:-} ]] || cat "$2"
		kbuild_config_stamp "$1" "$KBUILD_OUT/touched.config"
		printf '%s\n' "$KBUILD_ARCH" "$OBJECTS_WARN"
		((!OBJECTS_WARN)) || sparse --version
		cat "$FAULTLINE_ROOT/ci/"{objects.sh,touched.sh,kbuild.sh,warnings.awk,no-line.h,sparse}
	} | sha256sum | cut -c 1-20
}

# source_arch ARCH: print the folder of arch/ in which an architecture of make is.
source_arch() {
	case $1 in
	i386 | x86_64) echo x86 ;;
	sparc64) echo sparc ;;
	*) printf '%s\n' "$1" ;;
	esac
}

# object_target FILE: print the name by which make knows the object of FILE. KVM
# compiles virt/ from the folder of the architecture.
object_target() {
	case $1 in
	virt/*) printf 'arch/%s/kvm/../../../%s.o\n' "$(source_arch "$KBUILD_ARCH")" "${1%.*}" ;;
	*) printf '%s\n' "${1%.*}.o" ;;
	esac
}

# require_choices CONFIG FRAGMENT: die naming a line of FRAGMENT that CONFIG does
# not agree with; X=n asks for X not to be set.
require_choices() {
	local line

	while IFS= read -r line; do
		case $line in
		*=n) ! grep -q "^${line%=n}=" "$1" ;;
		*) grep -qxF "$line" "$1" ;;
		esac || die "$EXIT_INFRA" "'$line' is not in the final configuration for $OBJECTS_ARCH" \
			"look at 'depends on' in the base's Kconfig, and at configs/arch/$OBJECTS_ARCH"
	done <"$2"
}

# objects_configure COMMIT: make .config in the O= folder, unless it is there.
objects_configure() {
	local stamp log=$KBUILD_OUT/config.log

	stamp=$(kbuild_config_stamp "$1" "$KBUILD_OUT/touched.config")
	[[ -f $KBUILD_OUT/.config &&
		$(cat "$KBUILD_OUT/.faultline-config" 2>/dev/null) == "$stamp" ]] && return
	rm -f "$KBUILD_OUT/.faultline-config"
	kbuild KCONFIG_ALLCONFIG="$KBUILD_OUT/touched.config" allmodconfig >"$log" 2>&1 ||
		die "$EXIT_INFRA" "allmodconfig for $OBJECTS_ARCH failed" "see $log"
	require_choices "$KBUILD_OUT/.config" "$KBUILD_OUT/arch.config"
	printf '%s\n' "$stamp" >"$KBUILD_OUT/.faultline-config"
}

# objects_at COMMIT PATCH FILE...: see to it that every file is compiled as it is
# in COMMIT, with PATCH (may be empty) on top; sets OBJECTS to the folder of what
# came of it. Not to be called in a condition.
objects_at() {
	local commit=$1 patch=$2 file missing=() targets=() log=$KBUILD_OUT/objects.log status=0

	shift 2
	need_tool make bc flex bison
	((!OBJECTS_WARN)) || need_tool sparse
	OBJECTS=$OBJECTS_DIR/$OBJECTS_ARCH/$(objects_key "$commit" "$patch")
	for file; do [[ -f $OBJECTS/$file.status ]] || missing+=("$file"); done
	((${#missing[@]})) || return 0
	worktree_at "$KBUILD_SRC" "$commit"
	[[ -z $patch ]] || git_in "$KBUILD_SRC" apply "$patch" >&2 ||
		die "$EXIT_INFRA" "$patch does not apply" "see above"
	objects_configure "$commit"
	for file in "${missing[@]}"; do
		# An object that is there already would not warn again.
		rm -f "$KBUILD_OUT/${file%.*}.o"
		[[ $file == *.h ]] || targets+=("$(object_target "$file")")
	done
	rm -rf "$KBUILD_OUT/log"
	mkdir -p "$KBUILD_OUT/log"
	# What fails is judged file by file. All do if the common part does not build.
	export KBUILD_OUTPUT_OPTION=--output-sync=target
	kbuild "${OBJECTS_FLAGS[@]}" prepare >"$log" 2>&1 || status=$?
	not_killed "$status" "make for $OBJECTS_ARCH" "$log"
	if ((status)); then
		for file in "${missing[@]}"; do
			mkdir -p "$KBUILD_OUT/log/${file%/*}"
			grep -a -A 3 'error' "$log" | head -n 20 >"$KBUILD_OUT/log/${file%.*}.log" || true
		done
	elif ((${#targets[@]})); then
		kbuild -k "${OBJECTS_FLAGS[@]}" "${targets[@]}" >"$log" 2>&1 || status=$?
		((status == 0 || status == 2)) ||
			die "$EXIT_INFRA" "make for $OBJECTS_ARCH ended with $status" "see $log"
		objects_split_log "$log" "$KBUILD_OUT/log"
	fi
	unset KBUILD_OUTPUT_OPTION
	! kbuild_was_starved "$log" || die "$EXIT_INFRA" "compiling ran out of disk or memory" "see $log"
	if grep -aqE '^make.*(Interrupt|Terminated|Killed|Stop\.)' "$log"; then
		die "$EXIT_INFRA" "make for $OBJECTS_ARCH was ended, or cannot read a Makefile" "see $log"
	fi
	for file in "${missing[@]}"; do object_keep "$commit" "$file"; done
}

# objects_split_log LOG DIR: write the part of make's LOG that is about each FILE
# to DIR/FILE.log. make keeps the output of a target together, after a heading.
objects_split_log() {
	awk -v src="$KBUILD_SRC/" -v dir="$2/" '
	function normal(path) {
		if (index(path, src) == 1) path = substr(path, length(src) + 1)
		sub(/^(\.\.\/)+/, "", path)
		while (sub(/[^\/.]+\/\.\.\//, "", path)) ;
		return path
	}
	/^  [A-Z][A-Z0-9_]* +(\[M\] +)?[^ ]+$/ {
		out = ""
		if ($1 == "CC" || $1 == "AS" || $1 == "CHECK") {
			path = normal($NF)
			if ($1 == "CHECK") sub(/\.c$/, "", path); else sub(/\.o$/, "", path)
			out = dir path ".log"
			if (!(path in made)) {
				made[path] = 1; folder = out; sub(/\/[^\/]*$/, "", folder)
				system("mkdir -p \"" folder "\"")
				printf "" >out
			}
		}
		next
	}
	/^make(\[[0-9]+\])?: / { next }
	out != "" {
		while (i = index($0, src)) $0 = substr($0, 1, i - 1) substr($0, i + length(src))
		print >out
	}' "$1"
}

# object_is_off COMMIT FILE: true when FILE is of another architecture, or its Makefile's
# option is not in .config.
object_is_off() {
	local option

	[[ $2 != arch/* || $2 == "arch/$(source_arch "$KBUILD_ARCH")/"* ]] || return 0
	read -r option _ < <(file_option "$1" "$2") || return 1
	! grep -qE "^$option=[ym]$" "$KBUILD_OUT/.config"
}

# object_keep COMMIT FILE: put what came of FILE of COMMIT into $OBJECTS.
object_keep() {
	local file=$2 object=$KBUILD_OUT/${2%.*}.o log=$KBUILD_OUT/log/${2%.*}.log hash status

	mkdir -p "$OBJECTS/${file%/*}"
	cp "$log" "$OBJECTS/$file.log" 2>/dev/null || : >"$OBJECTS/$file.log"
	if [[ -f $object ]]; then
		"${KBUILD_CROSS}objcopy" --strip-debug "$object" "$KBUILD_OUT/stripped.o"
		hash=$(sha256sum <"$KBUILD_OUT/stripped.o" | cut -c 1-40)
		[[ -f $OBJECTS_DIR/blob/$hash ]] || mv "$KBUILD_OUT/stripped.o" "$OBJECTS_DIR/blob/$hash"
		status="object $hash"
	elif [[ -f $log ]] && object_is_off "$1" "$file"; then
		status=unreached
		: >"$OBJECTS/$file.log"
	elif [[ -f $log ]]; then
		status=error
	elif [[ $file == *.h ]] || grep -aF "'$(object_target "$file")'" "$KBUILD_OUT/objects.log" | grep -q '^make'; then
		status=unreached
	else
		die "$EXIT_INFRA" "make for $OBJECTS_ARCH said nothing of $file" "see $KBUILD_OUT/objects.log"
	fi
	awk -v src="$KBUILD_SRC/" -f "$FAULTLINE_ROOT/ci/warnings.awk" "$OBJECTS/$file.log" |
		LC_ALL=C sort -u >"$OBJECTS/$file.warnings"
	printf '%s\n' "$status" >"$OBJECTS/$file.status.tmp.$$" # of another track, too
	mv "$OBJECTS/$file.status.tmp.$$" "$OBJECTS/$file.status"
}

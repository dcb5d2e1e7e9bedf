# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# touched.sh - which files are compiled for a step, and why one is not, for
# ci/compile and ci/identical. Source it after scripts/lib.sh and ci/objects.sh.

# patch_files TRACK STEP: print the files that the step's patch touches.
patch_files() {
	(($2 == 0)) || sed -n 's|^+++ b/||p' "$(track_dir "$1")/$(step_patch "$1" "$2")"
}

# track_files TRACK: print the C files that the patches of a track touch.
track_files() {
	local dir name

	dir=$(track_dir "$1")
	series_patches "$1" | while IFS= read -r name; do
		sed -n 's|^+++ b/\(.*\.c\)$|\1|p' "$dir/$name"
	done | LC_ALL=C sort -u
}

# including COMMIT HEADER FILE...: print those of the files that include HEADER,
# through other headers too. Headers are told apart by their path below include/
# and, of those in quotes, which may be relative, by their last name, so it may be a few
# files more.
including() {
	local commit=$1 header=$2

	shift 2
	LC_ALL=C git_linux grep -E '^[[:blank:]]*#[[:blank:]]*include[[:blank:]]*[<"]' "$commit" -- '*.h' "$@" |
		LC_ALL=C awk -F '[:<">]' -v header="$header" '
			function found(file) {
				if (file in known) return
				known[file] = 1; queue[++last] = file
			}
			{ # COMMIT:FILE:#include <NAME>
				by[$4] = by[$4] " " $2
				if ($0 ~ /"/ && sub(/.*\//, "", $4)) by[$4] = by[$4] " " $2
			}
			END {
				found(header)
				for (i = 1; i <= last; i++) {
					path = queue[i]
					if (path ~ /\.c$/) { print path; continue }
					name = path; sub(/.*\//, "", name)
					sub(/.*include\//, "", path)
					short = path # <linux/x.h> is also that of include/uapi/
					sub(/^uapi\//, "", short)
					n = split(by[path] (short == path ? "" : by[short]) (name == path ? "" : by[name]), files, " ")
					for (j = 1; j <= n; j++) found(files[j])
				}
			}'
}

# step_units TRACK STEP: print the files to compile for a step, a line each: the
# C files that its patch touches, and for each header the C files that include
# it, of those of the patch or, where it has none, of those of the whole track.
# A header that none includes, and an assembler file, are printed as they are.
step_units() {
	local track=$1 step=$2 commit files all units list headers header

	commit=$(step_commit "$track" "$step")
	files=$(patch_files "$track" "$step")
	all=$(track_files "$track")
	list=$OBJECTS_DIR/units/$({
		git_linux rev-parse "$commit^{tree}"
		printf '%s\n' "$files" "$all"
		cat "$FAULTLINE_ROOT/ci/touched.sh"
	} | sha256sum | cut -c 1-20)
	if [[ ! -f $list ]]; then
		mkdir -p "${list%/*}"
		units=$(grep '\.[cS]$' <<<"$files" || true)
		headers=$(grep '\.h$' <<<"$files" || true)
		{
			printf '%s\n' "$units"
			for header in $headers; do
				header_users "$commit" "$header" "$units" "$all"
			done
		} | sed '/^$/d' | LC_ALL=C sort -u >"$list.$$"
		mv "$list.$$" "$list"
	fi
	cat "$list"
}

# header_users COMMIT HEADER LIST...: print the files of the first LIST in which
# any includes HEADER; where there is none, HEADER.
header_users() {
	local commit=$1 header=$2 list users

	shift 2
	for list; do
		[[ -n $list ]] || continue
		# shellcheck disable=SC2086 # names of kernel files
		users=$(including "$commit" "$header" $list)
		[[ -z $users ]] || { printf '%s\n' "$users"; return; }
	done
	printf '%s\n' "$header"
}

# whole_lines: copy stdin, each line with those that a backslash continues it on.
whole_lines() { sed -e ':a' -e '/\\$/{N;s/[[:blank:]]*\\\n[[:blank:]]*/ /;ba' -e '}'; }

# makefile_line COMMIT DIR WORD: print the line of DIR's Makefile with WORD in it, whose
# 32 or 64 may be written as $(BITS) there.
makefile_line() {
	local bits='\$\(BITS\)' word=${3//./\\.}

	word=${word//64/"(64|$bits)"}
	word=${word//32/"(32|$bits)"}
	{ git_linux show "$1:$2/Makefile" || git_linux show "$1:$2/Kbuild"; } 2>/dev/null | whole_lines |
		grep -m 1 -E "[=[:space:]/]$word([[:space:]]|\$)" || true
}

# option_depends COMMIT OPTION DIR: print what OPTION depends on: what Kconfig
# says in DIR or a folder above it or, where it is not there, anywhere.
option_depends() {
	local commit=$1 option=${2#CONFIG_} dir=$3 file=''

	while [[ -z $file ]]; do
		file=$(git_linux grep -lE "^(menu)?config $option\$" "$commit" -- "$dir/Kconfig" | cut -d : -f 2 || true)
		[[ $dir == */* ]] || break
		dir=${dir%/*}
	done
	[[ -n $file ]] || file=$(git_linux grep -lE "^(menu)?config $option\$" "$commit" -- '*Kconfig*' |
		sed -n '1s/^[^:]*://p' || true)
	[[ -n $file ]] || return 0
	git_linux show "$commit:$file" | whole_lines | awk -v option="$option" '
		/^(menu)?config / { inside = $2 == option }
		inside && sub(/^[ \t]*depends on /, "") { printf "%s%s", seen++ ? " and " : "", $0 }'
}

# file_option COMMIT FILE: print "OPTION DIR": the option that the Makefile in DIR wants for
# the C file, or for a folder that it is in; nothing where it is always compiled, or never.
file_option() {
	local commit=$1 dir=${2%/*} word=${2##*/} line seen

	word=${word%.*}.o seen=" $word "
	while :; do
		line=$(makefile_line "$commit" "$dir" "$word")
		if [[ $line =~ \$\((CONFIG_[A-Z0-9_]+)\) ]]; then
			printf '%s %s\n' "${BASH_REMATCH[1]}" "$dir"
			return
		elif [[ $line =~ ^([A-Za-z0-9_-]+)-(y|objs)[[:space:]:+]*= && ${BASH_REMATCH[1]} != obj &&
			$seen != *" ${BASH_REMATCH[1]}.o "* ]]; then # head-y := head.o is no composite
			word=${BASH_REMATCH[1]}.o seen+="$word "
		elif [[ $dir == */* ]]; then
			word=${dir##*/}/
			dir=${dir%/*}
		else
			return
		fi
	done
}

# unreached_reason COMMIT FILE: print why FILE is compiled nowhere here: the
# option its Makefile wants, and what that depends on.
unreached_reason() {
	local commit=$1 file=$2 option='' dir='' depends

	[[ $file != *.h ]] || { echo "no C file of the series includes it"; return; }
	read -r option dir < <(file_option "$commit" "$file") || true
	if [[ -z $option ]]; then
		echo "not part of a kernel for these architectures"
		return
	fi
	depends=$(option_depends "$commit" "$option" "$dir")
	printf '%s is off%s\n' "$option" "${depends:+; it depends on $depends}"
}

# print_unreached TRACK STEPS LIST: print the files of the steps that are not in
# the file LIST of lines "STEP FILE", each with the reason.
print_unreached() {
	local track=$1 steps=$2 list=$3 step file

	for step in $steps; do
		step_units "$track" "$step" | while IFS= read -r file; do
			grep -qxF "$step $file" "$list" || printf 'step %s: not reached: %s: %s\n' "$step" "$file" \
				"$(unreached_reason "$(step_commit "$track" "$step")" "$file")"
		done
	done
}

# announce NUMBER TOTAL START TEXT: progress before item NUMBER of TOTAL, with how
# long the rest takes at the pace since START, in $SECONDS.
announce() {
	say "[$1/$2$(time_left $(($1 - 1)) "$2" "$3")] $4"
}

# print_table FILE HEADING...: print a file of lines "STEP<TAB>..." by step, below
# the headings.
print_table() {
	local file=$1 heading

	shift
	heading=$(printf '\t%s' "$@")
	{
		printf '%s\n' "${heading:1}"
		LC_ALL=C sort -s -n -k1,1 "$file"
	} | column -t -s "$(printf '\t')"
}

# step_is_for TRACK STEP ARCH: true unless all that the step's patch touches is of
# architectures other than ARCH, a name of the kernel's.
step_is_for() {
	local file

	while IFS= read -r file; do
		[[ $file == *.[chS] ]] || continue
		[[ $file == arch/* && $file != "arch/$(source_arch "$3")/"* ]] || return 0
	done <<<"$(patch_files "$1" "$2")"
	return 1
}

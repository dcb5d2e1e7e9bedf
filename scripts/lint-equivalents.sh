# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # shares its variables with scripts/lint
#
# lint-equivalents.sh - what the patches of another track are on this base, for
# scripts/lint, which sources it. The columns are those of patches/mainline/equivalents.

# lint_equivalents: that the equivalents file has one line in form for each patch of
# the other track. An adopted series has none.
lint_equivalents() {
	local number=0 name what since where note other patch
	local -A seen=() tracks=() listed=()

	[[ -f $dir/equivalents ]] || return 0
	while IFS= read -r patch; do listed[$track/$patch]=1; done < <(series_patches "$track")
	while read -r name what since where note || [[ -n $name ]]; do
		number=$((number + 1))
		[[ -n $name && $name != '#'* ]] || continue
		other=${name%%/*}
		if [[ $name != ?*/?* || $other == "$track" || ! -f $FAULTLINE_PATCHES/$other/series ]]; then
			finding series "equivalents:$number" "'$name': expected another track and a patch of it, as in v5.10/0001-name.patch"
			continue
		fi
		if [[ -z ${tracks[$other]:-} ]]; then
			tracks[$other]=1
			while IFS= read -r patch; do listed[$other/$patch]=1; done < <(series_patches "$other")
		fi
		if [[ -z ${listed[$name]:-} ]]; then
			finding series "equivalents:$number" "'${name#*/}' is not in the series of $other"
		elif [[ -n ${seen[$name]:-} ]]; then
			finding series "equivalents:$number" "'$name' is listed already, in line ${seen[$name]}"
		fi
		seen[$name]=$number
		if [[ -n $note ]]; then
			lint_equivalent "$number" "$what" "$since" "$where"
		else
			finding series "equivalents:$number" "expected five columns: track/patch what since where note"
		fi
	done <"$dir/equivalents"
	((${#seen[@]})) || finding series equivalents "no patch is listed"
	for other in "${!tracks[@]}"; do
		while IFS= read -r patch; do
			[[ -n ${seen[$other/$patch]:-} ]] || finding series equivalents "has no line for '$other/$patch'"
		done < <(series_patches "$other")
	done
}

# lint_equivalent LINE WHAT SINCE WHERE: the columns of a line of equivalents; listed
# has the patches as track/patch.
lint_equivalent() {
	local at=equivalents:$1 what=$2 since=$3 where=$4

	case $what in
	in | other | gone)
		[[ $since =~ ^(-|v[0-9]+\.[0-9]+)$ ]] || finding series "$at" "'$since': expected a version, as in v5.12, or -"
		[[ $where =~ ^(-|[0-9a-f]{12,40})$ ]] || finding series "$at" "'$where': expected a commit, 12 digits at least, or -"
		;;
	carried | open)
		[[ $since == - ]] || finding series "$at" "'$since': expected -, as upstream has no version with it"
		if [[ $what == open ]]; then
			[[ $where == - ]] || finding series "$at" "'$where': expected -, as nothing has it"
		elif [[ -z ${listed[$track/$where]:-} ]]; then
			finding series "$at" "'$where' is not in the series"
		fi
		;;
	*) finding series "$at" "'$what': expected in, other, gone, carried or open" ;;
	esac
}

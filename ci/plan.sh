# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# plan.sh - which cells are judged, and in which order, for ci/boot.
# Source it after scripts/lib.sh, set track, last (its last step), all, flips, brief,
# debug (1 or 0), wanted (steps, a line each) and only (machines, comma separated),
# and call plan_read; wanted and only are empty where the machines' own choice counts.

# What ci/boot sets:
# shellcheck disable=SC2154

# What the plan follows from, read once by plan_read: by machine the kernel, the choice
# of steps, and the file (and line) that says so; by patch its step and by step its
# patch; and lines "fact machines patch".
declare -A kernel_of=() choice_of=() source_of=() step_of=()
all_machines=() facts=() patch_of=('')

# plan_read: read it. The choice is what patches/<track>/machines says or, without that
# file, the machine itself. One that the file does not name is judged when asked for, or
# has debug.
plan_read() {
	local dir machine number choice fact machines patch own=0 REPLY

	dir=$(track_dir "$track")
	[[ ! -f $dir/machines ]] || own=1
	for machine in "$FAULTLINE_CONFIGS"/machine/*; do
		source_of[${machine##*/}]=$machine
		all_machines+=("${machine##*/}")
		# What a machine lacks is said when it is selected.
		conf_find "$machine" kernel || REPLY=''
		kernel_of[${machine##*/}]=$REPLY
		conf_find "$machine" steps || REPLY=''
		choice=$REPLY
		((!own)) || [[ $choice == debug ]] || choice=asked
		choice_of[${machine##*/}]=$choice
	done
	while read -r number machine choice; do
		[[ -n ${source_of[$machine]:-} && -n $choice ]] || continue
		choice_of[$machine]=${choice%% *}
		source_of[$machine]=$dir/machines:$number
	done < <(track_machines "$track" | tac) # of two lines the first counts
	number=0
	while IFS= read -r patch; do
		number=$((number + 1))
		step_of[$patch]=$number patch_of[number]=$patch
	done < <(series_patches "$track")
	[[ -f $dir/facts ]] || return 0 # scripts/lint says that it is missing
	while read -r fact machines _ _ patch || [[ -n $fact ]]; do
		[[ -z $patch || $fact == '#'* ]] || facts+=("$fact $machines $patch")
	done <"$dir/facts"
}

# selected_machines: print the machines of --machine, or all, a line each.
selected_machines() {
	local machine

	[[ -n $only ]] || { printf '%s\n' "${all_machines[@]}"; return; }
	for machine in ${only//,/ }; do
		[[ -n ${source_of[$machine]:-} ]] ||
			usage_error "no machine '$machine'; there are: ${all_machines[*]}"
		[[ ${choice_of[$machine]} != none ]] ||
			usage_error "${source_of[$machine]}: '$machine' is not for $track"
		printf '%s\n' "$machine"
	done
}

# flips_of MACHINE: print `fact patch` for every fact that flips on MACHINE: of a fact's
# lines the first that fits counts.
flips_of() {
	local line fact machines patch
	local -A known=()

	for line in "${facts[@]}"; do
		read -r fact machines patch <<<"$line"
		# shellcheck disable=SC2053 # a pattern, as the file says
		[[ $1 == $machines && -z ${known[$fact]:-} ]] || continue
		known[$fact]=1
		[[ $patch == - ]] || printf '%s %s\n' "$fact" "$patch"
	done
}

# sides_of FLIPS: print the steps on both sides of the patches in what flips_of printed.
sides_of() {
	local patch step

	while read -r _ patch; do
		[[ -n $patch ]] || continue
		step=${step_of[$patch]:-}
		[[ -n $step ]] ||
			die "$EXIT_USAGE" "facts: no patch '$patch' in the series" "see scripts/lint $track"
		printf '%d\n' $((step - 1)) "$step"
	done <<<"$1"
}

# flip_steps MACHINE: print the steps on both sides of every patch that flips a
# fact on a machine that boots the same kernel as MACHINE.
flip_steps() {
	local machine

	for machine in "${all_machines[@]}"; do
		[[ ${kernel_of[$machine]} != "${kernel_of[$1]}" ]] || sides_of "$(flips_of "$machine")"
	done
}

# by_default CHOICE: true for a choice of which steps are judged without being asked for.
by_default() { [[ $1 =~ ^(all|flips|ends)$ ]]; }

# brief_steps MACHINE: print the tip, and the steps on both sides of the flips that no
# machine before it in the list shows.
brief_steps() {
	local machine shown='' flips

	for machine in $(selected_machines); do
		[[ $machine != "$1" ]] || break
		! by_default "${choice_of[$machine]}" || shown+=$(flips_of "$machine")$'\n'
	done
	flips=$(flips_of "$1" | grep -vxF -e "$shown" || true)
	printf '%s\n' "$last"
	sides_of "$flips"
}

# machine_steps MACHINE: print the steps to judge on MACHINE, a line each.
machine_steps() {
	local choice=${choice_of[$1]}

	[[ $choice != none ]] || return 0
	if [[ $choice == debug ]]; then
		((debug)) || [[ -n $only ]] || return 0
		choice=ends
	elif ((all)); then
		choice=all
	fi
	((!flips)) || [[ $choice != all ]] || choice=flips
	((!brief)) || ! by_default "$choice" || choice=brief
	[[ -z $wanted || ($choice == asked && -z $only) ]] || choice=wanted
	case $choice in
	wanted) printf '%s\n' "$wanted" ;;
	all) seq 0 "$last" ;;
	flips) { printf '%s\n' 0 "$last"; flip_steps "$1"; } | sort -nu ;;
	brief) brief_steps "$1" | sort -nu ;;
	ends) printf '%s\n' 0 "$last" | sort -nu ;;
	asked) [[ -z $only ]] || printf '%s\n' 0 "$last" | sort -nu ;;
	*) die "$EXIT_USAGE" "${source_of[$1]}: steps is '$choice'" \
		"it is one of all, flips, ends, asked, debug, none" ;;
	esac
}

# plan: print the cells in the order of judging, as lines "step machine kernel".
# By kernel first, as each is built step by step in one folder; the ends of every
# kernel before the middle of any, so that a broken tip shows early.
plan() {
	local machine step kernel chosen

	chosen=$(selected_machines)
	for machine in $chosen; do
		kernel=$(conf_get "$FAULTLINE_CONFIGS/machine/$machine" kernel)
		machine_steps "$machine" | while read -r step; do
			case $step in
			0) printf '1 %s 1 0 %s\n' "$kernel" "$machine" ;;
			"$last") printf '1 %s 2 %s %s\n' "$kernel" "$step" "$machine" ;;
			*) printf '2 %s 3 %s %s\n' "$kernel" "$step" "$machine" ;;
			esac
		done
	done | LC_ALL=C sort -u | LC_ALL=C sort -k1,1n -k2,2 -k3,3n -k4,4n -k5,5 |
		awk '{ print $4, $5, $2 }' | part_same_image
}

# part_same_image: of the cells that follow each other with one image, keep the
# first where it is and put the others behind the first of the next image. A slot
# would only wait for the build of the slot beside it; so it starts the next build
# when the lock is free, and the cells put off boot while that builds.
part_same_image() {
	awk '
		{ image = $1 " " $3 }
		image == last { later = later $0 "\n"; next }
		{ last = image; print; printf "%s", later; later = "" }
		END { printf "%s", later }'
}

# plan_json: read cells, lines "step machine kernel", and print them as JSON.
plan_json() {
	local step machine kernel arch last_machine=''

	while read -r step machine kernel; do
		[[ $machine == "$last_machine" ]] || arch=$(conf_get "$FAULTLINE_CONFIGS/machine/$machine" arch)
		last_machine=$machine
		printf '%s\t%s\t%s\t%s\t%s\n' "$step" "$machine" "$kernel" "$arch" "${patch_of[step]}"
	done | jq -Rn --arg track "$track" '{format: 1, track: $track, cells: [inputs | split("\t") |
		{step: (.[0] | tonumber), machine: .[1], kernel: .[2], arch: .[3], patch: .[4]}]}'
}

# plan_text: read cells and print them for a person, and which have a result.
plan_text() {
	local step machine found what

	while read -r step machine _; do
		found=("$FAULTLINE_WORK/result/$track/$machine/$step"-*/result.json)
		what=-
		[[ ! -f ${found[0]} ]] || what='has a result, perhaps of an earlier series'
		printf '%3s  %-14s %s\n' "$step" "$machine" "$what"
	done
}

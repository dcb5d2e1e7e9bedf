# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# plan.sh - which cells are judged, and in which order, for ci/boot.
# Source it after scripts/lib.sh and set track, last (its last step), all, flips, brief,
# debug (1 or 0), wanted (steps, a line each) and only (machines, comma separated);
# the last two are empty where the machines' own choice counts.

# What ci/boot sets:
# shellcheck disable=SC2154

# machine_conf MACHINE KEY: print what configs/machine/MACHINE says for KEY.
machine_conf() { conf_get "$FAULTLINE_CONFIGS/machine/$1" "$2"; }

# track_choice MACHINE: print `line steps` of the track's own line for MACHINE, if any.
track_choice() { track_machines "$track" | awk -v machine="$1" '$2 == machine { print $1, $3; exit }'; }

# machine_choice MACHINE: print which steps of the track are judged on MACHINE by
# default: what patches/<track>/machines says or, without that file, the machine
# itself. One that the file does not name is judged when asked for, or has debug.
machine_choice() {
	local own choice

	own=$(machine_conf "$1" steps)
	if [[ -f $(track_dir "$track")/machines ]]; then
		choice=$(track_choice "$1")
		choice=${choice#* }
		[[ $own == debug ]] || own=asked
	fi
	printf '%s\n' "${choice:-$own}"
}

# choice_source MACHINE: print the file that says what machine_choice prints and,
# where that is of the track, the line.
choice_source() {
	local file line

	file=$(track_dir "$track")/machines
	line=$(track_choice "$1")
	if [[ -n $line ]]; then echo "$file:${line%% *}"; else echo "$FAULTLINE_CONFIGS/machine/$1"; fi
}

# selected_machines: print the machines of --machine, or all, a line each.
selected_machines() {
	local machine

	[[ -n $only ]] || { machines; return; }
	for machine in ${only//,/ }; do
		[[ -f $FAULTLINE_CONFIGS/machine/$machine ]] ||
			usage_error "no machine '$machine'; there are: $(machines | paste -sd ' ')"
		[[ $(machine_choice "$machine") != none ]] ||
			usage_error "$(choice_source "$machine"): '$machine' is not for $track"
		printf '%s\n' "$machine"
	done
}

# flips_of MACHINE: print `fact patch` for every fact that flips on MACHINE: of a fact's
# lines the first that fits counts.
flips_of() {
	local fact machines patch
	local -A known=()

	while read -r fact machines _ _ patch; do
		# shellcheck disable=SC2053 # a pattern, as the file says
		[[ $1 == $machines && -z ${known[$fact]:-} ]] || continue
		known[$fact]=1
		[[ $patch == - ]] || printf '%s %s\n' "$fact" "$patch"
	done < <(awk '!/^#/ && NF >= 5' "$(track_dir "$track")/facts")
}

# sides_of FLIPS: print the steps on both sides of the patches in what flips_of printed.
sides_of() {
	local patch step

	while read -r _ patch; do
		[[ -n $patch ]] || continue
		step=$(series_patches "$track" | grep -nxF -e "$patch") ||
			die "$EXIT_USAGE" "facts: no patch '$patch' in the series" "see scripts/lint $track"
		step=${step%%:*}
		printf '%d\n' $((step - 1)) "$step"
	done <<<"$1"
}

# flip_steps MACHINE: print the steps on both sides of every patch that flips a
# fact on a machine that boots the same kernel as MACHINE.
flip_steps() {
	local machine kernel

	kernel=$(machine_conf "$1" kernel)
	for machine in $(machines); do
		[[ $(machine_conf "$machine" kernel) != "$kernel" ]] || sides_of "$(flips_of "$machine")"
	done
}

# brief_steps MACHINE: print the tip, and the steps on both sides of the flips that no
# machine before it in the list shows.
brief_steps() {
	local machine shown='' flips

	for machine in $(selected_machines); do
		[[ $machine != "$1" ]] || break
		case $(machine_choice "$machine") in
		all | flips | ends) shown+=$(flips_of "$machine")$'\n' ;;
		esac
	done
	flips=$(flips_of "$1" | grep -vxF -e "$shown" || true)
	printf '%s\n' "$last"
	sides_of "$flips"
}

# machine_steps MACHINE: print the steps to judge on MACHINE, a line each.
machine_steps() {
	local choice

	choice=$(machine_choice "$1")
	[[ $choice != none ]] || return 0
	if [[ $choice == debug ]]; then
		((debug)) || [[ -n $only ]] || return 0
		choice=ends
	elif ((all)); then
		choice=all
	fi
	((!flips)) || [[ $choice != all ]] || choice=flips
	((!brief)) || [[ ! $choice =~ ^(all|flips|ends)$ ]] || choice=brief
	[[ -z $wanted ]] || choice=wanted
	case $choice in
	wanted) printf '%s\n' "$wanted" ;;
	all) seq 0 "$last" ;;
	flips) { printf '%s\n' 0 "$last"; flip_steps "$1"; } | sort -nu ;;
	brief) brief_steps "$1" | sort -nu ;;
	ends) printf '%s\n' 0 "$last" | sort -nu ;;
	asked) [[ -z $only ]] || printf '%s\n' 0 "$last" | sort -nu ;;
	*) die "$EXIT_USAGE" "$(choice_source "$1"): steps is '$choice'" \
		"it is one of all, flips, ends, asked, debug" ;;
	esac
}

# plan: print the cells in the order of judging, as lines "step machine kernel".
# By kernel first, as each is built step by step in one folder; the ends of every
# kernel before the middle of any, so that a broken tip shows early.
plan() {
	local machine step kernel chosen

	chosen=$(selected_machines)
	for machine in $chosen; do
		kernel=$(machine_conf "$machine" kernel)
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
	local step machine kernel

	while read -r step machine kernel; do
		printf '%s\t%s\t%s\t%s\t%s\n' "$step" "$machine" "$kernel" \
			"$(machine_conf "$machine" arch)" "$(step_patch "$track" "$step")"
	done | jq -Rn --arg track "$track" '{format: 1, track: $track, cells: [inputs | split("\t") |
		{step: (.[0] | tonumber), machine: .[1], kernel: .[2], arch: .[3], patch: .[4]}]}'
}

# plan_text: read cells and print them for a person, and which have a result.
plan_text() {
	local step machine found

	while read -r step machine _; do
		found=("$FAULTLINE_WORK/result/$track/$machine/$step"-*/result.json)
		printf '%3s  %-14s %s\n' "$step" "$machine" \
			"$([[ -f ${found[0]} ]] && echo 'has a result, perhaps of an earlier series' || echo '-')"
	done
}

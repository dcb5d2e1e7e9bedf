# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # shares its variables, and maps, with ci/bisect
#
# bisect-judge.sh - whether a commit is good, for ci/bisect, which sources it.
# ci/cell is the only judge; here is what of its result counts as bad, and how
# often a commit has to be booted.

# What is known of each commit judged: good, bad or skip; why; ci/cell's folder.
declare -A state_of=() reason_of=() folder_of=()
# The fact for which a commit is bad, if it is for one that the series says otherwise.
declare -A wrong_of=()
# How often it passed, since a step that is bad at times has to pass often.
declare -A passes_of=()
# The step of a commit of the series; and the step whose facts, and the name, of one
# that ci/bisect made.
declare -A step_of=() facts_step_of=() label_of=()
# Boots so far; boots that a good commit has to pass; what a commit stands for that does
# not build.
boots=0 needed=1 nobuild_is=bad

# name_of COMMIT: print what a person calls it.
name_of() {
	if [[ -n ${label_of[$1]:-} ]]; then
		printf '%s\n' "${label_of[$1]}"
	elif [[ -n ${step_of[$1]:-} ]]; then
		printf 'step %s\n' "${step_of[$1]}"
	else
		git_linux log -1 --format='%h' "$1"
	fi
}

# expected_fact FACT STEP: print the value that FACT should have on the machine after
# STEP, or nothing when the series says nothing of it.
expected_fact() {
	local fact=$1 step=$2 name machines before after patch flip

	while read -r name machines before after patch; do
		# shellcheck disable=SC2053 # a pattern, as the file says
		[[ $name == "$fact" && $machine == $machines ]] || continue
		flip=$(series_patches "$track" | grep -nFx -e "$patch" | cut -d : -f 1 || true)
		if [[ -z $flip ]] || ((step < flip)); then
			printf '%s\n' "$before"
		else
			printf '%s\n' "$after"
		fi
		return
	done < <(grep -v '^#' "$(track_dir "$track")/facts")
}

# wrong_fact JSON STEP: print the first fact of the track that is not as the series says
# after STEP; nothing when all are.
wrong_fact() {
	local json=$1 step=$2 name value expected facts

	facts=$(track_dir "$track")/facts
	[[ -n $step && -f $facts ]] || return 0
	while IFS= read -r name; do
		value=$(jq -r --arg name "$name" '.facts[$name] // "none"' "$json")
		expected=$(expected_fact "$name" "$step")
		[[ -n $expected && $value != "$expected" ]] || continue
		printf "%s is '%s', and the series says '%s'\n" "$name" "$value" "$expected"
		return
	done < <(awk '!/^#/ && NF { print $1 }' "$facts" | sort -u)
}

# classify_test JSON VERDICT: set state and reason by the case or cases of --test. A
# guest that did not get to the end says nothing of what it did not report.
classify_test() {
	local json=$1 verdict=$2 cases failed

	cases=$(jq -r --arg t "$test" '.tests.cases[]? | select(.name == $t or (.name | startswith($t + "."))) |
		select(.result != "skip") | "\(.result)\t\(.name)"' "$json")
	failed=$(sed -n 's/^not ok\t//p' <<<"$cases" | paste -sd ' ')
	if [[ -n $failed ]]; then
		state=bad reason="fails: $failed"
	elif [[ $verdict != @(pass|fail) && $cases != $'ok\t'"$test" ]]; then
		state=skip reason="$test did not get to its end: $reason"
	elif [[ -z $cases ]]; then
		state=skip reason="no case $test was reported: $reason"
	else
		state=good
	fi
}

# classify_fact JSON VERDICT: set state and reason by --fact.
classify_fact() {
	local json=$1 verdict=$2 value

	value=$(jq -r --arg name "${fact%%=*}" '.facts[$name] // "none"' "$json")
	if [[ $value == "${fact#*=}" ]]; then
		state=good
	elif [[ $value == none && $verdict != pass ]]; then
		state=skip reason="${fact%%=*} was not observed: $reason"
	else
		state=bad reason="${fact%%=*} is '$value', not '${fact#*=}'"
	fi
}

# classify COMMIT STATUS: set state and reason from the exit status of ci/cell and the
# result, json.
classify() {
	local commit=$1 status=$2 verdict wrong

	if [[ -z $json ]]; then
		state=skip reason="ci/cell ended with $status and left no result"
		return
	fi
	verdict=$(jq -r .verdict "$json")
	reason="$verdict: $(jq -r .reason "$json")"
	state=bad
	if ((status == EXIT_INFRA)); then
		state=skip
	elif [[ $verdict == nobuild && $nobuild_is == skip ]]; then
		state=skip
	elif [[ -n $test ]]; then
		classify_test "$json" "$verdict"
	elif [[ -n $fact ]]; then
		classify_fact "$json" "$verdict"
	elif ((status == 0)); then
		wrong=$(wrong_fact "$json" "${facts_step_of[$commit]:-${step_of[$commit]:-}}")
		wrong_of[$commit]=$wrong
		if [[ -n $wrong ]]; then reason=$wrong; else state=good; fi
	fi
}

# boot COMMIT [--again]: have ci/cell judge it; set state, reason and folder, and say so.
boot() {
	local commit=$1 status=0 at=(--commit "$1") how=present json='' file

	shift
	[[ -z ${step_of[$commit]:-} ]] || at=(--step "${step_of[$commit]}")
	[[ -z $with ]] || at+=(--with "$with")
	: >"$area/stamp"
	folder=$(VERBOSITY=$((VERBOSITY && 1)) "$FAULTLINE_ROOT/ci/cell" "$track" "${at[@]}" \
		--machine "$machine" "$@") || status=$?
	((status != EXIT_USAGE)) || exit "$EXIT_USAGE"
	for file in "$folder"/{infra,result}.json; do [[ ! -f $file ]] || json=$file; done
	classify "$commit" "$status"
	if [[ -n $json && $json -nt $area/stamp ]]; then
		how=$(jq -r 'if .taken_over then "as step \(.taken_over)" elif .seconds then "boot" else "no boot" end' "$json")
	fi
	if [[ $how == boot ]]; then
		boots=$((boots + 1))
		how="boot $boots"
	fi
	state_of[$commit]=$state reason_of[$commit]=$reason folder_of[$commit]=$folder
	[[ $state != good ]] || passes_of[$commit]=$((${passes_of[$commit]:-0} + 1))
	say "[$how] $(name_of "$commit"): $state (${reason:0:100})"
}

# judge COMMIT: set state, reason and folder: bad if one boot is, good if as many as are
# needed are.
judge() {
	local commit=$1

	state=${state_of[$commit]:-} reason=${reason_of[$commit]:-} folder=${folder_of[$commit]:-}
	[[ -n $state ]] || boot "$commit"
	while [[ $state == good ]] && ((${passes_of[$commit]} < needed)); do
		boot "$commit" --again
	done
}

# measure COMMIT: boot it --repeat times, so that one which is bad at times is seen; set
# state, reason and folder: bad if one boot was, which then is the result that is kept.
# needed follows from the rate. What does not build is the same each time.
measure() {
	local commit=$1 total=0 failed=0 again=() bad_folder=$area/bad-${1:0:12} bad_reason=''

	while ((total < repeat)); do
		boot "$commit" "${again[@]}"
		again=(--again)
		if [[ $state == skip ]]; then
			((failed)) || return 0
			break # it has been seen to be bad, whatever has happened to us since
		fi
		total=$((total + 1))
		[[ $state == bad ]] || continue
		failed=$((failed + 1)) bad_reason=$reason
		[[ $reason != nobuild:* ]] || return 0
		rm -rf "$bad_folder"
		cp -r "$folder" "$bad_folder"
	done
	((failed)) || return 0
	if [[ -z $folder ]]; then
		folder=$bad_folder
	elif [[ $state != bad ]]; then
		rm -rf "$folder"
		cp -r "$bad_folder" "$folder"
	fi
	state=bad reason=$bad_reason
	state_of[$commit]=$state reason_of[$commit]=$reason folder_of[$commit]=$folder
	((repeat == 1)) || say "  $(name_of "$commit") is bad: $failed of $total"
	((failed == total)) || need_boots "$failed" "$total"
}

# need_boots FAILED TOTAL: set needed so that what fails at this rate passes so many boots
# with a chance of less than 1 %.
need_boots() {
	local chance

	read -r needed chance < <(awk -v p="$(($2 - $1))" -v n="$2" 'BEGIN {
		for (c = p / n; c >= 0.01; c *= p / n) i++
		print i + 1, sprintf("%.2f", 100 * c) }')
	printf 'flaky: %d of %d\n' "$1" "$2"
	say "  a step is good once $needed boots pass: at this rate a bad one would with a chance of $chance %"
}

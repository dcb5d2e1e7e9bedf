# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # shares its variables with scripts/check
#
# check-series.sh - run the checks on the patches of a track, for scripts/check,
# which sources it and sets track, dir, NAMES, STEPS, RUN, CACHE and jobs. Every
# check_ function prints lines of a result, see scripts/check-patch.sh.

# line STATE CHECK WHERE TEXT: print a line of a result.
line() { printf '%s\t%s\t%s\t%s\n' "$@"; }

# check_lint: scripts/lint of the whole track.
check_lint() {
	local check where text status=0

	"$FAULTLINE_ROOT/scripts/lint" "$track" --by-check --quiet >"$RUN/lint" || status=$?
	((status <= EXIT_BAD)) || die "$EXIT_INFRA" "scripts/lint failed with $status" "see above"
	while IFS=$'\t' read -r check where text; do
		line finding "$check" "$where" "$text"
	done <"$RUN/lint"
}

# apply_upto N: apply the first N patches, whatever lint says of them.
apply_upto() {
	"$FAULTLINE_ROOT/scripts/apply" "$track" --no-lint --no-branch --quiet --upto "$1"
}

# apply_series: apply as many patches as do; set COMMITS to a commit per step,
# from the base on.
apply_series() {
	local status=0 tip upto=0 log=$RUN/apply.log name i

	while ((upto < ${#NAMES[@]})) && [[ -f $dir/${NAMES[upto]} ]]; do upto=$((upto + 1)); done
	tip=$(apply_upto "$upto" 2>"$log") || status=$?
	((status <= EXIT_BAD)) || die "$EXIT_INFRA" "the series cannot be applied: $(head -n 1 "$log")" "$(tail -n 1 "$log")"
	if ((status)); then
		name=$(sed -n "s|^apply: error: patches/$track/\([^ ]*\) .*|\1|p" "$log")
		for i in "${!NAMES[@]}"; do
			[[ ${NAMES[i]} != "$name" ]] || upto=$i
		done
		[[ -n $name ]] || die "$EXIT_INFRA" "scripts/apply $track failed" "see $log"
		line finding apply "$name" "$(sed -n -e 's/^  \(error\|note\): /\1: /p' -e "s|^apply: error: patches/$track/[^ ]* ||p" "$log" |
			paste -s -d ';' | sed 's/;/; /g'); see scripts/apply $track --no-lint"
		tip=$(apply_upto "$upto")
	fi
	for ((i = upto + status; i < ${#NAMES[@]}; i++)); do
		line unjudged apply "${NAMES[i]}" "a patch before it does not apply, or does not exist"
	done
	mapfile -t COMMITS < <(git_linux rev-list -n $((upto + 1)) "$tip" | tac)
	mapfile -t TREES < <(git_linux log -n $((upto + 1)) --format=%T "$tip" | tac)
	git_linux log --reverse --format=%s "${COMMITS[0]}..$tip" | awk -F '\n' '
		$0 in first { print NR "\t" first[$0]; next }
		{ first[$0] = NR }' | while IFS=$'\t' read -r i name; do
		line finding changelog "${NAMES[i - 1]}" "the subject is that of ${NAMES[name - 1]} as well"
	done
}

# base_words: print the path of a file that has what the folders and files of the
# base are called, without .c and the like, a word a line.
base_words() {
	local file=$CACHE/words-${COMMITS[0]:0:20}

	if [[ ! -f $file ]]; then
		git_linux ls-tree -r --name-only "${COMMITS[0]}" | tr / '\n' |
			sed 's/\(.\)\.[A-Za-z]*$/\1/' | LC_ALL=C sort -u >"$file.$$"
		mv "$file.$$" "$file"
	fi
	printf '%s\n' "$file"
}

# check_patches: what can be said of a patch alone, several at once. What was
# said of the same patch, of that name and at the same place, by the same scripts, stands.
check_patches() {
	local common step i hash words files=() missing=()

	common=$({
		printf '%s\n' "${COMMITS[0]}" # and so checkpatch.pl
		cd "$FAULTLINE_ROOT/scripts" && cat check-patch.sh check-changelog.sh checkpatch lib.sh
		cat "$FAULTLINE_CONFIGS/check/verbs" 2>/dev/null || true
	} | sha256sum | cut -c 1-12)
	words=$(base_words)
	for step in "${STEPS[@]}"; do
		i=$((step - 1))
		[[ -f $dir/${NAMES[i]} ]] || continue
		hash=$({ printf '%s\n' "${NAMES[i]}"; cat "$dir/${NAMES[i]}"; } | sha256sum)
		files+=("$CACHE/patch-$common-${hash:0:20}-${TREES[i]:--}-${TREES[step]:--}")
		[[ -f ${files[-1]} ]] ||
			missing+=("$track" "$words" "${COMMITS[step]:--}" "$dir/${NAMES[i]}" "${files[-1]}")
	done
	if ((${#missing[@]})); then
		printf '%s\0' "${missing[@]}" |
			xargs -0 -n 5 -P "$jobs" "$FAULTLINE_ROOT/scripts/check-patch.sh" |
			progress $((${#missing[@]} / 5))
	fi
	((${#files[@]})) || return 0
	cat "${files[@]}"
	# What failed on our side is tried again next time.
	grep -lZ "^unjudged"$'\t'"checkpatch" "${files[@]}" | xargs -0r rm -f || true
}

# progress TOTAL: read a line per patch that is done, and say how far it is every
# ten seconds.
progress() {
	local total=$1 count=0 start=$SECONDS said=$SECONDS name

	while IFS= read -r name; do
		count=$((count + 1))
		detail "  [$count/$total] $name"
		((SECONDS - said >= 10)) || continue
		said=$SECONDS
		say "  $count of $total patches, $(human_seconds $((SECONDS - start)))$(time_left "$count" "$total" "$start")"
	done
}

# step_chosen STEP: whether the patch of STEP is to be checked.
step_chosen() { [[ " ${STEPS[*]} " == *" $1 "* ]]; }

# check_generated: every generated patch is what its semantic patch makes.
check_generated() {
	local generated step name trailer key again='' status=0 common
	local -A keys=() name_of=()

	generated=$(generated_steps_there)
	[[ -n $generated ]] || return 0
	common=$({
		cd "$FAULTLINE_ROOT/scripts" && cat regen cocci.sh spatch.sh lib.sh
		spatch --version 2>/dev/null || true
	} | sha256sum | cut -c 1-12)
	while IFS=$'\t' read -r step name trailer; do
		step_chosen "$step" || continue
		if [[ -z ${COMMITS[step]:-} ]]; then
			line unjudged generated "$name" "the series does not apply so far"
			continue
		fi
		key=$(sha256sum "$FAULTLINE_COCCI/${trailer#cocci/}" 2>/dev/null) || continue # of scripts/lint
		name_of[$step]=$name
		keys[$step]=$CACHE/generated-$common-${key:0:20}-${TREES[step - 1]:0:20}-${TREES[step]}
		[[ -f ${keys[$step]} ]] || again+=",$step"
	done <<<"$generated"
	[[ -n $again ]] || return 0
	say "  generating again: step ${again#,}"
	"$FAULTLINE_ROOT/scripts/regen" "$track" --step "${again#,}" >"$RUN/regen" 2>"$RUN/regen.log" || status=$?
	for step in ${again//,/ }; do
		case $(awk -v step="$step" '$1 == step { print $5 }' "$RUN/regen") in
		identical) : >"${keys[$step]}" ;;
		'') line unjudged generated "${name_of[$step]}" "$(sed -n 's/.*error: //p' "$RUN/regen.log" | tail -n 1); see $RUN/regen.log" ;;
		*) line finding generated "${name_of[$step]}" "is not what its semantic patch makes: $(generated_difference "$step"); see scripts/regen $track --step $step" ;;
		esac
	done
}

# generated_steps_there: generated_steps, of the patches that exist.
generated_steps_there() {
	local i

	for i in "${!NAMES[@]}"; do
		[[ ! -f $dir/${NAMES[i]} ]] ||
			sed -n -e '/^---$/q' -e "s|^Semantic-patch: |$((i + 1))\t${NAMES[i]}\t|p" "$dir/${NAMES[i]}"
	done
}

# generated_difference STEP: print the first file that scripts/regen names.
generated_difference() {
	awk -v step="$1" '
		/^[0-9]/ { on = ($1 == step); next }
		on && /^  [^ |].*: / { sub(/^ */, ""); print; exit }' "$RUN/regen"
}

# native_arch: print the name in configs/arch of the machine that this runs on.
native_arch() {
	case $(uname -m) in
	aarch64) echo arm64 ;;
	ppc64*) echo powerpc64 ;;
	*) uname -m ;;
	esac
}

# check_compile: compile before and after each patch what it touches.
check_compile() {
	local step name arches arch cross tool key='' common status log count=0 start=$SECONDS

	arches=$(printf '%s\n' "$(native_arch)" arm64 s390x | awk '!seen[$0]++' | paste -s -d ,)
	common=$({
		printf '%s\n' "$arches"
		cat "$FAULTLINE_ROOT"/ci/{compile,*.sh,sparse,warnings.awk} "$FAULTLINE_CONFIGS"/arch/* \
			"$FAULTLINE_CONFIGS"/compile/* "$FAULTLINE_CONFIGS/kernel/Kconfig" 2>/dev/null || true
		for arch in ${arches//,/ }; do
			cross=$(conf_get "$FAULTLINE_CONFIGS/arch/$arch" cross) || continue
			for tool in sparse "${cross}gcc" "${cross}ld"; do
				"$tool" --version 2>/dev/null | head -n 1 || true # ci/compile says what is missing
			done
		done
	} | sha256sum | cut -c 1-12)
	for step in "${STEPS[@]}"; do
		name=${NAMES[step - 1]} status=0
		log=$RUN/compile-$step.log
		count=$((count + 1))
		if [[ -z ${COMMITS[step]:-} ]]; then
			line unjudged compile "$name" "the series does not apply so far"
			continue
		fi
		key=$CACHE/compile-$common-${TREES[step - 1]:0:20}-${TREES[step]}
		[[ ! -f $key ]] || continue
		say "  compiling $name for $arches$(time_left $((count - 1)) "${#STEPS[@]}" "$start")"
		"$FAULTLINE_ROOT/ci/compile" "$track" --step "$step" --arch "$arches" >"$log" 2>&1 || status=$?
		if ((status == 0)) || { grep -q 'error: nothing was compiled' "$log" &&
			! grep -qE '^\+\+\+ b/.*\.[chS]$' "$dir/$name"; }; then
			: >"$key"
		elif ((status == EXIT_BAD)); then
			line finding compile "$name" "$(grep -m 1 -E '^[a-z0-9_]+: .* (does not compile|new with|no longer compiled)' "$log" || tail -n 1 "$log"); see $log"
		else
			line unjudged compile "$name" "$(sed -n 's/.*error: //p' "$log" | tail -n 1) ($arches); see $log, or ci/compile $track --step $step --arch with its architectures"
		fi
	done
}

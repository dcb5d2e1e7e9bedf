# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# configurations.sh - compiling steps in the configurations of configs/compile,
# for ci/compile. Source it after scripts/lib.sh, ci/kbuild.sh and ci/objects.sh,
# with track set.
#
# A configuration is configs/compile/NAME (architecture, compiler, make targets)
# and configs/compile/NAME.config, on top of tinyconfig. Steps are built in order
# in one folder per configuration; a step that was built is not built again.
# Warnings are errors in the files that the step's patch touches.

# shellcheck disable=SC2034,SC2154 # KBUILD_* are read by kbuild.sh; track

# configurations PATTERN: print the names of the configurations, a line each.
configurations() {
	(cd "$FAULTLINE_CONFIGS/compile" &&
		find . -name "$1" ! -name '*.config' -type f -printf '%P\n' | LC_ALL=C sort)
}

# configuration_warnings LOG STEP: print the compiler's warnings in files of
# STEP's patch.
configuration_warnings() {
	local log=$1 step=$2 file

	patch_files "$track" "$step" | while read -r file; do
		grep -a -F "$file:" "$log" | grep -a 'warning:' || true
	done
}

# configuration NAME: set KBUILD_* for a configuration.
configuration() {
	local file=$FAULTLINE_CONFIGS/compile/$1

	[[ -f $file && -f $file.config ]] || usage_error "no configuration '$1' in configs/compile"
	KBUILD_ARCH=$(conf_get "$file" arch)
	KBUILD_CROSS=$(conf_get "$file" cross)
	KBUILD_SRC=$(build_source "$track") KBUILD_OUT=$FAULTLINE_WORK/build/$track/$1
	need_tool "${KBUILD_CROSS}gcc" make bc flex bison
	need_plain_paths
}

# configuration_mark CONFIG STEP COMMIT: print the file that is there when STEP, which is
# COMMIT, compiles in CONFIG, whose KBUILD_* are set.
configuration_mark() {
	local config=$1 step=$2 commit=$3

	printf '%s/done-%s\n' "$KBUILD_OUT" "$({
		git_linux rev-parse "$commit^{tree}"
		patch_files "$track" "$step"
		cat "$FAULTLINE_CONFIGS/compile/$config" "$FAULTLINE_CONFIGS/compile/$config.config" \
			"$FAULTLINE_ROOT/ci/kbuild.sh" "$FAULTLINE_ROOT/ci/configurations.sh"
		kbuild_entries
		kbuild_compiler
	} | sha256sum | cut -c 1-20)"
}

# compile_configuration CONFIG STEP COMMIT: build STEP, which is COMMIT and whose source is
# there, in CONFIG, whose KBUILD_* are set; exit with 1 where it does not compile or warns.
compile_configuration() {
	local config=$1 step=$2 commit=$3 log=$KBUILD_OUT/build-$2.log found targets

	kbuild_configure "$commit" "$FAULTLINE_CONFIGS/compile/$config.config"
	read -ra targets <<<"$(conf_get "$FAULTLINE_CONFIGS/compile/$config" targets)"
	if ! kbuild_logged "$log" kbuild "${targets[@]}"; then
		say "compile $track step $step $config: error, see $log"
		JUDGED=1
		exit "$EXIT_BAD"
	fi
	found=$(configuration_warnings "$log" "$step")
	if [[ -n $found ]]; then
		printf '%s\n' "$found" >&2
		say "compile $track step $step $config: warnings, see $log"
		JUDGED=1
		exit "$EXIT_BAD"
	fi
	touch "$(configuration_mark "$config" "$step" "$commit")"
	say "compile $track step $step $config: ok"
	exit 0
}

# compile_configurations STEPS NAME...: build the steps in the configurations, as
# many at once as there are cores: most of such a build is done one by one. Adds to
# passed and failed. end_configurations is to be called when the script ends.
compile_configurations() {
	local steps=$1 config step commit jobs=${FAULTLINE_JOBS:-$(nproc)} at_once pending

	shift
	for config; do configuration "$config"; done # wrong usage shows at once
	for step in $steps; do
		commit=$(step_commit "$track" "$step")
		pending=()
		for config; do
			configuration "$config"
			if [[ -f $(configuration_mark "$config" "$step" "$commit") ]]; then
				say "compile $track step $step $config: present"
				passed=$((passed + 1))
			else
				pending+=("$config")
			fi
		done
		((${#pending[@]})) || continue
		worktree_at "$KBUILD_SRC" "$commit"
		# A file that was compiled before would not warn again.
		(cd "$KBUILD_SRC" && patch_files "$track" "$step" | xargs -r -d '\n' touch -c)
		at_once=$((jobs < ${#pending[@]} ? jobs : ${#pending[@]}))
		for config in "${pending[@]}"; do
			((${#configurations_running[@]} < at_once)) || configuration_ended "$step"
			configuration "$config"
			set -m # in a process group of its own, which can be ended
			(
				trap 'name_own_failure $?' EXIT
				export FAULTLINE_JOBS=$(((jobs + at_once - 1) / at_once))
				compile_configuration "$config" "$step" "$commit"
			) </dev/null &
			set +m
			configurations_running[$!]=$config
		done
		while ((${#configurations_running[@]})); do configuration_ended "$step"; done
	done
}

configurations_running=() # by process

# configuration_ended STEP: wait for one of those that are running at STEP, and count it.
configuration_ended() {
	local step=$1 pid config status=0

	wait -n -p pid "${!configurations_running[@]}" || status=$?
	config=${configurations_running[pid]}
	unset "configurations_running[$pid]"
	case $status in
	0) passed=$((passed + 1)) ;;
	"$EXIT_BAD")
		((step > 0)) || die "$EXIT_INFRA" "the base itself does not compile as $config" "see above"
		failed=$((failed + 1))
		;;
	*) die "$EXIT_INFRA" "step $step could not be judged as $config, status $status" "see above" ;;
	esac
}

# end_configurations: end those that are running.
end_configurations() {
	local pid

	for pid in "${!configurations_running[@]}"; do kill -- "-$pid" 2>/dev/null || true; done
}

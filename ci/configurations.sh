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

# compile_step CONFIG STEP: build one step; sets good to 1 or 0. Not to be called
# in a condition, which would switch off set -e in all of it.
compile_step() {
	local config=$1 step=$2 commit log found key targets

	good=0
	commit=$(step_commit "$track" "$step")
	log=$KBUILD_OUT/build-$step.log
	key=$({
		git_linux rev-parse "$commit^{tree}"
		patch_files "$track" "$step"
		cat "$FAULTLINE_CONFIGS/compile/$config" "$FAULTLINE_CONFIGS/compile/$config.config" \
			"$FAULTLINE_ROOT/ci/kbuild.sh" "$FAULTLINE_ROOT/ci/configurations.sh"
		kbuild_entries
		kbuild_compiler
	} | sha256sum | cut -c 1-20)
	if [[ -f $KBUILD_OUT/done-$key ]]; then
		say "compile $track step $step $config: present"
		good=1
		return
	fi
	worktree_at "$KBUILD_SRC" "$commit"
	kbuild_configure "$commit" "$FAULTLINE_CONFIGS/compile/$config.config"
	# A file that was compiled before would not warn again.
	(cd "$KBUILD_SRC" && patch_files "$track" "$step" | xargs -r -d '\n' touch -c)
	read -ra targets <<<"$(conf_get "$FAULTLINE_CONFIGS/compile/$config" targets)"
	if ! kbuild_logged "$log" kbuild "${targets[@]}"; then
		say "compile $track step $step $config: error, see $log"
		return
	fi
	found=$(configuration_warnings "$log" "$step")
	if [[ -n $found ]]; then
		printf '%s\n' "$found" >&2
		say "compile $track step $step $config: warnings, see $log"
		return
	fi
	touch "$KBUILD_OUT/done-$key"
	say "compile $track step $step $config: ok"
	good=1
}

# compile_configurations STEPS NAME...: build the steps in the configurations;
# adds to passed and failed.
compile_configurations() {
	local steps=$1 config file step

	shift
	for config; do
		file=$FAULTLINE_CONFIGS/compile/$config
		[[ -f $file && -f $file.config ]] || usage_error "no configuration '$config' in configs/compile"
		KBUILD_ARCH=$(conf_get "$file" arch)
		KBUILD_CROSS=$(conf_get "$file" cross)
		KBUILD_SRC=$(build_source "$track") KBUILD_OUT=$FAULTLINE_WORK/build/$track/$config
		need_tool "${KBUILD_CROSS}gcc" make bc flex bison
		kbuild_path_ok
		for step in $steps; do
			compile_step "$config" "$step"
			if ((good)); then
				passed=$((passed + 1))
				continue
			fi
			((step > 0)) || die "$EXIT_INFRA" "the base itself does not compile as $config" "see above"
			failed=$((failed + 1))
		done
	done
}

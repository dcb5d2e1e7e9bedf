# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# boot-jobs.sh - running cells with GNU parallel, for ci/boot. Source it after
# scripts/lib.sh and boot-hosts.sh. Each job is ci/boot-job. What a run did is not
# gone on with by parallel's --resume, which knows jobs by their number: the key of
# a result says whether a cell is done, also for another series or selection.

# What ci/boot sets:
# shellcheck disable=SC2154

# run_folder: make the folder of this run, and set run to its path. It has the job
# log and what the jobs print, and is kept until the next run of the track. That
# of a run which is still going is locked.
run_folder() {
	local guard old

	mkdir -p "$FAULTLINE_WORK/run" "$FAULTLINE_WORK/lock"
	exec {guard}>>"$FAULTLINE_WORK/lock/run-folders"
	flock "$guard"
	for old in "$FAULTLINE_WORK/run/$track".??????; do # "$track.1" may be a track, too
		[[ ! -d $old ]] || flock -n "$old" rm -rf "$old" || :
	done
	run=$(mktemp -d "$FAULTLINE_WORK/run/$track.XXXXXX")
	# Never closed: the jobs have it too, and write to the folder when we are gone.
	exec {run_lock}<"$run"
	flock "$run_lock"
	exec {guard}>&-
	mkdir "$run/job" "$run/parallel"
}

# judge_cells: run every cell of cells, and set outcome and folder, by its index.
judge_cells() {
	local file number ended=0 jobs_done parallel_pid

	printf '%s\n' "${cells[@]}" >"$run/cells"
	exec 9>&2 # where the jobs on this host say what they do
	exec {jobs_done}< <(run_parallel)
	parallel_pid=$!
	# Who ends us ends the jobs, too: parallel does that when it is interrupted.
	trap 'kill -INT "$parallel_pid"; exit "$EXIT_INFRA"' INT TERM HUP
	while IFS= read -r -u "$jobs_done" file; do
		file=${file%/stdout}
		number=$((${file##*/} - 1))
		ended=$((ended + 1))
		accept "$number" "$file"
		tell "$ended" "$number" "$file"
	done
	trap - INT TERM HUP
	exec 9>&- {jobs_done}<&-
}

# run_parallel: run the jobs, and print the file of what a job printed when it has
# ended. A job ends well when its cell is judged, whatever the verdict, so that
# parallel tries again exactly what is not, on another host where there is one.
run_parallel() {
	local command options=(--plain --will-cite --halt never --colsep ' '
		--jobs "$jobs" --sshlogin "$hosts_reached" --retries $((retries ? retries + hosts_count : 1))
		--joblog "$run/joblog" --results "$run/job/{#}/" --files)

	command=$(job_command)
	if on_terminal; then options+=(--bar); fi
	unset PARALLEL PARALLEL_SSHLOGIN
	export PARALLEL_HOME=$run/parallel PARALLEL_SHELL=$BASH
	if on_terminal; then exec 2>&9 9>&-; else exec 2>&9; fi # the bar, or the jobs
	exec parallel "${options[@]}" "$command" :::: "$run/cells"
}

# on_terminal: true when a person looks at a progress bar.
on_terminal() { ((VERBOSITY == 1)) && [[ -t 2 ]]; }

# job_command: print the shell command of a job, for this host and the others.
job_command() {
	local here there=: options=()

	printf -v here '%q' "$FAULTLINE_ROOT"
	[[ -z $tests ]] || options+=(--tests "$tests")
	((!again)) || options+=(--again)
	((VERBOSITY > 0)) || options+=(--quiet)
	((VERBOSITY < 2)) || options+=(--verbose)
	[[ -z $with ]] || printf -v here 'set -- --with %q; p=%s' "$with" "$here"
	[[ -n $with ]] || here="p=$here"
	[[ $hosts == : ]] || there=$(host_project)
	# shellcheck disable=SC2016 # for the shell there
	printf 'if [ "$PARALLEL_SSHLOGIN" = : ]; then %s; else %s; fi; exec "$p/ci/boot-job" %s --step {1} --machine {2} %s "$@"\n' \
		"$here" "$there" "$track" "${options[*]@Q}"
}

# accept NUMBER FILE: read what the job of a cell printed: its exit code and the
# folder of the result, behind which a host that is not this one sends the folder.
accept() {
	local number=$1 file=$2 code name

	IFS=$'\t' read -r code name <"$file/stdout" || :
	[[ ${code:-} =~ ^[0-9]+$ ]] || return 0 # no answer, as of a host that went away
	if [[ $name != /* ]]; then
		name=$(receive "$number" "$file" "$name") || return 0
		# One that was here before is kept, and what is kept counts.
		[[ ! -f $name/result.json ]] || code=$(verdict_exit "$(jq -r .verdict "$name/result.json")")
	fi
	outcome[number]=$code folder[number]=$name
}

# receive NUMBER FILE NAME: unpack the result that FILE has for a cell into this work
# area, unless there is one with its key, and print its folder. Returns what fails.
receive() {
	local step machine name=$3 target=$FAULTLINE_WORK/result/$track/$3

	read -r step machine _ <<<"${cells[$1]}"
	[[ $name =~ ^"$machine/$step"-[0-9a-f]+$ ]] || return
	mkdir "$2/result" || return
	tail -n +2 "$2/stdout" | tar -xz -C "$2/result" --no-same-owner || return
	[[ -f $2/result/result.json || -f $2/result/infra.json ]] || return
	hold_lock "cell-$track-$step-$machine" # for as long as this $(...)
	if ((again)) || [[ ! -f $target/result.json ]]; then
		mkdir -p "${target%/*}" && rm -rf "$target" && mv -T "$2/result" "$target" || return
	fi
	printf '%s\n' "$target"
}

# tell ENDED NUMBER FILE: say that a cell has ended. What a job on another host
# said comes now; those on this host have spoken themselves.
tell() {
	local step machine code=${outcome[$2]:-} what

	read -r step machine _ <<<"${cells[$2]}"
	case $code in
	0) what=pass ;;
	"$EXIT_BAD") what="not a pass, see ${folder[$2]}" ;;
	*) what="cannot be judged, see ${folder[$2]:-$3/stderr}" ;;
	esac
	! on_terminal || [[ $code != 0 ]] || return 0
	! on_terminal || printf '\r\e[K' >&2
	[[ $code == 0 || ! -s $3/stderr ]] || ((VERBOSITY < 1)) || cat "$3/stderr" >&2
	say "[$1/${#cells[@]}$(time_left "$1" "${#cells[@]}" "$started")] step $step on $machine: $what"
}

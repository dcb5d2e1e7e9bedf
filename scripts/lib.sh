# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# lib.sh - what every Faultline script shares. Source it first:
#
#	. "$(dirname "$(readlink -f "$0")")/../scripts/lib.sh"
#
# It sets FAULTLINE_ROOT (the project) and FAULTLINE_WORK (the work area, which
# the user may set; default .work in the project), and defines the functions
# below. It prints nothing and writes nothing when sourced.

# Exit codes of everything a person or `git bisect run` calls.
# shellcheck disable=SC2034 # used by the scripts that source this file
readonly EXIT_BAD=1 EXIT_USAGE=2 EXIT_INFRA=125

# A command that fails inside $(...) ends it, as it does outside.
shopt -s inherit_errexit

# What tools print is read here and there: in one language, whatever the user's.
unset LANGUAGE
export LC_ALL=C.UTF-8 LANG=C.UTF-8

# Deaf to a repository around the caller, which git announces in hooks.
for variable in "${!GIT_@}"; do
	case $variable in
	GIT_SSL_* | GIT_SSH* | GIT_PROXY* | GIT_EXEC_PATH) ;;
	*) unset "$variable" ;;
	esac
done
unset variable

# Few programs are started here and in what is called for each patch or machine: where a
# page fault is dear, a process costs more than its work.
FAULTLINE_ROOT=$(readlink -f "${BASH_SOURCE[0]}")
FAULTLINE_ROOT=${FAULTLINE_ROOT%/scripts/lib.sh}
FAULTLINE_WORK=$(readlink -m "${FAULTLINE_WORK:-$FAULTLINE_ROOT/.work}")
export FAULTLINE_ROOT FAULTLINE_WORK

# The data folders: bases, kernels, machines, architectures; the tracks; the
# semantic patches. Another series, and the tests, point them at folders of their
# own.
FAULTLINE_CONFIGS=${FAULTLINE_CONFIGS:-$FAULTLINE_ROOT/configs}
FAULTLINE_PATCHES=${FAULTLINE_PATCHES:-$FAULTLINE_ROOT/patches}
FAULTLINE_COCCI=${FAULTLINE_COCCI:-$FAULTLINE_ROOT/cocci}
export FAULTLINE_CONFIGS FAULTLINE_PATCHES FAULTLINE_COCCI
# The guest with its tests and modules likewise; not exported, as a copy of the
# project has a guest of its own.
FAULTLINE_GUEST=${FAULTLINE_GUEST:-$FAULTLINE_ROOT/ci/guest}
# They may be named from where the caller is; scripts and git go elsewhere.
for variable in FAULTLINE_{CONFIGS,PATCHES,COCCI,GUEST}; do
	[[ ${!variable} == /* ]] || printf -v "$variable" '%s' "$PWD/${!variable}"
done
unset variable

# 0: errors only, 1: what is being done, 2: also the commands behind it.
export VERBOSITY=${VERBOSITY:-1}

# The repository that holds every base, applied series and work tree.
LINUX_GIT=$FAULTLINE_WORK/linux.git

# say TEXT...: progress for a person, on stderr, unless --quiet.
say() { ((VERBOSITY < 1)) || printf '%s\n' "$*" >&2; }

# detail TEXT...: the same, with --verbose only.
detail() { ((VERBOSITY < 2)) || printf '%s\n' "$*" >&2; }

# die CODE WHAT [NEXT]: print what was wrong and what to do next; exit CODE.
die() {
	local code=$1 what=$2 next=${3:-}

	printf '%s: error: %s\n' "${0##*/}" "$what" >&2
	[[ -z $next ]] || printf '%s: next: %s\n' "${0##*/}" "$next" >&2
	[[ $code != "$EXIT_USAGE" || -z ${FAULTLINE_USAGE_MARK:-} ]] ||
		{ : >"$FAULTLINE_USAGE_MARK"; } 2>/dev/null || true
	exit "$code"
}

# usage_error WHAT: die for a command line that makes no sense.
usage_error() { die "$EXIT_USAGE" "$1" "see '$0 --help'"; }

# need_value OPTION [VALUE]: die when an option of the command line lacks its value.
need_value() { [[ -n ${2:-} ]] || usage_error "$1 needs a value"; }

# one_mode NEW OLD: die when OLD, of the options of which there is to be one, is another.
one_mode() { [[ -z $2 || $1 == "$2" ]] || usage_error "--$1 and --$2 exclude each other"; }

# take_track NAME: set track to NAME of the command line; die when there is one already.
take_track() {
	[[ -z ${track:-} ]] || usage_error "one track, not '$track' and '$1'"
	track=$1
}

# need_tests LIST: die unless the guest has each TEST, or TEST of TEST.CASE, of LIST, which
# commas separate. "probe" tests nothing.
need_tests() {
	local name

	for name in ${1//,/ }; do
		[[ ${name%%.*} == probe || -f $FAULTLINE_GUEST/tests/${name%%.*}.c ]] ||
			usage_error "no test '$name'; there are: $(cd "$FAULTLINE_GUEST/tests" && printf '%s\n' *.c | sed 's/\.c$//' | paste -sd ' ')"
	done
}

# print_header_help FILE: print the header comment of a script as its help:
# every line from the third to the first that is not a comment.
print_header_help() {
	sed -n '3,${/^#/!q;s/^# \{0,1\}//;p}' "$1"
}

# need_tool TOOL...: die with EXIT_INFRA when a command is not installed.
need_tool() {
	local tool

	for tool; do
		command -v "$tool" >/dev/null || die "$EXIT_INFRA" \
			"'$tool' is not installed" "run scripts/deps"
	done
}

# trim TEXT: set REPLY to TEXT without the blanks around it.
trim() {
	REPLY=${1#"${1%%[![:blank:]]*}"}
	REPLY=${REPLY%"${REPLY##*[![:blank:]]}"}
}

# conf_find FILE KEY: set REPLY to the value of KEY in a `key = value` file. False
# when the key is missing.
conf_find() {
	local line

	while IFS= read -r line || [[ -n $line ]]; do
		[[ $line == *=* ]] || continue
		trim "${line%%=*}" # begins with # in a comment
		[[ $REPLY == "$2" ]] || continue
		line=${line#*=}
		trim "${line%%[[:blank:]]#*}"
		return
	done <"$1"
	return 1
}

# conf_get FILE KEY: print the value of KEY in a `key = value` file.
# Dies when the key is missing; an empty value prints an empty line.
conf_get() {
	local file=$1 key=$2 REPLY

	[[ -f $file ]] || die "$EXIT_USAGE" "no such file: $file"
	conf_find "$file" "$key" || die "$EXIT_INFRA" "$file: no line '$key = ...'" \
		"compare with the other files in ${file%/*}"
	printf '%s\n' "$REPLY"
}

# hold_lock NAME: take the lock NAME in the work area until this process ends,
# waiting for another holder and saying so. The lock is dropped by the kernel
# when the holder dies, so an interrupted run never leaves one behind.
hold_lock() {
	local name=$1 fd

	{ mkdir -p "$FAULTLINE_WORK/lock" && exec {fd}>>"$FAULTLINE_WORK/lock/$name"; } 2>/dev/null ||
		die "$EXIT_INFRA" "cannot write to $FAULTLINE_WORK/lock/$name" "set FAULTLINE_WORK to a folder of yours"
	flock -n "$fd" && return
	say "waiting for another run that holds the lock '$name'"
	flock "$fd"
}

# refuse_checked_out BRANCH OLD NEW NEXT: die where a work tree is on BRANCH, which is to be
# moved from OLD to NEW: what it has would then show as changes that take NEW back.
refuse_checked_out() {
	[[ $2 != "$3" ]] || return 0
	! git_linux worktree list --porcelain | grep -xF "branch refs/heads/$1" >/dev/null ||
		die "$EXIT_INFRA" "branch $1 in $LINUX_GIT is checked out, see git --git-dir=$LINUX_GIT worktree list" \
			"git switch -c my-work there, then $4"
}

# not_killed STATUS WHAT LOG: die when STATUS is that of a command which a signal ended:
# what WHAT is about has not been judged, and LOG does not say why.
not_killed() {
	(($1 < 128)) || die "$EXIT_INFRA" "$2 was killed, status $1" "see $3, and run it again"
}

# free_mib DIR: print the free space, in MiB, of the file system that holds
# DIR or, where DIR does not exist yet, its nearest existing parent.
free_mib() {
	local dir=$1

	while [[ ! -d $dir ]]; do dir=$(dirname "$dir"); done
	df -Pm "$dir" | awk 'NR == 2 { print $4 }'
}

# need_space DIR MIB WHAT: die when DIR has less than MIB MiB free.
need_space() {
	local dir=$1 mib=$2 what=$3 free

	free=$(free_mib "$dir")
	((free >= mib)) || die "$EXIT_INFRA" \
		"$what needs $mib MiB in $dir, and $free MiB are free" \
		"free some space or set FAULTLINE_WORK to another file system"
}

# need_plain_paths: die when the kernel's makefiles cannot work in our folders.
need_plain_paths() {
	[[ $FAULTLINE_WORK$FAULTLINE_ROOT != *[[:space:]:]* ]] || die "$EXIT_INFRA" \
		"a kernel cannot be built in a path with blanks or colons: $FAULTLINE_WORK, $FAULTLINE_ROOT" \
		"set FAULTLINE_WORK to another folder, or move the project"
}

# human_seconds N: print N seconds as 1h02m03s, 2m03s or 3s.
human_seconds() {
	local s=$1

	if ((s >= 3600)); then
		printf '%dh%02dm%02ds' $((s / 3600)) $((s / 60 % 60)) $((s % 60))
	elif ((s >= 60)); then
		printf '%dm%02ds' $((s / 60)) $((s % 60))
	else
		printf '%ds' "$s"
	fi
}

# git_linux ARGS...: git on the work area's kernel repository, deaf to the
# user's own git configuration and to a repository around the caller.
git_linux() {
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null \
		git --git-dir="$LINUX_GIT" -c gc.auto=0 -c maintenance.auto=false -c core.autocrlf=false "$@"
}

# theirs DIR ARGS...: git on a repository that is only read, deaf to its
# owner's configuration; that it may be owned by another user is no reason not
# to read it.
theirs() {
	local dir=$1

	shift
	GIT_OPTIONAL_LOCKS=0 GIT_NO_LAZY_FETCH=1 GIT_NO_REPLACE_OBJECTS=1 \
		GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null \
		git -C "$dir" -c safe.directory='*' -c core.fsmonitor=false \
		-c core.hooksPath=/dev/null "$@"
}

# copy_commit DIR ID REF [whole|N]: have the commit ID of the repository at DIR as
# REF in LINUX_GIT: its tree, or its history too, or N commits of that. False when git fails.
copy_commit() (
	dir=$(readlink -f "$1") id=$2 ref=$3 depth=1
	# git's own locks outlive a git that was killed; ours does not, and is held by a
	# git that outlives its caller.
	hold_lock copy
	rm -f "$LINUX_GIT/shallow.lock" "$LINUX_GIT/$ref.lock"
	if [[ ${4:-} == whole ]]; then
		depth=2147483647 # also where a copy of a tree has cut the history
	elif [[ -n ${4:-} ]]; then
		depth=$4
	elif git_linux cat-file -e "$id^{tree}" 2>/dev/null; then
		# A shallow fetch of what is here already would cut the history of ours.
		git_linux update-ref "$ref" "$id"
		exit
	fi
	git_linux fetch -q --depth "$depth" --no-tags --no-write-fetch-head \
		--upload-pack "git -c safe.directory='*' upload-pack" "$dir" "+$id:$ref" >&2
)

# track_dir TRACK: print patches/TRACK; die when there is no such track.
track_dir() {
	local dir=$FAULTLINE_PATCHES/$1

	[[ -f $dir/series ]] || die "$EXIT_USAGE" "no track '$1': $dir/series is missing" \
		"tracks: $(cd "$FAULTLINE_PATCHES" 2>/dev/null && echo */)"
	printf '%s\n' "$dir"
}

# series_patches TRACK: print the patch names of a track in order, a line each.
series_patches() {
	local dir=$FAULTLINE_PATCHES/$1 line

	[[ -f $dir/series ]] || dir=$(track_dir "$1") || return
	while IFS= read -r line || [[ -n $line ]]; do
		line=${line%%#*}
		line=${line%"${line##*[![:blank:]]}"}
		[[ -z $line ]] || printf '%s\n' "$line"
	done <"$dir/series"
}

# track_role TRACK: print the role that a track's patches are From and signed off
# by: the line of patches/TRACK/role or, without one, this project's.
track_role() {
	local dir

	dir=$(track_dir "$1") || return
	if [[ -f $dir/role ]]; then sed -n 1p "$dir/role"; else
		printf "Faultline <faultline@series.invalid>\n"
	fi
}

# all_tracks: print every track, a line each.
all_tracks() { (cd "$FAULTLINE_PATCHES" && for track in */series; do [[ ! -f $track ]] || printf '%s\n' "${track%/series}"; done); }

# track_machines TRACK: print `line machine steps` for every line of
# patches/TRACK/machines, which says for the track what `steps` in
# configs/machine says for all: all, flips, ends, asked, debug, or none where a
# machine makes no sense. Prints nothing where there is no such file.
track_machines() {
	local dir

	dir=$(track_dir "$1") || return
	[[ ! -f $dir/machines ]] || awk '{ sub(/#.*/, "") } NF { print NR, $0 }' "$dir/machines"
}

# step_count TRACK: print the number of the last step.
step_count() { series_patches "$1" | wc -l; }

# base_commit TRACK: print the commit of the track's base; dies when the work area has none.
base_commit() {
	{ [[ -d $LINUX_GIT ]] && git_linux rev-parse -q --verify "refs/heads/base/$1^{commit}"; } ||
		die "$EXIT_INFRA" "the base of $1 is not there" "run scripts/base $1"
}

# commit_step REV: print the name by which a commit of the work area stands where
# a step is asked for: commit- and 12 digits. Dies when there is no such commit.
commit_step() {
	local id

	id=$(git_linux rev-parse -q --verify "$1^{commit}") ||
		die "$EXIT_USAGE" "no commit '$1' in $LINUX_GIT" "git --git-dir=$LINUX_GIT fetch brings it there"
	printf 'commit-%s\n' "${id:0:12}"
}

# step_number TRACK STEP: print the number of STEP, which may be "tip".
step_number() {
	if [[ $2 == tip ]]; then step_count "$1"; else printf '%s\n' "$2"; fi
}

# step_commit TRACK N: print the commit of step N, or of what commit_step printed.
# The applied series must be in the work area and must be the one that
# patches/TRACK holds now.
step_commit() {
	local track=$1 step=$2 last base key

	if [[ $step =~ ^commit-([0-9a-f]{12})$ ]]; then
		git_linux rev-parse -q --verify "${BASH_REMATCH[1]}^{commit}"
		return
	fi
	last=$(step_count "$track")
	if ! [[ $step =~ ^(0|[1-9][0-9]*)$ ]] || ((step > last)); then
		die "$EXIT_USAGE" "no step '$step' in track $track" "steps are 0 to $last"
	fi
	base=$(base_commit "$track")
	key=$(series_key "$track" "$base" "$last")
	git_linux rev-parse -q --verify "refs/faultline/applied/$key~$((last - step))^{commit}" ||
		die "$EXIT_INFRA" "track $track, as it is now, is not applied" "run scripts/apply $track"
}

# worktree_at DIR COMMIT: make DIR a detached work tree of LINUX_GIT at COMMIT,
# touching only the files that differ. DIR belongs to the toolkit: what a run
# that was killed left in it is thrown away. A DIR that is something else dies.
worktree_at() {
	local dir=$1 commit=$2

	reuse_worktree "$dir"
	if [[ ! -e $dir ]]; then
		git_linux worktree add -q --detach "$dir" "$commit" >&2
		return
	fi
	git_in "$dir" checkout -q -f --detach "$commit" >&2
	git_in "$dir" clean -q -fdx >&2
}

# reuse_worktree DIR: get a work tree of LINUX_GIT ready for use again, whatever
# a run that was killed left in it: locks are dropped, and one whose repository
# is gone is removed. Something else at DIR is not touched: dies.
reuse_worktree() {
	local dir=$1 git_dir

	! rmdir "$dir" 2>/dev/null || : # empty: git was killed when it had made it
	[[ ! -e $dir || -f $dir/.git ]] || die "$EXIT_INFRA" \
		"$dir exists and is not a work tree of ours" "move it away"
	if [[ -e $dir ]]; then
		if git_dir=$(git_in "$dir" rev-parse -q --absolute-git-dir 2>/dev/null); then
			find "$git_dir" -name '*.lock' -delete
		else
			rm -rf "$dir"
		fi
	fi
	forget_worktree "$dir"
}

# forget_worktree DIR: have LINUX_GIT forget the work tree DIR if it is gone, also when git
# was killed while it made it: it stays locked then.
forget_worktree() {
	[[ -e $1 ]] || git_linux worktree unlock "$1" 2>/dev/null || :
	git_linux worktree prune
}

# git_in DIR ARGS...: git in a work tree of LINUX_GIT, with git_linux's rules.
git_in() {
	local dir=$1

	shift
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null \
		git -C "$dir" -c gc.auto=0 -c maintenance.auto=false -c core.autocrlf=false "$@"
}

# machines: print the name of every machine, a line each.
machines() {
	local file

	for file in "$FAULTLINE_CONFIGS/machine"/*; do printf '%s\n' "${file##*/}"; done
}

# arch_names LIST: print the architectures of a list such as arm64,x86_64, or
# all, a line each.
arch_names() {
	local name

	[[ -n $1 ]] || { (cd "$FAULTLINE_CONFIGS/arch" && printf '%s\n' *); return; }
	for name in ${1//,/ }; do
		[[ -f $FAULTLINE_CONFIGS/arch/$name ]] || usage_error \
			"no architecture '$name'; there are: $(cd "$FAULTLINE_CONFIGS/arch" && echo *)"
		printf '%s\n' "$name"
	done
}

# kernel_conf KERNEL KEY: print what the machines that boot KERNEL say for KEY,
# such as image (the path in a build folder) or arch.
kernel_conf() {
	local kernel=$1 key=$2 machine REPLY

	for machine in "$FAULTLINE_CONFIGS/machine"/*; do
		conf_find "$machine" kernel || continue
		[[ $REPLY != "${kernel%%+*}"?(+*) ]] || {
			conf_get "$machine" "$key"
			return
		}
	done
	die "$EXIT_USAGE" "no machine boots the kernel '$kernel'" \
		"add a file to $FAULTLINE_CONFIGS/machine"
}

# series_key TRACK BASE N: print a key of the first N patches applied to BASE.
series_key() {
	local track=$1 base=$2 upto=$3 dir patches

	dir=$(track_dir "$track") || return
	mapfile -t patches < <(series_patches "$track")
	patches=("${patches[@]:0:upto}")
	{
		printf '%s\n' "$base"
		[[ -z ${patches[*]} ]] || cat "${patches[@]/#/"$dir/"}"
	} | sha256sum | cut -c 1-40
}

# series_id TRACK: print what says whether a measurement or a run is of the series as it
# is now: a hash of the version of the base and of the patch-ids of the patches, in order.
# Changelogs, names and line numbers are not in it, nor need there be a work area.
series_id() {
	local dir patches

	dir=$(track_dir "$1") || return
	mapfile -t patches < <(series_patches "$1")
	{
		(conf_get "$FAULTLINE_CONFIGS/base/$1/pin" version 2>/dev/null) || true
		[[ -z ${patches[*]} ]] || cat "${patches[@]/#/"$dir/"}" | git patch-id --stable | cut -d ' ' -f 1
	} | sha256sum | cut -c 1-20
}

# tree_hash DIR [SUB]: print a hash of the names and contents of the files of DIR;
# objects, an editor's swap files and the folder SUB are left out.
tree_hash() {
	local dir=$1 sub=${2:-none}

	(cd "$dir" && find . -path "./$sub" -prune -o -type f ! -name '*.swp' ! -name '*.o' -print0 | LC_ALL=C sort -z |
		xargs -0 sha256sum) | sha256sum | cut -d ' ' -f 1
}

# sparse_worktree DIR COMMIT PATH...: like worktree_at, with only these paths of
# COMMIT, and their folders, written out.
sparse_worktree() {
	local dir=$1 commit=$2

	shift 2
	reuse_worktree "$dir"
	[[ -e $dir ]] || git_linux worktree add -q --no-checkout --detach "$dir" "$commit" >&2
	git_in "$dir" sparse-checkout init >/dev/null
	printf '/%s\n' "$@" | git_in "$dir" sparse-checkout set --stdin >/dev/null
	git_in "$dir" checkout -q -f --detach "$commit" >&2
}

# vmrun_key: print a hash of what vmrun is made of.
vmrun_key() { tree_hash "$FAULTLINE_ROOT/ci/vmrun" tests; }

# vmrun_binary: print the path of vmrun, built unless it is there. A folder per
# source and project, as its path is compiled in; one that was killed is begun anew.
vmrun_binary() {
	local out

	out=$FAULTLINE_WORK/vmrun/$({ vmrun_key; printf '%s\n' "$FAULTLINE_ROOT"; } | sha256sum | cut -c 1-20)
	[[ -f $out/.done ]] || hold_lock vmrun
	if [[ ! -f $out/.done ]]; then # another run may have built it meanwhile
		rm -rf "$out"
		make -s -C "$FAULTLINE_ROOT/ci/vmrun" O="$out" >&2 ||
			die "$EXIT_INFRA" "vmrun does not build" "see above; scripts/deps installs what it needs"
		touch "$out/.done"
	fi
	printf '%s\n' "$out/vmrun"
}

# verdict_exit VERDICT: print the exit code that a verdict stands for.
verdict_exit() {
	case $1 in
	pass) echo 0 ;;
	fail | crash | hang | nobuild | noapply) echo "$EXIT_BAD" ;;
	*) echo "$EXIT_INFRA" ;;
	esac
}

# step_list TRACK LIST: print the steps of a list such as 0,3-5,tip, a line each
# in ascending order.
step_list() {
	local track=$1 list=$2 last part found=()

	last=$(step_count "$track")
	for part in ${list//,/ }; do
		part=${part//tip/$last}
		if ! [[ $part =~ ^(0|[1-9][0-9]*)(-(0|[1-9][0-9]*))?$ ]] ||
			((BASH_REMATCH[1] > last || ${BASH_REMATCH[3]:-$last} > last ||
				BASH_REMATCH[1] > ${BASH_REMATCH[3]:-$last})); then
			die "$EXIT_USAGE" "'$part' is not a step of $track" \
				"steps are 0 to $last, or tip; a range goes upwards"
		fi
		mapfile -t -O "${#found[@]}" found < <(seq "${BASH_REMATCH[1]}" \
			"${BASH_REMATCH[3]:-${BASH_REMATCH[1]}}")
	done
	((${#found[@]})) || die "$EXIT_USAGE" "'$list' names no step" \
		"steps are 0 to $last, or tip"
	printf '%s\n' "${found[@]}" | sort -nu
}

# step_patch TRACK N: print the name of the Nth patch; nothing for the base and for
# a commit.
step_patch() { [[ $2 == 0 || $2 == commit-* ]] || series_patches "$1" | sed -n "${2}p"; }

# own_failures_are_infra: from here on, an exit status that is not a verdict
# becomes EXIT_INFRA with a message: exit 1 of a full disk must not be read as a
# bad step, nor 2, with which jq, sort and tar end then, as a wrong command line. A
# script sets JUDGED=1 before it ends with EXIT_BAD on purpose; that it was die that
# ended with EXIT_USAGE, in a subshell or in another script, is said by a file.
own_failures_are_infra() {
	JUDGED=0
	export FAULTLINE_USAGE_MARK=${FAULTLINE_USAGE_MARK:-${TMPDIR:-/tmp}/faultline-usage.$$.$SRANDOM}
	trap 'name_own_failure $?' EXIT
}

# bad WHAT [NEXT]: die because what was judged is bad, and not for a failure of ours;
# also in a subshell of a script that passes its status on.
bad() {
	JUDGED=1
	[[ $BASHPID == "$$" || -z ${FAULTLINE_USAGE_MARK:-} ]] ||
		{ : >"$FAULTLINE_USAGE_MARK.bad.$$"; } 2>/dev/null || true
	die "$EXIT_BAD" "$@"
}

# bad_or_infra STATUS WHAT [NEXT]: another script, which judges, ended with STATUS: the
# same as bad when it says so; otherwise it is not known, and why has been said.
bad_or_infra() {
	(($1 == EXIT_BAD)) && bad "${@:2}"
	die "$EXIT_INFRA" "this could not be judged, as a command ended with $1, see above" \
		"remove the cause and run it again"
}

# name_own_failure STATUS: the trap of own_failures_are_infra.
name_own_failure() {
	local said=0

	if [[ -e $FAULTLINE_USAGE_MARK.bad.$$ ]]; then
		JUDGED=1
		rm -f "$FAULTLINE_USAGE_MARK.bad.$$"
	fi
	if [[ -e $FAULTLINE_USAGE_MARK ]]; then
		said=1
		# Who called this script may need it as well
		[[ $FAULTLINE_USAGE_MARK != *"/faultline-usage.$$."* ]] || rm -f "$FAULTLINE_USAGE_MARK"
	fi
	case $1 in
	0 | "$EXIT_INFRA") return ;;
	141) [[ ! -p /dev/stdout ]] || return 0 ;; # SIGPIPE: the reader, as head, has enough
	"$EXIT_USAGE") ((!said)) || return 0 ;;
	"$EXIT_BAD") ((!JUDGED)) || return 0 ;;
	esac
	die "$EXIT_INFRA" "a command failed with $1, see above; $(free_mib "$FAULTLINE_WORK") MiB are free in $FAULTLINE_WORK" \
		"remove the cause and run it again"
}

# generated_steps TRACK: print `step<TAB>patch<TAB>trailer` for every patch of a
# track that says which semantic patch makes it. Dies when a patch is missing:
# whether it is generated cannot be known.
generated_steps() {
	local track=$1 dir step=0 name

	dir=$(track_dir "$track")
	while IFS= read -r name; do
		step=$((step + 1))
		[[ -f $dir/$name ]] || die "$EXIT_BAD" \
			"the series names $name, which does not exist" "see scripts/lint $track"
		sed -n -e '/^---$/q' -e "s|^Semantic-patch: |$step\t$name\t|p" "$dir/$name"
	done < <(series_patches "$track")
}

# time_left DONE TOTAL START: print ", about ... left" for the items that are not
# done, at the pace since START, in $SECONDS; nothing before the first is.
time_left() {
	(($1 == 0)) || printf ', about %s left' "$(human_seconds $(((SECONDS - $3) * ($2 - $1) / $1)))"
}

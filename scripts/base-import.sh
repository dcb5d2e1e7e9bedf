# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2153 # shares its variables with scripts/base
#
# base-import.sh - turn a kernel source of any kind into one git tree.
#
# Sourced by scripts/base. Objects are made in a quarantine, a repository of
# its own in the run's temporary folder ($TMP/import.git); they get into the
# work area's repository by a rename once their content has been judged, and
# the ref comes last. The functions that import leave the content in the
# quarantine's index.

# quarantine ARGS...: git on the quarantine.
quarantine() { LINUX_GIT=$TMP/import.git git_linux "$@"; }

# new_repository DIR: an empty bare repository that nothing of the user's
# reaches: no template, no hook, no attribute, no permission of the umask.
new_repository() {
	local dir=$1

	LINUX_GIT=$dir git_linux init -q --bare --template= --object-format=sha1 "$dir"
	mkdir -p "$dir/info"
	printf '* -text -eol -ident -filter -working-tree-encoding\n' \
		>"$dir/info/attributes"
	cat >>"$dir/config" <<-EOF
		[core]
			fileMode = true
			symlinks = true
			ignoreCase = false
			precomposeUnicode = false
			hooksPath = /dev/null
	EOF
}

# new_quarantine DIR: a repository to import into: one pack instead of a file
# per object, and made for speed. These settings would make diffs useless
# (every file is "big"), so they stay in here.
new_quarantine() {
	new_repository "$1"
	LINUX_GIT=$1 git_linux config core.bigFileThreshold 1
	LINUX_GIT=$1 git_linux config core.compression 1
}

# attempt COMMAND...: run a step with its error output in ERR (not in a file:
# the disk may be what is full); its progress goes to fd 3.
attempt() { ERR=$("$@" 2>&1 >/dev/null); }

# step_failed WHAT: die after a failed attempt: 125 when the disk is full, 1
# when the source is what is wrong.
step_failed() {
	local what=$1 reason

	reason=$(grep -m 1 -v '^[[:space:]]*$' <<<"$ERR") || reason="no reason given"
	if grep -qi 'No space left\|Disk quota exceeded\|Wrote only\|write error\|unable to write' <<<"$ERR"; then
		die "$EXIT_INFRA" "$what: no space left in $FAULTLINE_WORK ($reason)" \
			"free some space or set FAULTLINE_WORK to another file system; the next run starts over by itself"
	fi
	bad "$what: $reason" \
		"check that the source is whole and readable, or give another one with --from"
}

# progress WHAT TOTAL: read a line per item done; show on fd 3 how far that is
# and how long it will take, every ten seconds where there is no terminal.
progress() {
	local what=$1 total=$2 tty=0

	if ((VERBOSITY < 1)); then
		cat >/dev/null
		return
	fi
	[[ ! -t 3 ]] || tty=1
	awk -v what="$what" -v total="$total" -v tty="$tty" '
		BEGIN { start = last = systime() }
		NR % 64 == 0 && (now = systime()) - last >= (tty ? 1 : 10) {
			last = now
			line = sprintf("%s: %d of %d files", what, NR, total)
			if (total > NR)
				line = line sprintf(", about %d s left",
					(now - start) * (total - NR) / NR + 1)
			printf(tty ? "\r%s  " : "%s\n", line)
			fflush()
			shown = 1
		}
		END { if (tty && shown) print "" }' >&3
}

# add_files DIR: put every file of DIR, ignored or not, into the quarantine.
# drivers/, about half of a kernel, goes through a second process.
add_files() {
	local dir=$1 half=$TMP/half.git rc=0 pid=
	local -a add=(--work-tree="$dir" -c core.bare=false add --verbose -A -f --)

	{
		if [[ -d $half ]]; then
			LINUX_GIT=$half git_linux "${add[@]}" :/drivers &
			pid=$!
		fi
		quarantine "${add[@]}" :/ ':(exclude,top)drivers' || rc=1
		[[ -z $pid ]] || wait "$pid" || rc=1
		((rc == 0))
	} | progress "importing" "$(pin files)"
}

# import_directory DIR: import all of DIR, which is only read.
import_directory() {
	local dir=$1 half=$TMP/half.git

	[[ ! -d $dir/drivers ]] || new_quarantine "$half"
	attempt add_files "$dir" || step_failed "importing $dir failed"
	[[ -d $half ]] || return 0
	attempt join_half || step_failed "importing $dir failed"
}

# join_half: put what the second process has into the quarantine.
join_half() {
	mv "$TMP"/half.git/objects/pack/pack-* "$TMP/import.git/objects/pack/" &&
		LINUX_GIT=$TMP/half.git git_linux ls-files -s -z |
		quarantine update-index -z --index-info
}

# untar FILE FILTER...: unpack what FILTER makes of FILE into $TMP/src.
untar() {
	local file=$1

	shift
	"$@" <"$file" |
		tar -xv --no-same-owner --no-same-permissions -C "$TMP/src" -f - |
		progress "unpacking" "$(pin files)"
}

# unpack_tarball FILE [NAME]: unpack a tarball, compressed as its name says,
# into $TMP/src.
unpack_tarball() {
	local file=$1 name=${2:-$1}
	local -a filter

	case $name in
	*.tar) filter=(cat) ;;
	*.tar.xz | *.txz) filter=(xz -dc -T0) ;;
	*.tar.gz | *.tgz) filter=(gzip -dc) ;;
	*.tar.zst) filter=(zstd -dc) ;;
	*.tar.bz2) filter=(bzip2 -dc) ;;
	*) usage_error "'$name' is not a .tar, .tar.xz, .tar.gz, .tar.zst or .tar.bz2" ;;
	esac
	need_tool tar "${filter[0]}"
	mkdir -p "$TMP/src"
	attempt untar "$file" "${filter[@]}" || step_failed "unpacking $name failed"
}

# import_unpacked: import what unpack_tarball left; the one folder that holds
# everything in a tarball, such as linux-5.10.262/, is not part of the tree.
import_unpacked() {
	local -a top

	shopt -s dotglob nullglob
	top=("$TMP/src"/*)
	shopt -u dotglob nullglob
	if ((${#top[@]} == 1)) && [[ -d ${top[0]} ]]; then
		import_directory "${top[0]}"
	else
		import_directory "$TMP/src"
	fi
	# Early, while the files are still in memory and not yet on the disk.
	rm -rf "$TMP/src" &
}

# import_tarball FILE
import_tarball() {
	unpack_tarball "$1"
	import_unpacked
}

# import_package FILE: import the kernel tarball inside a Debian binary
# package linux-source-*; Debian's patches are still in it afterwards.
import_package() {
	local file=$1 member

	need_tool dpkg-deb
	member=$(dpkg-deb --fsys-tarfile "$file" | tar -t |
		grep '/usr/src/linux-source-.*\.tar\.xz$') ||
		bad "$file is no linux-source package" \
			"give the linux-source package of Debian, or another source"
	unpack_tarball <(dpkg-deb --fsys-tarfile "$file" | tar -xO "$member") \
		"$file: ${member##*/}"
	import_unpacked
}

# git_dir_of PATH: print the git directory of the repository or work tree at
# PATH itself (not one around it); returns 1 when PATH is neither.
git_dir_of() {
	local path=$1 dir

	if [[ -d $path/objects && -d $path/refs && -f $path/HEAD ]]; then
		dir=$path
	elif [[ -d $path/.git ]]; then
		dir=$path/.git
	elif [[ -f $path/.git ]]; then
		dir=$(sed -n 's/^gitdir: //p' "$path/.git")
		[[ $dir == /* ]] || dir=$path/$dir
	else
		return 1
	fi
	readlink -f "$dir"
}

# theirs GITDIR ARGS...: git on a repository of the user's, for reading only:
# no lock, no fetch on demand, no replaced object.
theirs() {
	local dir=$1

	shift
	GIT_OPTIONAL_LOCKS=0 GIT_NO_LAZY_FETCH=1 GIT_NO_REPLACE_OBJECTS=1 \
		LINUX_GIT=$dir git_linux "$@"
}

# import_git GITDIR REV: copy the tree of a commit into the quarantine.
import_git() {
	local dir=$1 rev=$2 tree

	tree=$(theirs "$dir" rev-parse -q --verify "$rev^{tree}") ||
		usage_error "there is no commit '$rev' in $dir"
	[[ ${#tree} -eq 40 ]] || usage_error "$dir is a SHA-256 repository; give a tarball of it"
	attempt copy_objects "$dir" "$tree" || step_failed "copying $rev from $dir failed"
	quarantine read-tree "$tree"
}

# copy_objects GITDIR TREE: copy a tree and all in it into the quarantine.
copy_objects() {
	theirs "$1" rev-list --objects --no-walk --no-object-names "$2" |
		theirs "$1" -c pack.compression=1 pack-objects -q --window=0 \
			--delta-base-offset --stdout |
		quarantine -c core.bigFileThreshold=512m index-pack --stdin
}

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2153 # shares its variables with scripts/base
#
# base-sources.sh - where a base can come from.
#
# Sourced by scripts/base. Each source_* function imports the kernel into the
# quarantine, sets ORIGIN (one line for a person), and returns 0; or it says
# why it is passed over and returns 1. A source that does not answer costs
# less than ten seconds.

PROBE_SECONDS=8

# passed_over SOURCE REASON: say so, and keep it for the final error.
passed_over() {
	say "passed over: $1: $2"
	PASSED_OVER+=("$1: $2")
}

# note_newest VERSION WHERE: remember the newest version any source has.
note_newest() {
	[[ $(printf '%s\n' "$1" "$NEWEST" | sort -V | tail -n 1) == "$1" ]] || return 0
	[[ $1 == "$NEWEST" ]] || NEWEST_WHERE=$2
	NEWEST=$1
}

# announce WHAT MIB: say what is done and what disk space it takes, and die
# when there is less.
announce() {
	local what=$1 mib=$(($2 + $2 / 10 + 1))

	say "$what: needs $mib MiB in $FAULTLINE_WORK, $(free_mib "$FAULTLINE_WORK") MiB are free"
	need_space "$FAULTLINE_WORK" "$mib" "linux $VERSION"
}

# source_from PATH REV: what the user named; anything wrong with it is fatal.
source_from() {
	local path=$1 rev=$2 dir

	if [[ ! -e $path && $path == *#* ]]; then
		rev=${path##*#} path=${path%#*}
	fi
	[[ -e $path ]] || usage_error "--from: no such file or directory: $path"
	path=$(readlink -f "$path")
	if dir=$(git_dir_of "$path"); then
		if [[ -z $rev ]]; then
			rev=HEAD
			theirs "$dir" rev-parse -q --verify "refs/tags/v$VERSION" >/dev/null &&
				rev=refs/tags/v$VERSION
		fi
		ORIGIN="git tree $path, $rev"
		announce "importing from $ORIGIN (what is committed, not what is in the files)" "$(pin packed)"
		import_git "$dir" "$rev"
		return
	fi
	[[ -z $rev ]] || usage_error "--from: $path is no git repository, so it has no revision '$rev'"
	if [[ -d $path ]]; then
		ORIGIN="directory $path"
		announce "importing from $ORIGIN" "$(pin packed)"
		import_directory "$path"
	elif [[ $path == *.deb ]]; then
		ORIGIN="Debian package $path"
		announce "importing from $ORIGIN" $(($(pin packed) + $(pin unpacked)))
		import_package "$path"
		PACKAGE_FILE=$path
	else
		ORIGIN="tarball $path"
		[[ ${path##*/} != linux_*.orig.tar.* ]] || ORIG_FILE=$path
		announce "importing from $ORIGIN" $(($(pin packed) + $(pin unpacked)))
		import_tarball "$path"
	fi
}

# remote_git SECONDS ARGS...: git for the network, with the user's own proxies
# and certificates, but no question, no hook, and an end after SECONDS.
remote_git() {
	local limit=$1

	shift
	detail "+ git $*" 2>&3
	GIT_TERMINAL_PROMPT=0 GIT_ASKPASS=true SSH_ASKPASS=true \
		GIT_SSH_COMMAND="${GIT_SSH_COMMAND:-ssh -o BatchMode=yes}" \
		timeout "$limit" git --git-dir="$TMP/import.git" \
		-c core.hooksPath=/dev/null -c gc.auto=0 -c maintenance.auto=false \
		-c http.lowSpeedLimit=1000 -c http.lowSpeedTime=30 "$@"
}

# fetch_tag URL TAG: a shallow fetch, with git's own progress on a terminal.
fetch_tag() {
	local -a fetch=(fetch --depth=1 --no-tags --no-write-fetch-head "$1"
		"refs/tags/$2:refs/tags/$2")

	if [[ -t 3 ]] && ((VERBOSITY > 0)); then
		remote_git 7200 "${fetch[@]}" --progress 2> >(tee /dev/fd/3 >&2)
	else
		remote_git 7200 "${fetch[@]}" -q
	fi
}

# source_git: the release's tag at kernel.org.
source_git() {
	local url tag=v$VERSION newest

	url=$(pin git)
	[[ -n $url ]] || return 1
	attempt list_tags "$url" || {
		passed_over "git tag $tag" \
			"$(grep -m 1 . <<<"$ERR" || echo "no answer from $url within $PROBE_SECONDS s")"
		return 1
	}
	if ! grep -q "refs/tags/$tag\$" "$TMP/tags"; then
		newest=$(sed -n 's,.*refs/tags/v\([0-9.]*\)$,\1,p' "$TMP/tags" | sort -V | tail -n 1)
		[[ -z $newest ]] || note_newest "$newest" "$url"
		passed_over "git tag $tag" "$url has no such tag"
		return 1
	fi
	announce "fetching $tag from $url" "$(($(pin packed) * 2))"
	attempt fetch_tag "$url" "$tag" || {
		passed_over "git tag $tag" "$(grep -m 1 . <<<"$ERR" || echo "stalled")"
		return 1
	}
	attempt quarantine read-tree "refs/tags/$tag^{tree}" || step_failed "reading $tag failed"
	ORIGIN="git tag $tag of $url"
}

# list_tags URL: the tags of the release's series, in $TMP/tags.
list_tags() {
	remote_git "$PROBE_SECONDS" ls-remote "$1" "refs/tags/v${VERSION%.*}.*" \
		>"$TMP/tags"
}

# kept_download FILE SHA256: true when FILE has been fetched before and whole.
kept_download() {
	[[ -n $2 && -f $1 ]] && sha256sum --quiet -c - <<<"$2  $1" >/dev/null 2>&1
}

# apt_reach SOURCE: a private apt state, and the suites of the pin that this
# machine's mirrors have in $APT_DIR/reached.
apt_reach() {
	local -a suites

	command -v apt-get >/dev/null || {
		passed_over "$1" "this machine has no apt-get"
		return 1
	}
	if [[ -n ${APT_DIR:-} ]]; then
		[[ ! -s $APT_DIR/reached ]] || return 0
		passed_over "$1" "the same"
		return 1
	fi
	read -ra suites <<<"$(pin debian_suites)"
	apt_private "$TMP/apt"
	apt_probe "$PROBE_SECONDS" "${suites[@]}" >/dev/null && return
	passed_over "$1" "$(cat "$APT_DIR/reason")"
	return 1
}

# versions_of PACKAGE TYPE: print every version of it in the suite in use.
versions_of() {
	if [[ $2 == deb-src ]]; then
		private_apt apt-cache showsrc --only-source "$1"
	else
		private_apt apt-cache show "$1"
	fi 2>/dev/null | sed -n 's/^Version: //p' | sort -Vu
}

# find_version PACKAGE TYPE WANTED: use the first suite that has a version of
# PACKAGE that matches the pattern WANTED, and set FOUND to it; note the newest
# of the same series.
find_version() {
	local package=$1 type=$2 wanted=$3 suite uri options version

	FOUND=
	while IFS=$'\t' read -r suite uri options <&4; do
		apt_use "$type" "$suite" "$uri" "$options" || {
			passed_over "$suite of $uri" "$(cat "$APT_DIR/reason")"
			continue
		}
		for version in $(versions_of "$package" "$type"); do
			# shellcheck disable=SC2053 # a pattern
			[[ $version != $wanted ]] || FOUND=$version
			version=${version#*:} version=${version%-*}
			[[ $version != "${VERSION%.*}".* ]] ||
				note_newest "$version" "Debian $suite"
		done
		[[ -z $FOUND ]] || return 0
	done 4<"$APT_DIR/reached"
	return 1
}

# apt_fetch ARGS...: run apt-get in the download folder; it continues what an
# earlier run left and checks the result against the index. Its progress goes
# to fd 3.
apt_fetch() (
	local -a quiet=(-qq)

	[[ ! -t 3 ]] || ((VERBOSITY < 1)) || quiet=()
	cd "$FAULTLINE_WORK/download" || return
	private_apt apt-get "${quiet[@]}" -o Acquire::Retries=2 "$@" </dev/null >&3
)

# source_debian: the pristine tarball of the Debian source package.
source_debian() {
	local name="Debian source linux $VERSION" file sha

	file=$(pin orig) sha=$(pin orig_sha256)
	if [[ $file != "linux_$VERSION.orig."* ]] ||
		! kept_download "$FAULTLINE_WORK/download/$file" "$sha"; then
		apt_reach "$name" || return 1
		find_version linux deb-src "$VERSION-*" || {
			passed_over "$name" "not in $(pin debian_suites) any more"
			return 1
		}
		file=$(private_apt apt-get source --print-uris --only-source \
			"linux=$FOUND" 2>/dev/null | awk '$2 ~ /\.orig\.tar\./ { print $2 }')
		announce "fetching $name ($FOUND)" \
			$(($(pin download) + $(pin unpacked) + $(pin packed)))
		attempt apt_fetch source --download-only --only-source \
			"linux=$FOUND" || {
			passed_over "$name" "$(apt_reason <(echo "$ERR"))"
			return 1
		}
	fi
	ORIGIN="Debian source package linux $VERSION ($file)"
	announce "importing $file" $(($(pin unpacked) + $(pin packed)))
	ORIG_FILE=$FAULTLINE_WORK/download/$file
	import_tarball "$ORIG_FILE"
}

# source_package: Debian's package of the kernel's source, whose patches are
# taken out again; good for exactly one version of that package.
source_package() {
	local package version file name

	package=$(pin package) version=$(pin package_version)
	[[ -n $package && -n $version ]] || return 1
	name="Debian package $package $version"
	[[ $VERSION == "$(pin version)" ]] || {
		passed_over "$name" "what takes Debian's patches out is for linux $(pin version)"
		return 1
	}
	file=${package}_${version}_all.deb
	if ! kept_download "$FAULTLINE_WORK/download/$file" "$(pin package_sha256)"; then
		apt_reach "$name" || return 1
		find_version "$package" deb "$version" || {
			passed_over "$name" "not in $(pin debian_suites) any more"
			return 1
		}
		announce "fetching $name" \
			$(($(pin download) + $(pin unpacked) + $(pin packed)))
		attempt apt_fetch download "$package=$version" || {
			passed_over "$name" "$(apt_reason <(echo "$ERR"))"
			return 1
		}
	fi
	ORIGIN="$name"
	announce "importing $file" $(($(pin unpacked) + $(pin packed)))
	import_package "$FAULTLINE_WORK/download/$file"
	PACKAGE_FILE=$FAULTLINE_WORK/download/$file
}

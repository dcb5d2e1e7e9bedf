# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# boot-hosts.sh - the hosts that ci/boot runs cells on. Source it after scripts/lib.sh
# and set hosts, a list as of parallel's --sshlogin, and with.
#
# Another host shares nothing with this one. It is sent the project at the present
# commit, as a git bundle, into a folder of its own in its work area; there
# ci/boot-job installs the packages, imports the base and applies the series.

# What reaches a host that is given by its name; parallel reads it too. One that goes
# away is noticed.
export PARALLEL_SSH=${PARALLEL_SSH:-ssh -o ConnectTimeout=20 -o ServerAliveInterval=20}

# host_name ENTRY: print ENTRY of the list without its number of slots.
host_name() { if [[ $1 =~ ^[0-9]+/(.*)$ ]]; then printf '%s\n' "${BASH_REMATCH[1]}"; else printf '%s\n' "$1"; fi; }

# hosts_prepare: send the project to every host of hosts. Sets hosts_reached to
# those that can be used, and hosts_count to their number. A host that cannot is
# named with the reason and left out, as its cells can be judged by others.
hosts_prepare() {
	local entry reached=() checked=0

	# shellcheck disable=SC2154 # set by ci/boot
	while IFS= read -r entry; do
		if [[ $(host_name "$entry") != : ]]; then
			((checked)) || need_what_hosts_get
			checked=1
			send_project "$(host_name "$entry")" || continue
		fi
		reached+=("$entry")
	done < <(printf '%s\n' "${hosts//,/$'\n'}" | sed '/^$/d')
	((${#reached[@]})) || die "$EXIT_INFRA" "none of the hosts can be used: $hosts" "see above"
	# shellcheck disable=SC2034 # for boot-jobs.sh
	hosts_count=${#reached[@]}
	printf -v hosts_reached '%s,' "${reached[@]}"
	hosts_reached=${hosts_reached%,}
}

# need_what_hosts_get: die unless the commit that hosts get is what is here. What is
# judged there could not be told from it otherwise.
need_what_hosts_get() {
	local changes

	need_tool ssh
	changes=$(git -C "$FAULTLINE_ROOT" status --porcelain) || die "$EXIT_INFRA" \
		"$FAULTLINE_ROOT is not a git work tree, and other hosts get a commit" \
		"use a clone of the project"
	[[ -z $changes ]] || die "$EXIT_INFRA" \
		"the project has changes that are not committed, and other hosts get a commit:"$'\n'"$changes" \
		"commit them, or leave out --sshlogin"
	[[ $FAULTLINE_PATCHES == "$FAULTLINE_ROOT/patches" && $FAULTLINE_CONFIGS == "$FAULTLINE_ROOT/configs" &&
		$FAULTLINE_GUEST == "$FAULTLINE_ROOT/ci/guest" ]] || die "$EXIT_INFRA" \
		"FAULTLINE_PATCHES, _CONFIGS or _GUEST is a folder that other hosts do not have" \
		"have it in the project's, or leave out --sshlogin"
	# shellcheck disable=SC2154 # set by ci/boot
	[[ -z $with ]] || die "$EXIT_USAGE" "--with is for this host only" \
		"leave out --sshlogin, or put the patch into the series"
}

# host_project: print the shell command that sets p to the project's folder on a host.
host_project() {
	local commit

	commit=$(git -C "$FAULTLINE_ROOT" rev-parse HEAD)
	# shellcheck disable=SC2016 # for the shell there
	printf 'FAULTLINE_WORK=${FAULTLINE_WORK:-$HOME/.faultline}; export FAULTLINE_WORK; p=$FAULTLINE_WORK/project/%s' "$commit"
}

# send_project HOST: have the project at this commit on HOST, whole or not at all.
send_project() {
	local host=$1 command

	read -ra command <<<"$PARALLEL_SSH $host"
	# "ssh -p 2222 user@host" is a command, "user@host" is not.
	[[ $host != *' '* ]] || read -ra command <<<"$host"
	say "host $host: sending the project"
	# shellcheck disable=SC2016 # for the shell there
	if git -C "$FAULTLINE_ROOT" bundle create -q - HEAD | "${command[@]}" "$(host_project)"'
		set -e
		new=$p.tmp.$$
		trap "rm -rf \"\$new\"" EXIT
		mkdir -p "$new"
		cd "$new"
		cat >bundle
		[ ! -d "$p" ] || exit 0
		git init -q .
		git fetch -q bundle HEAD
		rm bundle
		git checkout -q --detach FETCH_HEAD
		mv -T "$new" "$p" || [ -d "$p" ]' >&2; then return; fi
	say "host $host: cannot be used, see above; its cells go to the others"
	return 1
}

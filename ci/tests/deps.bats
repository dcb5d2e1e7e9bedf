#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2016 # programs for other shells
#
# deps.bats - scripts/deps with dpkg and apt played by scripts of this test.

bats_require_minimum_version 1.5.0

# state/installed and state/candidates hold package names, a line each;
# state/after-update is what apt-get update adds to the candidates.
setup() {
	T=$BATS_TEST_TMPDIR
	ROOT=$(readlink -f "$BATS_TEST_DIRNAME/../..")
	export T FAULTLINE_CONFIGS=$T/configs PATH=$T/bin:$PATH
	mkdir -p "$T/bin" "$T/configs" "$T/state"
	touch "$T"/state/{installed,provided,candidates,after-update,log}
	chmod 755 "$T" "$T/state"
	cat >"$T/configs/deps" <<-'EOF'
		# a comment
		[core]
		alpha                    # the first
		beta  [!amd64 !arm64]    # not here
		gamma [amd64]            # only here

		[extra optional]
		delta                    # on request
	EOF
	stub dpkg 'echo amd64'
	stub dpkg-query 'shift 3; (($#)) || sed "s/^/installed /" "$T/state/provided"; for p; do grep -qxF "$p" "$T/state/installed" && echo "installed $p"; done; :'
	stub apt-cache 'shift; for p; do
		grep -qxF "$p" "$T/state/candidates" && printf "%s:\n  Candidate: 1\n" "$p"
		:
		done'
	stub apt-get 'echo "apt-get $*" >>"$T/state/log"
		case $* in
		*update) cat "$T/state/after-update" >>"$T/state/candidates" ;;
		*install*)
			[[ ! -e $T/state/stale || -s $T/state/after-update && $(grep -c update "$T/state/log") -gt 0 ]] || exit 100
			for p in ${*##*install}; do echo "$p" >>"$T/state/installed"; done ;;
		esac'
}

stub() {
	printf '#!/bin/bash\n%s\n' "$2" >"$T/bin/$1"
	chmod +x "$T/bin/$1"
}

need_root() { [[ $EUID -eq 0 ]] || skip "needs root"; }

@test "a folder of configurations without a list of packages: the project's own is used" {
	rm "$T/configs/deps"
	run -0 "$ROOT/scripts/deps" --list
	[[ $output == *" qemu-system-arm "* ]]
}

@test "nothing is missing: says so, asks dpkg twice for all of them, and apt nothing" {
	printf 'alpha\ngamma\n' >"$T/state/installed"
	stub apt-cache 'echo "apt-cache $*" >>"$T/state/log"; exit 1'
	sed -i '2i echo "$*" >>"$T/state/questions"' "$T/bin/dpkg-query"
	run "$ROOT/scripts/deps"
	[[ $status -eq 0 && $output == "all 2 packages are there" ]]
	[[ ! -s $T/state/log && $(wc -l <"$T/state/questions") -eq 2 ]]
}

@test "what another package provides is there, with or without a version" {
	printf 'alpha\n' >"$T/state/installed"
	printf 'other, gamma (= 1.0)\n' >"$T/state/provided"
	run "$ROOT/scripts/deps"
	[[ $status -eq 0 && $output == "all 2 packages are there" ]]
	printf 'gamma-dev\n' >"$T/state/provided"
	run "$ROOT/scripts/deps" --dry-run
	[[ $output == *"1 of 2 packages are missing: gamma"* ]]
}

@test "as root, installs what is missing and only that; a second run does nothing" {
	need_root
	echo gamma >"$T/state/installed"
	echo alpha >"$T/state/candidates"
	run "$ROOT/scripts/deps"
	[[ $status -eq 0 && $output == *"1 of 2 packages are missing: alpha"* ]]
	grep -q 'apt-get .*-y --no-install-recommends .*install alpha$' "$T/state/log"
	! grep -q update "$T/state/log" || false
	: >"$T/state/log"
	run "$ROOT/scripts/deps"
	[[ $status -eq 0 && ! -s $T/state/log ]]
}

@test "package lists are fetched when they do not know a package" {
	need_root
	printf 'alpha\ngamma\n' >"$T/state/after-update"
	run "$ROOT/scripts/deps"
	[[ $status -eq 0 ]]
	[[ $(sed -n '1s/.* //p' "$T/state/log") == update ]]
	[[ $(sed -n '2p' "$T/state/log") == *"install alpha gamma" ]]
}

@test "an install from stale lists is tried once more with new ones" {
	need_root
	printf 'alpha\ngamma\n' >"$T/state/candidates"
	echo alpha >"$T/state/after-update"
	touch "$T/state/stale"
	run "$ROOT/scripts/deps"
	[[ $status -eq 0 && $output == *"once more, with new package lists"* ]]
	: >"$T/state/installed"
	: >"$T/state/after-update"
	run "$ROOT/scripts/deps"
	[[ $status -eq 125 && $output == *"apt-get could not install: alpha gamma"* ]]
}

@test "a package that this release does not have is named" {
	need_root
	echo alpha >"$T/state/candidates"
	run "$ROOT/scripts/deps"
	[[ $status -eq 125 ]]
	[[ $output == *"no such package in this release of Debian: gamma"* ]]
	[[ $output == *"next: "*"$T/configs/deps"* ]]
	! grep -q install "$T/state/log" || false
}

@test "not root: prints the one command on stdout and exits 125" {
	local -a as=()
	[[ $EUID -ne 0 ]] || as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
	[[ $EUID -ne 0 ]] || chmod 755 "$(dirname "$T")" "$(dirname "$(dirname "$T")")" "$BATS_RUN_TMPDIR"
	run --separate-stderr "${as[@]}" "$ROOT/scripts/deps"
	echo "$output $stderr"
	[[ $status -eq 125 ]]
	[[ $output == "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends alpha gamma" ]]
	[[ $stderr == *"packages are missing and you are not root"*"run the command above as root"* ]]
	[[ ! -s $T/state/log ]]
}

@test "optional groups on request; an unknown one is an error that lists them" {
	printf 'alpha\ngamma\n' >"$T/state/installed"
	run --separate-stderr "$ROOT/scripts/deps" --with extra --dry-run
	[[ $status -eq 0 && $output == *"--no-install-recommends delta" ]]
	run "$ROOT/scripts/deps" --with nosuch
	[[ $status -eq 2 && $output == *"no optional group 'nosuch'"*"there are: extra"* ]]
}

@test "--list shows state, group and reason" {
	echo alpha >"$T/state/installed"
	run "$ROOT/scripts/deps" --list --with all
	[[ $status -eq 0 && ${#lines[@]} -eq 3 ]]
	[[ ${lines[0]} == installed*alpha*core*"the first" ]]
	[[ ${lines[1]} == missing*gamma*core*"only here" ]]
	[[ ${lines[2]} == missing*delta*extra*"on request" ]]
}

@test "a system without dpkg is told what to look for" {
	mkdir "$T/few"
	local tool
	for tool in bash dirname readlink awk sed cut paste; do
		ln -s "$(command -v $tool)" "$T/few/$tool"
	done
	PATH=$T/few run "$ROOT/scripts/deps"
	echo "$output"
	[[ $status -eq 125 && $output == *"not a Debian system"*"packages of Debian: alpha"* ]]
}

@test "the project's own list: every line has a package, a group and a reason" {
	FAULTLINE_CONFIGS=$ROOT/configs run "$ROOT/scripts/deps" --list --with all
	[[ $status -eq 0 && ${#lines[@]} -gt 30 ]]
	local line
	for line in "${lines[@]}"; do
		[[ $line =~ ^(installed|missing)\ +[a-z0-9][a-z0-9+.-]+\ +[a-z]+\ +[^\ ] ]] || {
			echo "$line"
			false
		}
	done
}

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# helper.bash - what the suites share. `load helper` in a .bats file.

# Deaf to a repository around the caller, which git announces in hooks.
unset "${!GIT_@}"

ROOT=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
ROOT=${ROOT%/ci}
SCRIPTS=$ROOT/scripts
CI=$ROOT/ci
export ROOT SCRIPTS CI

# What the one who runs the tests has set is not what is tested.
export VERBOSITY=1
unset FAULTLINE_JOBS COCCI_LIMIT FAULTLINE_USAGE_MARK

# role ARGS...: git as the role identity, deaf to the user's configuration.
role() {
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null \
		git -c user.name=Faultline -c user.email=faultline@series.invalid -c maintenance.auto=false \
		-c commit.gpgSign=false "$@"
}

# mini_track: a scratch work area with a miniature kernel as the base of the
# track "mini", and a series of three patches for it: FAULTLINE_WORK,
# FAULTLINE_PATCHES and $series are set. The second patch changes what the first did.
mini_track() {
	local tree=$BATS_TEST_TMPDIR/kernel n

	export FAULTLINE_WORK=$BATS_TEST_TMPDIR/work
	export FAULTLINE_PATCHES=$BATS_TEST_TMPDIR/patches
	series=$FAULTLINE_PATCHES/mini
	mkdir -p "$tree/mm" "$series" "$FAULTLINE_WORK"
	role init -q "$tree"
	seq 1 40 | sed 's/^/line /' >"$tree/mm/memory.c"
	echo 'all:' >"$tree/Makefile"
	role -C "$tree" add -A
	role -C "$tree" commit -q -m 'miniature kernel'
	role clone -q --bare "$tree" "$FAULTLINE_WORK/linux.git"
	role -C "$FAULTLINE_WORK/linux.git" update-ref refs/heads/base/mini HEAD
	for n in 1 2 3; do
		sed -i "20s/\$/ changed $n/" "$tree/mm/memory.c"
		role -C "$tree" commit -q -s -a -m "mm: change line 20, time $n" -m "It has to say $n." \
			-m "Link: https://lore.kernel.org/r/mini@example.org
Upstream-Status: Pending"
	done
	role -C "$tree" format-patch -q --zero-commit --no-signature -N -o "$series" HEAD~3
	(cd "$series" && printf '%s\n' *.patch >series)
	printf '# none\n' >"$series/facts"
}

# nth N: print the path of the Nth patch of the mini track.
nth() { printf '%s/%s\n' "$series" "$(sed -n "${1}p" "$series/series")"; }

# expect_failure CODE TEXT COMMAND...: run COMMAND; it must exit with CODE and
# say TEXT (a fixed string).
expect_failure() {
	local code=$1 text=$2

	shift 2
	run "$@"
	if ((status != code)) || [[ $output != *"$text"* ]]; then
		printf 'expected exit %s and "%s"\ngot exit %s and:\n%s\n' "$code" "$text" "$status" "$output"
		return 1
	fi
}

# step_named NAME: print the number of the step of v5.10 whose patch is the file NAME.
step_named() { sed '/^#/d; /^$/d' "$ROOT/patches/v5.10/series" | grep -nFx -e "$1" | cut -d : -f 1; }

# step_of TEXT: print the number of the step of v5.10 whose patch has TEXT.
step_of() { step_named "$(basename "$(grep -lF -e "$1" "$ROOT"/patches/v5.10/*.patch)")"; }

# young_step: print the last step of v5.10 before arm64 maps old. It is a side of a flip,
# so that every kind of ci/run has its arm64 kernel, and a fault does there what it does
# on the base.
young_step() {
	local patch

	patch=$(awk '$1 == "faultaround.prefaulted" && $4 == "old" { print $5; exit }' "$ROOT/patches/v5.10/facts")
	echo $(($(step_named "$patch") - 1))
}

# copy_of_project: a copy of the project to change files in, as $COPY; the work
# area is the same.
copy_of_project() {
	COPY=$BATS_TEST_TMPDIR/copy
	mkdir "$COPY"
	cp -r "$ROOT/ci" "$ROOT/scripts" "$ROOT/configs" "$ROOT/patches" "$COPY/"
	FAULTLINE_WORK=$(. "$SCRIPTS/lib.sh"; printf '%s\n' "$FAULTLINE_WORK")
	export FAULTLINE_WORK
}

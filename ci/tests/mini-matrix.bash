# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# mini-matrix.bash - a track whose kernel is built in a moment (ci/tests/mini), for
# machines whose QEMU is the stand-in of vmrun's own tests. All that judges is real:
# ci/boot, ci/cell, ci/build, vmrun. Load it after helper.bash.

# mini_seed: build vmrun and the stand-in once for all suites, and set MINI_SEED.
mini_seed() {
	MINI_SEED=$BATS_RUN_TMPDIR/mini-seed
	export MINI_SEED
	mkdir -p "$MINI_SEED"
	(
		exec 8>"$MINI_SEED/lock"
		flock 8
		[[ ! -f $MINI_SEED/done ]] || exit 0
		export FAULTLINE_WORK=$MINI_SEED/work
		. "$SCRIPTS/lib.sh"
		vmrun_binary
		make -s -C "$CI/vmrun" O="$MINI_SEED/fake" "$MINI_SEED/fake/tests/fake-qemu"
		mkdir "$MINI_SEED/bin"
		cp "$CI/tests/mini/bin/qemu-mini" "$MINI_SEED/fake/tests/fake-qemu" "$MINI_SEED/bin/"
		touch "$MINI_SEED/done"
	)
}

# mini_tree: make the miniature kernel in $tree, tagged as a release.
mini_tree() {
	tree=$BATS_TEST_TMPDIR/kernel
	cp -r "$CI/tests/mini/kernel" "$tree"
	role init -q "$tree"
	role -C "$tree" add -A
	role -C "$tree" commit -q -m 'miniature kernel'
	role -C "$tree" tag v5.10.262
}

# mini_series [BAD]: four patches on $tree as the track "mini" in $series. The second
# changes nothing that is built; that of step BAD breaks what the guest tests.
mini_series() {
	local n bad=${1:-0}

	mkdir -p "$series"
	for n in 1 2 3 4; do
		sed -i 's/^int bad.*/int good;/' "$tree/mm/memory.c"
		if ((n == 2)); then
			echo "time $n" >>"$tree/Documentation/mini.txt"
		else
			sed -i "10s/.*/int line_10_$n;/" "$tree/mm/memory.c"
		fi
		((n != bad)) || sed -i '12s/.*/int bad;/' "$tree/mm/memory.c"
		role -C "$tree" commit -q -s -a -m "mm: change a line, time $n" -m "It has to say $n." \
			-m "Link: https://lore.kernel.org/r/mini@example.org
Upstream-Status: Pending"
	done
	role -C "$tree" format-patch -q --zero-commit --no-signature -N -o "$series" v5.10.262
	(cd "$series" && printf '%s\n' *.patch >series)
	printf '# fact machines before after patch\na.b * old - -\n' >"$series/facts"
}

# mini_work WORK: a work area with the base, the applied series and vmrun.
mini_work() {
	mkdir -p "$1"
	role clone -q --bare "$tree" "$1/linux.git"
	role -C "$1/linux.git" update-ref refs/heads/base/mini v5.10.262^{}
	cp -a "$MINI_SEED/work/vmrun" "$1/"
	FAULTLINE_WORK=$1 "$SCRIPTS/apply" mini --no-lint --quiet >/dev/null
}

# mini_matrix [BAD]: all of it, and FAULTLINE_* so that the project's commands see it.
# shellcheck disable=SC2120 # the suites give it
mini_matrix() {
	export FAULTLINE_WORK=$BATS_TEST_TMPDIR/work FAULTLINE_PATCHES=$BATS_TEST_TMPDIR/patches
	export FAULTLINE_CONFIGS=$BATS_TEST_TMPDIR/configs FAULTLINE_GUEST=$BATS_TEST_TMPDIR/guest
	export MINI_BOOTS=$BATS_TEST_TMPDIR/boots PATH=$MINI_SEED/bin:$PATH
	series=$FAULTLINE_PATCHES/mini
	cp -r "$CI/tests/mini/configs" "$CI/tests/mini/guest" "$BATS_TEST_TMPDIR/"
	: >"$MINI_BOOTS"
	mini_tree
	mini_series "$@"
	mini_work "$FAULTLINE_WORK"
}

# boots: print the number of boots so far.
boots() { wc -l <"$MINI_BOOTS"; }

# builds: print the number of images there are.
builds() { find "$FAULTLINE_WORK/image" -name config | wc -l; }

# what_was_judged WORK: print what the results of WORK say, without times and ids
# that chance gives.
what_was_judged() {
	find "$1/result" -name result.json | LC_ALL=C sort | while IFS= read -r file; do
		printf '%s ' "${file#"$1"}"
		jq -cS '[.verdict, .reason, .facts, .tests, .id.step, .id.patch, .id.tree, .id.build, .id.content]' "$file"
	done
}

# mini_project: the project as a repository of its own at $COPY, with the miniature's
# track, machines and guest in it, and a base that every host imports by itself.
mini_project() {
	# shellcheck disable=SC2119
	mini_matrix
	unset FAULTLINE_PATCHES FAULTLINE_CONFIGS FAULTLINE_GUEST
	copy_of_project
	rm -r "$COPY/patches" "$COPY/configs" "$COPY/ci/guest"
	cp -r "$BATS_TEST_TMPDIR/patches" "$BATS_TEST_TMPDIR/configs" "$COPY/"
	cp -r "$BATS_TEST_TMPDIR/guest" "$COPY/ci/"
	# Nothing has to be installed there that is not here.
	printf '[core]\ngit # all\n' >"$COPY/configs/deps"
	sed -i 's/^steps.*/steps = all/' "$COPY"/configs/machine/*
	mkdir -p "$COPY/configs/base/mini"
	cat >"$COPY/configs/base/mini/pin" <<-E
		version = 5.10.262
		date = 1577836800 +0000
		tree =
		commit =
		files = 0
		download = 1
		unpacked = 0
		packed = 0
		git = $tree
		debian_suites =
		orig =
		orig_sha256 =
		package =
		package_version =
		package_sha256 =
	E
	printf '# none\n' >"$COPY/configs/base/mini/excluded"
	rm -rf "$FAULTLINE_WORK"
	"$COPY/scripts/base" mini --write-manifest --quiet --from "$tree#v5.10.262" >/dev/null
	"$COPY/scripts/apply" mini --no-lint --quiet >/dev/null
	role init -q "$COPY"
	role -C "$COPY" add -A
	role -C "$COPY" commit -qm project
}

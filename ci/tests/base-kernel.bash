# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# base-kernel.bash - a kernel of a dozen files and a base of it, for base*.bats.

# A kernel with what is easily got wrong: ignored but tracked files, line ends,
# executable bits, a link, odd names, and files that every source leaves out.
make_kernel() {
	local dir=$1

	mkdir -p "$dir"/{mm,scripts,drivers/net,drivers/video/fbdev/riva,firmware}
	printf 'VERSION = 5\nPATCHLEVEL = 10\nSUBLEVEL = 262\nEXTRAVERSION =\n' >"$dir/Makefile"
	printf '*.o\n*.bin\n' >"$dir/.gitignore"
	printf '*.c diff=cpp\n' >"$dir/.gitattributes"
	printf 'int memory;\n' >"$dir/mm/memory.c"
	printf 'int filemap;\n' >"$dir/mm/filemap.c"
	printf 'one\r\ntwo\r\n' >"$dir/mm/dos.txt"
	printf 'ignored, and tracked\n' >"$dir/firmware/blob.o"
	head -c 3000000 /dev/urandom >"$dir/firmware/big.bin"
	printf '#!/bin/sh\n' >"$dir/scripts/run.sh"
	chmod 755 "$dir/scripts/run.sh"
	ln -s ../mm/memory.c "$dir/scripts/link"
	# shellcheck disable=SC2016 # the text itself
	printf '$Id$ a name with spaces\n' >"$dir/drivers/net/a b.c"
	printf 'umlaut\n' >"$dir/drivers/net/$(printf 'm\303\274.c')"
	printf 'not free\n' >"$dir/drivers/video/fbdev/riva/riva.c"
}

# Each source in the form its own tools make it.
setup_file() {
	# Not bats' own folder, which other users cannot enter.
	T=$(mktemp -d)
	chmod 755 "$T"
	ROOT=$(readlink -f "$BATS_TEST_DIRNAME/../..")
	export T ROOT FAULTLINE_CONFIGS=$T/configs HOME=$T/home
	export FAULTLINE_WORK=$T/work APT_CONFIG=$T/apt.conf
	mkdir -p "$T/home" "$T/etc" "$FAULTLINE_CONFIGS/base/v0"
	# The machine's mirrors, as this test has them: none.
	cat >"$T/apt.conf" <<-EOF
		Dir::Etc::SourceList "$T/etc/sources.list";
		Dir::Etc::SourceParts "$T/etc/sources.list.d";
	EOF
	cat >"$FAULTLINE_CONFIGS/base/v0/pin" <<-EOF
		version =
		date = 1577836800 +0000
		tree =
		commit =
		files = 0
		download = 1
		unpacked = 0
		packed = 0
		git =
		debian_suites = bullseye-security bullseye
		orig =
		orig_sha256 =
		package =
		package_version =
		package_sha256 =
	EOF
	printf '# not free\ndrivers/video/fbdev/riva\n' >"$FAULTLINE_CONFIGS/base/v0/excluded"

	make_kernel "$T/linux-5.10.262"
	git init -q "$T/repo"
	cp -a "$T/linux-5.10.262/." "$T/repo/"
	git -C "$T/repo" add -A -f
	git -C "$T/repo" -c user.name=me -c user.email=me@example.org commit -qm release
	git -C "$T/repo" tag v5.10.262
	tar -C "$T" --exclude=riva -cJf "$T/linux_5.10.262.orig.tar.xz" linux-5.10.262
	"$ROOT/scripts/base" v0 --write-manifest --quiet \
		--from "$T/linux_5.10.262.orig.tar.xz" >"$T/id"
	ID=$(cat "$T/id")
	export ID
	cp -r "$FAULTLINE_CONFIGS" "$T/configs.pristine"
}

teardown_file() {
	rm -rf "${T:?}"
}

setup() {
	rm -rf "${T:?}/work" "${T:?}/configs" "${T:?}/etc"
	cp -r "$T/configs.pristine" "$T/configs"
	mkdir -p "$T/etc"
}

teardown() {
	! mountpoint -q "$T/work" || umount "$T/work"
}

base() { "$ROOT/scripts/base" v0 "$@"; }

set_pin() { sed -i "s|^$1 *=.*|$1 = $2|" "$FAULTLINE_CONFIGS/base/v0/pin"; }

# The work area holds the base, whole, and nothing of the run that made it.
assert_whole() {
	[[ $(git --git-dir="$FAULTLINE_WORK/linux.git" rev-parse refs/heads/base/v0) == "$ID" ]]
	git --git-dir="$FAULTLINE_WORK/linux.git" fsck --no-dangling
	[[ -z $(ls -A "$FAULTLINE_WORK/tmp") ]]
}

# The work area holds nothing that looks like a base.
assert_nothing() {
	[[ -z $(git --git-dir="$FAULTLINE_WORK/linux.git" rev-parse -q --verify \
		refs/heads/base/v0 2>/dev/null) ]]
	[[ -z $(ls -A "$FAULTLINE_WORK/tmp" 2>/dev/null) ]]
}

# What a path and everything below it is, to the byte and the second.
fingerprint() {
	(cd "$1" && find . -printf '%p %m %T@ %l\n' | sort &&
		find . -type f -exec sha256sum {} + | sort)
}

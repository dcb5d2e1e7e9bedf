#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2016 # programs for other shells
#
# base-sources.bats - where scripts/base fetches a kernel: a git remote and a
# Debian mirror, both of this test's own making.

bats_require_minimum_version 1.5.0

load base-kernel

# make_index DIR SUITE: Sources, Packages and Release for what is in DIR/pool.
make_index() {
	local dir=$1 suite=$1/dists/$2 file version

	mkdir -p "$suite/main/source" "$suite/main/binary-$(dpkg --print-architecture)"
	for file in "$dir"/pool/*.dsc; do
		[[ -e $file ]] || continue
		version=${file##*_} version=${version%.dsc}
		printf 'Package: linux\nBinary: linux\nVersion: %s\nFormat: 3.0 (quilt)\nDirectory: pool\n' "$version"
		printf 'Architecture: all\nMaintainer: me <me@example.org>\nFiles:\n'
		file_sums md5sum "$dir" "linux_${version%-*}.orig.tar.xz" "${file##*/}"
		printf 'Checksums-Sha256:\n'
		file_sums sha256sum "$dir" "linux_${version%-*}.orig.tar.xz" "${file##*/}"
		echo
	done >"$suite/main/source/Sources"
	for file in "$dir"/pool/*.deb; do
		[[ -e $file ]] || continue
		dpkg-deb -f "$file"
		printf 'Filename: pool/%s\nSize: %s\nSHA256: %s\n\n' "${file##*/}" \
			"$(stat -c %s "$file")" "$(sha256sum "$file" | cut -d ' ' -f 1)"
	done >"$suite/main/binary-$(dpkg --print-architecture)/Packages"
	{
		printf 'Suite: %s\nCodename: %s\nComponents: main\nArchitectures: all %s\n' \
			"$2" "$2" "$(dpkg --print-architecture)"
		printf 'Date: Wed, 01 Jan 2020 00:00:00 UTC\nSHA256:\n'
		(cd "$suite" && find main -type f -printf '%P\n' | while read -r file; do
			printf ' %s %s main/%s\n' "$(sha256sum "main/$file" | cut -d ' ' -f 1)" \
				"$(stat -c %s "main/$file")" "$file"
		done)
	} >"$suite/Release"
}

# file_sums TOOL DIR FILE...: lines as in a .dsc.
file_sums() {
	local tool=$1 dir=$2 file

	shift 2
	for file; do
		printf ' %s %s %s\n' "$("$tool" "$dir/pool/$file" | cut -d ' ' -f 1)" \
			"$(stat -c %s "$dir/pool/$file")" "$file"
	done
}

# make_mirror VERSION TARBALL: a Debian mirror with that version of linux.
make_mirror() {
	rm -rf "${T:?}/mirror"
	mkdir -p "$T/mirror/pool" "$T/etc/sources.list.d"
	cp "$2" "$T/mirror/pool/linux_$1.orig.tar.xz"
	printf 'Format: 3.0 (quilt)\nSource: linux\nVersion: %s-1\n' "$1" >"$T/mirror/pool/linux_$1-1.dsc"
	make_index "$T/mirror" bullseye-security
	printf 'Types: deb\nURIs: file:%s\nSuites: bookworm-security\nComponents: main\nTrusted: yes\n' \
		"$T/mirror" >"$T/etc/sources.list.d/debian.sources"
}

# make_package VERSION FILE...: the package of a patched kernel, in the mirror.
make_package() {
	local version=$1 tree=$T/package/linux-source-5.10

	rm -rf "${T:?}/package" "$T/root"
	mkdir -p "$T/package" "$T/root/DEBIAN" "$T/root/usr/src" "$T/mirror/pool"
	cp -a "$T/linux-5.10.262" "$tree"
	rm -r "$tree/drivers/video"
	printf 'int patched;\n' >>"$tree/mm/memory.c"
	printf 'new\n' >"$tree/mm/debian.c"
	rm "$tree/mm/filemap.c"
	chmod -x "$tree/scripts/run.sh"
	tar -C "$T/package" -cJf "$T/root/usr/src/linux-source-5.10.tar.xz" linux-source-5.10
	printf 'Package: linux-source-5.10\nVersion: %s\nArchitecture: all\nMaintainer: me <me@example.org>\nDescription: test\n' \
		"$version" >"$T/root/DEBIAN/control"
	chmod 755 "$T/root/DEBIAN"
	dpkg-deb -Znone --root-owner-group -b "$T/root" \
		"$T/mirror/pool/linux-source-5.10_${version}_all.deb" >/dev/null
}

# silent_server FILE: a server that takes connections and says nothing; its
# port in FILE. Prints its process id.
silent_server() {
	perl -MIO::Socket::INET -e '
		$s = IO::Socket::INET->new(Listen => 16, LocalAddr => "127.0.0.1") or die;
		open(F, ">", "$ARGV[0].new"); print F $s->sockport; close F;
		rename "$ARGV[0].new", $ARGV[0];
		push @c, $s->accept while 1;' "$1" >/dev/null 2>&1 3>&- &
	echo $!
	until [[ -e $1 ]]; do sleep 0.1; done
}

need_apt() {
	command -v apt-get >/dev/null || skip "no apt-get"
}

@test "the release's tag, from a git remote" {
	# With a history, and enough objects to be sent as a pack.
	git init -q "$T/remote"
	mkdir "$T/remote/old"
	for i in {1..150}; do echo "$i" >"$T/remote/old/$i"; done
	git -C "$T/remote" add -A
	git -C "$T/remote" -c user.name=me -c user.email=me@example.org commit -qm before
	rm -r "$T/remote/old"
	cp -a "$T/linux-5.10.262/." "$T/remote/"
	for i in {1..150}; do echo "$i" >"$T/remote/drivers/video/fbdev/riva/$i"; done
	git -C "$T/remote" add -A -f
	git -C "$T/remote" -c user.name=me -c user.email=me@example.org commit -qm release
	git -C "$T/remote" -c user.name=me -c user.email=me@example.org tag -a -m v5.10.262 v5.10.262
	set_pin git "file://$T/remote"
	run --separate-stderr base
	echo "$stderr"
	[[ $status -eq 0 && $output == "$ID" ]]
	[[ $stderr == *"linux 5.10.262 from git tag v5.10.262 of file://$T/remote"* ]]
	assert_whole
	# Neither upstream's commit nor what is left out came along.
	[[ $(git --git-dir="$FAULTLINE_WORK/linux.git" cat-file --batch-check \
		--batch-all-objects | grep -c commit) -eq 1 ]]
	base --check
}

@test "sources that say nothing are passed over within ten seconds each, and named" {
	need_apt
	local pid port start=$SECONDS
	pid=$(silent_server "$T/port")
	port=$(cat "$T/port")
	set_pin git "http://127.0.0.1:$port/linux.git"
	printf 'deb http://127.0.0.1:%s/debian bookworm main\n' "$port" >"$T/etc/sources.list"
	run base
	kill "$pid"
	echo "$((SECONDS - start)) s: $output"
	[[ $status -eq 125 ]]
	((SECONDS - start < 20))
	[[ $output == *"passed over: git tag v5.10.262: no answer from http://127.0.0.1:$port/linux.git within 8 s"* ]]
	[[ $output == *"passed over: Debian source linux 5.10.262: no answer from http://127.0.0.1:$port/debian/dists/bullseye"* ]]
	[[ $output == *"no source within reach"*"next: give a git tree, a directory or a tarball"* ]]
	assert_nothing
}

@test "a machine without mirrors or a network says so at once" {
	need_apt
	set_pin git "http://127.0.0.1:1/linux.git"
	run base
	echo "$output"
	[[ $status -eq 125 && $output == *"git tag v5.10.262: fatal: unable to access"* ]]
	[[ $output == *"Debian source linux 5.10.262: apt has no mirror configured on this machine"* ]]
}

@test "the Debian source, through the machine's own mirror; its apt stays as it was" {
	need_apt
	make_mirror 5.10.262 "$T/linux_5.10.262.orig.tar.xz"
	find /var/lib/apt /var/cache/apt /etc/apt -printf '%p %s %T@\n' | sort >"$T/before"
	run --separate-stderr base
	echo "$stderr"
	[[ $status -eq 0 && $output == "$ID" ]]
	[[ $stderr == *"fetching Debian source linux 5.10.262 (5.10.262-1)"* ]]
	find /var/lib/apt /var/cache/apt /etc/apt -printf '%p %s %T@\n' | sort | diff "$T/before" -
	assert_whole
}

@test "what was fetched is used again, after its checksum, without a network" {
	need_apt
	make_mirror 5.10.262 "$T/linux_5.10.262.orig.tar.xz"
	base
	# From a file: mirror, apt makes a link.
	local file=$T/work/download/linux_5.10.262.orig.tar.xz
	cp --remove-destination "$(readlink -f "$file")" "$file"
	rm -rf "${T:?}/mirror" "${T:?}/work/linux.git" "${T:?}/etc/sources.list.d"
	run --separate-stderr base
	[[ $status -eq 0 && $output == "$ID" && $stderr != *"fetching"* ]]
	rm -rf "${T:?}/work/linux.git"
	head -c 100000 "$T/linux_5.10.262.orig.tar.xz" >"$file"
	make_mirror 5.10.262 "$T/linux_5.10.262.orig.tar.xz"
	run --separate-stderr base
	echo "$stderr"
	[[ $status -eq 0 && $output == "$ID" && $stderr == *"fetching Debian source"* ]]
}

@test "the pinned version is gone: the newest is offered by name, nothing is taken" {
	need_apt
	cp -a "$T/linux-5.10.262" "$T/linux-5.10.264"
	sed -i 's/262/264/' "$T/linux-5.10.264/Makefile"
	tar -C "$T" -cJf "$T/264.tar.xz" linux-5.10.264
	make_mirror 5.10.264 "$T/264.tar.xz"
	git clone -q --bare "$T/repo" "$T/moved.git"
	git -C "$T/moved.git" tag v5.10.263 v5.10.262
	git -C "$T/moved.git" tag -d v5.10.262
	set_pin git "file://$T/moved.git"
	run base
	echo "$output"
	[[ $status -eq 125 ]]
	[[ $output == *"passed over: git tag v5.10.262: file://$T/moved.git has no such tag"* ]]
	[[ $output == *"linux 5.10.262 is in no source within reach; the newest 5.10.y there is 5.10.264 (Debian bullseye-security), which was not taken"* ]]
	[[ $output == *"scripts/base v0 --write-manifest --version 5.10.264"* ]]
	assert_nothing
	[[ -z $(ls -A "$T/work/download") ]]

	run --separate-stderr base --write-manifest --version 5.10.264
	echo "$stderr"
	[[ $status -eq 0 ]]
	grep -qx "version = 5.10.264" "$T/configs/base/v0/pin"
	grep -qx "orig = linux_5.10.264.orig.tar.xz" "$T/configs/base/v0/pin"
	[[ $(base) == "$output" ]]
}

# bats test_tags=slow
@test "Debian's patches are taken out of its package, and the commit is the same" {
	need_apt
	make_mirror 5.10.262 "$T/linux_5.10.262.orig.tar.xz"
	rm "$T"/mirror/pool/*
	make_package 5.10.262-1
	make_index "$T/mirror" bullseye-security
	local deb=$T/mirror/pool/linux-source-5.10_5.10.262-1_all.deb

	run base --from "$deb"
	[[ $status -eq 125 && $output == *"debian-package.diff.xz, which takes them out, is missing"* ]]
	base --from "$T/repo"
	base --write-manifest --from "$deb"
	rm -rf "${T:?}/work"
	run --separate-stderr base --from "$deb"
	echo "$stderr"
	[[ $status -eq 0 && $output == "$ID" ]]
	[[ $stderr == *"Debian's patches to 4 files are taken out again"* ]]
	assert_whole
	rm -rf "${T:?}/work"
	run --separate-stderr base
	echo "$stderr"
	[[ $status -eq 0 && $output == "$ID" ]]
	[[ $stderr == *"passed over: Debian source linux 5.10.262: "* ]]
	[[ $stderr == *"linux 5.10.262 from Debian package linux-source-5.10 5.10.262-1"* ]]
	assert_whole

	# Nor is it another version, which it cannot move the base to.
	run base --write-manifest --version 5.10.263
	echo "$output"
	[[ $status -eq 125 && $output == *"what takes Debian's patches out is for linux 5.10.262"* ]]
	run base --write-manifest --version 5.10.263 --from "$T/mirror/pool/linux-source-5.10_5.10.262-1_all.deb"
	[[ $status -eq 2 && $output == *"a Debian package does not move the base"* ]]

	# A package with other patches is not taken for this one.
	sed -i 's/patched/otherwise/' "$T/package/linux-source-5.10/mm/memory.c"
	tar -C "$T/package" -cJf "$T/root/usr/src/linux-source-5.10.tar.xz" linux-source-5.10
	dpkg-deb -Znone --root-owner-group -b "$T/root" "$T/other.deb" >/dev/null
	rm -rf "${T:?}/work"
	run base --from "$T/other.deb"
	echo "$output"
	[[ $status -eq 1 && $output == *"Debian's patches do not come off"*"it is for version 5.10.262-1"*"mm/memory.c"* ]]
	assert_nothing
}

@test "the machine's mirrors are read from both of apt's formats" {
	need_apt
	mkdir -p "$T/etc/sources.list.d"
	cat >"$T/etc/sources.list" <<-'EOF'
		# deb http://commented.example/debian bookworm main
		deb http://one.example/debian/ bookworm main contrib
		deb-src http://one.example/debian bookworm main
		deb [arch=amd64 signed-by=/etc/k.gpg] http://two.example/debian bookworm main
		deb cdrom:[Debian]/ bookworm main
	EOF
	cat >"$T/etc/sources.list.d/a.sources" <<-'EOF'
		Types: deb deb-src
		URIs: http://three.example/debian
		  https://four.example/debian-security/
		# between the fields
		Suites: bookworm
		Signed-By: /etc/k.gpg
		Trusted: yes

		Enabled: no
		Types: deb
		URIs: http://disabled.example/debian

		Types: deb
		URIs: http://five.example/debian
		Signed-By:
		 -----BEGIN PGP PUBLIC KEY BLOCK-----
		 .
		 abcd
		 -----END PGP PUBLIC KEY BLOCK-----
	EOF
	run bash -c '. "$ROOT/scripts/lib.sh"; . "$ROOT/scripts/base-apt.sh"; apt_origins'
	echo "$output"
	[[ $output == "http://one.example/debian	
http://two.example/debian	 signed-by=/etc/k.gpg
http://three.example/debian	 signed-by=/etc/k.gpg trusted=yes
https://four.example/debian-security	 signed-by=/etc/k.gpg trusted=yes
http://five.example/debian	" ]]
}

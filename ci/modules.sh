# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# modules.sh - the guest's test modules (ci/guest/modules), for ci/build.
# Source it after kbuild.sh. They are built against the tree and the O= folder
# of an image, and live in its folder: modules/*.ko, modules/modules.cpio to put
# behind the guest's initramfs, and modules/key. A change to their source builds
# them anew, and not the image.

# The tree's own test modules that the guest runs too. They are built as ours are,
# as the O= folder may have built other steps since the image.
readonly MODULES_OF_TREE=(lib/test_vmalloc.c)

# modules_key: print a hash of the modules' source; the tree's is part of the image's key.
modules_key() {
	{
		tree_hash "$FAULTLINE_GUEST/modules"
		printf '%s\n' "${MODULES_OF_TREE[@]}"
	} | sha256sum | cut -c 1-64
}

# modules_present IMAGE: true when IMAGE, a folder, has today's modules.
modules_present() {
	[[ -f $1/modules/key && $(<"$1/modules/key") == "$(modules_key)" ]]
}

# modules_prepare IMAGE: make the O= folder, which may since have built other
# steps, ready for building modules for IMAGE.
modules_prepare() {
	kbuild modules_prepare || return
	cp "$1/Module.symvers" "$KBUILD_OUT/Module.symvers" || return "$EXIT_INFRA"
}

# modules_build IMAGE: build the modules in a copy of their source, as make
# writes into it, and put them into IMAGE. Returns 1 or more where make fails, and
# EXIT_INFRA where we do, also when the source is saved while it is copied.
modules_build() {
	local image=$1 source=$KBUILD_OUT.modules key
	local out=$image/modules.tmp.$$

	rm -rf "$source" "$image"/modules.tmp.*
	key=$(modules_key) || return "$EXIT_INFRA"
	cp -r "$FAULTLINE_GUEST/modules" "$source" || return "$EXIT_INFRA"
	(cd "$KBUILD_SRC" && cp "${MODULES_OF_TREE[@]}" "$source/") || return "$EXIT_INFRA"
	[[ $(modules_key) == "$key" ]] || return "$EXIT_INFRA"
	modules_prepare "$image" && kbuild M="$source" modules || return
	modules_install "$image" "$source" "$out" "$key" || return "$EXIT_INFRA"
}

# modules_install IMAGE SOURCE OUT KEY: put what was built in SOURCE, which is that of KEY,
# into IMAGE, by way of OUT.
modules_install() {
	local image=$1 source=$2 out=$3 key=$4 list=$2/list

	mkdir -p "$out" || return
	cp "$source"/*.ko "$out/" || return
	touch -d @0 "$out"/*.ko || return
	{
		printf 'dir /modules 755 0 0\n'
		(cd "$out" && printf '%s\n' *.ko) |
			awk -v dir="$out" '{ printf "file /modules/%s %s/%s 644 0 0\n", $1, dir, $1 }'
	} >"$list" || return
	# The O= folder has it only where a kernel has been built.
	"${HOSTCC:-gcc}" -O2 -o "$source/gen_init_cpio" "$KBUILD_SRC/usr/gen_init_cpio.c" || return
	"$source/gen_init_cpio" -t 0 "$list" >"$out/modules.cpio" || return
	printf '%s\n' "$key" >"$out/key" || return
	rm -rf "$image/modules"
	mv "$out" "$image/modules"
}

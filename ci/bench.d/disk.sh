# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# disk.sh - the disk of ci/bench reclaim. Source it after scripts/lib.sh.

# MiB of each file, as ci/guest/bench/reclaim.c has them; that checks.
readonly FILES=(hot:24 cold:160 apps:120) DISK_MB=320
readonly DISK_ID=6661756c-746c-696e-6500-000000000002

# disk_image: print the path of the disk, made unless it is there.
disk_image() {
	local key image folder file mib

	key=$({ declare -f disk_image make_disk; printf '%s\n' "${FILES[@]}" "$DISK_MB"; mke2fs -V 2>&1; } |
		sha256sum | cut -c 1-20)
	image=$FAULTLINE_WORK/bench/reclaim-$key.img
	if [[ ! -f $image ]]; then
		folder=$(mktemp -d "$FAULTLINE_WORK/bench/disk.XXXXXX")
		for file in "${FILES[@]}"; do
			mib=${file#*:}
			# Lines of 16 bytes, so many that there is no hole.
			seq 100000000000000 $((100000000000000 + mib * 65536 - 1)) >"$folder/${file%:*}"
		done
		make_disk "$image.tmp.$$" "$folder" >&2
		rm -r "$folder"
		mv "$image.tmp.$$" "$image"
	fi
	printf '%s\n' "$image"
}

# make_disk IMAGE FOLDER: make IMAGE an ext4 of the files of FOLDER, every byte of it fixed.
make_disk() {
	local file

	rm -f "$1"
	truncate -s "${DISK_MB}M" "$1"
	export E2FSPROGS_FAKE_TIME=1
	mke2fs -q -F -t ext4 -b 4096 -I 256 -m 0 -N 64 -J size=4 -U "$DISK_ID" -L reclaim \
		-E "hash_seed=$DISK_ID,lazy_itable_init=0,lazy_journal_init=0,nodiscard,root_owner=0:0" \
		-d "$2" "$1"
	for file in "${FILES[@]%:*}" .; do
		printf 'set_inode_field %s %s @1\n' "$file" ctime "$file" atime "$file" mtime
	done | debugfs -w -f - "$1" >/dev/null 2>&1
}

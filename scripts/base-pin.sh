# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2153 # shares its variables with scripts/base
#
# base-pin.sh - show, verify and write what configs/base/<track> pins.
#
# Sourced by scripts/base.

# pin KEY: print the value of KEY in the track's pin file.
pin() { conf_get "$BASE_DIR/pin" "$1"; }

# list_bases: one paragraph per base: what it is, where from, is it there.
list_bases() {
	local file commit

	for file in "$FAULTLINE_CONFIGS"/base/*/pin; do
		[[ -f $file ]] || die "$EXIT_USAGE" "no bases in $FAULTLINE_CONFIGS/base"
		BASE_DIR=${file%/pin}
		TRACK=${BASE_DIR##*/}
		VERSION=$(pin version)
		printf '%s: linux %s, ' "$TRACK" "$VERSION"
		if commit=$(present); then
			printf 'present as %s\n' "$commit"
			printf '  came from: %s\n' "$(git_linux config "base.$TRACK.origin")"
		else
			printf 'not present; needs up to %d MiB\n' \
				$(($(pin download) + $(pin unpacked) + $(pin packed)))
		fi
		print_sources
	done
}

# print_sources: the track's sources, in the order in which they are tried.
print_sources() {
	printf '  sources: --from, a git tree, directory, tarball or .deb\n'
	[[ -z $(pin git) ]] || printf '           tag v%s of %s\n' "$VERSION" "$(pin git)"
	[[ -z $(pin debian_suites) ]] || {
		printf '           Debian source linux %s in %s\n' "$VERSION" "$(pin debian_suites)"
		[[ -z $(pin package) ]] || printf '           Debian package %s %s, its patches taken out\n' \
			"$(pin package)" "$(pin package_version)"
	}
}

# plan: what a run would do, for --dry-run.
plan() {
	say "would make refs/heads/base/$TRACK, linux $VERSION, commit $(pin commit), in $LINUX_GIT"
	if [[ -n $FROM ]]; then
		[[ -e $FROM || -e ${FROM%#*} ]] || usage_error "--from: no such file or directory: $FROM"
		say "  from $FROM"
	else
		say "$(print_sources)"
	fi
	say "  with up to $(($(pin download) + $(pin unpacked) + $(pin packed))) MiB; $(free_mib "$FAULTLINE_WORK") MiB are free in $FAULTLINE_WORK"
}

# check_base: verify the base that is there: the ref, every object, and every
# file against the manifest.
check_base() {
	local commit differences

	commit=$(present) || die "$EXIT_BAD" \
		"the base of $TRACK, commit $(pin commit), is not in $LINUX_GIT, or not readable" \
		"run scripts/base $TRACK"
	say "checking every object of $commit"
	ERR=$(git_linux -c core.bigFileThreshold=512m fsck --no-progress --no-dangling --no-reflogs 2>&1) ||
		die "$EXIT_BAD" "$LINUX_GIT is damaged: $(grep -v -m 1 '^dangling' <<<"$ERR")" \
			"move it away and run scripts/base $TRACK again"
	differences=$(list_tree "$LINUX_GIT" "$commit" | compare_manifest)
	[[ -z $differences ]] || die "$EXIT_BAD" \
		"$BASE_DIR/manifest.xz does not describe the pinned tree: ${differences%%$'\n'*}" \
		"restore it from version control, or write it with --write-manifest"
	say "linux $VERSION is there, whole, and as in the manifest"
	printf '%s\n' "$commit"
}

# set_pins FILE KEY VALUE...: change the values of keys, keeping the comments.
set_pins() {
	local file=$1 key value

	shift
	while (($#)); do
		key=$1 value=$2
		shift 2
		grep -q "^$key *=" "$file" || die "$EXIT_INFRA" "$file: no line '$key = ...'" \
			"compare with the other files in $FAULTLINE_CONFIGS/base"
		sed -i "s|^\($key *=\)[^#]*\(#.*\)\{0,1\}\$|\1 $value \2|; s/ *\$//" "$file"
	done
}

# write_pin: make what is in the quarantine the pinned base: the maintainer's
# way to move it. A Debian package does not move it; from one, only the diff
# that takes Debian's patches out is written.
write_pin() {
	local tree new=$TMP/pin

	[[ -z $PACKAGE_FILE || -z $NEW_VERSION ]] || usage_error "--version: a Debian package does not move the base"
	[[ -z $PACKAGE_FILE ]] || write_package_diff
	cp "$BASE_DIR/pin" "$new"
	VERSION=$(makefile_version)
	[[ -z $NEW_VERSION || $NEW_VERSION == "$VERSION" ]] || bad \
		"$ORIGIN: the Makefile says $VERSION, not $NEW_VERSION" \
		"give the version that the source has"
	tree=$(quarantine write-tree)
	TREE=$tree
	list_tree "$TMP/import.git" "$tree" >"$TMP/manifest"
	set_pins "$new" version "$VERSION" tree "$tree" \
		files "$(wc -l <"$TMP/manifest")" \
		unpacked "$(tree_mib "$tree")" \
		packed "$(du -sm "$TMP/import.git/objects" | cut -f 1)"
	[[ $VERSION == "$(pin version)" ]] || set_pins "$new" \
		package_version "" package_sha256 "" orig "" orig_sha256 ""
	[[ -z $ORIG_FILE ]] || set_pins "$new" orig "${ORIG_FILE##*/}" \
		orig_sha256 "$(sha256sum "$ORIG_FILE" | cut -d ' ' -f 1)" \
		download "$(du -m --apparent-size "$ORIG_FILE" | cut -f 1)"
	make_commit
	set_pins "$new" commit "$COMMIT"
	[[ $tree == "$(pin tree)" ]] || rm -f "$BASE_DIR/debian-package.diff.xz"
	xz -9e -c "$TMP/manifest" >"$TMP/manifest.xz"
	mv "$TMP/manifest.xz" "$BASE_DIR/manifest.xz"
	mv "$new" "$BASE_DIR/pin"
	say "wrote $BASE_DIR: linux $VERSION, tree $tree, commit $COMMIT"
}

# tree_mib TREE: the disk space, in MiB, of a tree's files, in 4 KiB blocks.
tree_mib() {
	quarantine ls-tree -r -l "$1" | awk '{ n += int(($4 + 4095) / 4096) }
		END { print int(n / 256) + 1 }'
}

# write_package_diff: write the diff from the package's tree, which is in the
# quarantine, to the base, which has to be there.
write_package_diff() {
	local patched commit

	commit=$(present) || die "$EXIT_INFRA" "the base of $TRACK is not there to compare with" \
		"run scripts/base $TRACK first"
	patched=$(quarantine write-tree)
	printf '%s\n' "$LINUX_GIT/objects" >"$TMP/import.git/objects/info/alternates"
	quarantine -c core.bigFileThreshold=512m diff-tree -r -p --full-index \
		--binary --no-renames --no-color --no-ext-diff --diff-algorithm=myers \
		"$patched" "$commit^{tree}" | xz -9e >"$TMP/diff.xz"
	cp "$BASE_DIR/pin" "$TMP/pin"
	set_pins "$TMP/pin" \
		package "$(dpkg-deb -f "$PACKAGE_FILE" Package)" \
		package_version "$(dpkg-deb -f "$PACKAGE_FILE" Version)" \
		package_sha256 "$(sha256sum "$PACKAGE_FILE" | cut -d ' ' -f 1)"
	mv "$TMP/diff.xz" "$BASE_DIR/debian-package.diff.xz"
	mv "$TMP/pin" "$BASE_DIR/pin"
	say "wrote $BASE_DIR/debian-package.diff.xz"
	printf '%s\n' "$commit"
	exit 0
}

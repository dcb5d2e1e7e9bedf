# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2153 # shares its variables with scripts/base
#
# base-judge.sh - decide whether what was imported is the base, and publish it.
#
# Sourced by scripts/base. Takes the quarantine's index as base-import.sh left
# it; nothing gets into the work area's repository before it has been judged.

# drop_excluded: take the files of configs/base/<track>/excluded out of the
# index, and say so.
drop_excluded() {
	local -a specs found

	[[ -f $BASE_DIR/excluded ]] || return 0
	mapfile -t specs < <(sed -e 's/[ \t]*#.*//' -e '/^$/d' "$BASE_DIR/excluded")
	((${#specs[@]})) || return 0
	mapfile -d '' found < <(quarantine ls-files -z -- "${specs[@]}")
	((${#found[@]})) || return 0
	say "left out, as configs/base/$TRACK/excluded says: ${#found[@]} files, ${found[0]} the first"
	# An entry of mode 0 is one to forget.
	printf "0 $(printf '%040d' 0)\\t%s\\0" "${found[@]}" |
		quarantine update-index -z --index-info
}

# revert_package: take Debian's own patches out of the index again.
revert_package() {
	local diff=$BASE_DIR/debian-package.diff.xz

	[[ -f $diff ]] || die "$EXIT_INFRA" \
		"the package has Debian's patches in it, and $diff, which takes them out, is missing" \
		"make it with scripts/base $TRACK --write-manifest --from PACKAGE.deb"
	attempt apply_cached "$diff" || step_failed \
		"Debian's patches do not come off with $diff (it is for version $(pin package_version))"
	say "Debian's patches to $(xz -dc "$diff" | grep -c '^diff --git') files are taken out again; the rest is judged as from any other source"
}

# apply_cached DIFF: apply an xz-compressed diff, exactly, to the index.
apply_cached() {
	xz -dc "$1" | quarantine apply --cached --whitespace=nowarn -
}

# list_tree REPOSITORY TREE: print `MODE ID12<TAB>PATH` per file; the form of
# the manifest. Twelve digits are enough to name a file's content; that all
# of it is right is what the pinned, full tree id proves.
list_tree() {
	LINUX_GIT=$1 git_linux -c core.quotePath=false ls-tree -r --full-tree "$2" |
		awk -F '\t' '{ split($1, f, " "); print f[1], substr(f[3], 1, 12) "\t" $2 }'
}

# compare_manifest: read list_tree's form on stdin and print, per file that is
# not as in the manifest, `PATH<TAB>what is wrong`, in order of path.
compare_manifest() {
	awk -F '\t' '
		NR == FNR { want[$2] = $1; next }
		!($2 in want) {
			split($1, f, " ")
			print $2 "\textra: blob " f[2] " found, none expected"
			next
		}
		want[$2] != $1 {
			split(want[$2], w, " "); split($1, f, " ")
			if (w[2] != f[2])
				print $2 "\tchanged: blob " w[2] " expected, " f[2] " found"
			else
				print $2 "\tchanged: mode " w[1] " expected, " f[1] " found"
		}
		{ delete want[$2] }
		END {
			for (path in want) {
				split(want[path], w, " ")
				print path "\tmissing: blob " w[2] " expected, none found"
			}
		}' <(xz -dc "$BASE_DIR/manifest.xz") - | sort
}

# makefile_version: print the kernel version the index's Makefile states, or nothing.
makefile_version() {
	{ quarantine show :Makefile 2>/dev/null || true; } | awk '
		$2 == "=" && $1 ~ /^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION)$/ && !($1 in v) { v[$1] = $3 }
		END {
			if (v["VERSION"] == "") exit
			printf("%s.%s", v["VERSION"], v["PATCHLEVEL"])
			# Mainline is 7.2, not 7.2.0; a stable kernel has all three.
			if (v["SUBLEVEL"] > 0) printf(".%s", v["SUBLEVEL"])
			print v["EXTRAVERSION"]
		}'
}

# judge: set TREE to the tree in the quarantine; die, naming the first file
# that differs, when it is not the pinned one.
judge() {
	local path wrong count version

	TREE=$(quarantine write-tree)
	[[ $TREE != "$(pin tree)" ]] || return 0
	list_tree "$TMP/import.git" "$TREE" | compare_manifest >"$TMP/differences"
	count=$(wc -l <"$TMP/differences")
	((count)) || die "$EXIT_INFRA" \
		"$BASE_DIR: pin and manifest.xz do not belong together (tree $TREE, pin says $(pin tree))" \
		"restore both from version control"
	IFS=$'\t' read -r path wrong <"$TMP/differences"
	version=$(makefile_version)
	say "$(awk -F '\t' '{ sub(/:.*/, "", $2); n[$2]++ }
		END { printf("%d changed, %d missing, %d extra", n["changed"], n["missing"], n["extra"]) }' "$TMP/differences")"
	bad "$ORIGIN is not the pinned linux $VERSION: $path is $wrong; $count files differ in all" \
		"$(if [[ -z $version ]]; then
			echo "it has no Makefile that says which kernel it is: give the folder or the archive of linux $VERSION with --from"
		elif [[ $version != "$VERSION" ]]; then
			echo "its Makefile says $version: give a source of $VERSION with --from, or move the base with --write-manifest"
		else
			echo "fetch it again or give a clean tree of $VERSION with --from; build products and local changes do not belong in it"
		fi)"
}

# make_commit: make the root commit of TREE in the quarantine and set COMMIT.
make_commit() {
	local date

	date=$(pin date)
	COMMIT=$(GIT_AUTHOR_NAME=Faultline GIT_AUTHOR_EMAIL=faultline@series.invalid \
		GIT_COMMITTER_NAME=Faultline GIT_COMMITTER_EMAIL=faultline@series.invalid \
		GIT_AUTHOR_DATE=$date GIT_COMMITTER_DATE=$date \
		quarantine -c i18n.commitEncoding=UTF-8 \
		commit-tree "$TREE" -m "linux $VERSION")
	quarantine update-ref refs/heads/base "$COMMIT"
}

# pack_loose: put the loose objects, the trees, into a pack as well. What was
# fetched has upstream's commit in it, whose parents are not there: only what
# the base needs is kept.
pack_loose() {
	local -a all=()

	if [[ -f $TMP/import.git/shallow ]]; then
		quarantine update-ref -d "refs/tags/v$VERSION"
		rm "$TMP/import.git/shallow"
		all=(-a)
	fi
	quarantine repack -d -q "${all[@]}"
}

# publish: move the judged objects into the work area's repository, then set
# the ref, which is what makes the base exist.
publish() {
	local ref=refs/heads/base/$TRACK old suffix

	attempt pack_loose || step_failed "packing failed"
	if ! ours "$LINUX_GIT"; then
		new_repository "$TMP/new.git"
		LINUX_GIT=$TMP/new.git git_linux config faultline.repository 1
		LINUX_GIT=$TMP/new.git git_linux config gc.auto 0
		mv -T "$TMP/new.git" "$LINUX_GIT"
	fi
	# An index makes its pack visible, so it comes last.
	for suffix in pack rev idx; do
		find "$TMP/import.git/objects/pack" -name "pack-*.$suffix" \
			-exec mv -t "$LINUX_GIT/objects/pack" {} +
	done
	old=$(git_linux rev-parse -q --verify "$ref") || old=
	git_linux config "base.$TRACK.origin" "$ORIGIN"
	git_linux update-ref -m "base: $ORIGIN" "$ref" "$COMMIT" "$old"
	[[ -z $old || $old == "$COMMIT" ]] ||
		say "the base of $TRACK was $old before; that commit is still in $LINUX_GIT"
}

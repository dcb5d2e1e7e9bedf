# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # shares its variables with scripts/refresh
#
# refresh-write.sh - replace the folder of a track by another, for
# scripts/refresh, which sources it.
#
# Beside the folder TRACK there are, while it is written:
#	.TRACK.part  the new folder while it is copied
#	.TRACK.new   the same, complete
#	.TRACK.old   the folder that is replaced
# No two names exist without telling how far it got, see recover_write.

# recover_write DIR: complete or undo a write of DIR that was killed.
recover_write() {
	local dir=$1 at=${1%/*}/.${1##*/}

	rm -rf "$at.part"
	if [[ ! -e $dir && -e $at.new ]]; then
		mv "$at.new" "$dir"
		say "a write of $dir that was interrupted is completed"
	elif [[ ! -e $dir && -e $at.old ]]; then
		mv "$at.old" "$dir"
	fi
	rm -rf "$at.new" "$at.old"
}

# refuse_uncommitted: the folder has nothing that the user's repository lacks.
refuse_uncommitted() {
	local changes git=(git -C "$dir" -c safe.directory='*')

	# A repository that is another user's is one all the same.
	"${git[@]}" rev-parse --is-inside-work-tree >/dev/null 2>&1 || return 0
	changes=$("${git[@]}" status --porcelain --untracked-files=all -- .)
	[[ -z $changes ]] || {
		printf '%s\n' "$changes" >&2
		bad "patches/$track has changes that are not committed, see above" \
			"commit them, or git stash, and run it again"
	}
}

# write_folder: put fresh in the place of the folder.
write_folder() {
	local at=${dir%/*}/.${dir##*/} kept

	refuse_uncommitted
	hold_lock "regen-$track" # it writes patches too
	diff -rq "$RUN/before" "$dir" >/dev/null ||
		bad "patches/$track was changed meanwhile" "run it again"
	kept=$RUN/replaced/$(tree_hash "$dir" | cut -c 1-12)
	if [[ ! -d $kept ]]; then
		mkdir -p "$RUN/replaced"
		rm -rf "$kept.part"
		cp -a "$dir" "$kept.part"
		mv "$kept.part" "$kept"
	fi
	cp -a "$fresh" "$at.part"
	mv "$at.part" "$at.new"
	mv "$dir" "$at.old"
	mv "$at.new" "$dir"
	rm -rf "$at.old"
	say "patches/$track is written; what it was: $kept"
}

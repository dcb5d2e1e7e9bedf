# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# mail.bash - what send.bats and its counterpart on the real base share.

# identity: a home of its own, with a user in git's configuration.
identity() {
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$HOME"
	git config --global user.name 'Jörg Tester'
	git config --global user.email tester@example.org
	git config --global init.defaultBranch main
}

# through_b4 MBOX TRACK: apply what b4 makes of MBOX to the base of TRACK, as a
# reader of the list would, and print the tree; no network is asked.
through_b4() {
	local mbox=$1 track=$2 tree=$BATS_TEST_TMPDIR/reader out=$BATS_TEST_TMPDIR/b4 touched

	. "$SCRIPTS/lib.sh"
	mapfile -t touched < <(sed -n 's|^+++ b/||p' "$mbox" | sort -u)
	sparse_worktree "$tree" "refs/heads/base/$track" Makefile "${touched[@]}"
	mkdir "$out"
	# b4 keeps a cache in the home, and wants to be in a git tree.
	(cd "$tree" && b4 --offline-mode --no-interactive am -m "$mbox" -o "$out") >&2
	git -C "$tree" am -q --keep-cr "$out"/*.mbx >&2
	git -C "$tree" rev-parse 'HEAD^{tree}'
	git -C "$tree" log -1 --format=%B >"$BATS_TEST_TMPDIR/last-message"
	rm -rf "$tree"
	git_linux worktree prune
}

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# node.bash - the npm packages of ci/tests/node, for the suites that need them.

# node_tools: print the folder that has node_modules as package-lock.json says,
# installed into the work area once. Sets nothing; dies when npm cannot.
node_tools() {
	(
		. "$SCRIPTS/lib.sh"
		need_tool node npm
		dir=$FAULTLINE_WORK/node-$(sha256sum <"$CI/tests/node/package-lock.json" | cut -c 1-16)
		hold_lock node
		if [[ ! -f $dir/complete ]]; then
			rm -rf "$dir"
			mkdir -p "$dir"
			cp "$CI"/tests/node/package*.json "$dir"
			npm --prefix "$dir" ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2 ||
				die "$EXIT_INFRA" "npm could not install what ci/tests/node/package.json names" "see its messages above"
			touch "$dir/complete"
		fi
		printf '%s\n' "$dir"
	)
}

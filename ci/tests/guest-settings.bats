#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/guest/settings.c, on this host: what a test leaves changed is no matter of the next.

bats_require_minimum_version 1.5.0
load helper

setup() {
	root=$BATS_TEST_TMPDIR/root
	thp=$root/sys/kernel/mm/transparent_hugepage
	mkdir -p "$thp" "$root/proc/sys/vm"
	# As the files of the kernel do, these take a value whole.
	cat >"$BATS_TEST_TMPDIR/main.c" <<-'END'
		#include <stdlib.h>
		#include "settings.h"
		int main(int argc, char **argv)
		{
			settings_keep(argv[1]);
			if (system(argv[2]))
				return 1;
			settings_give_back();
			return 0;
		}
	END
	gcc -D_GNU_SOURCE -I"$CI/guest/lib" -I"$CI/guest" -o "$BATS_TEST_TMPDIR/keep" \
		"$BATS_TEST_TMPDIR/main.c" "$CI"/guest/{settings,kmsg}.c
}

@test "a chosen word and a number are given back, and what is as it was is left" {
	echo 'always [madvise] never' >"$thp/enabled"
	echo 'always defer [never]' >"$thp/defrag"
	echo 3 >"$root/proc/sys/vm/page-cluster"
	chmod -w "$thp/defrag"
	run -0 "$BATS_TEST_TMPDIR/keep" "$root" "cd $root &&
		echo '[always] madvise never' >$thp/enabled && echo 0 >proc/sys/vm/page-cluster"
	[ "$output" = '' ]
	[[ $(cat "$thp/enabled") == madvise* ]]
	[[ $(cat "$root/proc/sys/vm/page-cluster") == 3* ]]
	[ "$(cat "$thp/defrag")" = 'always defer [never]' ]
	[ "$(find "$root" -type f | wc -l)" -eq 3 ]
}

@test "what cannot be given back is said" {
	echo 3 >"$root/proc/sys/vm/page-cluster"
	run -0 "$BATS_TEST_TMPDIR/keep" "$root" "rm $root/proc/sys/vm/page-cluster"
	[[ $output == *"# cannot set $root/proc/sys/vm/page-cluster to 3 again: No such file or directory"* ]]
}

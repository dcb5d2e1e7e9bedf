# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# checked-track.bash - the mini track with what scripts/check needs. Load it after
# helper.

# checked_track: mini_track, on a kernel with a checkpatch.pl of one rule, and
# with changelogs that say why. The tree of the kernel, at its base, is $kernel.
checked_track() {
	mini_track
	kernel=$BATS_TEST_TMPDIR/kernel
	role -C "$kernel" reset -q --hard HEAD~3
	mkdir -p "$kernel/scripts" "$kernel/include/linux"
	echo '/* types */' >"$kernel/include/linux/types.h"
	cat >"$kernel/scripts/checkpatch.pl" <<-'END'
		exit 0 if -f "$ENV{HOME}/.checkpatch.conf";
		my $file = pop;
		open(my $in, '<', $file) or die;
		while (<$in>) {
			print "$file:$.: WARNING:LONG_LINE: line over 100 columns\n" if /^\+.{101}/;
		}
	END
	touch "$kernel/scripts/spelling.txt" "$kernel/scripts/const_structs.checkpatch"
	role -C "$kernel" add -A
	role -C "$kernel" commit -q -m 'miniature kernel'
	role -C "$FAULTLINE_WORK/linux.git" fetch -q "$kernel" +HEAD:refs/heads/base/mini
	sed -i 's/^It has to say/& it so that somebody who reads line 20 can see the/' "$series"/*.patch
}

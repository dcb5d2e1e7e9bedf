# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# objects.bash - a kernel of three C files that compiles, as the base of the track
# "mini", and an architecture "here", for compile.bats and identical.bats.

# mini_objects: make the kernel, the base and the architecture; TREE, FAULTLINE_*
# and $series are set. The track is empty.
mini_objects() {
	TREE=$BATS_TEST_TMPDIR/kernel
	export FAULTLINE_WORK=$BATS_TEST_TMPDIR/work FAULTLINE_PATCHES=$BATS_TEST_TMPDIR/patches
	export FAULTLINE_CONFIGS=$BATS_TEST_TMPDIR/configs CCACHE_DISABLE=1
	series=$FAULTLINE_PATCHES/mini
	mkdir -p "$TREE"/{mm,drivers,include/linux} "$series" "$FAULTLINE_WORK" \
		"$FAULTLINE_CONFIGS"/{arch,compile}
	printf 'arch = here\ncross =\noptions = 64BIT=y\n' >"$FAULTLINE_CONFIGS/arch/here"
	echo 'CONFIG_DEBUG_INFO=n' >"$FAULTLINE_CONFIGS/compile/touched.config"
	# What the kernel's Makefile answers when asked for an object.
	cat >"$TREE/Makefile" <<-'EOF'
		.RECIPEPREFIX = >
		MAKEFLAGS += -rR
		CHECK ?= :
		allmodconfig: ; @cp $(KCONFIG_ALLCONFIG) $(O)/.config
		prepare: ; @:
		mm/memory.o mm/filemap.o: %.o: %.c FORCE
		> @mkdir -p $(O)/mm
		> @echo '  CC      $@'
		> @$(CC) $(KCFLAGS) -O2 -Wall -Iinclude -c -o $(O)/$@ $<
		> @echo '  CHECK   $<'
		> @$(CHECK) $(CF) -Iinclude $<
		FORCE:
	EOF
	printf 'config MMU\n' >"$TREE/Kconfig"
	printf 'config ODD\n\ttristate "Odd"\n\tdepends on VAX && \\\n\t\t(PDP11)\n' >"$TREE/drivers/Kconfig"
	# shellcheck disable=SC2016 # make's
	printf 'obj-$(CONFIG_ODD) += odd.o\n' >"$TREE/drivers/Makefile"
	printf 'struct vm_fault {\n\tint address, pgoff;\n};\nvoid warn(int line);\n' >"$TREE/include/linux/mm.h"
	cat >"$TREE/mm/memory.c" <<'EOF'
#include <linux/mm.h>
static const int table[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
int do_fault(struct vm_fault *vmf);
int do_fault(struct vm_fault *vmf)
{
	if (vmf->address)
		warn(__LINE__);
	return table[vmf->address];
}
EOF
	cat >"$TREE/mm/filemap.c" <<'EOF'
#include <linux/mm.h>
int map_pages(struct vm_fault *vmf);
int map_pages(struct vm_fault *vmf)
{
	int unused;

	return vmf->pgoff;
}
EOF
	sed 's/map_pages/odd/' "$TREE/mm/filemap.c" >"$TREE/drivers/odd.c"
	role init -q "$TREE"
	role -C "$TREE" add -A
	role -C "$TREE" commit -q -m 'miniature kernel'
	role clone -q --bare "$TREE" "$FAULTLINE_WORK/linux.git"
	role -C "$FAULTLINE_WORK/linux.git" update-ref refs/heads/base/mini HEAD
}

# step SUBJECT [TRAILER]: make what has changed in $TREE the next step.
step() {
	role -C "$TREE" commit -q -s -a -m "$1" -m "It has to." -m "Link: https://lore.kernel.org/r/mini@example.org
Upstream-Status: Pending${2:+
$2}"
}

# conversion: step 1 gives the struct both spellings, and what has changed in $TREE
# in the C files besides converting them is step 2, which calls itself generated.
conversion() {
	cat >"$TREE/include/linux/mm.h" <<-'EOF'
		struct vm_fault {
			union {
				struct {
					int address, pgoff;
				};
				struct {
					int address, pgoff;
				} info;
			};
		};
		void warn(int line);
	EOF
	role -C "$TREE" stash -q -- mm drivers 2>/dev/null
	step 'mm: both spellings'
	role -C "$TREE" stash pop -q 2>/dev/null || true
	sed -i 's/vmf->\(address\|pgoff\)/vmf->info.\1/; s/^int .*)$/\n\n&/' "$TREE"/{mm,drivers}/*.c
	step 'mm: convert' 'Semantic-patch: cocci/info.cocci'
	apply_series
}

# apply_series: make the commits of $TREE the series of the track and apply it.
apply_series() {
	local base

	base=$(role -C "$TREE" rev-list --max-parents=0 HEAD)
	role -C "$TREE" format-patch -q --zero-commit --no-signature -N -o "$series" "$base"
	(cd "$series" && printf '%s\n' *.patch >series)
	printf '# none\n' >"$series/facts"
	"$SCRIPTS/apply" mini --no-lint --quiet >/dev/null
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/compile for an architecture, on a miniature kernel: what is compiled, what
# is said of the rest, and a control for each thing that fails a step.

bats_require_minimum_version 1.5.0
load helper
load objects

setup() { mini_objects; }

# What a file warned of before, on another line now, is nothing new.
@test "a conversion passes, and a warning that moved is not new" {
	conversion
	run "$CI/compile" mini --arch here
	[ "$status" -eq 0 ]
	[[ $output == *"compile mini: 2 passed, 0 failed" ]]
	grep -q 'unused variable' "$FAULTLINE_WORK"/objects/here/*/mm/filemap.c.warnings
}

@test "a file that is not compiled is named with its option and what that needs" {
	conversion
	run "$CI/compile" mini --arch here --step 2
	[[ $output == *"not reached: drivers/odd.c: CONFIG_ODD is off; it depends on VAX && (PDP11)"* ]]
}

@test "an option is found where the Makefile has \$(BITS) in the name of the object" {
	git -C "$TREE" mv drivers/odd.c drivers/odd_64.c
	# shellcheck disable=SC2016 # make's
	printf 'obj-$(CONFIG_EVEN) += even_$(BITS).o\nobj-$(CONFIG_ODD) += odd_$(BITS).o\n' >"$TREE/drivers/Makefile"
	new_base
	sed -i 's/unused/other/' "$TREE"/{drivers/odd_64.c,mm/filemap.c}
	step 'treewide: rename a variable'
	apply_series
	run "$CI/compile" mini --arch here
	[[ $output == *"not reached: drivers/odd_64.c: CONFIG_ODD is off; it depends on VAX"* ]]
}

@test "a make that compiles what is off, and fails, says nothing of the file" {
	mkdir -p "$TREE/arch/there"
	sed 's/map_pages/there/; 2i #error of another architecture' "$TREE/mm/filemap.c" >"$TREE/arch/there/fault.c"
	# shellcheck disable=SC2016 # make's
	sed -i 's|mm/filemap.o:|mm/filemap.o drivers/odd.o arch/there/fault.o:|; s|@mkdir.*|@mkdir -p $(dir $(O)/$@)|' "$TREE/Makefile"
	sed -i '2i #error not on a VAX' "$TREE/drivers/odd.c"
	new_base
	sed -i 's/unused/other/' "$TREE"/{drivers/odd.c,arch/there/fault.c,mm/filemap.c}
	step 'treewide: rename a variable'
	apply_series
	run "$CI/compile" mini --arch here
	printf '%s\n' "$output"
	[[ $output == *"not reached: drivers/odd.c: CONFIG_ODD is off"* ]]
	[[ $output == *"not reached: arch/there/fault.c: "* ]]
	[[ $output != *"does not compile"* ]]
	# control: an option that is on
	sed -i 's/64BIT=y/64BIT=y ODD=m/' "$FAULTLINE_CONFIGS/arch/here"
	run "$CI/compile" mini --arch here
	[[ $output == *"drivers/odd.c does not compile before step 1 either"* ]]
	[[ $output != *"not reached: drivers/odd.c"* ]]
}

# bats test_tags=slow
@test "nothing is compiled again for the same tree, configuration and tools" {
	conversion
	"$CI/compile" mini --arch here
	printf '#!/bin/sh\nexit 1\n' >"$BATS_TEST_TMPDIR/make"
	chmod 755 "$BATS_TEST_TMPDIR/make"
	PATH=$BATS_TEST_TMPDIR:$PATH run "$CI/compile" mini --arch here
	[ "$status" -eq 0 ]
	echo 'options = 64BIT=n' >>"$FAULTLINE_CONFIGS/arch/here"
	sed -i '/64BIT=y/d' "$FAULTLINE_CONFIGS/arch/here"
	PATH=$BATS_TEST_TMPDIR:$PATH expect_failure 125 "allmodconfig for here failed" \
		"$CI/compile" mini --arch here
}

@test "a new warning is named although another one went" {
	sed -i 's/int unused;/int other;/' "$TREE/mm/filemap.c"
	conversion
	expect_failure 1 "in map_pages: warning: unused variable ‘other’" "$CI/compile" mini --arch here
	[[ $output == *"compile mini: 1 passed, 1 failed"* ]]
}

@test "a warning of sparse alone is one" {
	sed -i 's/int unused;/int *unused = 0;/' "$TREE/mm/filemap.c"
	conversion
	expect_failure 1 "in map_pages: warning: Using plain integer as NULL pointer" \
		"$CI/compile" mini --arch here
}

@test "the same warning in another function is new" {
	printf 'int more(struct vm_fault *vmf);\nint more(struct vm_fault *vmf)\n{\n\tint unused;\n\treturn 0;\n}\n' \
		>>"$TREE/mm/filemap.c"
	conversion
	expect_failure 1 "in more: warning: unused variable" "$CI/compile" mini --arch here
}

@test "a file that does not compile is named with the error" {
	sed -i 's/int unused;/int unused = "";;/; s/pgoff;/none;/' "$TREE/mm/filemap.c"
	conversion
	expect_failure 1 "here: mm/filemap.c does not compile at step 2" "$CI/compile" mini --arch here
	[[ $output == *"has no member named ‘none’"* ]]
	# That is why, and no option is to blame.
	[[ $output != *"not reached: mm/filemap.c"* ]]
}

# new_base: what has changed in $TREE is of the base.
new_base() {
	role -C "$TREE" add -A
	role -C "$TREE" commit -q --amend --no-edit
	role -C "$TREE" push -q -f "$FAULTLINE_WORK/linux.git" HEAD:refs/heads/base/mini
}

@test "a header that is included by a relative path is compiled, too" {
	mkdir "$TREE/mm/inner"
	echo 'int inner(void);' >"$TREE/mm/inner/a.h"
	sed -i '1a #include "inner/a.h"' "$TREE/mm/memory.c"
	new_base
	echo 'int inner(int);' >>"$TREE/mm/inner/a.h"
	step 'mm: declare it in another way'
	echo >>"$TREE/mm/memory.c"
	step 'mm: touch the file'
	apply_series
	expect_failure 1 "here: mm/memory.c does not compile at step 1" "$CI/compile" mini --arch here
}

@test "a step of one architecture is nothing to one without its compiler" {
	sed 's/^cross =/& none-linux-gnu-/; s/^arch = .*/arch = there/' "$FAULTLINE_CONFIGS/arch/here" \
		>"$FAULTLINE_CONFIGS/arch/there"
	mkdir -p "$TREE/arch/here"
	cp "$TREE/mm/memory.c" "$TREE/arch/here/fault.c"
	# shellcheck disable=SC2016 # make's
	sed -i 's|mm/filemap.o:|& arch/here/fault.o:|; s|filemap.o: arch|filemap.o arch|; s|@mkdir.*|@mkdir -p $(dir $(O)/$@)|' "$TREE/Makefile"
	new_base
	echo >>"$TREE/arch/here/fault.c"
	step 'here: touch the file'
	apply_series
	run -0 "$CI/compile" mini --arch all
	[[ $output == *"compile mini: 1 passed, 0 failed" ]]
	# control: one of all architectures is
	echo >>"$TREE/mm/memory.c"
	step 'mm: touch the file'
	rm "$series"/*.patch
	apply_series
	expect_failure 125 "no none-linux-gnu-gcc" "$CI/compile" mini --arch all
}

@test "a header is compiled through the files of the series that include it" {
	sed -i 's/int address, pgoff/const char *address; int pgoff/' "$TREE/include/linux/mm.h"
	step 'mm: change the type of a field'
	echo >>"$TREE/mm/memory.c"
	step 'mm: touch the file'
	apply_series
	expect_failure 1 "here: mm/memory.c does not compile at step 1" "$CI/compile" mini --arch here
}

@test "what did not compile before either fails no step" {
	sed -i 's/pgoff;/none;/' "$TREE/mm/filemap.c"
	new_base
	conversion
	run "$CI/compile" mini --arch here --step 2
	[ "$status" -eq 0 ]
	[[ $output == *"mm/filemap.c does not compile before step 2 either"* ]]
}

@test "an architecture without its compiler is named, and judged as nothing" {
	sed 's/^cross =/& none-linux-gnu-/' "$FAULTLINE_CONFIGS/arch/here" >"$FAULTLINE_CONFIGS/arch/there"
	conversion
	expect_failure 125 "no none-linux-gnu-gcc" "$CI/compile" mini --arch all
	expect_failure 2 "no architecture 'nowhere'" "$CI/compile" mini --arch nowhere
}

@test "a make that is killed is nobody's verdict, and the next run does it again" {
	conversion
	cat >"$BATS_TEST_TMPDIR/make" <<-EOF
		#!/bin/sh
		case " \$* " in *' -k '*) kill -9 \$\$ ;; esac
		exec $(command -v make) "\$@"
	EOF
	chmod 755 "$BATS_TEST_TMPDIR/make"
	PATH=$BATS_TEST_TMPDIR:$PATH expect_failure 125 "make for here ended with 137" "$CI/compile" mini --arch here
	sed -i "s/' -k '/' prepare '/" "$BATS_TEST_TMPDIR/make"
	PATH=$BATS_TEST_TMPDIR:$PATH expect_failure 125 "make for here was killed, status 137" "$CI/compile" mini --arch here
	run "$CI/compile" mini --arch here
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"compile mini: 2 passed, 0 failed" ]]
}

@test "a step of which nothing is compiled does not pass" {
	sed -i 's/unused/odd/' "$TREE/drivers/odd.c"
	step 'drivers: rename a variable'
	apply_series
	expect_failure 125 "nothing was compiled at these steps" "$CI/compile" mini --arch here
	[[ $output == *"nothing reached"* ]]
}

@test "a file that a step takes out of the build is named" {
	sed -i 's/unused/other/' "$TREE/mm/filemap.c"
	sed -i 's|mm/memory.o mm/filemap.o|mm/memory.o|' "$TREE/Makefile"
	step 'mm: leave filemap out'
	apply_series
	expect_failure 1 "here: mm/filemap.c is no longer compiled at step 1" "$CI/compile" mini --arch here
}

@test "an option that the configuration does not take is named" {
	conversion
	sed -i 's/64BIT=y/64BIT=y LOST=m/' "$FAULTLINE_CONFIGS/arch/here"
	cat >"$BATS_TEST_TMPDIR/make" <<-EOF
		#!/bin/sh
		$(command -v make) "\$@" || exit
		case " \$* " in *' allmodconfig '*) sed -i /LOST/d "$FAULTLINE_WORK"/build/mini/touched-here/.config ;; esac
	EOF
	chmod 755 "$BATS_TEST_TMPDIR/make"
	PATH=$BATS_TEST_TMPDIR:$PATH expect_failure 125 "'CONFIG_LOST=m' is not in the final configuration" \
		"$CI/compile" mini --arch here
}

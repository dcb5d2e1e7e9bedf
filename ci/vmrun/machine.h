/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMRUN_MACHINE_H
#define VMRUN_MACHINE_H

#include "util.h"

/**
 * struct machine - what a machine file says, all strings owned
 * @name: the file's base name
 * @description: one line for people
 * @arch: the kernel's name of the architecture
 * @kernel: build configuration it boots; vmrun does not use it
 * @image: kernel image in the build folder; vmrun does not use it
 * @qemu: QEMU program, a name looked up in PATH or a path; a script in its place has
 *	to exec it, or QEMU outlives a vmrun that is killed
 * @board: board and CPU options, blank separated
 * @disk: QEMU device model of the test disk
 * @console: the guest's console device
 * @memory: MiB
 * @cpus: number of CPUs
 * @cmdline: extra kernel command line, may be empty
 * @kvm: host `uname -m` on which KVM can run it, or "none"
 * @steps: the steps that ci/run judges by default: all, flips, ends, asked, debug or
 *	none; vmrun does not use it
 * @slow: how many times longer than usual everything may take, 1 if left out
 */
struct machine {
	char *name;
	char *description;
	char *arch;
	char *kernel;
	char *image;
	char *qemu;
	char *board;
	char *disk;
	char *console;
	unsigned int memory;
	unsigned int cpus;
	char *cmdline;
	char *kvm;
	char *steps;
	unsigned int slow;
};

int machine_load(struct machine *m, const char *path, struct sbuf *err);
void machine_free(struct machine *m);

#endif

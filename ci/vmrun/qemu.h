/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMRUN_QEMU_H
#define VMRUN_QEMU_H

#include <sys/types.h>

#include "machine.h"
#include "util.h"

/* QEMU's end of the QMP socket, in QEMU. */
#define QEMU_QMP_FD 3

/**
 * struct boot - what to boot, nothing owned
 * @machine: where
 * @kernel: kernel image
 * @initrd: initramfs
 * @disk: image of the test disk, or NULL
 * @append: more kernel command line, or NULL
 * @tests: list of tests, or NULL for all
 * @nonce: 32 hex digits
 * @kvm: KVM instead of TCG
 */
struct boot {
	const struct machine *machine;
	const char *kernel;
	const char *initrd;
	const char *disk;
	const char *append;
	const char *tests;
	const char *nonce;
	bool kvm;
};

/**
 * struct qemu - a running QEMU
 * @pid: process and process group, 0 when there is none
 * @console: read end of the guest's console, non-blocking
 * @qmp: our end of the QMP socket, non-blocking
 * @input: write end of its stdin; never written, but kept open
 */
struct qemu {
	pid_t pid;
	int console;
	int qmp;
	int input;
};

int qemu_command(struct strvec *argv, const struct boot *boot,
		 struct sbuf *err);
void qemu_quote(struct sbuf *sb, const struct strvec *argv);
int qemu_start(struct qemu *q, const struct strvec *argv,
	       const char *stderr_path, struct sbuf *err);
bool qemu_reap(struct qemu *q, int *status);
void qemu_kill(struct qemu *q);

#endif

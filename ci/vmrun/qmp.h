/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMRUN_QMP_H
#define VMRUN_QMP_H

#include <jansson.h>

#include "util.h"

/* The longest answer vmrun takes; "info registers -a" is some 10 KiB a CPU. */
#define QMP_LINE_MAX (4 * 1024 * 1024)

/**
 * struct qmp - one QMP connection
 * @fd: non-blocking socket, -1 when closed
 * @in: bytes not yet read as a message
 * @reply: answer to the last command, NULL while it is due
 * @version: QEMU's version from the greeting, NULL before it
 * @event: called for each event with its name and "data" (or NULL)
 * @ctx: passed to @event
 */
struct qmp {
	int fd;
	struct sbuf in;
	json_t *reply;
	char *version;
	void (*event)(void *ctx, const char *name, json_t *data);
	void *ctx;
};

int qmp_read(struct qmp *q, struct sbuf *err);
int qmp_send(struct qmp *q, const char *command, json_t *arguments,
	     struct sbuf *err);
void qmp_close(struct qmp *q);
void qmp_free(struct qmp *q);

#endif

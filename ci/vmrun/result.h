/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMRUN_RESULT_H
#define VMRUN_RESULT_H

#include <jansson.h>

#include "run.h"

json_t *result_json(const struct run *run, const char *machine,
		    const struct strvec *ids);
int result_write(const json_t *json, const char *dir, struct sbuf *err);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FAULTLINE_MODULE_H
#define FAULTLINE_MODULE_H

/**
 * module_load() - load one of the test modules
 * @name: of the module, without a suffix
 *
 * They are built with the kernel, so a missing one ends the case as failed.
 * One that is loaded already is fine.
 */
void module_load(const char *name);

/* Unload it.  Return: 0, or -1 with errno set (EBUSY: still in use). */
int module_unload(const char *name);

#endif

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

/**
 * module_unload() - unload it
 * @name: of the module
 *
 * A case that has seen it go loads it again, at the same place.  Another module
 * that came to that place has been seen to crash with what was there before, on
 * s390x under TCG (two of some sixty boots), as if its translation were kept.
 *
 * Return: 0, or -1 with errno set (EBUSY: still in use).
 */
int module_unload(const char *name);

#endif

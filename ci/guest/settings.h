/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FAULTLINE_SETTINGS_H
#define FAULTLINE_SETTINGS_H

/**
 * settings_keep() - note the settings of the memory management
 * @root: put in front of each path: "" for those of this machine
 *
 * Those that this kernel does not have are left out.
 */
void settings_keep(const char *root);

/**
 * settings_give_back() - set again what a test has changed
 *
 * So that a test sees the same whatever ran before it.  What cannot be set is said
 * in a diagnostic line.
 */
void settings_give_back(void);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Included before everything by ci/objects.sh: a line number that a file's text
 * carries into its object is 0, so that moving a line changes no object. All
 * other ways in are shut by configs/compile/touched.config.
 */
/* or gcc warns that a macro of its own is redefined */
#pragma GCC system_header
#undef __LINE__
#define __LINE__ 0

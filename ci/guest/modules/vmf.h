/* SPDX-License-Identifier: GPL-2.0 */
/* Where this tree has the fields of struct vm_fault: Kbuild found out. */
#ifndef FAULTLINE_VMF_H
#define FAULTLINE_VMF_H

#ifdef VMF_INFO
#define vmf_where(vmf)		(&(vmf)->info)
#else
#define vmf_where(vmf)		(vmf)
#endif

#ifdef VMF_INFO_FLAGS
#define vmf_flags(vmf)		((vmf)->info.flags)
#else
#define vmf_flags(vmf)		((vmf)->flags)
#endif

#endif

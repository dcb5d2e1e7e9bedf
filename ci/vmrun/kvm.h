/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMRUN_KVM_H
#define VMRUN_KVM_H

#include "run.h"

bool kvm_possible(const struct machine *m, struct sbuf *why);
bool kvm_decide(struct run *like, const char *cache, struct sbuf *why);

#endif

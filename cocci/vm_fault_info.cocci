// SPDX-License-Identifier: GPL-2.0-only
/// What a fault is about is in the member info of struct vm_fault: use
/// vmf->info.vma for vmf->vma, and so on for flags, gfp_mask, pgoff, address.
///
// Only the name of the field is replaced, so that what stands around it,
// such as a cast, keeps its layout. Compound literals, arrays of vm_faults and
// vm_faults inside other structs are not looked for in initialisers: there are
// none, and without the old names the compiler finds one.
//
// Files that other trees have to convert and linux 5.10 has not:
// drivers/dma-buf/heaps/cma_heap.c, whose handler is in heap-helpers.c here,
// and drivers/gpu/drm/amd/amdgpu/amdgpu_ttm.c, which leaves faults to ttm_bo_vm.c.
//
// Confidence: High
// Copyright: (C) 2026 Faultline
// Requires: 1.1.1
// Options: --no-includes --include-headers
// Candidates: \bvm_fault\b
// Leftover: \bvmf(->|\.)(vma|flags|gfp_mask|pgoff|address)\b
// By hand: include/linux/mm.h - the struct itself
// By hand: include/trace/events/fs_dax.h - the assignments are arguments of a macro
// By hand: Documentation/filesystems/locking.rst - no source
// By hand: mm/huge_memory.c - comments name the old fields
// By hand: mm/swap_state.c - comments name the old fields
// By hand: drivers/gpu/drm/drm_gem_shmem_helper.c - a comment names an old field
// By hand: drivers/gpu/drm/drm_vm.c - a comment names an old field
// By hand: drivers/gpu/drm/etnaviv/etnaviv_gem.c - a comment names an old field
// By hand: drivers/gpu/drm/gma500/gem.c - a comment names an old field
// By hand: drivers/gpu/drm/i915/gem/i915_gem_mman.c - a comment names an old field, on 5.10.223
// By hand: drivers/gpu/drm/msm/msm_gem.c - a comment names an old field
// By hand: drivers/gpu/drm/omapdrm/omap_gem.c - comments name an old field
// By hand: drivers/gpu/drm/vgem/vgem_drv.c - a comment names an old field

virtual patch
virtual report

// Pointers too: isomorphism fld_to_ptr makes vmf->vma of vmf.vma.
@depends on patch@
struct vm_fault vmf;
@@
(
  vmf.
- vma
+ info.vma
|
  vmf.
- flags
+ info.flags
|
  vmf.
- gfp_mask
+ info.gfp_mask
|
  vmf.
- pgoff
+ info.pgoff
|
  vmf.
- address
+ info.address
)

@depends on patch@
identifier vmf;
expression value;
@@
struct vm_fault vmf = { ...,
  .
- vma
+ info.vma
  = value, ... };

@depends on patch@
identifier vmf;
expression value;
@@
struct vm_fault vmf = { ...,
  .
- flags
+ info.flags
  = value, ... };

@depends on patch@
identifier vmf;
expression value;
@@
struct vm_fault vmf = { ...,
  .
- gfp_mask
+ info.gfp_mask
  = value, ... };

@depends on patch@
identifier vmf;
expression value;
@@
struct vm_fault vmf = { ...,
  .
- pgoff
+ info.pgoff
  = value, ... };

@depends on patch@
identifier vmf;
expression value;
@@
struct vm_fault vmf = { ...,
  .
- address
+ info.address
  = value, ... };

// Pointers too, as above.
@object depends on report@
struct vm_fault vmf;
position p;
@@
(
  vmf.vma@p
|
  vmf.flags@p
|
  vmf.gfp_mask@p
|
  vmf.pgoff@p
|
  vmf.address@p
)

@script:python depends on report@
p << object.p;
@@
coccilib.report.print_report(p[0], "field of struct vm_fault that is in info")

@initial_vma depends on report@
identifier vmf;
expression value;
position p;
@@
struct vm_fault vmf = { ..., .vma@p = value, ... };

@script:python depends on report@
p << initial_vma.p;
@@
coccilib.report.print_report(p[0], "field of struct vm_fault that is in info")

@initial_flags depends on report@
identifier vmf;
expression value;
position p;
@@
struct vm_fault vmf = { ..., .flags@p = value, ... };

@script:python depends on report@
p << initial_flags.p;
@@
coccilib.report.print_report(p[0], "field of struct vm_fault that is in info")

@initial_gfp_mask depends on report@
identifier vmf;
expression value;
position p;
@@
struct vm_fault vmf = { ..., .gfp_mask@p = value, ... };

@script:python depends on report@
p << initial_gfp_mask.p;
@@
coccilib.report.print_report(p[0], "field of struct vm_fault that is in info")

@initial_pgoff depends on report@
identifier vmf;
expression value;
position p;
@@
struct vm_fault vmf = { ..., .pgoff@p = value, ... };

@script:python depends on report@
p << initial_pgoff.p;
@@
coccilib.report.print_report(p[0], "field of struct vm_fault that is in info")

@initial_address depends on report@
identifier vmf;
expression value;
position p;
@@
struct vm_fault vmf = { ..., .address@p = value, ... };

@script:python depends on report@
p << initial_address.p;
@@
coccilib.report.print_report(p[0], "field of struct vm_fault that is in info")

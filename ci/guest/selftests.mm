# SPDX-License-Identifier: GPL-2.0
# Cases behind those of ci/guest/selftests, which says what the columns are: for the
# programs in tools/testing/selftests/mm.

run khugepaged           khugepaged          60 0     swap=16 thp=madvise needs=/sys/kernel/mm/transparent_hugepage/hpage_pmd_size # collapse, swap-in of missing pages
run transhuge_stress     transhuge-stress     1 alive thp=madvise needs=/sys/kernel/mm/transparent_hugepage/hpage_pmd_size 32 # page tables replaced by huge pages
run gup_slow             gup_test            20 0     needs=/sys/kernel/debug/gup_test -U -m 16 -n 64 # walk with locks
run gup_fast             gup_test            20 0     needs=/sys/kernel/debug/gup_test -u -W -m 16 -n 64 # lockless walk
run gup_fast_write       gup_test            20 0     needs=/sys/kernel/debug/gup_test -u -w -m 16 -n 64 # lockless walk for writing
run pin_fast             gup_test            20 0     needs=/sys/kernel/debug/gup_test -a -m 16 -n 64 # the same, pinned
run gup_fast_thp         gup_test            20 0     thp=madvise needs=/sys/kernel/debug/gup_test -u -t -m 16 -n 64 # huge entries
run userfaultfd_sigbus   uffd-unit-tests     40 0     -f sigbus # a fault that is refused, on each kind of memory
run userfaultfd_wp       uffd-unit-tests     40 0     -f wp-fork # of a page that is write-protected
run userfaultfd_anon     uffd-stress         40 0     anon 1 1 # struct vm_fault in handle_userfault()
run userfaultfd_shmem    uffd-stress         40 0     shmem 1 1 # the same for shmem
run userfaultfd_hugetlb  uffd-stress         40 0     hugepages=16 hugetlb 8 2 # the same for hugetlb
run map_hugetlb          hugetlb-mmap        20 0     hugepages=2 {huge} # hugetlb faults

# Tests 1, 8, 16, 32, 256, 512, 1024 and 4096.  Not full_fit_alloc (2) and
# long_busy_list_alloc (4), which want 130 and 60 MiB, align_shift_alloc (64) and
# no_block_alloc (2048), which are meant to fail, and pcpu_alloc (128), which takes
# 35,000 per-CPU areas.
load test_vmalloc        test_vmalloc        20 8     run_test_mask=5945 test_loop_count=100 single_cpu_test=1 # the page tables of the kernel

omit madv_populate           # takes PAGEMAP_SCAN without write-protection for an error, as on s390
omit uffd-unit-tests         # all of it: "move" alone takes a minute, "minor" too; parts are above
omit compaction_test         # fills most of the memory
omit cow                     # what it is built with depends on libraries that are there; so gup_longterm
omit migration               # needs libnuma; so rmap
omit hmm-tests               # needs the test_hmm module
omit mlock-random-test       # needs libcap
omit protection_keys         # no code of the series; so the other tests of keys
omit va_high_addr_switch     # gup and walkers cross the same edges
omit thuge-gen               # wants huge pages of every size
omit ksm_tests               # the kernels have no KSM; so ksm_functional_tests

# SPDX-License-Identifier: GPL-2.0
# What has to change in the kernel's test programs before they can run here.

# khugepaged: a file that the kernel has not had since 5.8
/debug_cow/d
# khugepaged: keeps 512 huge pages, one gigabyte, to make one case
/^\tcollapse_compound_extreme();/d
/^\tTEST(collapse_compound_extreme,/d
# khugepaged: looks every half second for 3 s; look twenty times as often, for 15 s:
# with jiffies of 32 bits, which begin five minutes before 0, nothing wakes the kernel's
# khugepaged from the ten seconds that it sleeps at first
s/^#define TICK 500000/#define TICK 25000/
s/int timeout = 6; /int timeout = 600; /
# khugepaged of 7.3: with max_ptes_swap pages swapped out it did not collapse in two
# of five boots of arm64-hafdbs, not in 20 scans either; madvise always did
/^\tTEST(collapse_max_ptes_swap, khugepaged_context,/d
# khugepaged: wants to map at 1 GiB, where the heap may be, as it begins anywhere in
# that first GiB behind the program; with addresses of 32 bits it is right behind it
/^#define BASE_ADDR/s/1UL << 30/1UL << (sizeof(long) == 8 ? 36 : 30)/
# khugepaged: looks at a huge page twice; it may find a page in use for a moment
s/khugepaged\/full_scans") + 2;/khugepaged\/full_scans") + 20;/
# khugepaged: a page that is still in a pagevec is not paged out; ask again
/^#define BASE_ADDR/i\
#define page_out(p, size) ({ int err, left = 100; do { err = madvise(p, size, MADV_PAGEOUT); } while (!err && !check_swap(p, size) && left-- && !usleep(10000)); err; })
s/madvise(p, \(.*\), MADV_PAGEOUT)/page_out(p, \1)/
# gup_benchmark: passes flags that it never set
s/struct gup_benchmark gup;/struct gup_benchmark gup = { 0 };/

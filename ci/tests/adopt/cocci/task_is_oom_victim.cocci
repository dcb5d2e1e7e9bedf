// SPDX-License-Identifier: GPL-2.0-only
/// task_is_oom_victim() is the name of tsk_is_oom_victim().
///
// Confidence: High
// Copyright: (C) 2026 Faultline
// Requires: 1.1.1
// Options: --no-includes --include-headers
// Candidates: \btsk_is_oom_victim\(
// Leftover: \btsk_is_oom_victim\([^s]

virtual patch
virtual report

@depends on patch@
expression task;
@@
-tsk_is_oom_victim
+task_is_oom_victim
 (task)

@found depends on report@
expression task;
position p;
@@
 tsk_is_oom_victim@p(task)

@script:python depends on report@
p << found.p;
@@
coccilib.report.print_report(p[0], "tsk_is_oom_victim() is task_is_oom_victim()")

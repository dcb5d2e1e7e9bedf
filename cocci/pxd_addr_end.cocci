// SPDX-License-Identifier: GPL-2.0-only
/// pXd_addr_end() takes the value of the entry that maps the address as its
/// first argument: use pmd_addr_end(*pmd, addr, end), and so on for each level.
///
// The entry is the one that the walker is at. In this order: the value that the
// statement before has read, by READ_ONCE() or pXdp_get(); what the pointer of the
// level's type points to that was assigned last, on some path; that was declared
// with a value; the parameter.
// A walker with a destination and a source assigns the source last. No rule sees
// to it that the entry belongs to the address: read the result where a function
// has two pointers of a level.
//
// An entry of a wrong level has another type, and does not compile where entries
// are structures (on s390 of mainline with CONFIG_STRICT_MM_TYPECHECKS) once
// pXd_addr_end() is an inline function.
//
// Confidence: High
// Copyright: (C) 2026 Faultline
// Requires: 1.1.1
// Options: --no-includes --include-headers
// Candidates: \bp[g4um]d_addr_end\b
// Leftover: \bp[g4um]d_addr_end\(([^(),]|\([^()]*\))*,([^(),]|\([^()]*\))*\)

virtual patch
virtual report

@read depends on patch@
identifier level =~ "^p[g4um]d_addr_end$";
identifier get =~ "^p[g4um]dp_get";
identifier entry;
type entry_t;
expression entryp, addr, end, next;
@@
(
  entry_t entry = READ_ONCE(*entryp);
|
  entry = READ_ONCE(*entryp);
|
  entry_t entry = get(entryp);
|
  entry = get(entryp);
)
  next = level(
+		entry,
		addr, end);

@assigned_pgd depends on patch exists@
typedef pgd_t;
local idexpression pgd_t *entryp, other;
expression addr, end, found, last;
@@
  entryp = found;
  ... when != other = last
  pgd_addr_end(
+		*entryp,
		addr, end)

@declared_pgd depends on patch exists@
identifier entryp;
typedef pgd_t;
local idexpression pgd_t *other;
expression addr, end, found, last;
@@
  pgd_t *entryp = found;
  ... when != other = last
  pgd_addr_end(
+		*entryp,
		addr, end)

@given_pgd depends on patch@
identifier f, entryp;
expression addr, end;
@@
  f(..., pgd_t *entryp, ...)
  {
	<...
	pgd_addr_end(
+		*entryp,
		addr, end)
	...>
  }

@assigned_p4d depends on patch exists@
typedef p4d_t;
local idexpression p4d_t *entryp, other;
expression addr, end, found, last;
@@
  entryp = found;
  ... when != other = last
  p4d_addr_end(
+		*entryp,
		addr, end)

@declared_p4d depends on patch exists@
identifier entryp;
typedef p4d_t;
local idexpression p4d_t *other;
expression addr, end, found, last;
@@
  p4d_t *entryp = found;
  ... when != other = last
  p4d_addr_end(
+		*entryp,
		addr, end)

@given_p4d depends on patch@
identifier f, entryp;
expression addr, end;
@@
  f(..., p4d_t *entryp, ...)
  {
	<...
	p4d_addr_end(
+		*entryp,
		addr, end)
	...>
  }

@assigned_pud depends on patch exists@
typedef pud_t;
local idexpression pud_t *entryp, other;
expression addr, end, found, last;
@@
  entryp = found;
  ... when != other = last
  pud_addr_end(
+		*entryp,
		addr, end)

@declared_pud depends on patch exists@
identifier entryp;
typedef pud_t;
local idexpression pud_t *other;
expression addr, end, found, last;
@@
  pud_t *entryp = found;
  ... when != other = last
  pud_addr_end(
+		*entryp,
		addr, end)

@given_pud depends on patch@
identifier f, entryp;
expression addr, end;
@@
  f(..., pud_t *entryp, ...)
  {
	<...
	pud_addr_end(
+		*entryp,
		addr, end)
	...>
  }

@assigned_pmd depends on patch exists@
typedef pmd_t;
local idexpression pmd_t *entryp, other;
expression addr, end, found, last;
@@
  entryp = found;
  ... when != other = last
  pmd_addr_end(
+		*entryp,
		addr, end)

@declared_pmd depends on patch exists@
identifier entryp;
typedef pmd_t;
local idexpression pmd_t *other;
expression addr, end, found, last;
@@
  pmd_t *entryp = found;
  ... when != other = last
  pmd_addr_end(
+		*entryp,
		addr, end)

@given_pmd depends on patch@
identifier f, entryp;
expression addr, end;
@@
  f(..., pmd_t *entryp, ...)
  {
	<...
	pmd_addr_end(
+		*entryp,
		addr, end)
	...>
  }

@old depends on report@
identifier level =~ "^p[g4um]d_addr_end$";
expression addr, end;
position p;
@@
level@p(addr, end)

@script:python depends on report@
p << old.p;
@@
coccilib.report.print_report(p[0], "boundary that is not told from the entry")

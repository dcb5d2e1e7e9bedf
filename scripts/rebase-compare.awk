# SPDX-License-Identifier: GPL-2.0
#
# rebase-compare.awk - compare two versions of a patch: awk -f ... OLD NEW, both
# as git diff-tree -p prints them. Prints `result<TAB>evidence`; the result is
#   identical     the same hunks at the same lines
#   context only  the same lines added and removed, in other places or contexts
#   changed       other lines added or removed
# With -v generated=1 the evidence speaks of the users that were converted.

FNR == 1 { side++; file = "" }

/^diff --git / {
	file = $0
	sub(/^diff --git a\/.* b\//, "", file)
	files[side, ++count[side]] = file
	has[side, file] = 1
	inside = 0
	next
}
file == "" || /^index / { next }
/^@@ / {
	h = ++hunks[side, file]
	inside = 1
	split($2, at, /[-,]/)
	start[side, file, h] = at[2]
	sub(/^@@ [^@]* @@/, "")
	text[side, file, h] = $0
	next
}
inside {
	h = hunks[side, file]
	text[side, file, h] = text[side, file, h] "\n" $0
	if (/^[-+\\]/) {
		change[side, file, h] = change[side, file, h] "\n" $0
		all[side, file] = all[side, file] "\n" $0
	}
	next
}
!/^(---|\+\+\+) / { all[side, file] = all[side, file] "\n" $0 }

# note TEXT: one more piece of evidence; the rest of many is only counted.
function note(what) {
	notes++
	if (notes <= 3) evidence = evidence (notes > 1 ? ", " : "") what
}

function plural(n, what) { return n " " what (n == 1 ? "" : "s") }

function range(low, high) { return (low == high ? low : low " to " high) }

# moves_of FILE: what moved in a file that has the same changes.
function moves_of(file,   h, delta, moved, low, high, which, around) {
	if (hunks[1, file] != hunks[2, file]) {
		note(file " has " plural(hunks[2, file], "hunk") " instead of " hunks[1, file])
		return
	}
	for (h = 1; h <= hunks[1, file]; h++) {
		delta = start[2, file, h] - start[1, file, h]
		if (delta) {
			if (!moved++ || delta < low) low = delta
			if (moved == 1 || delta > high) high = delta
			which = h
		}
		if (text[1, file, h] != text[2, file, h])
			around = around (around ? " and " : "") h
	}
	if (moved == 1)
		note("hunk " which " of " file " moved by " low " lines")
	else if (moved)
		note(moved " hunks of " file " moved by " range(low, high) " lines")
	if (around)
		note("other lines around hunk " around " of " file)
}

# lacks A B FILE: the number of hunks of FILE on side A that side B has not; the
# first one is in lacking.
function lacks(a, b, file,   h, i, n, have) {
	for (i = 1; i <= hunks[b, file]; i++) have[change[b, file, i]] = 1
	for (h = 1; h <= hunks[a, file]; h++)
		if (!(change[a, file, h] in have) && !n++) lacking = h
	return n + 0
}

# changes_of FILE: which changes differ.
function changes_of(file,   gone, more, hunk) {
	if (!has[2, file]) { note((generated ? "no users left in " : "no change left to ") file); return }
	if (!has[1, file]) { note((generated ? "new users in " : "also changes ") file); return }
	gone = lacks(1, 2, file)
	hunk = lacking
	more = lacks(2, 1, file)
	if (generated && more && !gone) note("new users in " file)
	else if (generated && gone && !more) note("fewer users in " file)
	else if (gone) note("hunk " hunk " of " file " differs" (gone > 1 ? " (and " plural(gone - 1, "more") ")" : ""))
	else if (more) note("hunk " lacking " of " file " is new")
	else note(file " differs")
}

END {
	for (i = 1; i <= count[1]; i++) union[++n] = files[1, i]
	for (i = 1; i <= count[2]; i++) if (!((1, files[2, i]) in has)) union[++n] = files[2, i]
	for (i = 1; i <= n; i++) {
		file = union[i]
		if (has[1, file] != has[2, file] || all[1, file] != all[2, file]) {
			result = "changed"
			break
		}
	}
	for (i = 1; i <= n; i++) {
		file = union[i]
		if (result != "changed") moves_of(file)
		else if (has[1, file] != has[2, file] || all[1, file] != all[2, file]) changes_of(file)
	}
	if (!result) result = (notes ? "context only" : "identical")
	if (notes > 3) evidence = evidence ", and " notes - 3 " more"
	print result "\t" evidence
}

# SPDX-License-Identifier: GPL-2.0
#
# lint-patch.awk - read a patch as git am and git apply would, and print
# `LINE<TAB>TEXT` for whatever they would refuse, or pass over without a word. What is
# of no line has - before the tab.
# Its bytes are looked at as they are: run it with LC_ALL=C.

function found(text) { print NR "\t" text }

# once(KEY, TEXT): a finding that would repeat on every line is printed for the
# first.
function once(key, text) { if (!(key in said)) found(text); said[key] = 1 }

# end_hunk(): a hunk must be as long as its header says.
function end_hunk() {
	if (old > 0 || new > 0)
		found("the hunk of line " hunk " has " old " old and " new " new lines less than its header says: cut off, or its counts are wrong")
	old = new = 0
}

# end_file(): something of a file must change.
function end_file() {
	end_hunk()
	if (file && !changes)
		print file "\tthis diff changes nothing"
	file = 0
}

BEGIN { part = "header" }

/^diff --git / { diffs++ }

part == "diff" && (old > 0 || new > 0) {
	kind = substr($0, 1, 1)
	if (kind == " " || $0 == "") { old--; new--; next }
	if (kind == "-" && old > 0) { old--; next }
	if (kind == "+" && new > 0) { new--; next }
	if (kind == "\\") next
	end_hunk()
}

/\r$/ { once("cr", "ends in CR LF: the patch was mangled on its way, or saved by an editor") }

NR > 1 && /^From .*[0-9]:[0-9][0-9].* (19|20)[0-9][0-9]\r?$/ {
	found("a second message starts here: one patch a file")
	diffs++ # whatever follows
	exit
}

part == "header" && /^Content-Type:.*charset=/ && tolower($0) !~ /charset="?utf-8/ {
	found("expected UTF-8: '" $0 "'")
}
part == "header" { if ($0 ~ /^\r?$/) part = "changelog"; next }

part == "changelog" && /^---[ \t\r]*$/ { part = "notes"; cut = NR; next }
part == "changelog" && (/^diff -/ || /^Index: / || /^--- [^ \t]/) {
	found("expected a line '---' before it: git am takes this for the start of the diff")
	part = "notes"
}
part == "changelog" { next }

part == "notes" && /^---[ \t\r]*$/ {
	found("a second '---': git am ends the changelog at the first, in line " cut ", and loses what is between")
	next
}

/^diff --git / {
	end_file()
	part = "diff"
	file = NR
	changes = binary = 0
	if ($0 ~ /[ \/]\.\.\// || $0 ~ /^diff --git \// || $0 ~ / b\/\//)
		found("a path out of the tree: '" $0 "'")
	next
}
part != "diff" || binary { next }

/^@@ -[0-9]+(,[0-9]+)? \+[0-9]+(,[0-9]+)? @@/ {
	split($2, a, ",")
	split($3, b, ",")
	old = 2 in a ? a[2] : 1
	new = 2 in b ? b[2] : 1
	hunk = NR
	changes = 1
	delete a
	delete b
	next
}
/^(GIT binary patch|Binary files )/ {
	found("a binary hunk: neither quilt nor a reviewer can read it")
	binary = changes = 1
	next
}
/^(old|new|new file|deleted file) mode / || /^(rename|copy) (from|to) / { changes = 1 }
/^(old|new|new file|deleted file) mode / || /^(rename|copy) (from|to) / ||
	/^(dis)?similarity index / || /^index / || /^(---|\+\+\+) / { next }
/^-- \r?$/ { found("has a signature: format-patch --no-signature"); signature = NR; next }
signature && NR == signature + 1 { next }
!/^[ \t\r]*$/ && !/^\\/ {
	once("stray", "is part of no hunk, and git am passes over it: '" substr($0, 1, 40) "'")
}

END {
	end_file()
	if (!diffs)
		print "-\tthere is no diff"
}

# SPDX-License-Identifier: GPL-2.0
# warnings.awk - what the compiler, sparse, kernel-doc and objtool warn of, by
# identity: lines "FILE<TAB>FUNCTION<TAB>MESSAGE<TAB>LINE", for `sort -u`.
#
# awk -v src=TREE/ -f warnings.awk LOG
#
# FUNCTION is the last line at or before the warning's that begins a definition:
# no tool but gcc says it, and gcc not for all. Line numbers are taken out of the
# message; what sparse says on the lines that follow is part of it.

# heading(file, line): the name of what the line is in.
function heading(file, line,	text, n, name)
{
	if (!(file in read)) {
		read[file] = 1
		while ((getline text <(src file)) > 0) {
			n++
			if (text ~ /^[A-Za-z_][^:;]*[({=]/) {
				name = text
				sub(/[ \t]*[={].*/, "", name)
				# A macro that defines something: with its first argument.
				if (name ~ /^[A-Z0-9_]+\(/)
					sub(/[,)].*/, ")", name)
				else
					sub(/\(.*/, "", name)
				sub(/\[[^]]*\]$/, "", name)
				sub(/.*[ \t*]/, "", name)
			}
			name_of[file, n] = name
		}
		close(src file)
	}
	return name_of[file, line]
}

# put(): print the warning that has been gathered.
function put()
{
	if (message == "")
		return
	gsub(/[ \t]+/, " ", message)
	gsub(/line [0-9]+/, "line N", message)
	gsub(/:[0-9]+:[0-9]+/, "", message)
	gsub(/\+0x[0-9a-f]+/, "", message)
	printf "%s\t%s\t%s\t%s\n", file, heading(file, line), message, line
	message = ""
}

# The assembler writes "FILE:LINE: Warning: ...", and "{standard input}" for FILE where it is
# C, and kernel-doc of 7.x "Warning: FILE:LINE ...".
{
	sub(/^\{standard input\}:/, "-:")
	sub(/: Warning: /, ": warning: ")
	sub(/: Error: /, ": error: ")
}
match($0, /^(Warning|Error): [^ :]+:[0-9]+:? /) {
	place = substr($0, 1, RLENGTH)
	rest = substr($0, RLENGTH + 1)
	sub(/^[A-Za-z]+: /, "", place)
	sub(/:? $/, "", place)
	$0 = place ": " ($0 ~ /^W/ ? "warning: " : "error: ") rest
}

match($0, /^[^ :]+:[0-9]+:([0-9]+:)? /) {
	place = substr($0, 1, RLENGTH - 1)
	rest = substr($0, RLENGTH + 1)
	if (rest ~ /^(fatal )?(warning|error): /) {
		put()
		split(place, part, ":")
		file = part[1]; line = part[2]
		at = place; message = rest
	} else if (message != "" && place == at && rest ~ /^   /) {
		message = message rest
	} else {
		put()
	}
	next
}

# Those that know no line, such as objtool: "FILE.o: warning: ...".
match($0, /^[^ :]+: (warning|error): /) {
	put()
	file = substr($0, 1, index($0, ":") - 1)
	message = substr($0, index($0, ":") + 2)
	line = 0
	put()
}

END { put() }

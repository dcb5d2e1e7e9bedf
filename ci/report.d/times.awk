# SPDX-License-Identifier: GPL-2.0
# times.awk - how long each test took, from the time stamps of a console.
#
# Prints `group.test<TAB>seconds`. A test begins where the line of KTAP before it
# ended. A group's own result is printed too; no test has that name. Runs in a
# locale of bytes: a console is not text.

BEGIN { OFS = "\t" }
match($0, /^\[ *[0-9]+\.[0-9]+\](\[[^]]*\])? /) {
	now = substr($0, 2) + 0
	line = substr($0, RLENGTH + 1)
	sub(/\r+$/, "", line)
	match(line, /^ */)
	depth = RLENGTH / 2
	line = substr(line, RLENGTH + 1)
	if (line ~ /^# Subtest: /) {
		group[depth] = substr(line, 12)
		last = now
	} else if (line ~ /^(not )?ok [0-9]+ /) {
		sub(/^(not )?ok [0-9]+ (- )?/, "", line)
		sub(/ *#.*/, "", line)
		for (i = depth; i > 0; i--)
			line = group[i] "." line
		printf "%s\t%.3f\n", line, now - last
		last = now
	}
}

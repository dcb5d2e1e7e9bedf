# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# spatch.sh - give files to spatch and find out what it passed over: the part of
# cocci.sh, which sources it, that is about the program.
#
# spatch says little about what it leaves out, so:
#
# * Every file has a spatch of its own. What spatch infers of one file (types,
#   macros) then never changes what it does to another, whatever the order or
#   the number of jobs; and a file's result can be kept under its content.
# * Where spatch cannot parse a function or macro it goes on behind it, says so
#   only with --verbose-parsing, and ends with 0. Such a region is an error when
#   a line in it matches Candidates. A user in it has its type in it too, so a
#   region without a match cannot be of interest.
# * One side of an #ifdef in the middle of an expression, code under #if 0, and
#   a variable whose type is out of sight are passed over without any message.
#   For these the header can say what must not be left: `// Leftover: <ERE>`. A
#   line of the result that matches is an error too.
# * A file named in a line `// By hand: <path> - <reason>` may have both.

# Seconds that one file may take; the slowest of linux 5.10 takes three.
COCCI_LIMIT=${COCCI_LIMIT:-300}

# Of the semantic patch at work (cocci_run): what spatch is to do, lines
# `size path`; by path, the size and where the result is kept; the paths that
# spatch is at work on, and since when, by process id.
cocci_todo=()
declare -A cocci_size=() cocci_entry=() cocci_running=() cocci_since=()

# cocci_files FILE COMMIT MODE: run spatch on the files of cocci_todo,
# COCCI_JOBS at a time.
cocci_files() {
	local file=$1 commit=$2 mode=$3 item pid status next=0 total=0 finished=0 number=0
	local begin=$SECONDS shown=$SECONDS options leftover

	spatch -D "$mode" --parse-cocci "$file" >"$COCCI_RUN/log/parse" 2>&1 || {
		grep -v '^Warning: PARSING' "$COCCI_RUN/log/parse" | tail -n 8 >&2
		bad "$file: spatch cannot use it with -D $mode" "see above"
	}
	leftover=$(cocci_header "$file" Leftover)
	read -ra options <<<"$(cocci_header "$file" Options)"
	rm -rf "$COCCI_RUN/src" "$COCCI_RUN/tmp"
	mkdir -p "$COCCI_RUN/src" "$COCCI_RUN/tmp"
	cocci_index "$commit"
	printf '%s\n' "${cocci_todo[@]#* }" | GIT_INDEX_FILE=$COCCI_RUN/index git_linux \
		--work-tree="$COCCI_RUN/src" checkout-index --stdin
	for item in "${cocci_todo[@]}"; do total=$((total + ${item%% *})); done
	while ((next < ${#cocci_todo[@]} || ${#cocci_running[@]})); do
		while ((next < ${#cocci_todo[@]} && ${#cocci_running[@]} < COCCI_JOBS)); do
			cocci_spatch "$file" "$mode" "${cocci_todo[next]#* }"
			next=$((next + 1))
		done
		status=0
		wait -n -p pid "${!cocci_running[@]}" || status=$?
		# bash knows no more of what a signal has ended, by a user or for want of memory.
		[[ -n ${pid:-} ]] || die "$EXIT_INFRA" "spatch was killed, see above" "is there memory enough? then run it again"
		item=${cocci_running[$pid]}
		unset "cocci_running[$pid]"
		# 137 is also that of a second try of timeout, when COCCI_LIMIT is over
		((status != 130 && status != 143 && (status != 137 || SECONDS - cocci_since[$pid] >= COCCI_LIMIT))) ||
			die "$EXIT_INFRA" "spatch was killed on $item, status $status" "is there memory enough? then run it again"
		cocci_store "$file" "$mode" "$item" "$status"
		number=$((number + 1)) finished=$((finished + ${cocci_size["$item"]}))
		cocci_progress
	done
	[[ ! -t 2 ]] || ((VERBOSITY < 1)) || printf '\r\033[K' >&2
}

# cocci_progress: show how far cocci_files is, and when it will be done: on a
# terminal at once, elsewhere every ten seconds.
cocci_progress() {
	local text

	((VERBOSITY >= 1)) || return 0
	[[ -t 2 ]] || ((SECONDS - shown >= 10)) || return 0
	shown=$SECONDS
	text="  $number of ${#cocci_todo[@]} files, $(human_seconds $((SECONDS - begin)))"
	text+=", $(human_seconds $(((SECONDS - begin) * (total - finished) / (finished + 1)))) to go"
	if [[ -t 2 ]]; then printf '\r\033[K%s' "$text" >&2; else printf '%s\n' "$text" >&2; fi
}

# cocci_spatch FILE MODE PATH: start spatch on a file, with cocci_files' options.
cocci_spatch() {
	local log=$COCCI_RUN/log/${3//\//,}

	# --verbose-parsing: without it, parse errors are silent.
	local command=(timeout -k 10 "$COCCI_LIMIT" spatch -D "$2" --sp-file "$1" "${options[@]}"
		--verbose-parsing --no-show-diff --in-place --temp-files "$COCCI_RUN/tmp" "$3")

	detail "  (cd $COCCI_RUN/src && ${command[*]@Q})"
	(cd "$COCCI_RUN/src" && exec "${command[@]}") </dev/null >"$log.out" 2>"$log.err" &
	cocci_running[$!]=$3 cocci_since[$!]=$SECONDS
}

# cocci_store FILE MODE PATH STATUS: judge what spatch did to a file, and keep it
# where it can be relied on.
cocci_store() {
	local file=$1 mode=$2 path=$3 status=$4 why='' blob messages
	local log=$COCCI_RUN/log/${path//\//,} entry=${cocci_entry[$path]}

	messages=$'\n'$(<"$log.err")
	[[ $messages != *'No space left'* ]] || die "$EXIT_INFRA" "spatch ran out of disk on $path" "see $log.err"
	if ((status == 124 || status == 137)); then
		why="spatch took longer than COCCI_LIMIT=$COCCI_LIMIT s"
	elif ((status)); then
		why="spatch ended with $status"
	else
		# The status of an exception is 255, and in some cases 0. cp, and the
		# shell for it, write the result.
		case $messages in
		*$'\n'EXN:* | *'exn while in'* | *'timeout (we abort)'*) why="spatch had an exception" ;;
		*$'\n'ERROR:* | *$'\n''Fatal error'* | *'unreadable file'*) why="spatch had an error" ;;
		*$'\n'cp:* | *$'\n'sh:*) why="spatch could not write" ;;
		esac
	fi
	if [[ -n $why ]]; then
		why+=": $(grep -avE '^(Warning: PARSING|init_defs_builtins|HANDLING|[[:space:]]*$)' "$log.err" |
			tail -n 3 | tr -s ' \t\n' ' ')" || true
		printf '%s\tfail\t%s (%s.err)\n' "$path" "${why% }" "$log" >>"$COCCI_RUN/failed"
		return
	fi
	{
		if [[ $mode == patch ]]; then
			blob=$(git_linux hash-object -w --no-filters "$COCCI_RUN/src/$path")
			printf '%s\tblob\t%s\n' "$path" "$blob"
		else
			# A rule that runs twice reports twice.
			awk -v path="$path" -v n=$((${#path} + 2)) '
				index($0, path ":") == 1 && !seen[$0]++ { print substr($0, n) }' "$log.out" |
				sort -s -t : -k1,1n | sed "s|^|$path\treport\t|"
		fi
		[[ $messages != *$'\n''badcount: '* ]] ||
			cocci_unparsed "$file" "$path" "$log.err" | tr -s '\t ' ' ' | sed "s|^|$path\tbad\t|"
		[[ -z $leftover ]] || grep -nE -e "$leftover" "$COCCI_RUN/src/$path" |
			tr -s '\t ' ' ' | sed "s|^|$path\tleft\t|" || true
	} >"$COCCI_RUN/entry"
	mv "$COCCI_RUN/entry" "$entry"
}

# cocci_unparsed FILE PATH LOG: print, as `line:text`, the lines that match
# Candidates in regions of a file that spatch could not parse.
cocci_unparsed() {
	local file=$1 path=$2 log=$3 lines=$COCCI_RUN/unparsed

	# The log has a region's text, and not always its place: look for it.
	awk -v lines="$lines" '
		FNR == NR { source[++count] = $0; next }
		/^badcount: / { want = $2 + 1; have = 0; next }
		want && /^(bad:|BAD:!!!!!)/ {
			sub(/^(bad:|BAD:!!!!!) ?/, "")
			region[++have] = $0
			if (have < want) next
			for (at = 1; at + have - 1 <= count; at++) {
				for (i = 1; i <= have && source[at + i - 1] == region[i]; i++);
				if (i > have) break
			}
			found = at + have - 1 <= count
			for (i = 1; i <= have; i++) {
				print region[i]
				print (found ? at + i - 1 : "?") >lines
			}
			want = 0
		}' "$COCCI_RUN/src/$path" "$log" |
		grep -naE -e "$(cocci_header "$file" Candidates)" >"$lines.match" || return 0
	while IFS=: read -r at text; do
		printf '%s:%s\n' "$(sed -n "${at}p" "$lines")" "$text"
	done <"$lines.match" | sort -u -t : -k1,1n -k2
}


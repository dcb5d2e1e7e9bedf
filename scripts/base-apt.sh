# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# base-apt.sh - reach other Debian suites without touching the user's apt.
#
# Sourced by scripts/base. Everything apt reads or writes is under one private
# folder; the mirrors are those of the machine's own apt configuration, so no
# mirror is named anywhere in this project. Works as root and as any user.

# apt_origins: print `URI<TAB>OPTIONS`, once per mirror of the machine's apt
# configuration (both .list and .sources files); OPTIONS is what belongs into
# the brackets of a one-line entry: signed-by and trusted, as configured.
apt_origins() {
	local list="" parts="" file
	local -a files=()

	eval "$(apt-config shell list Dir::Etc::sourcelist/f \
		parts Dir::Etc::sourceparts/d)"
	for file in "$list" "${parts%/}"/*.list "${parts%/}"/*.sources; do
		[[ ! -r $file ]] || files+=("$file")
	done
	((${#files[@]})) || return 0
	awk '
	function out(uri, opt) {
		sub(/\/+$/, "", uri)
		if (uri ~ /^[a-z+]+:/ && uri !~ /^cdrom:/ && !seen[uri]++)
			print uri "\t" opt
	}
	function option(name, value) {
		return value == "" ? "" : " " name "=" value
	}
	# The end of a deb822 stanza: a key in the file itself cannot go into
	# a one-line entry, so apt falls back to the keys it trusts.
	function stanza(	n, i, u, key) {
		key = f["signed-by"]
		if (key ~ /BEGIN PGP/) key = ""
		gsub(/^ +| +$/, "", key); gsub(/ +/, ",", key)
		if (f["types"] ~ /deb/ && tolower(f["enabled"]) !~ /no|false|0/) {
			n = split(f["uris"], u, " ")
			for (i = 1; i <= n; i++)
				out(u[i], option("signed-by", key) \
					option("trusted", trim(f["trusted"])))
		}
		for (i in f) delete f[i]
	}
	function trim(s) { gsub(/^ +| +$/, "", s); return s }
	FNR == 1 { stanza(); name = "" }
	/^[ \t]*#/ { next }
	FILENAME ~ /\.sources$/ {
		if ($0 ~ /^[ \t]*$/) { stanza(); name = ""; next }
		if ($0 ~ /^[ \t]/) { f[name] = f[name] " " $0; next }
		i = index($0, ":")
		name = tolower(substr($0, 1, i - 1))
		f[name] = substr($0, i + 1)
		next
	}
	$1 == "deb" || $1 == "deb-src" {
		line = $0; opt = ""
		if (match(line, /\[[^]]*\]/)) {
			n = split(substr(line, RSTART + 1, RLENGTH - 2), o, " ")
			for (i = 1; i <= n; i++)
				if (o[i] ~ /^(signed-by|trusted)=/) opt = opt " " o[i]
			line = substr(line, RSTART + RLENGTH)
		} else {
			sub(/^[ \t]*deb(-src)?[ \t]/, "", line)
		}
		split(line, w, " ")
		out(w[1], opt)
	}
	END { stanza() }' "${files[@]}"
}

# apt_private DIR: make DIR a private apt state and point private_apt at it.
apt_private() {
	APT_DIR=$1
	mkdir -p "$APT_DIR/lists/partial" "$APT_DIR/cache/archives/partial" \
		"$APT_DIR/probe"
	: >"$APT_DIR/sources.list"
	cat >"$APT_DIR/apt.conf" <<-EOF
		Dir::State::Lists "$APT_DIR/lists";
		Dir::Cache "$APT_DIR/cache";
		Dir::Etc::SourceList "$APT_DIR/sources.list";
		Dir::Etc::SourceParts "-";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "-";
		// The folder is ours alone, so the _apt user could not write there.
		APT::Sandbox::User "$(id -un)";
		// An archived suite is past its date; the manifest judges the content.
		Acquire::Check-Valid-Until "false";
		Acquire::Languages "none";
		Acquire::Retries "0";
		// Seconds without a byte, for connecting as well as later.
		Acquire::http::Timeout "20";
		Acquire::https::Timeout "20";
		#clear APT::Update::Pre-Invoke;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
	EOF
}

# private_apt TOOL ARGS...: run apt-get, apt-cache or apt-helper privately.
private_apt() {
	local tool=$1

	shift
	[[ $tool != apt-helper ]] || tool=/usr/lib/apt/apt-helper
	detail "+ $tool $*"
	"$tool" -c "$APT_DIR/apt.conf" "$@"
}

# apt_reason LOG: print the last error or warning of an apt run, in one line.
apt_reason() {
	local reason

	reason=$(sed -n 's/^E: *//p' "$1" | grep -v '^Download Failed' | tail -n 1) || :
	[[ -n $reason ]] || reason=$(sed -n 's/^W: *//p' "$1" |
		grep -v unsandboxed | tail -n 1) || :
	printf '%s\n' "${reason:-apt gave no reason}"
}

# apt_probe SECONDS SUITE...: print `SUITE<TAB>URI<TAB>OPTIONS` for each of the
# machine's mirrors that has the suite, in the order of the suites given. All
# are asked at once, so silence costs SECONDS in total. Returns 1, with the
# reason in $APT_DIR/reason, when there is none.
apt_probe() {
	local limit=$1 suite uri options n=0 i

	shift
	apt_origins >"$APT_DIR/origins"
	[[ -s $APT_DIR/origins ]] || {
		echo "apt has no mirror configured on this machine" >"$APT_DIR/reason"
		return 1
	}
	rm -f "$APT_DIR"/probe/*
	for suite; do
		while IFS=$'\t' read -r uri options; do
			n=$((n + 1))
			printf '%s\t%s\t%s\n' "$suite" "$uri" "$options" \
				>"$APT_DIR/probe/$n.entry"
			apt_probe_one "$limit" "$uri/dists/$suite" \
				"$APT_DIR/probe/$n" &
		done <"$APT_DIR/origins"
	done
	wait
	for ((i = 1; i <= n; i++)); do
		[[ ! -e $APT_DIR/probe/$i.ok ]] || cat "$APT_DIR/probe/$i.entry"
	done >"$APT_DIR/reached"
	cat "$APT_DIR/reached"
	[[ ! -s $APT_DIR/reached ]] || return 0
	apt_reason <(cat "$APT_DIR"/probe/*.log) >"$APT_DIR/reason"
	return 1
}

# apt_probe_one SECONDS URL NAME: make NAME.ok when URL has a release file.
apt_probe_one() {
	local limit=$1 url=$2 name=$3 rc=0

	{
		timeout "$limit" /usr/lib/apt/apt-helper -c "$APT_DIR/apt.conf" \
			download-file "$url/InRelease" "$name.InRelease" || rc=$?
		# Old-style or unsigned mirrors; one that is silent stays so.
		((rc == 0 || rc == 124)) || {
			rc=0
			timeout 2 /usr/lib/apt/apt-helper -c "$APT_DIR/apt.conf" \
				download-file "$url/Release" "$name.Release" || rc=$?
		}
	} >"$name.log" 2>&1 </dev/null
	if ((rc == 0)); then
		: >"$name.ok"
	elif ((rc == 124)); then
		echo "E: no answer from $url" >>"$name.log"
	fi
}

# apt_use TYPE SUITE URI OPTIONS: read the index of one suite; TYPE is deb or
# deb-src. Returns 1, with the reason in $APT_DIR/reason, when that fails.
apt_use() {
	local type=$1 suite=$2 uri=$3 options=$4

	printf '%s [%s ] %s %s main\n' "$type" "$options" "$uri" "$suite" \
		>"$APT_DIR/sources.list"
	private_apt apt-get -q update >"$APT_DIR/log" 2>&1 </dev/null &&
		! grep -q '^E:\|^Err' "$APT_DIR/log" && return 0
	apt_reason "$APT_DIR/log" >"$APT_DIR/reason"
	return 1
}

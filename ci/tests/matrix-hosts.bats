#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/boot --sshlogin: a host that shares nothing with this one but the project's
# repository. This one and the other are network namespaces with a cable between them;
# the other has sshd, a work area, and does not see ours.

bats_require_minimum_version 1.5.0
load helper
load mini-matrix

setup_file() { mini_seed; }

# two_hosts: make the namespaces and start sshd; ssh of this one in $HERE reaches it
# as root@192.0.2.2.
two_hosts() {
	NET=fl$$x$BATS_TEST_NUMBER THERE=$BATS_TEST_TMPDIR/there
	ip netns add "$NET.a"
	ip netns add "$NET.b"
	ip -n "$NET.a" link add cable type veth peer name cable netns "$NET.b"
	for end in a:1 b:2; do
		ip -n "$NET.${end%:*}" address add "192.0.2.${end#*:}/24" dev cable
		ip -n "$NET.${end%:*}" link set cable up
		ip -n "$NET.${end%:*}" link set lo up
	done
	mkdir -p "$THERE/home" "$THERE/work" "$THERE/bin" /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f "$THERE/key"
	ssh-keygen -q -t ed25519 -N '' -f "$THERE/host_key"
	# The stand-in for QEMU, with a list of boots of its own.
	cp "$MINI_SEED/bin/"* "$THERE/bin/"
	cat >"$THERE/sshd_config" <<-E
		HostKey $THERE/host_key
		AuthorizedKeysFile $THERE/key.pub
		PidFile $THERE/pid
		StrictModes no
		UsePAM no
		PermitRootLogin prohibit-password
		SetEnv MINI_SECONDS=${MINI_SECONDS:-0} FAULTLINE_WORK=$THERE/work MINI_BOOTS=$THERE/boots HOME=$THERE/home PATH=$THERE/bin:${PATH#"$MINI_SEED/bin:"}
	E
	# Our work area is an empty folder there.
	# shellcheck disable=SC2016 # of the inner shell
	ip netns exec "$NET.b" unshare -m sh -c 'mount -t tmpfs none "$1" && exec "$2" -f "$3" -E "$4"' - \
		"$FAULTLINE_WORK" "$(command -v sshd)" "$THERE/sshd_config" "$THERE/sshd.log" 3>&-
	HOST="ssh -i $THERE/key -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=5 root@192.0.2.2"
}

teardown() {
	[[ ! -f ${THERE:-}/pid ]] || kill "$(cat "$THERE/pid")" || true
	for end in a b; do [[ -z ${NET:-} ]] || ip netns delete "$NET.$end" || true; done
}

# here COMMAND...: run COMMAND on this host.
here() { ip netns exec "$NET.a" "$@"; }

# by_host: print how many cells the last run's job log has of each host, ours as ":".
by_host() { sed 1d "$FAULTLINE_WORK"/run/mini.*/joblog | cut -f 2 | sed 's/.*192.0.2.2/there/' | sort | uniq -c | xargs; }

# bats test_tags=slow
@test "a host that has nothing takes its share, and all results are here" {
	mini_project
	two_hosts
	export MINI_SECONDS=1
	run -0 --separate-stderr here "$COPY/ci/boot" mini --jobs 1 --sshlogin ":,$HOST"
	[ "$(wc -l <<<"$output")" -eq 15 ]
	while read -r step machine folder; do
		[[ $folder == "$FAULTLINE_WORK/result/mini/$machine/$step"-* ]]
		[ "$(jq -r '"\(.verdict) \(.id.step)"' "$folder/result.json")" = "pass $step" ]
	done <<<"$output"
	by_host
	[[ $(by_host) =~ ^[1-9][0-9]*\ :\ [1-9][0-9]*\ there$ ]]
	# Each has booted what it judged, in a work area of its own.
	[ -s "$MINI_BOOTS" ]
	[ -s "$THERE/boots" ]
	run ! grep -v "^$FAULTLINE_WORK/" "$MINI_BOOTS"
	run ! grep -v "^$THERE/work/" "$THERE/boots"
	[ -d "$THERE/work/project/$(role -C "$COPY" rev-parse HEAD)/ci" ]
	[ "$(role -C "$THERE/work/linux.git" rev-parse base/mini)" = "$(role -C "$FAULTLINE_WORK/linux.git" rev-parse base/mini)" ]
	# What the other judged counts here: nothing is left to do.
	before=$(boots)
	run -0 --separate-stderr "$COPY/ci/run" --track mini --no-deps
	[[ $output == *'every cell passes, and every fact is what the series says'*'cells: 15 passed, 0 failed' ]]
	[ "$(boots)" -eq "$before" ]
	[ "$(grep -vc "^#" "$FAULTLINE_WORK/result/mini/last-run")" -eq 15 ]
}

# bats test_tags=slow
@test "a host that goes away or lacks something gives its cells to the others" {
	mini_project
	two_hosts
	# As a name, too, with what reaches it in parallel's own variable.
	export PARALLEL_SSH=${HOST% *}
	HOST=${HOST##* }
	# Reached, but it has no QEMU.
	rm "$THERE/bin/qemu-mini"
	run -0 --separate-stderr here "$COPY/ci/boot" mini --step 0,tip --jobs 1 --sshlogin ":,$HOST"
	[ "$(cut -f 3 <<<"$output" | xargs -I {} jq -r .verdict {}/result.json | uniq -c | xargs)" = '6 pass' ]
	[ "$(by_host)" = '6 :' ]
	# Not there at all.
	ip -n "$NET.b" link set cable down
	run -0 --separate-stderr here "$COPY/ci/boot" mini --step 1 --machine a1 --sshlogin "$HOST,:"
	[[ $stderr == *'cannot be used, see above; its cells go to the others'* ]]
	run -125 --separate-stderr here "$COPY/ci/boot" mini --step 1 --machine a2 --sshlogin "$HOST"
	[[ $stderr == *'none of the hosts can be used'* ]]
}

# bats test_tags=slow
@test "a host that goes away at work gives the cell to another" {
	local run pids

	mini_project
	export MINI_SECONDS=4
	two_hosts
	here "$COPY/ci/boot" mini --step 0,tip --jobs 1 --sshlogin ":,$HOST" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	run=$!
	for _ in $(seq 600); do [[ ! -s $THERE/boots ]] || break; sleep 0.1; done
	[ -s "$THERE/boots" ]
	mapfile -t pids < <(ps -o pid= --ppid "$(cat "$THERE/pid")" | tr -d ' '; cat "$THERE/pid")
	kill -KILL "${pids[@]}"
	rm "$THERE/pid"
	wait "$run"
	[ "$(cut -f 3 "$BATS_TEST_TMPDIR/out" | xargs -I {} jq -r .verdict {}/result.json | uniq -c | xargs)" = '6 pass' ]
	by_host
	[[ $(by_host) != *there* ]]
}

@test "a host gets a commit: what is not committed is refused" {
	mini_project
	printf '# more\n' >>"$COPY/ci/report"
	expect_failure 125 "changes that are not committed" "$COPY/ci/boot" mini --sshlogin root@192.0.2.2
	[[ $output == *'M ci/report'* ]]
	expect_failure 125 "is a folder that other hosts do not have" env FAULTLINE_CONFIGS="$BATS_TEST_TMPDIR/configs" \
		bash -c "git -C '$COPY' checkout -q . && '$COPY/ci/boot' mini --sshlogin 2/root@192.0.2.2"
	expect_failure 2 "--with is for this host only" "$COPY/ci/boot" mini --sshlogin root@192.0.2.2 --with "$(nth 1)"
}

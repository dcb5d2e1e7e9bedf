# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# bench.sh - what the benchmarks have in common: a kernel as a distribution has it,
# booted with one program of ci/guest/bench, and what comes of it as one JSON file.
# Source it after scripts/lib.sh, and set track.
#
# A sample is one value with four labels: its subject (a machine, an architecture), the
# name of what was counted, its unit, and the variant (base, tip, a way to do it).
# Samples with equal labels are rounds of the same measure.

BENCH_SAMPLES='' BENCH_LIMITS=''
readonly BENCHMARKS=(reclaim fault size toolkit matrix)

# bench_begin: make room for samples, removed at the end of the script.
bench_begin() {
	local folder

	folder=$(mktemp -d)
	BENCH_SAMPLES=$folder/samples BENCH_LIMITS=$folder/limits
	: >"$BENCH_SAMPLES"
	: >"$BENCH_LIMITS"
	# shellcheck disable=SC2064 # the folder of now
	trap "status=\$?; rm -rf '$folder'; name_own_failure \$status" EXIT
}

# bench_sample SUBJECT NAME UNIT VARIANT VALUE: note one value.
bench_sample() {
	[[ $5 =~ ^-?[0-9]+(\.[0-9]+)?$ ]] || die "$EXIT_INFRA" "$2 of $1, $4, is '$5', which is no number" "see above"
	printf '%s\t%s\t%s\t%s\t%s\n' "$@" >>"$BENCH_SAMPLES"
}

# bench_target SUBJECT NAME VARIANT LIMIT [ratio|median|equal]: what is aimed at: the
# median of VARIANT, as a ratio to that of the reference or by itself, is at most LIMIT,
# or as a ratio just that.
bench_target() { printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "${5:-ratio}" >>"$BENCH_LIMITS"; }

# bench_results TRACK: print the folder of what was measured of TRACK.
bench_results() { printf '%s\n' "$FAULTLINE_WORK/bench/$1"; }

# bench_carried TRACK: print the path of the results that are carried with the series.
bench_carried() { printf '%s/bench.json\n' "$(track_dir "$1")"; }

# bench_files TRACK: print the files of what was measured last here, a line each; and say
# of which another series was measured: those are left out.
bench_files() {
	local name file series

	series=$(series_id "$1")
	for name in "${BENCHMARKS[@]}"; do
		file=$(bench_results "$1")/$name.json
		[[ -f $file ]] || continue
		if [[ $(jq -r .series "$file") == "$series" ]]; then
			printf '%s\n' "$file"
		else
			say "$name was measured of $1 as it was before its patches changed, and is left out: run ci/bench $name $1"
		fi
	done
}

# bench_write BENCH TRACK REFERENCE COMMAND: write the samples as BENCH.json, whose
# ratios are to the variant REFERENCE, and which COMMAND measures again.
bench_write() {
	local folder

	folder=$(bench_results "$2")
	mkdir -p "$folder"
	[[ -s $BENCH_SAMPLES ]] || die "$EXIT_INFRA" "nothing was measured" "see above"
	jq -n --rawfile samples "$BENCH_SAMPLES" --rawfile limits "$BENCH_LIMITS" \
		--arg bench "$1" --arg track "$2" --arg reference "$3" --arg command "$4" --arg series "$(series_id "$2")" \
		--arg base "$(conf_get "$FAULTLINE_CONFIGS/base/$2/pin" version 2>/dev/null || true)" \
		-L "$FAULTLINE_ROOT/ci/bench.d" -f "$FAULTLINE_ROOT/ci/bench.d/model.jq" >"$folder/$1.json.tmp"
	mv "$folder/$1.json.tmp" "$folder/$1.json"
}

# bench_merge FILE...: print the results in FILEs as one array, in the order of BENCHMARKS, with
# the last of each benchmark.
bench_merge() {
	cat "$@" | jq -s --arg order "${BENCHMARKS[*]}" \
		'flatten as $all | [$order | splits(" ") as $name | $all | map(select(.bench == $name)) | last // empty]'
}

# bench_view TRACK FORMAT FILE...: print results as table, markdown or html. A file holds one
# result or, as patches/<track>/bench.json does, an array of them; of a benchmark that is in
# several the last counts.
bench_view() {
	local track=$1 format=$2 jq=(jq -s -r -L "$FAULTLINE_ROOT/ci/bench.d")

	shift 2
	bench_merge "$@" | jq '.[]' | case $format in
	table) "${jq[@]}" -f "$FAULTLINE_ROOT/ci/bench.d/table.jq" | column -t -s $'\t' ;;
	html)
		"${jq[@]}" --arg track "$track" --arg origin "${*/#"$FAULTLINE_ROOT/"/}" \
			--rawfile style "$FAULTLINE_ROOT/ci/report.d/style.css" \
			-f "$FAULTLINE_ROOT/ci/bench.d/html.jq"
		;;
	*) "${jq[@]}" -f "$FAULTLINE_ROOT/ci/bench.d/$format.jq" ;;
	esac
}

# bench_page TRACK: print the page of what was measured last here, and of the benchmarks
# that were not, what is carried; nothing where there is neither.
bench_page() {
	local files carried

	mapfile -t files < <(bench_files "$1")
	carried=$(bench_carried "$1")
	[[ ! -f $carried ]] || files=("$carried" "${files[@]}")
	((!${#files[@]})) || bench_view "$1" html "${files[@]}"
}

# bench_table TRACK BENCH: print the table of what the benchmark measured last.
bench_table() { bench_view "$1" table "$(bench_results "$1")/$2.json"; }

# bench_compare THERE FILE...: print the rows of FILEs and of THERE that do not agree, as a table,
# and how many do; exits with EXIT_BAD when one does not, and as not judged when there is
# nothing to compare.
bench_compare() {
	local there=$1 found agree apart seconds unmatched

	shift
	found=$({ jq -s flatten "$there"; jq -s flatten "$@"; } |
		jq -s -L "$FAULTLINE_ROOT/ci/bench.d" -f "$FAULTLINE_ROOT/ci/bench.d/compare.jq")
	read -r agree apart seconds unmatched < <(jq -r '"\(.agree) \(.apart | length) \(.seconds) \(.unmatched)"' <<<"$found")
	((agree + apart)) || die "$EXIT_INFRA" "$there has no count that was measured here" "see ci/bench show"
	((!apart)) || jq -r '["bench", "of", "what", "unit", "variant", "there", "spread", "here", "spread"], .apart[] | @tsv' \
		<<<"$found" | column -t -s $'\t'
	printf '%d counts agree, %d do not; %d of seconds and %d of one side are not compared\n' \
		"$agree" "$apart" "$seconds" "$unmatched"
	((!apart)) || bad "what was measured is not that of $there" \
		"are the compilers and QEMU the same? A bench that is run twice shows how far counts spread"
}

# bench_unkeepable KEPT FILE: print why the result in FILE is not to replace the one of the same
# benchmark in KEPT, which may not exist: a patch that is not of the series was measured, or
# less than what is kept. Nothing when it may.
bench_unkeepable() {
	{ cat "$1" 2>/dev/null || echo '[]'; } | jq -r --slurpfile new "$2" '
		def measures: [.rows[] | "\(.name) of \(.subject), \(.variant)"] | unique;
		$new[0] as $new
		| [.[] | select(.bench == $new.bench) | measures - ($new | measures) | .[]] as $gone
		| if any($new.rows[]; .variant == "with") then "it has a patch on top: \($new.command)"
		elif $gone != [] then "\($gone[0])\(if $gone[1:] == [] then "" else " and \($gone[1:] | length) more" end) was not measured now: to drop that, take the benchmark out of the file first"
		else empty end'
}

# bench_keep TRACK FILE...: make the results those that are carried with the series, where
# bench_unkeepable has nothing against it, and README.md's figures, where it has two marks for
# them, those of the results. What is carried of other benchmarks stays.
bench_keep() {
	local track=$1 file readme=$FAULTLINE_ROOT/README.md text new why taken=()

	shift
	file=$(bench_carried "$track")
	for new; do
		why=$(bench_unkeepable "$file" "$new")
		if [[ -n $why ]]; then say "$(basename "$new" .json) stays as it is in $file: $why"; else taken+=("$new"); fi
	done
	((${#taken[@]})) || die "$EXIT_INFRA" "there is nothing to keep" "see above"
	[[ ! -f $file ]] || taken=("$file" "${taken[@]}")
	bench_merge "${taken[@]}" >"$file.tmp"
	if grep -qxF "<!-- figures $track -->" "$readme"; then
		text=$(bench_readme "$track" "$file.tmp" <"$readme") || { rm "$file.tmp"; exit "$EXIT_INFRA"; }
		printf '%s\n' "$text" >"$readme"
		say "kept: the figures of $readme"
	fi
	mv "$file.tmp" "$file"
	say "kept: $file"
}

# bench_readme TRACK FILE: print stdin with the figures of FILE, results of the track, between
# the lines "<!-- figures TRACK -->" and "<!-- end -->".
bench_readme() {
	local track=$1 figures

	figures=$(bench_view "$track" markdown "$2") || figures=''
	[[ -n $figures ]] ||
		die "$EXIT_INFRA" "there are no figures in $2" "see above"
	awk -v begin="<!-- figures $track -->" -v figures="$figures" '
		$0 == begin { print; print ""; print figures; print ""; inside = 1 }
		inside && $0 == "<!-- end -->" { inside = 0; found = 1 }
		!inside { print }
		END { exit !found || inside }' ||
		die "$EXIT_INFRA" "README.md has no lines '<!-- figures $track -->' and '<!-- end -->'" "see git log -p README.md"
}

# bench_machine MACHINE KEY=VALUE...: print the machine's file with some values
# replaced, or, with KEY+=VALUE, longer.
bench_machine() {
	local name=$1

	shift
	printf '%s\n' "$@" | awk '
		function trim(s) { sub(/(^|[ \t])#.*/, "", s); gsub(/^[ \t]+|[ \t]+$/, "", s); return s }
		NR == FNR {
			at = index($0, "="); key = substr($0, 1, at - 1)
			if (sub(/[+]$/, "", key)) more[key] = more[key] " " substr($0, at + 1)
			else value[key] = substr($0, at + 1)
			next
		}
		!/^[a-z]+ *=/ { next }
		{
			at = index($0, "="); key = trim(substr($0, 1, at - 1))
			v = key in value ? value[key] : trim(substr($0, at + 1))
			print key " = " v more[key]
			seen[key] = 1
		}
		END {
			for (key in value)
				if (!(key in seen)) print key " = " value[key]
		}' - "$FAULTLINE_CONFIGS/machine/$name"
}

# bench_variant STEP: print what a step of $track is called in the results.
bench_variant() {
	case $1 in
	0) echo base ;;
	"$(step_count "$track")") echo tip ;;
	*) echo "step $1" ;;
	esac
}

# bench_kernel MACHINE STEP [PATCH]: see to it that the kernel of STEP of $track, with one
# more PATCH on top, is there for MACHINE, and set image to its folder. It is the judged
# one without the checks that configs/kernel/plain.config takes out. Not to be called in
# a subshell, which could not tell a bad step from a failure of ours.
bench_kernel() {
	local status=0 kernel

	kernel=$(conf_get "$FAULTLINE_CONFIGS/machine/$1" kernel)+plain
	# shellcheck disable=SC2154 # track: the caller's
	image=$("$FAULTLINE_ROOT/ci/build" "$track" --step "$2" --kernel "$kernel" \
		${3:+--with "$3"} </dev/null) || status=$?
	case $status in
	0) ;;
	"$EXIT_BAD") bad "step $2 does not build for $1" "see above" ;;
	*) die "$EXIT_INFRA" "the kernel of step $2 for $1 could not be built" "see above" ;;
	esac
}

# bench_boot MACHINE STEP PROGRAM OUT [KEY=VALUE...]: boot STEP of $track on MACHINE, the
# values of its file replaced as bench_machine does, with PROGRAM of ci/guest/bench alone,
# and leave the result in the folder OUT. The kernel is that of bench_kernel.
# disk-file=PATH is another test disk, none is no disk; with=PATCH puts one more patch on
# the step. Dies unless the program says that it could measure.
bench_boot() {
	local machine=$1 step=$2 program=$3 out=$4 file arch image guest vmrun disk='' with='' keys=() key
	local status=0 drive=()

	shift 4
	for key; do
		case $key in
		disk-file=*) disk=${key#*=} ;;
		with=*) with=${key#*=} ;;
		*) keys+=("$key") ;;
		esac
	done
	file=$FAULTLINE_CONFIGS/machine/$machine
	arch=$(conf_get "$file" arch)
	bench_kernel "$machine" "$step" "$with"
	guest=$("$FAULTLINE_ROOT/ci/guest-image" "$track" --arch "$arch" --bench)
	vmrun=$(vmrun_binary)
	[[ $disk == none ]] || drive=(--disk "${disk:-$guest/disk.img}")
	rm -rf "$out"
	mkdir -p "$out"
	bench_machine "$machine" "${keys[@]}" >"$out/machine"
	"$vmrun" --machine "$out/machine" --kernel "$image/$(basename "$(conf_get "$file" image)")" \
		--initrd "$guest/init-bench.cpio" "${drive[@]}" \
		--cache "$FAULTLINE_WORK/vmrun-cache" --id "track=$track" --id "step=$step" \
		--tests "$program" --output "$out" --quiet >&2 || status=$?
	((!status)) || die "$EXIT_INFRA" "$program on $machine, step $step, measured nothing: $(jq -r .reason \
		"$out"/*.json 2>/dev/null)" "see $out/console.log"
}

# patch_of VARIANT: print the patch that VARIANT has on top of its step, if any: $with of
# the caller.
# shellcheck disable=SC2154 # with: the caller's
patch_of() { [[ $1 != with ]] || printf '%s\n' "$with"; }

# bench_prepare MACHINE STEP [PATCH]: see to it that all that bench_boot needs is there: while
# kernels are built nothing is to be measured.
bench_prepare() {
	local image

	bench_kernel "$@"
	"$FAULTLINE_ROOT/ci/guest-image" "$track" --arch "$(conf_get "$FAULTLINE_CONFIGS/machine/$1" arch)" \
		--bench </dev/null >/dev/null
}

# bench_boots JOBS ROUNDS MACHINES: run `boot MACHINE STEP VARIANT ROUND` of the caller for each of
# MACHINES, which commas separate, and each line "step<TAB>variant" that the caller's `variants
# MACHINE` prints, ROUNDS times, in turns and JOBS at a time. All kernels are there before.
# After one that fails no other is begun, and this exits as it did.
bench_boots() {
	# at: step is the caller's, for variants
	local jobs=$1 rounds=$2 machines=$3 cells='' total machine at variant round running=() finished=0
	local failed=0 pid started

	for ((round = 1; round <= rounds; round++)); do
		for machine in ${machines//,/ }; do
			while IFS=$'\t' read -r at variant; do
				((round > 1)) || bench_prepare "$machine" "$at" "$(patch_of "$variant")"
				cells+=$machine$'\t'$at$'\t'$variant$'\t'$round$'\n'
			done < <(variants "$machine")
		done
	done
	cells=${cells%$'\n'} total=$(wc -l <<<"$cells") started=$SECONDS
	while IFS=$'\t' read -r machine at variant round; do
		if ((${#running[@]} == jobs)); then
			wait "${running[0]}" || { failed=$?; break; }
			running=("${running[@]:1}")
			finished=$((finished + 1))
		fi
		say "round $round: $variant on $machine$(time_left "$finished" "$total" "$started")"
		boot "$machine" "$at" "$variant" "$round" </dev/null &
		running+=("$!")
	done <<<"$cells"
	for pid in "${running[@]}"; do wait "$pid" || failed=$?; done
	((!failed)) || exit "$failed"
}

# bench_out BENCH MACHINE VARIANT ROUND: print the folder of a boot's result.
bench_out() { printf '%s/%s/%s/%s-%s\n' "$(bench_results "$track")" "$1" "$2" "${3// /-}" "$4"; }

# bench_count OUT NAME: print the number that the guest gave for NAME.
bench_count() {
	jq -r --arg name "$2" '.facts[$name] // "nothing"' "$1/result.json"
}

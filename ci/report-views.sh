# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# report-views.sh - from result files to the views of a run, for ci/report, which
# sources it and bench.sh, and sets the four below. The views are the jq programs of
# ci/report.d.

: "${track:?}" "${partial:?}" "${facts:?}" "${scratch:?}"

VIEWS=$FAULTLINE_ROOT/ci/report.d

# What a view shows of a console: its end.
readonly LOG_LINES=200 LOG_BYTES=65536

# log_end FILE: print the last lines of a log, without the carriage returns and
# the colours of a terminal; nothing when there is no such log.
log_end() {
	[[ -f $1 ]] || return 0
	tail -c "$LOG_BYTES" "$1" | tail -n "$LOG_LINES" |
		LC_ALL=C sed -e 's/\x1b\[[0-9;?]*[ -\/]*[@-~]//g' -e 's/\r*$//'
}

# cell STEP MACHINE FOLDER LOGS: print the cell as one JSON object. One without a
# result, or whose result cannot be read, is there too, as infra. LOGS=0: without
# tests and logs, which the table does not show.
cell() {
	local step=$1 machine=$2 folder=$3 logs=$4 json name why

	for json in "$folder"/{result,infra}.json; do [[ ! -f $json ]] || break; done
	for name in console diagnosis files times; do : >"$scratch/$name"; done
	why="no result in '$folder': run ci/run again"
	[[ -n $folder ]] || why="it could not be judged: see what ci/run said of it"
	if [[ -f $json ]]; then
		((!logs)) || read_logs "$folder"
		jq -c --arg step "$step" --arg machine "$machine" --arg folder "$folder" --arg logs "$logs" \
			--rawfile files "$scratch/files" --rawfile times "$scratch/times" \
			--rawfile console "$scratch/console" --rawfile diagnosis "$scratch/diagnosis" \
			-f "$VIEWS/cell.jq" "$json" 2>"$scratch/error" >"$scratch/cell" &&
			[[ -s $scratch/cell ]] && { cat "$scratch/cell"; return; }
		[[ -s $json ]] || echo "it is empty" >"$scratch/error"
		why="$json cannot be read: $(head -n 1 "$scratch/error"): run the cell again"
	fi
	jq -nc --argjson step "$step" --arg machine "$machine" --arg folder "$folder" --arg why "$why" \
		'{verdict: "infra", reason: $why, gone: true, step: $step, machine: $machine,
		  folder: $folder, made: "", files: [], console: "", diagnosis: "", id: {}, qemu: {},
		  facts: {}, known_splats: [], cases: [], seconds: {build: 0, boot: 0, total: 0}}'
}

# read_logs FOLDER: what cell.jq is given of a result's folder.
read_logs() {
	log_end "$1/console.log" >"$scratch/console"
	log_end "$1/diagnosis.txt" >"$scratch/diagnosis"
	find "$1" -maxdepth 1 -type f -size +0 \
		\( -name '*.json' -o -name '*.log' -o -name '*.txt' \) -printf '%f\t%Ts\n' >"$scratch/files"
	[[ ! -f $1/console.log ]] ||
		LC_ALL=C awk -f "$VIEWS/times.awk" "$1/console.log" >"$scratch/times"
}

# write_model: write the judged run to $scratch/model, and what the table shows
# of it to $scratch/summary, from the cells on stdin.
write_model() {
	jq -s --arg track "$track" --arg partial "$partial" --rawfile facts "$facts" \
		--rawfile notes "$scratch/notes" \
		--arg series "$(series_patches "$track")" --arg made "$(date -u +%FT%TZ)" \
		-f "$VIEWS/model.jq" >"$scratch/model"
	jq 'del(.cells[] | .cases, .console, .diagnosis, .qemu)' "$scratch/model" >"$scratch/summary"
}

# view FORMAT [LOGS [BENCH]]: print a view of the run. LOGS: the folder, relative to
# the page, that has the logs; BENCH: the page of the benchmarks, if any.
view() {
	local format=$1 logs=${2:-} bench=${3:-} model=$scratch/model

	case $format in
	table)
		model=$scratch/summary
		jq -r --arg part head -f "$VIEWS/table.jq" "$model"
		jq -r --arg part rows -f "$VIEWS/table.jq" "$model" | column -t -s $'\t'
		jq -r --arg part tail -f "$VIEWS/table.jq" "$model"
		;;
	html)
		jq -r --arg logs "$logs" --arg bench "$bench" --rawfile style "$VIEWS/style.css" \
			--rawfile script "$VIEWS/script.js" -L "$VIEWS" -f "$VIEWS/html.jq" "$model"
		;;
	*) jq -r -L "$VIEWS" -f "$VIEWS/$format.jq" "$model" ;;
	esac
}

# copy_logs DIR: copy the files of every cell's result to DIR/<cell>. A log
# becomes .txt, which every browser shows.
copy_logs() {
	local dir=$1 key folder files file

	while IFS=$'\t' read -r key folder files; do
		mkdir -p "$dir/$key"
		for file in $files; do
			cp "$folder/$file" "$dir/$key/${file/%.log/.txt}"
		done
	done < <(jq -r '.cells[] | select(.gone | not) | [.key, .folder, (.files | join(" "))] | @tsv' "$scratch/summary")
}

# other_than_report DIR: print the name of something in DIR that is no part of a report,
# to which ci/test adds what a browser shows.
other_than_report() {
	find "$1/" -mindepth 1 -maxdepth 1 ! -name table.txt ! -name report.ktap ! -name junit.xml \
		! -name report.html ! -name bench.html ! -name log ! -name 'screenshot-*.png' -printf '%f\n' -quit
}

# write_folder DIR: write every view, and the logs, into DIR, replacing an
# earlier report as a whole. A folder that holds anything else is left alone.
write_folder() {
	local dir=$1 bench=bench.html other old

	if [[ -e $dir ]]; then
		[[ -d $dir && (-f $dir/report.html || -z $(ls -A "$dir")) ]] ||
			usage_error "$dir exists and holds no report"
		other=$(other_than_report "$dir")
		[[ -z $other ]] || usage_error "$dir has '$other', which is no part of a report"
	fi
	hold_lock "report-$track"
	for old in "$dir.tmp".*; do # of runs that were killed
		[[ ! -d $old || ${old##*.} == *[!0-9]* || -n $(other_than_report "$old") ]] || rm -rf "$old"
	done
	mkdir -p "$dir.tmp.$$"
	copy_logs "$dir.tmp.$$/log"
	view table >"$dir.tmp.$$/table.txt"
	view ktap >"$dir.tmp.$$/report.ktap"
	view junit >"$dir.tmp.$$/junit.xml"
	bench_page "$track" >"$dir.tmp.$$/bench.html"
	if [[ ! -s $dir.tmp.$$/bench.html ]]; then
		rm "$dir.tmp.$$/bench.html"
		bench=''
	fi
	view html log "$bench" >"$dir.tmp.$$/report.html"
	rm -rf "$dir"
	mv "$dir.tmp.$$" "$dir"
}

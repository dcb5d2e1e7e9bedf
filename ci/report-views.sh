# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# report-views.sh - from result files to the views of a run, for ci/report, which
# sources it and sets the four below. The views are the jq programs of
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
# result, or whose result cannot be read, is there too, as infra. LOGS=0: no logs.
cell() {
	local step=$1 machine=$2 folder=$3 logs=$4 json files='' made='' why

	for json in "$folder"/{result,infra}.json; do [[ ! -f $json ]] || break; done
	: >"$scratch/console"
	: >"$scratch/diagnosis"
	if ((logs)); then
		log_end "$folder/console.log" >"$scratch/console"
		log_end "$folder/diagnosis.txt" >"$scratch/diagnosis"
	fi
	why="no result in '$folder': run ci/run again"
	if [[ -f $json ]]; then
		files=$(cd "$folder" && find . -maxdepth 1 -type f -size +0 -printf '%P\n' | sort)
		made=$(date -u -r "$json" +%FT%TZ)
		jq -c --arg step "$step" --arg machine "$machine" --arg folder "$folder" \
			--arg made "$made" --arg files "$files" \
			--rawfile console "$scratch/console" --rawfile diagnosis "$scratch/diagnosis" \
			-f "$VIEWS/cell.jq" "$json" 2>"$scratch/error" && return
		why="$json cannot be read: $(head -n 1 "$scratch/error"): run the cell again"
	fi
	jq -nc --argjson step "$step" --arg machine "$machine" --arg folder "$folder" --arg why "$why" \
		'{verdict: "infra", reason: $why, gone: true, step: $step, machine: $machine,
		  folder: $folder, made: "", files: [], console: "", diagnosis: "", id: {}, qemu: {},
		  facts: {}, cases: [], seconds: {build: 0, boot: 0, total: 0}}'
}

# model: print the judged run, from the cells on stdin.
model() {
	jq -s --arg track "$track" --arg partial "$partial" --rawfile facts "$facts" \
		--arg series "$(series_patches "$track")" --arg made "$(date -u +%FT%TZ)" \
		-f "$VIEWS/model.jq"
}

# view FORMAT MODEL [LOGS]: print a view of the run. LOGS: the folder, relative
# to the page, that has the logs, if any.
view() {
	local format=$1 model=$2 logs=${3:-}

	case $format in
	table)
		jq -r --arg part head -f "$VIEWS/table.jq" "$model"
		jq -r --arg part rows -f "$VIEWS/table.jq" "$model" | column -t -s $'\t'
		jq -r --arg part tail -f "$VIEWS/table.jq" "$model"
		;;
	html)
		jq -r --arg logs "$logs" --rawfile style "$VIEWS/style.css" \
			--rawfile script "$VIEWS/script.js" -L "$VIEWS" -f "$VIEWS/html.jq" "$model"
		;;
	*) jq -r -L "$VIEWS" -f "$VIEWS/$format.jq" "$model" ;;
	esac
}

# copy_logs MODEL DIR: copy the files of every cell's result to DIR/<cell>. A log
# becomes .txt, which every browser shows.
copy_logs() {
	local model=$1 dir=$2 key folder file

	while IFS=$'\t' read -r key folder; do
		mkdir -p "$dir/$key"
		for file in result.json infra.json console.log diagnosis.txt qemu.log; do
			[[ ! -s $folder/$file ]] || cp "$folder/$file" "$dir/$key/${file/%.log/.txt}"
		done
	done < <(jq -r '.cells[] | select(.gone | not) | [.key, .folder] | @tsv' "$model")
}

# write_folder DIR: write every view, and the logs, into DIR, replacing an
# earlier report as a whole. A folder that holds anything else is left alone.
write_folder() {
	local dir=$1

	if [[ -e $dir && ! -f $dir/report.html && -n $(ls -A "$dir" 2>/dev/null || echo file) ]]; then
		usage_error "$dir exists and holds no report"
	fi
	hold_lock "report-$track"
	rm -rf "$dir.tmp".*
	mkdir -p "$dir.tmp.$$"
	copy_logs "$scratch/model" "$dir.tmp.$$/log"
	view table "$scratch/model" >"$dir.tmp.$$/table.txt"
	view ktap "$scratch/model" >"$dir.tmp.$$/report.ktap"
	view junit "$scratch/model" >"$dir.tmp.$$/junit.xml"
	view html "$scratch/model" log >"$dir.tmp.$$/report.html"
	rm -rf "$dir"
	mv "$dir.tmp.$$" "$dir"
}

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# merge_config.sh -m -O FOLDER FILE...: put the files one behind the other.
folder=$3
shift 3
cat "$@" >"$folder/.config.tmp" && mv "$folder/.config.tmp" "$folder/.config"

# SPDX-License-Identifier: GPL-2.0
# table.jq - what the benchmarks measured as one table, fields separated by tabs.
# Input: the files of model.jq, as one array.

include "views";

["bench", "of", "what", "unit", "variant", "median", "spread", "ratio", "target"],
(.[] | .bench as $bench | .reference as $reference | .rows[]
	| [$bench, .subject, .name, .unit, .variant, (.median | number), spread,
	   (if .variant == $reference then "-" else .ratio | ratio end), target])
| @tsv

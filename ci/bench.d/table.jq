# SPDX-License-Identifier: GPL-2.0
# table.jq - what the benchmarks measured as one table, fields separated by tabs.
# Input: the files of model.jq, as one array.

include "views";

["bench", "of", "what", "unit", "variant", "median", "spread", "change", "ratio", "target"],
(.[] | .bench as $bench | .reference as $reference | .rows[]
	| (.variant == $reference or .change == null) as $alone
	| [$bench, .subject, .name, .unit, .variant, (.median | number), spread,
	   (if $alone then "-" else .change | signed end),
	   (if $alone then "-" else .ratio | ratio end), target])
| @tsv

# SPDX-License-Identifier: GPL-2.0
# html.jq - what the benchmarks measured as one page: per measure a bar for each variant,
# whose thin line spans the smallest and the largest value.
#
# Input: the files of model.jq, as one array. $track, $style (as of the report),
# $origin: where the figures are from.

include "views";

def measures: group_by([.subject, .name]) as $groups
	| map([.subject, .name]) | in_order
	| map(. as $k | first($groups[] | select([.[0].subject, .[0].name] == $k)));
# One bar per variant, to scale within the measure.
def chart: (map(.max) | max) as $most | length as $n
	| "<svg width=\"100%\" height=\"\($n * 12)\" role=\"img\" aria-label=\"\(map("\(.variant) \(.median | number), \(spread)") | join("; ") | @html)\">"
	+ ([to_entries[] | .key as $i | .value
		| ((if $most > 0 then 96 / $most else 0 end) as $scale
		| "<rect class=\"v\($i % 4)\" y=\"\($i * 12 + 1)\" width=\"\(.median * $scale)%\" height=\"9\"/>"
		+ (if .min == .max then "" else "<rect class=\"range\" x=\"\(.min * $scale)%\" y=\"\($i * 12 + 5)\" width=\"\((.max - .min) * $scale)%\" height=\"2\"/>" end))]
		| join("")) + "</svg>";
def verdict: if .limit == null then "" else
	" <span class=\"verdict \(if .met then "good" else "bad" end)\"><span aria-hidden=\"true\">\(if .met then "✓" else "✗" end)</span> \(target | @html)</span>" end;
def numbers($reference): map("<div><span class=\"key v\(.i % 4)\"></span> \(.variant | @html) <b>\(.median | number)</b>"
	+ (if .min == .max then "" else " <span class=\"took\">\(spread)</span>" end)
	+ (if .variant == $reference or .change == null then "" else " (\(.change | signed)) × \(.ratio | ratio)\(verdict)" end) + "</div>") | join("");

def section:
	.reference as $reference
	| "<section><h2 id=\"\(.bench)\">\(.bench | @html)</h2><p><code>\(.command | @html)</code>. Ratios (×) are to \($reference | @html).</p>",
	"<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"\(.bench)\"><table class=\"bench\"><thead><tr><th scope=\"col\">Of</th><th scope=\"col\">What</th><th scope=\"col\">Chart</th><th scope=\"col\">Median, smallest and largest, ratio</th></tr></thead><tbody>",
	(.rows | measures[] | [to_entries[] | .value + {i: .key}]
		| "<tr><td>\(.[0].subject | @html)</td><th scope=\"row\">\(.[0].name | @html), \(.[0].unit | @html)</th><td class=\"bar\">\(chart)</td><td class=\"figures\">\(numbers($reference))</td></tr>"),
	"</tbody></table></div></section>";

"<!DOCTYPE html>",
"<html lang=\"en\"><head><meta charset=\"utf-8\"><title>\("\($track): measured" | @html)</title>",
"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">",
"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">",
"<link rel=\"icon\" href=\"data:,\"><style>", $style, "</style></head><body>",
"<header><h1>Faultline \($track | @html), measured</h1>",
"<p>\(map(.rows | map(select(.limit != null)) | length) | add) targets, \(map(.rows | map(select(.met == false)) | length) | add) missed. From \($origin | @html).</p></header><main>",
(.[] | section),
"</main></body></html>"

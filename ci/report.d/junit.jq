# SPDX-License-Identifier: GPL-2.0
# junit.jq - a run as JUnit XML: a suite per cell, facts as its properties.
#
# In the order that the schema of Jenkins wants.
# Input: what model.jq gives.

include "views";

def test_case($class; $taken):
	"    <testcase name=\"\(.name | attribute)\" classname=\"\($class | attribute)\"" + (if .seconds == null or $taken then "" else " time=\"\(.seconds)\"" end) + (
		(.note | @html) as $text | (.note | one_line | attribute) as $message
		| if .result == "skip" then "><skipped>\($text)</skipped></testcase>"
		elif .result == "not ok" then "><failure type=\"failure\" message=\"\($message)\">\($text)</failure></testcase>"
		elif .result == "error" then "><error type=\"infra\" message=\"\($message)\">\($text)</error></testcase>"
		else "/>" end);

def properties:
	[(.facts | to_entries[] | {name: "fact.\(.key)", value}),
	 (["tree", "patch", "build", "guest", "content"][] as $k | {name: "id.\($k)", value: (.id[$k] // "")}),
	 {name: "verdict", value: .verdict}, {name: "reason", value: .reason},
	 {name: "taken_over", value: (.taken_over // "")}, {name: "qemu.version", value: (.qemu.version // "")},
	 {name: "qemu.command", value: (.qemu.command // "")},
	 {name: "seconds.build", value: .seconds.build}, {name: "seconds.boot", value: .seconds.boot},
	 {name: "crash.fingerprint", value: (.crash.fingerprint? // "")}]
	| map(select(.value != ""));

def counts($cases):
	"tests=\"\($cases | length)\" failures=\"\(count($cases; "not ok"))\" errors=\"\(count($cases; "error"))\"";

. as $run
| [.cells[] | judged[]] as $all
| "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
"<testsuites name=\"\("faultline \(.track)" | attribute)\" \(counts($all)) time=\"\([.cells[] | select(.taken_over == null) | .seconds.total] | add // 0)\">",
(.cells[] | judged as $cases | "\($run.track).\(.machine).\(.step)" as $class
	| "  <testsuite name=\"\(.key | attribute)\" \(counts($cases)) skipped=\"\(count($cases; "skip"))\" time=\"\(if .taken_over then 0 else .seconds.total end)\""
		+ (if .made == "" then "" else " timestamp=\"\(.made[0:19])\"" end) + ">",
	"    <properties>",
	(properties[] | "      <property name=\"\(.name | attribute)\" value=\"\(.value | tostring | attribute)\"/>"),
	"    </properties>",
	(.taken_over as $taken | $cases[] | test_case($class; $taken != null)),
	if .taken_over or .console == "" then empty else "    <system-out>\(.console | @html)</system-out>" end,
	"  </testsuite>"),
"</testsuites>"

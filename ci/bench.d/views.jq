# SPDX-License-Identifier: GPL-2.0
# views.jq - what the model and the views of what was measured share: an order, and
# numbers for people.

# Each once, in the order of the first.
def in_order: reduce .[] as $x ([]; if index([$x]) then . else . + [$x] end);

# A number with as many digits as tell something: 1234567, 123.4, 1.23, 0.0123.
def digits($n): (. * pow(10; $n) | round) / pow(10; $n);
def number:
	if . == null then "-"
	elif . == floor then floor
	elif fabs >= 100 then digits(1)
	elif fabs >= 1 then digits(2)
	else digits(4) end | tostring;
def signed: "\(if . > 0 then "+" else "" end)\(number)";
# A ratio has three decimals.
def ratio: if . == null then "-" else (. * 1000 | round | tostring) as $t
	| ("000" + $t)[-([($t | length), 4] | max):] | "\(.[:-3]).\(.[-3:])" end;
def spread: if .min == .max then "=" else "\(.min | number)..\(.max | number)" end;
def target: if .limit == null then "-"
	else "\(if .of == "median" then "" else "x " end)\(if .of == "equal" then "=" else "<=" end) \(.limit) \(if .met then "met" else "missed" end)" end;

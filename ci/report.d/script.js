"use strict";
// Filters only: without this script the page shows everything.
const failures = document.getElementById("failures");
const find = document.getElementById("find");
const found = document.getElementById("found");
const tests = document.querySelectorAll("table.tests tbody tr");

document.querySelectorAll(".controls").forEach((e) => { e.hidden = false; });

failures.addEventListener("change", () => {
	document.body.classList.toggle("failures", failures.checked);
});

find?.addEventListener("input", () => {
	const wanted = find.value.trim().toLowerCase();
	let shown = 0;

	for (const row of tests) {
		row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
		shown += !row.hidden;
	}
	found.textContent = wanted ? `${shown} of ${tests.length} tests` : "";
});

// A link to a cell opens it, also where the browser does not do so itself.
function reveal() {
	const id = decodeURIComponent(location.hash.slice(1));
	const target = id && document.getElementById(id);
	const cell = target && target.closest("details");

	if (!cell)
		return;
	cell.open = true;
	target.focus();
	cell.scrollIntoView();
}
window.addEventListener("hashchange", reveal);
reveal();

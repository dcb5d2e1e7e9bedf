// SPDX-License-Identifier: GPL-2.0
// browse.mjs - use the pages of ci/report as a person does, in headless Chromium.
//
//	NODE_TOOLS=DIR node browse.mjs REPORT-FOLDER [PART...]
//
// A PART is a function of this file that looks at one side of the page; without
// any, all do that are of report.html. PAGE=bench.html is the page of the benchmarks, for
// "figures", widths, schemes and screenshots. Prints TAP; "screenshots" leaves screenshot-*.png in the folder. What
// there is to see is taken from table.txt beside the page, not from the page. DIR has
// node_modules with playwright-core and axe-core. Exit: 0 all is well, 1 not so.

import { createRequire } from "node:module";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const require = createRequire(join(process.env.NODE_TOOLS, "x.js"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const folder = resolve(process.argv[2]);
const url = pathToFileURL(join(folder, process.env.PAGE ?? "report.html")).href;
const [, passed, bad_cells, unjudged] = readFileSync(join(folder, "table.txt"), "utf8")
	.match(/^cells: (\d+) passed, (\d+) failed(?:, (\d+) not judged)?$/m).map((n) => Number(n ?? 0));
const failed = bad_cells + unjudged; // none of them passes, and the page shows all

let count = 0, bad = 0;
function ok(good, name, why = "") {
	if (!good)
		bad++;
	console.log(`${good ? "ok" : "not ok"} ${++count} ${name}`);
	if (!good && why)
		console.log(`# ${String(why).replaceAll("\n", "\n# ")}`);
}

const browser = await chromium.launch({ // with a new, empty profile
	executablePath: "/usr/bin/chromium",
	headless: true,
	timeout: 120000,
	args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

// open(OPTIONS): the page in a context of its own.
async function open(options = {}) {
	const context = await browser.newContext({
		viewport: { width: 1280, height: 900 }, colorScheme: "light", ...options });
	const page = await context.newPage();

	page.complaints = [];
	page.on("console", (m) => m.type() === "error" && page.complaints.push(m.text()));
	page.on("pageerror", (e) => page.complaints.push(e.message));
	page.on("request", (r) => r.url().startsWith("file:") || r.url().startsWith("data:") ||
		page.complaints.push(`request of ${r.url()}`));
	page.setDefaultTimeout(60000); // a busy machine is slow
	await page.goto(url);
	return page;
}

const visible = (page, selector) => page.locator(`${selector}:visible`).count();

async function contents() {
	const page = await open();
	const cells = await visible(page, ".grid td a .verdict");
	const wrong = await visible(page, ".grid td.bad");

	ok(cells === passed + failed, "the table shows every cell", `${cells}, expected ${passed + failed}`);
	ok(wrong === failed, "the table shows every failure", `${wrong}, expected ${failed}`);
	ok(await visible(page, "details.cell") === passed + failed, "every cell has its details");
	ok(page.complaints.length === 0, "nothing is fetched, no script fails", page.complaints.join("\n"));
	await page.context().close();
}

async function filter() {
	const page = await open();

	await page.getByLabel("Failures only").check();
	ok(await visible(page, "details.cell") === failed, "the filter leaves the failures' details");
	ok(await visible(page, ".grid td a .verdict") === failed, "the filter leaves the failures in the table",
		`${await visible(page, ".grid td a .verdict")}, expected ${failed}`);
	await page.getByLabel("Failures only").uncheck();
	const name = await page.locator(".tests tbody th").last().textContent();
	await page.getByLabel("Find a test").fill(name);
	const names = await page.locator(".tests tbody tr:visible th").allTextContents();
	ok(names.length > 0 && names.every((n) => n.includes(name)), "a test is found by its name", names);
	await page.context().close();
}

async function logs() {
	const page = await open();
	const links = await page.locator(".files a").evaluateAll((all) => all.map((a) => a.href));
	const broken = links.filter((link) => !existsSync(fileURLToPath(link)));

	ok(links.length > 0 && broken.length === 0, "every link to a log leads to a file",
		broken.join("\n") || "there is no link");
	await page.locator(".grid td a").first().click();
	const cell = page.locator("details.cell[open]").first();
	const log = cell.getByRole("link", { name: "console.txt" });
	const shown = await log.isVisible();
	if (shown)
		await log.click();
	const text = shown && !page.url().endsWith("report.html") ? await page.locator("body").innerText() : "";
	ok(text.includes("KTAP version 1"), "two clicks lead to a log", `at ${page.url()}: '${text.slice(0, 80)}'`);
	await page.context().close();
}

// tab_to(PAGE, SELECTOR): press Tab until the focus is there; false if never.
async function tabTo(page, selector) {
	for (let n = 0; n < 60; n++) {
		await page.keyboard.press("Tab");
		if (await page.evaluate((s) => document.activeElement.matches(s), selector))
			return true;
	}
	return false;
}

async function keyboard() {
	const page = await open();

	ok(await tabTo(page, ".skip") && await visible(page, ".skip") === 1, "the first Tab shows a link to the table");
	ok(await tabTo(page, "#failures"), "Tab reaches the filter");
	await page.keyboard.press("Space");
	ok(await page.locator("body.failures").count() === 1, "Space sets the filter");
	await page.keyboard.press("Space");
	ok(await tabTo(page, ".grid td a"), "Tab reaches a cell");
	const outline = await page.evaluate(() => {
		const style = getComputedStyle(document.activeElement);
		return style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth);
	});
	ok(outline >= 2, "the focus is seen", `outline of ${outline} px`);
	await page.keyboard.press("Enter");
	ok(await page.locator("details.cell[open]").count() === 1, "Enter opens the cell");
	await page.context().close();
}

async function widths() {
	for (const width of [360, 768, 1280]) {
		const page = await open({ viewport: { width, height: 800 } });

		await page.locator("details").evaluateAll((all) => all.forEach((d) => { d.open = true; }));
		const wide = await page.evaluate(() => document.documentElement.scrollWidth);
		ok(wide <= width, `nothing is wider than ${width} pixels`, `${wide} px`);
		await page.context().close();
	}
}

// worst_contrast(): the lowest contrast of the page's texts, and where.
function worstContrast() {
	const rgb = (text) => text.match(/[\d.]+/g).map(Number);
	const light = (c) => c.slice(0, 3).map((v) => v / 255)
		.map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	let worst = { ratio: 21, where: "" };

	for (const e of document.querySelectorAll(".verdict, .took, .patch, .flip, .expected, .fact, a, p, th, td")) {
		let behind = e;
		while (behind && (rgb(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0)
			behind = behind.parentElement;
		const [a, b] = [light(rgb(getComputedStyle(e).color)),
			light(behind ? rgb(getComputedStyle(behind).backgroundColor) : [255, 255, 255])];
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < worst.ratio)
			worst = { ratio, where: `${e.tagName} ${e.className}: ${e.textContent.slice(0, 40)}` };
	}
	return worst;
}

async function schemes() {
	const backs = [];

	for (const colorScheme of ["light", "dark"]) {
		const page = await open({ colorScheme });

		backs.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
		const { ratio, where } = await page.evaluate(worstContrast);
		ok(ratio >= 4.5, `texts have a contrast of 4.5 in ${colorScheme}`, `${ratio.toFixed(2)} at ${where}`);
		await page.locator("details").evaluateAll((all) => all.forEach((d) => { d.open = true; }));
		await page.evaluate(axe);
		const { violations } = await page.evaluate(() => window.axe.run());
		ok(violations.length === 0, `axe finds nothing in ${colorScheme}`,
			violations.map((v) => `${v.id}: ${v.help}: ${v.nodes[0].html.slice(0, 160)}`).join("\n"));
		await page.context().close();
	}
	ok(backs[0] !== backs[1], "dark differs from light", backs.join(" "));
}

async function screenshots() {
	const looks = { light: {}, dark: { colorScheme: "dark" }, phone: { viewport: { width: 360, height: 800 } } };

	for (const [name, look] of Object.entries(looks)) {
		const page = await open(look);
		const path = join(folder, `screenshot-${name}.png`);

		await page.screenshot({ path });
		ok(existsSync(path), `there is a screenshot, ${name}`);
		await page.context().close();
	}
}

async function withoutScript() {
	const page = await open({ javaScriptEnabled: false });

	const cells = await visible(page, ".grid td a .verdict");

	ok(cells === passed + failed, "without script the table is there", cells);
	ok(await visible(page, ".controls") === 0, "without script there is no filter");
	if (cells)
		await page.locator(".grid td a").first().click();
	ok(await page.locator("details.cell .body:visible").count() === 1, "without script a link opens its cell");
	await page.context().close();
}

// The page of the benchmarks against their results, an array, in bench.json beside it.
async function figures() {
	const page = await open();
	const rows = JSON.parse(readFileSync(join(folder, "bench.json"), "utf8")).flatMap((bench) => bench.rows);
	const bars = await page.locator("svg rect:not(.range)").evaluateAll((all) => all.map((bar) => bar.getBoundingClientRect().width));
	const medians = await page.locator(".figures b").allTextContents();

	ok(bars.length === rows.length && bars.every((width, i) => (width > 0) === (rows[i].median > 0)),
		"every variant has its bar", `${bars.length} bars, ${rows.length} variants: ${bars}`);
	ok(medians.length === rows.length && medians.every((text, i) => Math.abs(text - rows[i].median) <= Math.abs(rows[i].median) / 100),
		"every bar has its median", medians);
	ok(await visible(page, ".figures .verdict.bad") === rows.filter((row) => row.met === false).length,
		"every target that was missed is shown as missed");
	ok(page.complaints.length === 0, "nothing is fetched", page.complaints.join("\n"));
	await page.context().close();
}

const parts = { contents, filter, logs, keyboard, widths, schemes, withoutScript, screenshots, figures };
const wanted = process.argv.length > 3 ? process.argv.slice(3) : Object.keys(parts).filter((name) => name !== "figures");
try {
	for (const name of wanted)
		await parts[name]().catch((e) => ok(false, `${name} ran to its end`, e.message));
} finally {
	await browser.close();
}
console.log(`1..${count}`);
process.exit(bad ? 1 : 0);

/*
 * Opens reports of --format=html in a real browser: sorts, filters, opens
 * connections, and looks that nothing complains, that a capture cannot
 * inject, that ten thousand connections do not freeze the page, that no
 * label of a picture lies on another one, is cut off or too pale to read,
 * that pictures fit a phone, and that the ladder of the page is the one that
 * --ladder-file draws.
 *
 *   node check.mjs FOLDER      (FOLDER: where playwright-core is, and where reports and screenshots go)
 *
 * TCPFSM, top_srcdir and CHROMIUM come from tests/browser/run.  Speaks TAP.
 */
import {execFileSync, spawnSync} from 'node:child_process';
import {copyFileSync, mkdirSync, readdirSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {basename, join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';

import {crowd, fastClient, shutWindow} from './crowd.mjs';

const folder = resolve(process.argv[2]);
const {chromium} = createRequire(join(folder, 'x.js'))('playwright-core');
const captures = join(process.env.top_srcdir, 'pcaps');
const SMALL_PHONE = {width: 360, height: 740}, PHONE = {width: 390, height: 844}, TABLET = {width: 820, height: 1180}, LAPTOP = {width: 1280, height: 800},
	PAPER = {width: 718, height: 1000}; /* A4 between margins of a centimetre */
const TEXT_CONTRAST = 4.5, LINE_CONTRAST = 3; /* WCAG 2.2, success criteria 1.4.3 and 1.4.11 */
const PAGE_TO_FILE = 36; /* pixels by which the ladder of a file, which has a heading, is lower */
const PATIENCE_MS = 5000; /* for ten thousand connections, on a slow machine */

let count = 0, failed = 0;

async function test(name, body) {
	let fault = null;
	try {
		await body();
	} catch (error) {
		fault = error;
	}
	count++;
	failed += fault ? 1 : 0;
	console.log(`${fault ? 'not ok' : 'ok'} ${count} - ${name}`);
	if (fault)
		console.log(String(fault.stack ?? fault).replace(/^/gm, '# '));
}

function ensure(condition, message) {
	if (!condition)
		throw new Error(message);
}

function same(actual, expected, what) {
	ensure(JSON.stringify(actual) === JSON.stringify(expected), `${what}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
}

function tcpfsm(...args) {
	return execFileSync(process.env.TCPFSM, args, {maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'inherit']}).toString();
}

function report(capture, name, ...options) {
	const path = join(folder, `${name}.html`);
	tcpfsm('-r', capture, '-o', path, '-T', 'html', ...options);
	return path;
}

/* A page that remembers whatever was complained about, asked for or popped up. */
async function open(browser, path, {viewport = LAPTOP, colorScheme = 'light', hash = ''} = {}) {
	const context = await browser.newContext({viewport, colorScheme});
	const page = await context.newPage();
	page.complaints = [];
	page.on('console', message => page.complaints.push(`console: ${message.text()}`));
	page.on('pageerror', error => page.complaints.push(`error: ${error}`));
	page.on('dialog', dialog => { page.complaints.push('a dialog'); dialog.dismiss(); });
	page.on('request', request => {
		if (!request.url().startsWith('file:') || !request.isNavigationRequest())
			page.complaints.push(`asked for ${request.url()}`);
	});
	await page.goto(pathToFileURL(path).href + hash);
	return page;
}

async function close(page) {
	same(page.complaints, [], 'complaints');
	await page.context().close();
}

function numbers(page) {
	return page.$$eval('tbody th button', buttons => buttons.map(b => Number(b.textContent.replace(/,/g, ''))));
}

function records(capture, type) {
	return tcpfsm('-r', capture, '-T', 'json').trim().split('\n').map(line => JSON.parse(line)).filter(r => r.type === type);
}

/* ---- what each report must be -------------------------------------------------------------------- */

async function saysWhatJsonSays(page, capture) {
	const connections = records(capture, 'connection'), anomalies = records(capture, 'anomaly');
	const rows = await page.$$eval('tbody tr', trs => trs.map(tr => [...tr.children].map(td => td.textContent)));
	same(rows.length, Math.min(50, connections.length), 'rows');
	for (const [number, client, server, clientState, serverState] of rows) {
		const c = connections.find(r => r.conn === Number(number));
		const end = e => e.addr.includes(':') ? `[${e.addr}]:${e.port}` : `${e.addr}:${e.port}`;
		same([client, server, clientState, serverState], [end(c.client), end(c.server), c.client.state, c.server.state], `row ${number}`);
	}
	const kinds = await page.$$eval('#findings details summary .code', codes => codes.map(c => c.textContent));
	same(kinds.sort(), [...new Set(anomalies.map(a => a.id))].sort(), 'kinds of findings');
}

/* The state names beside the ladder's bars are the transitions of JSON, in their order. */
async function laddersStatesAreTransitions(page, capture, conn) {
	const moves = records(capture, 'transition').filter(t => t.conn === conn);
	for (const [end, anchor] of [['client', 'end'], ['server', 'start']]) {
		const shown = await page.$$eval(`.opened svg .state-name[text-anchor="${anchor}"]:not(.on-bar)`, texts => texts.map(t => t.textContent.replace(/[?!]$/, '')));
		same(shown.slice(1), moves.filter(t => t.endpoint === end).map(t => t.to), `states of the ${end}`);
	}
}

async function opensByKeyboard(page) {
	await page.focus('tbody th button');
	await page.keyboard.press('Enter');
	await page.waitForSelector('.opened h3');
	ensure(await page.evaluate(() => document.activeElement.closest('.opened') !== null), 'the opened connection has the focus');
	ensure(await page.$$eval('.opened svg', svgs => svgs.length) >= 3, 'timeline, ladder and sequences are drawn');
	await page.click('.opened header button');
	ensure(await page.$('.opened') === null, 'closed again');
}

/* Labels of the diagram that lie on each other, on a state's box or on an edge, or are cut off. */
function overlaps(page) {
	return page.evaluate(() => {
		const box = e => ({text: e.textContent, ...Object.fromEntries(['left', 'right', 'top', 'bottom'].map(k => [k, e.getBoundingClientRect()[k]]))});
		const labels = [...document.querySelectorAll('#diagram svg text:not(.name):not(.stub-name):not(.step)')].map(box);
		const states = [...document.querySelectorAll('#diagram svg rect.state, #diagram svg rect.stub')].map(box);
		const hit = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3;
		const found = [];
		labels.forEach((a, i) => {
			labels.slice(i + 1).filter(b => hit(a, b)).forEach(b => found.push(`"${a.text}" on "${b.text}"`));
			states.filter(b => hit(a, b)).forEach(() => found.push(`"${a.text}" on a state`));
		});
		/* An edge is looked at every other pixel; a label's box is a little larger than its letters. */
		for (const path of document.querySelectorAll('#diagram svg path.edge')) {
			const matrix = path.getScreenCTM(), length = path.getTotalLength();
			for (let at = 0; at < length; at += 2) {
				const p = path.getPointAtLength(at).matrixTransform(matrix);
				const a = labels.find(l => p.x > l.left + 1 && p.x < l.right - 1 && p.y > l.top + 3 && p.y < l.bottom - 3);
				if (a) {
					found.push(`"${a.text}" on the edge ${path.parentNode.querySelector('title').textContent}`);
					break;
				}
			}
		}
		const frame = document.querySelector('#diagram svg').getBoundingClientRect();
		labels.filter(a => a.left < frame.left || a.right > frame.right || a.bottom > frame.bottom).forEach(a => found.push(`"${a.text}" outside`));
		return found;
	});
}

/* Texts of an opened connection's pictures that lie on each other, or are cut off at the picture's edge. */
function badTexts(page) {
	return page.evaluate(() => {
		const found = [];
		for (const svg of document.querySelectorAll('.opened svg[role=img]')) {
			const box = e => ({text: e.textContent, turned: e.hasAttribute('transform'), ...Object.fromEntries(['left', 'right', 'top', 'bottom'].map(k => [k, e.getBoundingClientRect()[k]]))});
			const texts = [...svg.querySelectorAll('text')].map(box), frame = svg.getBoundingClientRect();
			texts.filter(t => t.left < frame.left - 1 || t.right > frame.right + 1 || t.top < frame.top - 3 || t.bottom > frame.bottom + 3)
				.forEach(t => found.push(`"${t.text}" is cut off`));
			/* The box of a turned text is larger than the text; marks of a plot may be as dense as the segments are. */
			const apart = texts.filter(t => !t.turned && !['R', 'O', 'Z'].includes(t.text));
			apart.forEach((a, i) => apart.slice(i + 1).forEach(b => {
				if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4)
					found.push(`"${a.text}" on "${b.text}"`);
			}));
		}
		return found;
	});
}

/* What has less contrast than it takes to be read: texts against what is painted beneath them, lines against the paper. */
function paleThings(page) {
	return page.evaluate(([textLeast, lineLeast]) => {
		const channels = colour => (colour.match(/[\d.]+/g) ?? []).map(Number);
		const opaque = colour => { const [, , , alpha = 1] = channels(colour); return colour !== 'none' && colour !== '' && alpha > 0.5; };
		const luminance = colour => channels(colour).slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
			.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
		const contrast = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
		const paper = element => {
			for (let e = element; e; e = e.parentElement) {
				if (opaque(getComputedStyle(e).backgroundColor))
					return getComputedStyle(e).backgroundColor;
			}
			return 'rgb(255, 255, 255)';
		};
		const found = new Set();
		const look = (colour, beneath, least, what) => {
			const got = contrast(colour, beneath);
			if (got < least)
				found.add(`${what}: ${got.toFixed(2)} (${colour} on ${beneath})`);
		};
		for (const svg of document.querySelectorAll('svg.picture[role=img], #diagram svg')) {
			const painted = [...svg.querySelectorAll('rect, circle, text')];
			for (const [i, text] of painted.entries()) {
				if (text.tagName !== 'text')
					continue;
				const box = text.getBoundingClientRect(), x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
				const under = painted.slice(0, i).filter(e => e.tagName !== 'text' && opaque(getComputedStyle(e).fill)).reverse().find(e => {
					const r = e.getBoundingClientRect();
					return r.left <= x && x <= r.right && r.top <= y && y <= r.bottom;
				});
				look(getComputedStyle(text).fill, under ? getComputedStyle(under).fill : paper(svg), textLeast, `text .${text.getAttribute('class')}`);
			}
			/* What was not travelled is pale on purpose, and so is the grid. */
			for (const line of svg.querySelectorAll('.edge:not(.pale), .mark, path[class^=seq-]'))
				look(getComputedStyle(line).stroke, paper(svg), lineLeast, `line .${line.getAttribute('class')}`);
		}
		for (const e of document.querySelectorAll('body *:not(script):not(style)')) {
			if (e.closest('svg, noscript') || e.disabled || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || e.getClientRects().length === 0)
				continue;
			look(getComputedStyle(e).color, paper(e), textLeast, `${e.tagName.toLowerCase()}.${e.className}`);
		}
		return [...found];
	}, [TEXT_CONTRAST, LINE_CONTRAST]);
}

/* Where things of a ladder are, but for its head and foot. */
function ladderShape(page, selector, lower) {
	return page.evaluate(([of, dy]) => {
		const svg = document.querySelector(of), tenths = v => Math.round(v * 10) / 10, number = (e, name) => tenths(Number(e.getAttribute(name)));
		const all = query => [...svg.querySelectorAll(query)];
		const plain = text => text.replace('µs', 'us').replace('’', "'");
		return {
			arrows: all('line.edge').map(e => [e.getAttribute('class').split(' ').sort().join(' '), number(e, 'x1'), number(e, 'y1') + dy, number(e, 'x2'), number(e, 'y2') + dy]),
			words: all('.on-arrow').map(e => [e.getAttribute('class'), plain(e.textContent), ...e.getAttribute('transform').match(/-?[\d.]+/g).map(Number)]
				.map((v, i) => i === 3 ? v + dy : v)),
			bars: all('rect.bar, rect.hatched, rect.note').map(e => [e.getAttribute('class'), number(e, 'x'), number(e, 'y') + dy, number(e, 'height')]),
			names: all('.state-name').map(e => [e.textContent, number(e, 'x'), number(e, 'y') + dy]),
			notes: all('.noted, .aside').map(e => [plain(e.textContent), number(e, 'x'), number(e, 'y') + dy]),
			packets: all('.packet').map(e => [e.textContent, number(e, 'y') + dy]),
		};
	}, [selector, lower]);
}

/* Are both the same, but for what rounding makes of a pixel? */
function alike(a, b) {
	if (typeof a === 'number' && typeof b === 'number')
		return Math.abs(a - b) < 0.35;
	if (Array.isArray(a) && Array.isArray(b))
		return a.length === b.length && a.every((v, i) => alike(v, b[i]));
	return a === b;
}

async function canBeHeard(page) {
	const mute = await page.evaluate(() => [
		...[...document.querySelectorAll('svg[role=img]')].filter(s => !s.querySelector(':scope > title')?.textContent).map(() => 'a picture without a title'),
		...[...document.querySelectorAll('button, a')].filter(e => !e.hidden && !(e.textContent.trim() || e.getAttribute('aria-label'))).map(e => `${e.tagName} without a name`),
		...[...document.querySelectorAll('input, select')].filter(e => e.labels.length === 0).map(e => `${e.tagName} without a label`),
		...[...document.querySelectorAll('thead th')].filter(e => e.scope !== 'col').map(() => 'a head without scope'),
	]);
	same(mute, [], 'what a screen reader cannot name');
	ensure(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), 'the page is not wider than the screen');
}

/* ---- the tests -------------------------------------------------------------------------------------- */

async function checkCapture(browser, file) {
	const capture = join(captures, file), name = basename(file, '.pcap'), path = report(capture, name);
	await test(`${name}: says what JSON says, opens, and nothing complains`, async () => {
		const page = await open(browser, path);
		await saysWhatJsonSays(page, capture);
		await opensByKeyboard(page);
		await canBeHeard(page);
		same(await overlaps(page), [], 'labels of the diagram');
		await close(page);
	});
	await test(`${name}: the ladder shows the transitions`, async () => {
		const page = await open(browser, path, {hash: '#connection-1'});
		await page.waitForSelector('.opened svg');
		await laddersStatesAreTransitions(page, capture, 1);
		same((await page.$$eval('.opened .finding .code', codes => codes.map(c => c.textContent))).sort(),
			records(capture, 'anomaly').filter(a => a.conn === 1).map(a => a.id).sort(), 'ids of its findings');
		same(await badTexts(page), [], 'texts of the pictures');
		await page.screenshot({path: join(folder, `${name}.png`), fullPage: true});
		await close(page);
	});
}

/* The page's ladder and that of --ladder-file are drawn by two programs from the same rungs. */
async function checkLadderFile(browser, file) {
	const capture = join(captures, file), name = basename(file, '.pcap'), svg = join(folder, `${name}.svg`);
	tcpfsm('-q', '-r', capture, '--ladder=1', `--ladder-file=${svg}`);
	await test(`${name}: the ladder is that of --ladder-file`, async () => {
		const page = await open(browser, join(folder, `${name}.html`), {hash: '#connection-1'}), drawing = await open(browser, svg);
		await page.waitForSelector('.opened svg');
		const ofPage = await ladderShape(page, '.opened [aria-label^=Ladder] svg', PAGE_TO_FILE), ofFile = await ladderShape(drawing, 'svg', 0);
		ensure(ofFile.arrows.length > 0, 'there are arrows');
		for (const part of Object.keys(ofFile))
			ensure(alike(ofPage[part], ofFile[part]), `${part}: ${JSON.stringify(ofPage[part])}, not ${JSON.stringify(ofFile[part])}`);
		await close(page);
		await close(drawing);
	});
}

async function checkSizes(browser, name) {
	for (const colorScheme of ['light', 'dark']) {
		for (const [screen, viewport] of Object.entries({'small phone': SMALL_PHONE, phone: PHONE, tablet: TABLET, laptop: LAPTOP})) {
			await test(`${name} on a ${screen}, ${colorScheme}`, async () => {
				const page = await open(browser, join(folder, `${name}.html`), {viewport, colorScheme, hash: '#connection-1'});
				await page.waitForSelector('.opened svg');
				await canBeHeard(page);
				same(await page.$$eval('.opened .figure', figures => figures.filter(f => f.scrollWidth > f.clientWidth + 1).map(f => f.ariaLabel)), [], 'pictures wider than the screen');
				const hidden = await page.$eval('#diagram .figure', f => f.scrollWidth > f.clientWidth + 1);
				same(await page.isVisible('#diagram .hint'), hidden, 'the hint that the diagram is wider than the screen');
				same(await badTexts(page), [], 'texts of the pictures');
				same(await paleThings(page), [], 'what is too pale');
				await page.screenshot({path: join(folder, `${name}-${screen.replace(' ', '-')}-${colorScheme}.png`), fullPage: true});
				await close(page);
			});
		}
	}
	await test(`${name}: a phone that is turned gets other pictures`, async () => {
		const page = await open(browser, join(folder, `${name}.html`), {viewport: PHONE, hash: '#connection-1'});
		const width = () => page.$eval('.opened [aria-label^=Ladder] svg', svg => svg.viewBox.baseVal.width);
		ensure(await width() < PHONE.width, 'narrow');
		await page.setViewportSize({width: PHONE.height, height: PHONE.width});
		await page.waitForFunction(() => document.querySelector('.opened [aria-label^=Ladder] svg').viewBox.baseVal.width > 900);
		await close(page);
	});
}

async function checkPlots(browser) {
	await test('retransmission: what is sent again and what SACK reports is in the plot', async () => {
		const page = await open(browser, join(folder, 'retransmission.html'), {hash: '#connection-1'});
		const again = records(join(captures, 'retransmission.pcap'), 'connection')[0].client.retransmitted;
		const plot = '.opened [aria-label="Time and sequence numbers, client to server"]';
		same(await page.$$eval(`${plot} path.seq-again`, found => found.length), again + 1, 'strokes of what is sent again, and the legend');
		same(await page.$$eval(`${plot} text.seq-again`, found => found.map(t => t.textContent)), Array(again).fill('R'), 'their letters');
		/* tshark -Y tcp.options.sack_le counts six. */
		same(await page.$$eval(`${plot} path.seq-sack`, found => found.length), 6 + 1, 'blocks, and the legend');
		await close(page);
	});
	await test('a shut window is marked, and the plot says what its lines are', async () => {
		const capture = join(folder, 'shut.pcap');
		writeFileSync(capture, shutWindow());
		const page = await open(browser, report(capture, 'shut'), {hash: '#connection-1'});
		const plot = '.opened [aria-label="Time and sequence numbers, client to server"]';
		const texts = await page.$$eval(`${plot} text`, found => found.map(t => t.textContent));
		same(texts.filter(t => t === 'Z').length, 1, 'Z');
		ensure(['data', 'acknowledged', 'end of the window', 'Z window shut'].every(t => texts.includes(t)) && !texts.includes('R sent again'), `the legend: ${texts}`);
		/* The line of the window lies on that of the ACKs for six seconds, then a thousand octets above it. */
		const heights = await page.$eval(`${plot} path.seq-window`, p => [...p.getAttribute('d').matchAll(/[V ]([\d.]+)/g)].map(m => Number(m[1])));
		const acked = await page.$eval(`${plot} path.seq-ack`, p => [...p.getAttribute('d').matchAll(/[V ]([\d.]+)/g)].map(m => Number(m[1])));
		ensure(Math.abs(heights[1] - acked[1]) < 0.2 && heights[2] < acked[1] - 50, `window ${heights}, ACKs ${acked}`);
		await close(page);
	});
	await test('a plot goes on beyond 4 GiB, where sequence numbers go round', async () => {
		const capture = join(folder, 'round.pcap');
		writeFileSync(capture, fastClient(900000000, 8));
		const page = await open(browser, report(capture, 'round'), {hash: '#connection-1'});
		const plot = '.opened [aria-label="Time and sequence numbers, client to server"]';
		const texts = await page.$$eval(`${plot} text`, found => found.map(t => t.textContent));
		ensure(texts.includes('6,000,000,000'), `the axis: ${texts}`);
		const acked = await page.$eval(`${plot} path.seq-ack`, p => [...p.getAttribute('d').matchAll(/[V ]([\d.]+)/g)].map(m => Number(m[1])));
		ensure(acked.length === 8 && acked.every((at, i) => i === 0 || at < acked[i - 1] - 20), `ACKs rise: ${acked}`);
		await close(page);
	});
}

async function checkNothing(browser) {
	await test('a capture without TCP is not called good', async () => {
		const capture = join(folder, 'nothing.pcap');
		writeFileSync(capture, crowd(0));
		const page = await open(browser, report(capture, 'nothing'));
		ensure((await page.textContent('.verdict')).includes('no TCP connection'), 'said');
		ensure(!(await page.getAttribute('.verdict', 'class')).includes('paper-none'), 'not in green');
		await close(page);
	});
}

/* The program's output, though a check fails. */
function judged(...args) {
	const {stdout, status} = spawnSync(process.env.TCPFSM, args, {maxBuffer: 1 << 28});
	same(status, 1, 'the exit status');
	return stdout.toString();
}

const RULES = `expect every close = fin
expect connections >= 1
for optional server port 9
  expect close = rst
expect no history_letters = "<script>alert(1)</script>"
expect no history_letters = ${'x'.repeat(200)}
`;

async function checkChecks(browser) {
	const rules = join(folder, 'checks.rules'), path = join(folder, 'checks.html'), capture = join(captures, 'refused.pcap');
	writeFileSync(rules, RULES);
	judged('-r', capture, `--rules=${rules}`, '-T', 'html', '-o', path);
	const checks = judged('-r', capture, `--rules=${rules}`, '-T', 'json').trim().split('\n').map(line => JSON.parse(line)).filter(r => r.type === 'check' && r.kind !== 'input');
	for (const [screen, viewport] of Object.entries({phone: SMALL_PHONE, laptop: LAPTOP})) {
		for (const colorScheme of ['light', 'dark']) {
			await test(`checks are told in words, on a ${screen}, ${colorScheme}`, async () => {
				const page = await open(browser, path, {viewport, colorScheme});
				await page.click('nav a[href="#checks"]');
				same(await page.textContent('#checks > p'), `${checks.filter(c => c.outcome === 'passed').length} of ${checks.length} checks passed, 1 failed, 1 skipped.`, 'how many');
				ensure((await page.textContent('.verdict')).endsWith('1 check failed.'), 'the verdict tells of it');
				ensure((await page.getAttribute('.verdict', 'class')).includes('paper-error'), 'and looks like it');
				await page.click('#checks summary');
				const told = await page.$$eval('#checks .checks > li', items => items.map(item => [item.querySelector('.tag').textContent,
					item.querySelector('code').textContent, item.querySelector('p + p').textContent]));
				const title = c => `${c.file ? `${c.file}:${c.line}: ` : ''}${c.scope ? `${c.scope}: ` : ''}${c.name}`;
				same(told.sort(), checks.map(c => [c.outcome, title(c), c.message]).sort(), 'outcome, check and message');
				await canBeHeard(page);
				same(await paleThings(page), [], 'what is too pale');
				await page.screenshot({path: join(folder, `checks-${screen}-${colorScheme}.png`), fullPage: true});
				await close(page);
			});
		}
	}
	await test('what broke a check opens its connection', async () => {
		const page = await open(browser, path);
		const broken = checks.find(c => c.outcome === 'failed').broken_by[0];
		const item = await page.textContent('#checks li li');
		ensure(item.startsWith(`#${broken.conn} ${broken.client.addr}:${broken.client.port} -> `) && item.includes(broken.message), item);
		await page.click('#checks li li a');
		await page.waitForSelector('.opened h3');
		await close(page);
	});
	await test('what the baseline knows, what is new and what is gone is told', async () => {
		const known = join(folder, 'known'), gone = '3 rst-abort server 10.0.0.1 -> 10.0.0.<b>2:80';
		writeFileSync(known, `1 connection-refused * * -> *\n${gone}\n`);
		const page = await open(browser, report(capture, 'baseline', `--baseline=${known}`), {viewport: SMALL_PHONE});
		same(await page.textContent('#verdict p:has(+ ul)'), `Against the baseline ${known}: 1 known, 0 new; gone are:`, 'the counts');
		same(await page.$$eval('#verdict ul li', items => items.map(i => i.textContent)), [gone.replace(' ', ' × ')], 'what is gone');
		await page.click('#findings summary');
		ensure((await page.textContent('#findings .finding')).includes('; known'), 'the finding is known');
		await canBeHeard(page);
		await close(page);
	});
	await test('who asked for no checks is told of none', async () => {
		const page = await open(browser, report(capture, 'unasked'));
		ensure(!(await page.textContent('#verdict')).includes('baseline'), 'nor of a baseline');
		ensure(!await page.isVisible('#checks') && !await page.isVisible('nav a[href="#checks"]'), 'the part is not there');
		await close(page);
	});
}

async function checkPaper(browser) {
	await test('on paper nothing is cut off at the right', async () => {
		const page = await open(browser, report(join(captures, 'stuck-fin-wait-2.pcap'), 'paper'), {viewport: PAPER, hash: '#connection-1'});
		await page.emulateMedia({media: 'print'});
		const wide = await page.$$eval('body, .scroller, .figure', parts => parts.filter(p => p.scrollWidth > p.clientWidth + 1).map(p => `${p.className}: ${p.scrollWidth} in ${p.clientWidth}`));
		same(wide, [], 'too wide');
		await close(page);
	});
}

async function checkManyFiles(browser) {
	await test('of many files the first and the last are named', async () => {
		const capture = join(captures, 'normal-close.pcap');
		const page = await open(browser, report(capture, 'many-files', ...Array(20).fill(['-r', capture]).flat()));
		same(await page.textContent('#inputs'), `${capture}, ${capture}, … ${capture} (21 files)`, 'inputs');
		await close(page);
	});
}

async function checkHostile(browser) {
	const folders = join(folder, 'x<');
	const names = [join(folder, '<img src=x onerror=alert(1)>.pcap'), join(folders, 'script><script>alert(1)<', 'script>"\'&.pcap')];
	mkdirSync(join(folders, 'script><script>alert(1)<'), {recursive: true});
	for (const [i, name] of names.entries()) {
		copyFileSync(join(captures, 'refused.pcap'), name);
		await test(`a hostile file name (${i + 1}) is shown, not run`, async () => {
			const page = await open(browser, report(name, `hostile-${i}`));
			ensure((await page.textContent('#inputs')).includes(name), 'the name is shown as it is');
			same(await page.$$eval('img, iframe, object, embed, link', found => found.length), 0, 'foreign elements');
			same(await page.$$eval('script', found => found.length), 2, 'scripts');
			await close(page);
		});
	}
}

/* The policy lets nothing in, even if somebody found a hole. */
async function checkPolicy(browser, path) {
	await test('the policy refuses scripts, handlers, styles and requests from inside', async () => {
		const page = await open(browser, path);
		await page.evaluate(() => {
			window.ran = false;
			const script = document.createElement('script');
			script.textContent = 'window.ran = true';
			document.body.append(script);
			const image = document.createElement('img');
			image.setAttribute('onerror', 'window.ran = true');
			image.src = 'https://example.invalid/x';
			document.body.append(image);
		});
		await page.waitForTimeout(200);
		ensure(await page.evaluate(() => !window.ran), 'it ran');
		ensure(page.complaints.some(c => c.includes('Content Security Policy')), 'the policy was asked');
		await page.context().close();
	});
}

async function checkCrowd(browser) {
	const capture = join(folder, 'crowd.pcap');
	writeFileSync(capture, crowd(10000));
	const path = report(capture, 'crowd');
	await test('ten thousand connections: listed, quick to open, sort and filter', async () => {
		const page = await open(browser, path);
		const start = Date.now();
		same((await page.textContent('.pages [role=status]')).split(';')[0], '10,000 connections', 'all are listed');
		same((await numbers(page)).length, 50, 'a page of rows');
		await page.click('thead th:nth-child(1) button');
		same((await numbers(page)).slice(0, 3), [1, 2, 3], 'sorted by number');
		await page.click('thead th:nth-child(1) button');
		same((await numbers(page))[0], 10000, 'and the other way round');
		same(await page.getAttribute('thead th:nth-child(1)', 'aria-sort'), 'descending', 'aria-sort');
		await page.fill('input[type=search]', '#77');
		const left = await numbers(page);
		ensure(left.length > 0 && left.every(n => String(n).startsWith('77')), `filtered by number: ${left.slice(0, 5)}`);
		await page.fill('input[type=search]', '');
		await page.selectOption('.controls label:nth-child(3) select', {label: 'connection-refused'});
		same((await page.textContent('.pages [role=status]')).split(';')[0], '1,000 connections', 'every tenth was refused');
		await page.click('text=Next page');
		ensure(Date.now() - start < PATIENCE_MS, `it took ${Date.now() - start} ms`);
		await close(page);
	});
	await test('many connections: the labels of the diagram are apart', async () => {
		const page = await open(browser, path);
		same(await overlaps(page), [], 'labels of the diagram');
		await close(page);
	});
	await test('ten thousand connections: less than ten megabytes', async () => {
		const {statSync} = await import('node:fs');
		ensure(statSync(path).size < 10e6, `${statSync(path).size} octets`);
	});
}

const browser = await chromium.launch({executablePath: process.env.CHROMIUM, args: ['--headless', '--disable-gpu', '--disable-quic',
	'--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
	...(process.getuid() === 0 ? ['--no-sandbox'] : [])]});
for (const file of readdirSync(captures).filter(f => f.endsWith('.pcap')).sort())
	await checkCapture(browser, file);
for (const file of readdirSync(captures).filter(f => f.endsWith('.pcap')).sort())
	await checkLadderFile(browser, file);
await checkSizes(browser, 'stuck-fin-wait-2');
await checkSizes(browser, 'retransmission');
await checkPlots(browser);
await checkNothing(browser);
await checkChecks(browser);
await checkPaper(browser);
await checkManyFiles(browser);
await checkHostile(browser);
await checkPolicy(browser, join(folder, 'normal-close.html'));
await checkCrowd(browser);
await browser.close();
console.log(`1..${count}`);
console.log(`${count - failed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed > 0 ? 1 : 0;

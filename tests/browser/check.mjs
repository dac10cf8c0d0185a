/*
 * Opens reports of --format=html in a real browser: sorts, filters, opens
 * connections, and looks that nothing complains, that a capture cannot
 * inject, that ten thousand connections do not freeze the page, and that no
 * label of the state diagram lies on another one or on a state.
 *
 *   node check.mjs FOLDER      (FOLDER: where playwright-core is, and where reports and screenshots go)
 *
 * TCPFSM, top_srcdir and CHROMIUM come from tests/browser/run.  Speaks TAP.
 */
import {execFileSync} from 'node:child_process';
import {copyFileSync, mkdirSync, readdirSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {basename, join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';

import {crowd} from './crowd.mjs';

const folder = resolve(process.argv[2]);
const {chromium} = createRequire(join(folder, 'x.js'))('playwright-core');
const captures = join(process.env.top_srcdir, 'pcaps');
const PHONE = {width: 390, height: 844}, LAPTOP = {width: 1280, height: 800};
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
		await page.screenshot({path: join(folder, `${name}.png`), fullPage: true});
		await close(page);
	});
}

async function checkSizes(browser, path) {
	for (const colorScheme of ['light', 'dark']) {
		for (const [screen, viewport] of [['phone', PHONE], ['laptop', LAPTOP]]) {
			await test(`on a ${screen}, ${colorScheme}`, async () => {
				const page = await open(browser, path, {viewport, colorScheme, hash: '#connection-1'});
				await page.waitForSelector('.opened svg');
				await canBeHeard(page);
				await page.screenshot({path: join(folder, `${screen}-${colorScheme}.png`), fullPage: true});
				await close(page);
			});
		}
	}
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
await checkSizes(browser, join(folder, 'stuck-fin-wait-2.html'));
await checkHostile(browser);
await checkPolicy(browser, join(folder, 'normal-close.html'));
await checkCrowd(browser);
await browser.close();
console.log(`1..${count}`);
console.log(`${count - failed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed > 0 ? 1 : 0;

/*
 * Numbers, times and names for people.
 */

function grouped(n) {
	return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}

function plural(n, one, many) {
	return `${grouped(n)} ${n === 1 ? one : many}`;
}

function size(bytes) {
	const units = ['B', 'kB', 'MB', 'GB', 'TB'];
	let unit = 0;
	while (bytes >= 1000 && unit < units.length - 1) {
		bytes /= 1000;
		unit++;
	}
	return unit === 0 ? `${bytes} B` : `${bytes.toFixed(bytes < 10 ? 1 : 0)} ${units[unit]}`;
}

function seconds(units) {
	return units / report.summary.unitsPerSecond;
}

/* V with one decimal at most, as far as it says anything: as tf_put_duration() does. */
function trim(v) {
	return v >= 100 ? v.toFixed(0) : v.toFixed(1).replace(/\.0$/, '');
}

function twoUnits(v, per, big, small) {
	return v % per === 0 ? `${v / per} ${big}` : `${Math.floor(v / per)} ${big} ${v % per} ${small}`;
}

/* A duration in the data's units. */
function duration(units) {
	const ns = Math.round(units * 1e9 / report.summary.unitsPerSecond), s = Math.floor(ns / 1e9);
	if (ns === 0)
		return '0 s';
	if (ns < 0)
		return `-${duration(-units)}`;
	if (ns < 1000)
		return `${ns} ns`;
	if (ns < 999500)
		return `${trim(ns / 1e3)} µs`;
	if (ns < 999500000)
		return `${trim(ns / 1e6)} ms`;
	if (s < 600)
		return `${trim(ns / 1e9)} s`;
	if (s < 3600)
		return twoUnits(s, 60, 'min', 's');
	return s < 2 * 86400 ? twoUnits(Math.floor(s / 60), 60, 'h', 'min') : twoUnits(Math.floor(s / 3600), 24, 'd', 'h');
}

/* A time of the data as UTC, to the microsecond. */
function utc(units) {
	const perUnit = 1000000000n / BigInt(report.summary.unitsPerSecond);
	const ns = BigInt(report.summary.base) + BigInt(Math.round(units)) * perUnit;
	const micro = ns / 1000n;
	const date = new Date(Number(micro / 1000n));
	if (isNaN(date))
		return 'an unknown time';
	return date.toISOString().slice(0, 19).replace('T', ' ') + '.' + String(micro % 1000000n).padStart(6, '0') + ' UTC';
}

function stateName(state) {
	return report.summary.states[state] ?? '?';
}

/* How a connection ended, for those who do not know the words of JSON. */
function closeText(connection) {
	const word = report.summary.closes[connection.close];
	if (word === 'open' && connection.replaced)
		return 'a new connection on its addresses and ports';
	return {open: 'not ended in this capture', fin: 'both ends closed (FIN)', rst: 'a reset (RST)', refused: 'refused by the server',
		unanswered: 'no answer', timeout: 'a limit that ran out'}[word] ?? word;
}

function endName(end) {
	return end === 0 ? 'client' : end === 1 ? 'server' : 'both ends';
}

function endText(end) {
	return end.address.includes(':') ? `[${end.address}]:${end.port}` : `${end.address}:${end.port}`;
}

/* The words of the bits that are set. */
function bitWords(bits, words, between) {
	return words.filter((word, i) => bits & (1 << i)).join(between);
}

function flagsText(flags) {
	const words = report.summary.flags;
	const order = [1, 0, 2, 3, 4, 5, 6, 7, 8];
	return order.filter(i => flags & (1 << i)).map(i => words[i]).join(',') || 'none';
}

function severityName(severity) {
	return severity < 0 ? 'none' : report.summary.severities[severity];
}

function severityTag(severity, text) {
	const name = severityName(severity);
	return element('span', {class: `tag severity-${name} paper-${name}`}, text ?? name);
}

/* "packets 8 and 9" */
function packetsText(packets) {
	if (packets.length === 0)
		return '';
	const last = packets[packets.length - 1];
	return packets.length === 1 ? `packet ${last}` : `packets ${packets.slice(0, -1).join(', ')} and ${last}`;
}

/* A link that opens a connection. */
function connectionLink(number) {
	if (!findConnection(number))
		return `connection ${grouped(number)}`;
	return element('a', {href: `#connection-${number}`}, `connection ${grouped(number)}`);
}

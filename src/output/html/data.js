/*
 * The data block as objects.  The order of the members is that of
 * report_data.c; of a connection, that of report_row.c.
 */

const report = {inputs: [], connections: [], findings: [], endings: [], checks: [], hosts: [], details: new Map(), names: new Map(), summary: null};

/* Sixteen octets as RFC 5952 writes them: the longest run of zeros, of those the first, is left out. */
function ipv6Text(groups) {
	let best = {at: -1, length: 1};
	for (let at = 0; at < 8; at++) {
		let length = 0;
		while (at + length < 8 && groups[at + length] === 0)
			length++;
		if (length > best.length)
			best = {at, length};
	}
	const words = groups.map(group => group.toString(16));
	return best.at < 0 ? words.join(':') : `${words.slice(0, best.at).join(':')}::${words.slice(best.at + best.length).join(':')}`;
}

function readAddress(octets, isIpv6) {
	return isIpv6 ? ipv6Text(Array.from({length: 8}, () => octets.fixed(2))) : Array.from({length: 4}, () => octets.octet()).join('.');
}

/* With its name, where names were looked up. */
function addressText(address) {
	const name = report.names.get(address);
	return name === undefined ? address : `${name} (${address})`;
}

function readEnd(octets, isIpv6) {
	const address = addressText(readAddress(octets, isIpv6)), port = octets.fixed(2), states = octets.octet();
	const [possible, packets, bytes, retransmitted] = [octets.number(), octets.number(), octets.number(), octets.number()];
	const first = states >> 4, last = octets.octet();
	return {address, port, state: states & 15, possible, packets, bytes, retransmitted, scale: (last & 15) - 1,
		isn: last & 16 ? octets.fixed(4) : -1, first: first === 15 ? -1 : first};
}

function readRow(octets) {
	const [number, start, duration, bits, roundTrip] = [octets.number(), octets.signed(), octets.signed(), octets.octet(), octets.number() - 1];
	const kinds = Array.from({length: octets.number()}, () => octets.number());
	return {number, start, duration, close: bits & 7, guessed: (bits & 8) > 0, evicted: (bits & 16) > 0, replaced: (bits & 128) > 0, roundTrip, kinds, findings: [], worst: -1,
		ends: [readEnd(octets, (bits & 32) > 0), readEnd(octets, (bits & 64) > 0)]};
}

const readers = {
	i: ([, source, linkType]) => report.inputs.push({source, linkType}),
	n: ([, address, name]) => report.names.set(address, name),
	c: ([, row, trail, lost]) => {
		const connection = readRow(new Octets(row));
		report.connections.push(connection);
		if (trail !== undefined)
			report.details.set(connection.number, {trail, lost});
	},
	f: ([, kind, severity, connection, end, time, packets, message, subject, connections, connectionCount, baseline]) =>
		report.findings.push({kind, severity, connection, end, time, packets, message, subject, connections, connectionCount, baseline}),
	e: ([, kind, connection, end, sentence]) => report.endings.push({kind, connection, end, sentence}),
	k: ([, outcome, title, message, offences, moreOffences]) => report.checks.push({outcome, title, message, offences, moreOffences}),
	h: ([, address, isn]) => report.hosts.push({address: addressText(address), isn}),
	s: ([, summary]) => { report.summary = summary; },
};

/* How what a finding says ended was known only with its connection's record. */
function joinEndings() {
	const nameOf = ({connection, kind, end}) => `${connection} ${kind} ${end}`;
	const byName = new Map(report.findings.map(finding => [nameOf(finding), finding]));
	for (const ending of report.endings) {
		const finding = byName.get(nameOf(ending));
		if (finding)
			finding.message += ` ${ending.sentence}`;
	}
}

/* Findings to their connections: one may follow its connection's record. */
function joinFindings() {
	const byNumber = new Map(report.connections.map(c => [c.number, c]));
	for (const finding of report.findings) {
		const connection = byNumber.get(finding.connection);
		if (!connection)
			continue;
		connection.findings.push(finding);
		connection.worst = Math.max(connection.worst, finding.severity);
	}
	/* A finding that was not listed is known by its kind alone. */
	for (const connection of report.connections) {
		for (const kind of connection.kinds)
			connection.worst = Math.max(connection.worst, usualSeverity(kind));
	}
}

/* The severity that findings of this kind mostly had here. */
function usualSeverity(kind) {
	const entry = report.summary.catalogue[kind];
	return entry ? entry.found.indexOf(Math.max(...entry.found)) : -1;
}

function readData() {
	for (const row of JSON.parse(byId('data').textContent)) {
		if (row !== null)
			readers[row[0]](row);
	}
	joinEndings();
	joinFindings();
}

function findConnection(number) {
	return report.connections.find(c => c.number === number);
}

/*
 * The data block as objects.  The order of the members is that of
 * report_data.c.
 */

const report = {inputs: [], connections: [], findings: [], hosts: [], details: new Map(), summary: null};

function endFrom(row, at) {
	const [address, port, state, possible, packets, bytes, retransmitted, isn, scale, first] = row.slice(at, at + 10);
	return {address, port, state, possible, packets, bytes, retransmitted, isn, scale, first};
}

const ROW_ENDS = 10; /* members of a connection's array before those of its ends */

const readers = {
	i: ([, source, linkType]) => report.inputs.push({source, linkType}),
	c: row => {
		const [, number, start, duration, close, roles, roundTrip, evicted, hasDetails, kinds] = row;
		report.connections.push({number, start, duration, close, roles, roundTrip, evicted, hasDetails, kinds, findings: [],
			worst: -1, ends: [endFrom(row, ROW_ENDS), endFrom(row, ROW_ENDS + 10)]});
	},
	d: ([, number, start, toClient, toServer, lost, rungs]) =>
		report.details.set(number, {start, delay: [toClient, toServer], lost, rungs}),
	f: ([, kind, severity, connection, end, time, packets, message, subject, connections, connectionCount]) =>
		report.findings.push({kind, severity, connection, end, time, packets, message, subject, connections, connectionCount}),
	h: ([, address, isn]) => report.hosts.push({address, isn}),
	s: ([, summary]) => { report.summary = summary; },
};

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
	joinFindings();
}

function findConnection(number) {
	return report.connections.find(c => c.number === number);
}

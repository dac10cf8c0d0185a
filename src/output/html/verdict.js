/*
 * What the capture comes to, in a sentence and a few numbers.
 */

function worstOfAll() {
	let worst = -1;
	for (const entry of Object.values(report.summary.catalogue)) {
		entry.found.forEach((n, severity) => {
			if (n > 0)
				worst = Math.max(worst, severity);
		});
	}
	return worst;
}

function countBySeverity() {
	const counts = report.summary.severities.map(() => 0);
	for (const entry of Object.values(report.summary.catalogue))
		entry.found.forEach((n, severity) => { counts[severity] += n; });
	return counts;
}

function verdictText(counts) {
	const many = {info: 'info', notice: 'notices', warning: 'warnings', error: 'errors'};
	const parts = report.summary.severities.map((name, i) => [counts[i], name]).reverse()
		.filter(([n]) => n > 0).map(([n, name]) => plural(n, name, many[name]));
	if (parts.length === 0)
		return report.summary.connections === 0 ? 'There is no TCP connection in this capture.' : 'Nothing was found.';
	return `Found: ${parts.join(', ')}.`;
}

function fact(name, value) {
	return element('div', {}, element('dt', {}, name), element('dd', {}, value));
}

const INPUTS_NAMED = 8;

/* Of a ring buffer of many files the first and the last are enough. */
function inputsText(names) {
	if (names.length <= INPUTS_NAMED)
		return names.join(', ');
	return `${names[0]}, ${names[1]}, … ${names.at(-1)} (${plural(names.length, 'file', 'files')})`;
}

function leftOutText(summary) {
	const parts = [];
	if (summary.rowsLeftOut > 0)
		parts.push(`${plural(summary.rowsLeftOut, 'connection is', 'connections are')} not listed (tcpfsm -T csv lists all)`);
	if (summary.detailsLeftOut > 0)
		parts.push(`${plural(summary.detailsLeftOut, 'listed connection has', 'listed connections have')} no pictures ` +
			'(tcpfsm -T html --conn=N makes a report of one, --id=ID of those with one finding)');
	if (summary.findingsLeftOut > 0)
		parts.push(`${plural(summary.findingsLeftOut, 'finding is', 'findings are')} only counted (tcpfsm -T json writes all)`);
	if (summary.hostsLeftOut > 0)
		parts.push(`${plural(summary.hostsLeftOut, 'host is', 'hosts are')} not shown (tcpfsm --hosts shows all)`);
	return parts;
}

/* What is known, new and gone. */
function againstBaseline(baseline) {
	const text = `Against the baseline ${baseline.file}: ${grouped(baseline.known)} known, ${grouped(baseline.news)} new`;
	if (baseline.gone.length === 0)
		return element('p', {}, `${text}, none gone.`);
	return [element('p', {}, `${text}; gone are:`),
		element('ul', {}, baseline.gone.map(([n, identity]) => element('li', {}, `${grouped(n)} × `, element('code', {}, identity))),
			baseline.goneLeftOut > 0 && element('li', {}, `and ${grouped(baseline.goneLeftOut)} more`))];
}

/* Failed, or not to be decided: then the exit status is not 0. */
function countOfFailedChecks() {
	return report.summary.checks.filter((n, outcome) => ['failed', 'broken'].includes(report.summary.outcomes[outcome])).reduce((a, b) => a + b);
}

function showVerdict() {
	const summary = report.summary;
	/* Nothing to look at is no good news. */
	const found = severityName(worstOfAll() < 0 && summary.connections === 0 ? 0 : worstOfAll());
	const worst = countOfFailedChecks() > 0 ? 'error' : found;
	const leftOut = leftOutText(summary);
	byId('inputs').textContent = inputsText(report.inputs.map(i => i.source));
	if (report.inputs.length > 0)
		document.title = `${report.inputs[0].source.split('/').pop()} – tcpfsm`;
	append(byId('verdict'), [
		element('p', {class: `verdict severity-${worst} paper-${worst}`}, verdictText(countBySeverity()),
			countOfFailedChecks() > 0 && ` ${plural(countOfFailedChecks(), 'check', 'checks')} failed.`),
		element('dl', {class: 'facts'},
			fact('Connections', grouped(summary.connections)),
			fact('Packets', grouped(summary.packets)),
			fact('TCP segments', grouped(summary.segments)),
			fact('Time', duration(summary.seconds * summary.unitsPerSecond))),
		element('p', {class: summary.broken ? 'notice paper-warning severity-warning' : null}, `The capture: ${summary.verdict}`),
		summary.baseline !== null && againstBaseline(summary.baseline),
		summary.skipped.length > 0 && element('p', {}, 'Frames left out: ' +
			summary.skipped.map(([n, what]) => `${grouped(n)} ${what}`).join('; ') + '.'),
		summary.filtered && element('p', {}, 'Only the connections that --conn, --state and --id leave are shown.'),
		leftOut.length > 0 && element('div', {class: 'notice'}, element('p', {}, 'This report is limited:'),
			element('ul', {}, leftOut.map(text => element('li', {}, text)))),
	]);
	byId('about').append(`Made by tcpfsm ${summary.version}. Times are UTC; packets are counted as Wireshark does. ` +
		'This file needs no network.');
}

/*
 * The findings, grouped by kind, worst first: the catalogue's explanation,
 * then each case with the packets that prove it.
 */

const FINDINGS_AT_ONCE = 20;

function explanation(entry) {
	const parts = [['What happened', entry.what], ['Why it matters', entry.why], ['Usual causes', entry.causes],
		['What to look at next', entry.look], ['Reference', entry.reference]];
	return element('dl', {class: 'explain'}, parts.map(([name, text]) =>
		[element('dt', {}, name), element('dd', {}, withCode(text))]));
}

/* What a finding is about: a connection, or a host, a service, the capture. */
function subjectOf(finding) {
	if (finding.connection > 0)
		return connectionLink(finding.connection);
	const links = finding.connections.map(number => [' ', connectionLink(number)]);
	const more = finding.connectionCount - finding.connections.length;
	return [finding.subject ?? 'the capture', links.length > 0 && [': ', links], more > 0 && ` and ${grouped(more)} more`];
}

function findingItem(finding, name) {
	return element('div', {class: 'finding'},
		element('p', {}, severityTag(finding.severity), ' ', name, ', ',
			element('span', {class: 'faint'}, `at ${utc(finding.time)}` +
				(finding.packets.length > 0 ? `, ${packetsText(finding.packets)}` : '') +
				(finding.baseline !== null ? `; ${finding.baseline}` : ''))),
		element('p', {}, withCode(finding.message)));
}

/* Some of the findings, and a button for more. */
function findingList(findings, total) {
	const list = element('div');
	const more = element('button', {type: 'button', click: () => showMore(true)});
	let shown = 0;
	function showMore(moved) {
		const next = findings.slice(shown, shown + FINDINGS_AT_ONCE)
			.map(finding => findingItem(finding, subjectOf(finding)));
		append(list, next);
		shown += next.length;
		more.textContent = `Show more (${grouped(findings.length - shown)})`;
		more.hidden = shown >= findings.length;
		if (moved && more.hidden)
			next[0].querySelector('a')?.focus();
	}
	showMore(false);
	return [list, more, total > findings.length && element('p', {class: 'faint'},
		`${grouped(total - findings.length)} more are only counted: tcpfsm -T json writes all.`)];
}

/* A group is filled when it is opened for the first time. */
function findingGroup(kind, entry, findings) {
	const total = entry.found.reduce((a, b) => a + b, 0);
	const worst = entry.found.reduce((w, n, severity) => n > 0 ? severity : w, -1);
	const group = element('details', {toggle: () => {
		if (group.open && group.childElementCount === 1)
			append(group, [explanation(entry), findingList(findings, total)]);
	}}, element('summary', {}, severityTag(worst), element('span', {class: 'title'}, entry.title),
		element('span', {class: 'code faint'}, entry.id), element('span', {class: 'faint'}, grouped(total) + '×')));
	return {group, worst, total};
}

function showFindings() {
	const byKind = new Map();
	for (const finding of report.findings)
		byKind.set(finding.kind, [...(byKind.get(finding.kind) ?? []), finding]);
	const groups = Object.entries(report.summary.catalogue)
		.map(([kind, entry]) => findingGroup(kind, entry, byKind.get(Number(kind)) ?? []))
		.sort((a, b) => b.worst - a.worst || b.total - a.total);
	append(byId('findings'), groups.length > 0 ? groups.map(g => g.group) : [element('p', {}, 'None.')]);
	/* What is bad and rare is worth being open from the start. */
	if (groups.length > 0 && groups[0].worst >= 2)
		groups[0].group.open = true;
}

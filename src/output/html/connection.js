/*
 * One connection, opened: its facts, its findings, its pictures.
 */

function endFacts(connection, end) {
	const e = connection.ends[end];
	const others = bitWords(e.possible, report.summary.states, ', ');
	return [fact(`The ${endName(end)}'s last state`, stateName(e.state) + (others ? ` (or ${others})` : '')),
		fact(`Sent by the ${endName(end)}`, `${plural(e.packets, 'packet', 'packets')}, ${size(e.bytes)}`),
		e.retransmitted > 0 && fact(`Sent again by the ${endName(end)}`, plural(e.retransmitted, 'segment', 'segments'))];
}

function pictures(connection, detail) {
	if (!detail)
		return [element('p', {class: 'notice'}, 'The pictures of this connection found no room in this report. ',
			element('code', {}, `tcpfsm -r FILE -T html --conn=${connection.number}`), ' makes a report of it alone.')];
	const {rungs, sacks} = new Trail(detail.trail).read();
	return [element('h4', {}, 'States over time'), timelineFigure(connection, rungs),
		element('h4', {}, 'Segments'), ladderFigure(connection, detail, rungs), sequenceFigures(connection, rungs, sacks)];
}

function connectionView(connection) {
	const title = element('h3', {id: `connection-${connection.number}-title`, tabindex: '-1'},
		`Connection ${grouped(connection.number)}: ${endText(connection.ends[0])} to ${endText(connection.ends[1])}`);
	return element('section', {class: 'opened', 'aria-labelledby': title.id},
		element('header', {}, title, element('button', {type: 'button', click: closeConnection}, 'Close')),
		element('dl', {class: 'facts'}, fact('Begin', utc(connection.start)), fact('Duration', duration(connection.duration)),
			fact('Ended by', closeText(connection) + (connection.evicted ? ' (forgotten for want of room)' : '')),
			connection.roundTrip >= 0 && fact('Round trip of the handshake', duration(connection.roundTrip)),
			connection.guessed && fact('Who is client', 'guessed: the opening was not seen'),
			endFacts(connection, 0), endFacts(connection, 1)),
		element('h4', {}, 'Findings'),
		connection.findings.length > 0 ? connection.findings.map(finding =>
			findingItem(finding, element('span', {class: 'code'}, report.summary.catalogue[finding.kind]?.id ?? '?'))) :
			element('p', {}, connection.kinds.length > 0 ? 'Only counted in this report: ' +
				connection.kinds.map(kind => report.summary.catalogue[kind]?.id ?? '?').join(', ') + '.' : 'None.'),
		pictures(connection, report.details.get(connection.number)));
}

function closeConnection() {
	const number = location.hash.replace('#connection-', '');
	byId('opened').replaceChildren();
	history.replaceState(null, '', '#connections');
	(document.querySelector(`[aria-label="Open connection ${CSS.escape(number)}"]`) ?? byId('connections')).focus();
}

/* Open the connection that the address names. */
function openFromAddress() {
	const named = /^#connection-(\d+)$/.exec(location.hash);
	const connection = named && findConnection(Number(named[1]));
	if (!connection)
		return;
	const view = connectionView(connection);
	byId('opened').replaceChildren(view);
	view.scrollIntoView();
	view.querySelector('h3').focus({preventScroll: true});
}

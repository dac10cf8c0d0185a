/*
 * The time-sequence plot of one direction, as tcptrace draws it: each data
 * segment a vertical line between its first and last octet, below it the
 * line of what the other end acknowledged, above it the line of the window
 * that it offered.
 */

const SEQUENCE = {width: 960, height: 380, left: 96, right: 940, top: 14, bottom: 340};

/* How far the other end's window is shifted: both must have offered it; SYNs are not scaled. */
function windowShift(connection, receiver) {
	const [a, b] = connection.ends;
	return a.scale >= 0 && b.scale >= 0 ? Math.min(connection.ends[receiver].scale, 14) : 0;
}

/* Numbers relative to the first one that was seen: what came before it is below zero. */
function signed(number) {
	return number > 0xf0000000 ? number - 2 ** 32 : number;
}

/* The points of the plot: {data, acks, windows}, octets relative to the sender's first number. */
function sequencePoints(connection, rungs, sender) {
	const shift = windowShift(connection, 1 - sender);
	const data = [], acks = [], windows = [];
	/* A SYN that waits to be judged may be another connection's. */
	for (const rung of rungs.filter(r => isSegment(r) && !(r.marks & (MARK.HELD | MARK.DUPLICATE_FRAME)))) {
		if (rung.end === sender) {
			const length = rung.length + (rung.flags & FLAG.SYN ? 1 : 0) + (rung.flags & FLAG.FIN ? 1 : 0);
			if (length > 0 || rung.flags & FLAG.RST)
				data.push({time: rung.time, from: signed(rung.seq), to: signed(rung.seq) + length, rung});
		} else if (rung.flags & FLAG.ACK && !(rung.flags & FLAG.RST)) {
			const shifted = rung.flags & FLAG.SYN ? rung.window : rung.window * 2 ** shift;
			acks.push({time: rung.time, at: signed(rung.ack), rung});
			windows.push({time: rung.time, at: signed(rung.ack) + shifted});
		}
	}
	return {data, acks, windows};
}

/* A line that goes level until the next point, then up. */
function stairs(points, x, y, until) {
	if (points.length === 0)
		return '';
	let path = `M${x(points[0].time).toFixed(1)} ${y(points[0].at).toFixed(1)}`;
	for (const point of points.slice(1))
		path += `H${x(point.time).toFixed(1)}V${y(point.at).toFixed(1)}`;
	return path + `H${x(until).toFixed(1)}`;
}

function dataLook(rung) {
	if (rung.flags & FLAG.RST)
		return 'seq-reset';
	if (rung.marks & MARK.RETRANSMISSION)
		return 'seq-again';
	if (rung.marks & MARK.OUT_OF_ORDER)
		return 'seq-disorder';
	return 'seq-data';
}

function dataMark(point, x, y) {
	const px = x(point.time), top = y(point.to), low = y(point.from), look = dataLook(point.rung);
	const letter = look === 'seq-again' ? 'R' : look === 'seq-disorder' ? 'O' : look === 'seq-reset' ? 'RST' :
		point.rung.flags & FLAG.SYN ? 'SYN' : point.rung.flags & FLAG.FIN ? 'FIN' : '';
	return svg('g', {}, svg('title', {}, `packet ${point.rung.packet}: ${segmentText(point.rung)}`),
		svg('path', {class: look, d: `M${px.toFixed(1)} ${low.toFixed(1)}V${Math.min(top, low - 1).toFixed(1)}M${(px - 2.5).toFixed(1)} ${low.toFixed(1)}h5M${(px - 2.5).toFixed(1)} ${top.toFixed(1)}h5`}),
		letter && label(`${look} letter`, px, top - 5, 'middle', letter));
}

function octetAxis(most, y) {
	const step = Math.max(1, axisStep(most, 6)), parts = [];
	for (let n = 0; n * step <= most * 1.0001; n++)
		parts.push(line('grid', SEQUENCE.left, y(n * step), SEQUENCE.right, y(n * step)),
			label('when', SEQUENCE.left - 8, y(n * step) + 4, 'end', grouped(n * step)));
	return parts;
}

function sequenceLegend() {
	const entries = [['seq-data', 'data'], ['seq-again', 'R sent again'], ['seq-disorder', 'O out of order'],
		['seq-ack', 'acknowledged'], ['seq-window', 'end of the window, or above']];
	return entries.map(([look, text], i) => {
		const x = SEQUENCE.left + 10 + i * 165;
		return [svg('path', {class: look, d: `M${x} ${SEQUENCE.height + 12}h22`}), label('words', x + 28, SEQUENCE.height + 16, 'start', text)];
	});
}

/* The window's line is drawn as far as the plot reaches: a window may be a thousand times what is sent. */
function highest(points) {
	/* What the receiver would not take may have any number. */
	const taken = p => !(p.rung.marks & MARK.UNACCEPTABLE);
	const sent = Math.max(1, ...points.data.filter(taken).map(p => p.to), ...points.acks.filter(taken).map(p => p.at));
	const near = points.windows.map(p => p.at).filter(at => at <= sent * 3);
	return Math.max(sent, ...near) * 1.05;
}

function sequencePlot(connection, rungs, sender) {
	const points = sequencePoints(connection, rungs, sender);
	const until = Math.max(connection.duration, 1), most = highest(points);
	const x = time => SEQUENCE.left + time / until * (SEQUENCE.right - SEQUENCE.left);
	const y = at => Math.min(Math.max(SEQUENCE.bottom - at / most * (SEQUENCE.bottom - SEQUENCE.top), SEQUENCE.top), SEQUENCE.bottom + 3);
	const title = `Time and sequence numbers, ${endName(sender)} to ${endName(1 - sender)}`;
	return figure(title, picture(SEQUENCE.width, SEQUENCE.height + 30, title,
		'Data segments as vertical lines over time; below them what was acknowledged, above them the end of the offered window.',
		timeAxis(seconds(until), s => x(s * report.summary.unitsPerSecond), SEQUENCE.bottom, SEQUENCE.bottom - SEQUENCE.top),
		octetAxis(most, y),
		svg('path', {class: 'seq-window', d: stairs(points.windows, x, y, until)}),
		svg('path', {class: 'seq-ack', d: stairs(points.acks, x, y, until)}),
		points.data.map(point => dataMark(point, x, y)), sequenceLegend()));
}

/* Both directions, the one with more data first. */
function sequenceFigures(connection, rungs) {
	const [client, server] = connection.ends;
	const order = server.bytes > client.bytes ? [1, 0] : [0, 1];
	const unknown = client.scale < 0 && server.scale < 0 && !rungs.some(r => isSegment(r) && r.flags & FLAG.SYN);
	return [order.map(sender => [element('h4', {}, `Time and sequence, ${endName(sender)} to ${endName(1 - sender)} (octets)`),
		sequencePlot(connection, rungs, sender)]),
	rungs.some(r => r.kind === 'm') && element('p', {class: 'faint'}, 'There are many segments: neighbouring ones are drawn as one. ',
		element('code', {}, `tcpfsm -r FILE -T html --conn=${connection.number}`), ' draws them more finely.'),
	unknown && element('p', {class: 'faint'}, 'The opening was not captured: windows are drawn as they stand in the header, which may be scaled down.')];
}

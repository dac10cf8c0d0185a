/*
 * The time-sequence plot of one direction, as tcptrace draws it: each data
 * segment a vertical line between its first and last octet, below it the
 * line of what the other end acknowledged, above it the line of the window
 * that it offered.
 */

function sequenceLayout() {
	const width = pictureWidth();
	return NARROW.matches ? {width, left: 76, right: width - 24, top: 16, bottom: 250, ticks: 3, wordsX: 10} :
		{width, left: 96, right: 940, top: 16, bottom: 340, ticks: 8, wordsX: 106};
}

/* How far the other end's window is shifted: both must have offered it; SYNs are not scaled. */
function windowShift(connection, receiver) {
	const [a, b] = connection.ends;
	return a.scale >= 0 && b.scale >= 0 ? Math.min(connection.ends[receiver].scale, 14) : 0;
}

const FAR = 2 ** 28;

/* Numbers go round at 2^32: each becomes the one that is nearest to the one before, or, where a host has SENT it, no number
 * far below that.  What came before the first one is below zero. */
function unrolled() {
	let last = 0;
	return (number, sent) => {
		const step = number - last | 0, at = last + step + (sent && step < -FAR ? 2 ** 32 : 0);
		if (sent || Math.abs(step) <= FAR)
			last = at;
		return at;
	};
}

/* The points of the plot: {data, acks, windows, shut, sacks}, octets relative to the sender's first number. */
function sequencePoints(connection, rungs, sacks, sender) {
	const shift = windowShift(connection, 1 - sender);
	const points = {data: [], acks: [], windows: [], shut: [], sacks: []}, place = unrolled();
	/* A SYN that waits to be judged may be another connection's. */
	const segments = rungs.filter(r => isSegment(r) && !(r.marks & (MARK.HELD | MARK.DUPLICATE_FRAME)));
	for (const rung of [...segments, ...sacks.filter(sack => sack.end !== sender)].sort((a, b) => a.time - b.time)) {
		const {time} = rung;
		if (rung.kind === 'sack') {
			const from = place(rung.from);
			points.sacks.push({time, from, to: from + rung.to - rung.from, rung});
		} else if (rung.end === sender) {
			const length = rung.length + (rung.flags & FLAG.SYN ? 1 : 0) + (rung.flags & FLAG.FIN ? 1 : 0);
			const from = place(rung.seq, !(rung.flags & FLAG.RST || rung.marks & MARK.UNACCEPTABLE));
			if (length > 0 || rung.flags & FLAG.RST)
				points.data.push({time, from, to: from + length, rung});
		} else if (rung.flags & FLAG.ACK && !(rung.flags & FLAG.RST)) {
			const at = place(rung.ack), shifted = rung.flags & FLAG.SYN ? rung.window : rung.window * 2 ** shift;
			points.acks.push({time, at, rung});
			points.windows.push({time, at: at + shifted});
			if (rung.window === 0)
				points.shut.push({time, at, rung});
		}
	}
	return points;
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

/* A letter beside PX, inside of the plot. */
function letterAt(at, look, px, y, text) {
	const anchor = px < at.left + 14 ? 'start' : px > at.right - 14 ? 'end' : 'middle';
	return label(`${look} letter`, anchor === 'start' ? px + 4 : px, y, anchor, text);
}

/* A vertical line from octet to octet, with small ends. */
function stroke(look, px, low, top, title) {
	return svg('g', {}, svg('title', {}, title), svg('path', {class: look, d: `M${px.toFixed(1)} ${low.toFixed(1)}V${Math.min(top, low - 1).toFixed(1)}` +
		`M${(px - 2.5).toFixed(1)} ${low.toFixed(1)}h5M${(px - 2.5).toFixed(1)} ${top.toFixed(1)}h5`}));
}

/* WORDS: those that stand in the plot, as [x, y].  Two that would cover each other are one. */
function dataMark(at, point, x, y, words) {
	const px = x(point.time), top = y(point.to), look = dataLook(point.rung);
	const letter = look === 'seq-again' ? 'R' : look === 'seq-disorder' ? 'O' : look === 'seq-reset' ? 'RST' :
		point.rung.flags & FLAG.SYN ? 'SYN' : point.rung.flags & FLAG.FIN ? 'FIN' : '';
	const covers = letter.length > 1 && words.some(([wx, wy]) => Math.abs(wx - px) < 30 && Math.abs(wy - top) < 14);
	if (letter.length > 1 && !covers)
		words.push([px, top]);
	return [stroke(look, px, y(point.from), top, `packet ${point.rung.packet}: ${segmentText(point.rung)}`),
		letter && !covers && letterAt(at, look, px, top - 5, letter)];
}

function sackMark(point, x, y) {
	return stroke('seq-sack', x(point.time), y(point.from), y(point.to),
		`packet ${point.rung.packet}: ${grouped(point.from)} to ${grouped(point.to)} have arrived (SACK)`);
}

function octetAxis(at, most, y) {
	const step = Math.max(1, axisStep(most, 6)), parts = [];
	for (let n = 0; n * step <= most * 1.0001; n++)
		parts.push(line('grid', at.left, y(n * step), at.right, y(n * step)),
			label('when', at.left - 8, y(n * step) + 4, 'end', grouped(n * step)));
	return parts;
}

const LEGEND_WIDE = 168, LEGEND_HIGH = 20;

/* What is in the plot, in as many rows as it takes; returns [parts, their height]. */
function sequenceLegend(at, points) {
	const looks = points.data.map(point => dataLook(point.rung));
	const entries = [['seq-data', 'data'], looks.includes('seq-again') && ['seq-again', 'R sent again'],
		looks.includes('seq-disorder') && ['seq-disorder', 'O out of order'], ['seq-ack', 'acknowledged'],
		points.sacks.length > 0 && ['seq-sack', 'arrived above it (SACK)'],
		['seq-window', 'end of the window'], points.shut.length > 0 && ['seq-window', 'Z window shut']].filter(entry => entry);
	const columns = Math.max(1, Math.floor((at.right - at.wordsX + 20) / LEGEND_WIDE));
	const parts = entries.map(([look, text], i) => {
		const x = at.wordsX + i % columns * LEGEND_WIDE, y = at.bottom + 48 + Math.floor(i / columns) * LEGEND_HIGH;
		return [svg('path', {class: look, d: `M${x} ${y}h20`}), label('words', x + 26, y + 4, 'start', text)];
	});
	return [parts, 34 + Math.ceil(entries.length / columns) * LEGEND_HIGH];
}

/* The window's line is drawn as far as the plot reaches: a window may be a thousand times what is sent. */
function highest(points) {
	/* What the receiver would not take may have any number. */
	const taken = p => !(p.rung.marks & MARK.UNACCEPTABLE);
	const sent = Math.max(1, ...points.data.filter(taken).map(p => p.to), ...points.acks.filter(taken).map(p => p.at),
		...points.sacks.map(p => p.to));
	const near = points.windows.map(p => p.at).filter(at => at <= sent * 3);
	return Math.max(sent, ...near) * 1.05;
}

function sequencePlot(connection, rungs, sacks, sender) {
	const points = sequencePoints(connection, rungs, sacks, sender), at = sequenceLayout(), words = [];
	const until = Math.max(connection.duration, 1), most = highest(points);
	const x = time => at.left + time / until * (at.right - at.left);
	const y = octets => Math.min(Math.max(at.bottom - octets / most * (at.bottom - at.top), at.top), at.bottom + 3);
	const title = `Time and sequence numbers, ${endName(sender)} to ${endName(1 - sender)}`;
	const [legend, legendHigh] = sequenceLegend(at, points);
	const above = points.windows.length > 0 && points.windows.every(p => p.at > most);
	return [figure(title, picture(at.width, at.bottom + 24 + legendHigh, title,
		'Data segments as vertical lines over time; below them what was acknowledged, above them the end of the offered window.',
		timeAxis(seconds(until), s => x(s * report.summary.unitsPerSecond), at.bottom, at.bottom - at.top, at.ticks),
		octetAxis(at, most, y),
		svg('path', {class: 'seq-window', d: stairs(points.windows, x, y, until)}),
		svg('path', {class: 'seq-ack', d: stairs(points.acks, x, y, until)}),
		points.sacks.map(point => sackMark(point, x, y)),
		points.data.map(point => dataMark(at, point, x, y, words)),
		points.shut.map(point => letterAt(at, 'seq-window', x(point.time), y(point.at) - 6, 'Z')), legend)),
	above && element('p', {class: 'faint'}, 'The window ends above what is drawn: it never stood in the way.')];
}

/* Both directions, the one with more data first. */
function sequenceFigures(connection, rungs, sacks) {
	const [client, server] = connection.ends;
	const order = server.bytes > client.bytes ? [1, 0] : [0, 1];
	const unknown = client.scale < 0 && server.scale < 0 && !rungs.some(r => isSegment(r) && r.flags & FLAG.SYN);
	return [order.map(sender => [element('h4', {}, `Time and sequence, ${endName(sender)} to ${endName(1 - sender)} (octets)`),
		sequencePlot(connection, rungs, sacks, sender)]),
	rungs.some(r => r.kind === 'm') && element('p', {class: 'faint'}, 'There are many segments: neighbouring ones are drawn as one. ',
		element('code', {}, `tcpfsm -r FILE -T html --conn=${connection.number}`), ' draws them more finely.'),
	unknown && element('p', {class: 'faint'}, 'The opening was not captured: windows are drawn as they stand in the header, which may be scaled down.')];
}

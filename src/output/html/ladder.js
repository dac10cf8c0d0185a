/*
 * The ladder: time runs down, segments are arrows between the ends, states
 * are bars at the sides.  The same picture as --ladder-file draws
 * (ladder_svg.c), drawn here for the connection that somebody opened.
 */

const LADDER = {width: 960, left: 300, right: 800, bar: 14, row: 32, small: 20, textRow: 15, nameHigh: 13, slant: 11, longGap: 1, words: 68,
	atOnce: 150};

function wrapWords(text, width) {
	const lines = [''];
	for (const word of text.split(' ')) {
		const last = lines[lines.length - 1];
		if (last !== '' && last.length + 1 + word.length > width)
			lines.push(word);
		else
			lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
	}
	return lines;
}

class Ladder {
	constructor(connection, rungs) {
		this.connection = connection;
		this.delays = pathDelays(rungs);
		this.rungs = rungs;
		this.parts = [];
		this.y = 84;
		this.last = 0;
		this.nameY = [0, 0];
		this.bars = [0, 1].map(end => ({from: 72, state: connection.ends[end].first >= 0 ? connection.ends[end].first : connection.ends[end].state,
			unsure: false}));
	}

	lineX(end) {
		return end === 1 ? LADDER.right : LADDER.left;
	}

	put(...parts) {
		this.parts.push(...parts);
	}

	drawBar(end, to) {
		const bar = this.bars[end], x = end === 0 ? LADDER.left - LADDER.bar : LADDER.right;
		if (to <= bar.from)
			return;
		this.put(rect(`bar s${bar.state}`, x, bar.from, LADDER.bar, to - bar.from, stateName(bar.state)));
		if (bar.unsure)
			this.put(rect('hatched', x, bar.from, LADDER.bar, to - bar.from, `${stateName(bar.state)}, only presumed`));
	}

	/* Names stand apart, even where states follow closely. */
	nameState(end, y, text) {
		y = Math.max(y, this.nameY[end] + LADDER.nameHigh);
		this.nameY[end] = y;
		const x = end === 0 ? LADDER.left - LADDER.bar - 8 : LADDER.right + LADDER.bar + 8;
		this.put(label('name used state-name', x, y + 5, end === 0 ? 'end' : 'start', text));
	}

	change(rung, y) {
		const mark = rung.basis === INFERRED ? '?' : rung.basis === RETRACTED ? '!' : '';
		this.drawBar(rung.end, y);
		this.bars[rung.end] = {from: y, state: rung.to, unsure: rung.unsure};
		this.nameState(rung.end, y, stateName(rung.to) + mark);
	}

	settle(rung, y) {
		this.drawBar(rung.end, y);
		Object.assign(this.bars[rung.end], {from: y, unsure: false});
	}

	when(rung, y) {
		this.put(label('when', 96, y + 4, 'end', (rung.time < 0 ? '' : '+') + seconds(rung.time).toFixed(6)));
		if (rung.packet > 0)
			this.put(label('when packet', 140, y + 4, 'end', rung.packet));
	}

	words(text) {
		this.put(label('aside', (LADDER.left + LADDER.right) / 2, this.y + 13, 'middle', text));
		this.y += LADDER.small;
	}

	gap(time) {
		const passed = time - this.last;
		this.last = Math.max(this.last, time);
		if (seconds(passed) >= LADDER.longGap)
			this.words(`${duration(passed)} later`);
	}

	/* The pixels by which an arrow is off its row at an end, where GAP passes until the row beside. */
	slantAt(end, gap) {
		const delay = this.delays[end];
		if (delay <= 0)
			return 0;
		return gap <= 0 ? LADDER.slant : Math.min(delay / gap * LADDER.row, LADDER.slant);
	}

	gapAfter(at) {
		const next = this.rungs.slice(at + 1).find(r => (isSegment(r) || r.kind === 'fold') && r.time !== this.rungs[at].time);
		return next ? next.time - this.rungs[at].time : Infinity;
	}

	arrow(rung, fromY, toY) {
		const from = rung.end === 1 ? 1 : 0, x1 = this.lineX(from), x2 = this.lineX(1 - from);
		const bad = rung.flags & FLAG.RST || rung.marks & MARK.UNACCEPTABLE;
		let angle = Math.atan2(toY - fromY, x2 - x1) * 180 / Math.PI;
		angle = angle > 90 ? angle - 180 : angle < -90 ? angle + 180 : angle;
		const text = svg('text', {class: rung.marks & ~MARK.GAP ? 'on-arrow marked' : 'on-arrow', 'text-anchor': 'middle',
			transform: `translate(${(x1 + x2) / 2} ${(fromY + toY) / 2 - 5}) rotate(${angle.toFixed(2)})`}, segmentText(rung));
		this.put(line(`edge solid ${from === 0 ? 'client' : 'server'}${bad ? ' red' : ''}`, x1, fromY, x2 + (x2 > x1 ? -1 : 1), toY), text);
	}

	/* The changes that belong to the row of the segment at AT; returns the next rung. */
	takeChanges(at, ys) {
		const changed = [false, false];
		let i = at + 1;
		for (; i < this.rungs.length; i++) {
			const rung = this.rungs[i];
			if (rung.packet !== this.rungs[at].packet || rung.end > 1)
				break;
			if (rung.kind === 'p')
				this.settle(rung, ys[rung.end]);
			else if (rung.kind === 't' && !changed[rung.end])
				this.change(rung, ys[rung.end]);
			else
				break;
			changed[rung.end] ||= rung.kind === 't';
		}
		return i;
	}

	segment(at) {
		const rung = this.rungs[at], from = rung.end === 1 ? 1 : 0;
		const before = rung.time - this.last;
		this.gap(rung.time);
		if (rung.marks & MARK.GAP)
			this.words('something before this has not passed');
		const y = this.y + LADDER.row / 2, ys = [y, y];
		ys[from] -= this.slantAt(from, before > 0 ? before : Infinity);
		ys[1 - from] += this.slantAt(1 - from, this.gapAfter(at));
		this.when(rung, y);
		this.arrow(rung, ys[from], ys[1 - from]);
		this.y += LADDER.row;
		return this.takeChanges(at, ys);
	}

	lonelyChange(rung) {
		if (rung.packet === 0)
			this.gap(rung.time);
		const y = this.y + LADDER.small / 2;
		if (rung.packet === 0)
			this.when(rung, y);
		this.change(rung, y);
		if (rung.basis === TIMER)
			this.words('a timer of the host ran out (assumed)');
		else
			this.y += LADDER.small;
	}

	finding(rung) {
		const entry = report.summary.catalogue[rung.id];
		if (!entry)
			return;
		const of = rung.end > 1 ? '' : ` of the ${endName(rung.end)}`;
		const lines = wrapWords(`${severityName(rung.severity)}: ${entry.id}${of}. ${entry.title}.`, LADDER.words);
		this.gap(rung.time);
		this.put(svg('rect', {class: `note ${severityName(rung.severity)}`, x: LADDER.left + 16, y: this.y + 4,
			width: LADDER.right - LADDER.left - 32, height: lines.length * LADDER.textRow + 8, rx: 4}));
		lines.forEach((text, i) => this.put(label('noted', LADDER.left + 26, this.y + 5 + (i + 1) * LADDER.textRow, 'start', text)));
		this.y += lines.length * LADDER.textRow + 16;
	}

	/* Draw the rungs up to COUNT of them; returns how many are left. */
	drawRungs(count) {
		let i = 0;
		while (i < this.rungs.length && i < count) {
			const rung = this.rungs[i];
			if (isSegment(rung)) {
				i = this.segment(i);
				continue;
			}
			if (rung.kind === 'fold') {
				this.words(`⋮ ${plural(rung.count, 'more segment', 'more segments')} of data and ACKs`);
				this.last = rung.last;
			} else if (rung.kind === 't') {
				this.lonelyChange(rung);
			} else if (rung.kind === 'p') {
				this.settle(rung, this.y);
			} else {
				this.finding(rung);
			}
			i++;
		}
		return this.rungs.length - i;
	}

	foot() {
		const [toClient, toServer] = this.delays;
		const slant = toClient >= 0 ?
			`Arrows slant by the delay from the tap, estimated from the handshake: client ${duration(toClient)}, server ${duration(toServer)}.` :
			'Arrows are level: the handshake does not show the delay of the path.';
		this.put(label('words', 20, this.y + 20, 'start', `${slant} Rows are not to scale.`),
			label('words', 20, this.y + 36, 'start', 'Hatched: presumed until the end’s own segments prove it. ?: inferred. !: taken back.'));
		this.y += 50;
	}

	draw(count) {
		this.nameState(0, 76, stateName(this.bars[0].state));
		this.nameState(1, 76, stateName(this.bars[1].state));
		const left = this.drawRungs(count);
		this.y += 6;
		for (const end of [0, 1]) {
			this.drawBar(end, this.y);
			this.put(line('life', this.lineX(end), 72, this.lineX(end), this.y));
			this.put(label(`count ${endName(end)}`, this.lineX(end), 56, 'middle', `${endName(end)} ${endText(this.connection.ends[end])}`));
		}
		this.put(label('when', 96, 56, 'end', 'time'), label('when', 140, 56, 'end', 'packet'));
		this.foot();
		return {left, drawn: picture(LADDER.width, this.y, `Segments of connection ${this.connection.number}`,
			'Each segment is an arrow between client and server, time runs downwards; the ends’ states are bars at the sides.', this.parts)};
	}
}

/* The ladder, and a button for all of it where it is long. */
function ladderFigure(connection, detail, rungs) {
	const folded = fold(rungs), place = element('div');
	function show(count) {
		const {left, drawn} = new Ladder(connection, folded).draw(count);
		place.replaceChildren(figure(`Ladder of connection ${connection.number}`, drawn));
		if (left > 0)
			place.append(element('button', {type: 'button', click: () => show(Infinity)}, `Draw the ${grouped(left)} rungs that follow`));
		if (detail.lost > 0)
			place.append(element('p', {class: 'faint'}, `${plural(detail.lost, 'event', 'events')} of this connection found no room.`));
	}
	show(LADDER.atOnce);
	return place;
}

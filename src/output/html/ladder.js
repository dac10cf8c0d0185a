/*
 * The ladder: time runs down, segments are arrows between the ends, states
 * are bars at the sides.  On a wide screen it is the same picture as
 * --ladder-file draws (ladder_svg.c), for the connection that somebody
 * opened; on a phone, what stands beside the bars there stands above the
 * arrows and within the bars.
 */

const LADDER = {narrow: false, width: WIDE_PICTURE, left: 300, right: 800, bar: 14, row: 32, small: 20, textRow: 15, nameHigh: 13, slant: 11,
	longGap: 1, words: 68, footWords: 140, headY: 20, barY: 36, firstY: 48, atOnce: 150};
const LETTER_WIDE = 6.6; /* pixels, of the small type */

function ladderLayout() {
	if (!NARROW.matches)
		return LADDER;
	const width = pictureWidth();
	return {...LADDER, narrow: true, width, left: 14, right: width - 14, bar: 10, row: 22, small: 30, slant: 5,
		words: Math.floor((width - 80) / LETTER_WIDE), footWords: Math.floor((width - 12) / LETTER_WIDE), headY: 14, barY: 44, firstY: 60};
}

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
		this.at = ladderLayout();
		this.parts = [];
		this.y = this.at.firstY;
		this.last = 0;
		this.nameY = [0, 0];
		this.bars = [0, 1].map(end => ({from: this.at.barY, unsure: false,
			state: connection.ends[end].first >= 0 ? connection.ends[end].first : connection.ends[end].state}));
	}

	lineX(end) {
		return end === 1 ? this.at.right : this.at.left;
	}

	get middle() {
		return (this.at.left + this.at.right) / 2;
	}

	put(...parts) {
		this.parts.push(...parts);
	}

	drawBar(end, to) {
		const bar = this.bars[end], x = end === 0 ? this.at.left - this.at.bar : this.at.right;
		if (to <= bar.from)
			return;
		this.put(rect(`bar s${bar.state}`, x, bar.from, this.at.bar, to - bar.from, stateName(bar.state)));
		if (bar.unsure)
			this.put(rect('hatched', x, bar.from, this.at.bar, to - bar.from, `${stateName(bar.state)}, only presumed`));
	}

	/* Names stand apart, even where states follow closely. */
	nameState(end, y, text) {
		y = Math.max(this.at.narrow ? y + 9 : y, this.nameY[end] + this.at.nameHigh);
		this.nameY[end] = y;
		const beside = this.at.narrow ? -6 : this.at.bar + 8;
		this.put(label('name used state-name', this.lineX(end) + (end === 0 ? -beside : beside), y + 5, (end === 0) === this.at.narrow ? 'start' : 'end', text));
		if (this.at.narrow)
			this.y = Math.max(this.y, y + 10);
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

	whenText(rung) {
		return (rung.time < 0 ? '' : '+') + seconds(rung.time).toFixed(6);
	}

	when(rung, y) {
		this.put(label('when', 96, y + 4, 'end', this.whenText(rung)));
		if (rung.packet > 0)
			this.put(label('when packet', 140, y + 4, 'end', rung.packet));
	}

	words(text) {
		this.put(label('aside', this.middle, this.y + 13, 'middle', text));
		this.y += LADDER.small;
	}

	gap(time) {
		const passed = time - this.last;
		this.last = Math.max(this.last, time);
		if (seconds(passed) >= this.at.longGap)
			this.words(`${duration(passed)} later`);
	}

	/* The pixels by which an arrow is off its row at an end, where GAP passes until the row beside. */
	slantAt(end, gap) {
		const delay = this.delays[end];
		if (delay <= 0)
			return 0;
		return gap <= 0 ? this.at.slant : Math.min(delay / gap * LADDER.row, this.at.slant);
	}

	gapAfter(at) {
		const next = this.rungs.slice(at + 1).find(r => (isSegment(r) || r.kind === 'fold') && r.time !== this.rungs[at].time);
		return next ? next.time - this.rungs[at].time : Infinity;
	}

	/* A copy that the capture made was sent by nobody. */
	looks(rung) {
		const end = rung.end === 1 ? 'server' : 'client';
		if (rung.marks & MARK.DUPLICATE_FRAME)
			return {line: 'edge pale solid', text: 'on-arrow copy'};
		return {line: `edge ${end}${rung.flags & FLAG.RST || rung.marks & MARK.UNACCEPTABLE ? ' red' : ''} solid`,
			text: rung.marks & ~MARK.GAP ? 'on-arrow marked' : 'on-arrow'};
	}

	/* On a phone: when it was, and what it is, in lines above the arrow. */
	linesAbove(rung, look) {
		const text = wrapWords(segmentText(rung), this.at.words + 4);
		this.put(label('when', this.middle, this.y + 13, 'middle', `${this.whenText(rung)} s, packet ${rung.packet}`),
			text.map((words, i) => label(look, this.middle, this.y + 13 + (i + 1) * 14, 'middle', words)));
		this.y += 14 * (text.length + 1);
	}

	arrow(rung, fromY, toY) {
		const from = rung.end === 1 ? 1 : 0, x1 = this.lineX(from), x2 = this.lineX(1 - from), look = this.looks(rung);
		this.put(line(look.line, x1, fromY, x2 + (x2 > x1 ? -1 : 1), toY));
		if (this.at.narrow)
			return;
		let angle = Math.atan2(toY - fromY, x2 - x1) * 180 / Math.PI;
		angle = angle > 90 ? angle - 180 : angle < -90 ? angle + 180 : angle;
		this.put(svg('text', {class: look.text, 'text-anchor': 'middle',
			transform: `translate(${(x1 + x2) / 2} ${(fromY + toY) / 2 - 5}) rotate(${angle.toFixed(2)})`}, segmentText(rung)));
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
		if (this.at.narrow)
			this.linesAbove(rung, this.looks(rung).text);
		const y = this.y + this.at.row / 2, ys = [y, y];
		ys[from] -= this.slantAt(from, before > 0 ? before : Infinity);
		ys[1 - from] += this.slantAt(1 - from, this.gapAfter(at));
		if (!this.at.narrow)
			this.when(rung, y);
		this.arrow(rung, ys[from], ys[1 - from]);
		this.y += this.at.row;
		return this.takeChanges(at, ys);
	}

	lonelyChange(rung) {
		if (rung.packet === 0)
			this.gap(rung.time);
		if (rung.packet === 0 && this.at.narrow)
			this.words(`${this.whenText(rung)} s`);
		const y = this.y + LADDER.small / 2;
		if (rung.packet === 0 && !this.at.narrow)
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
		const lines = wrapWords(`${severityName(rung.severity)}: ${entry.id}${of}. ${entry.title}.`, this.at.words);
		this.gap(rung.time);
		this.put(svg('rect', {class: `note ${severityName(rung.severity)}`, x: this.at.left + 16, y: this.y + 4,
			width: this.at.right - this.at.left - 32, height: lines.length * this.at.textRow + 8, rx: 4}));
		lines.forEach((text, i) => this.put(label('noted', this.at.left + 26, this.y + 5 + (i + 1) * this.at.textRow, 'start', text)));
		this.y += lines.length * this.at.textRow + 16;
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
				this.put(line('folded', this.middle, this.y + 2, this.middle, this.y + 6));
				this.y += 6;
				this.words(`${plural(rung.count, 'more segment', 'more segments')} of data and ACKs`);
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

	head() {
		for (const end of [0, 1]) {
			const text = `${endName(end)} ${endText(this.connection.ends[end])}`;
			if (this.at.narrow)
				this.put(label(`count ${endName(end)} small`, end === 0 ? 2 : this.at.width - 2, this.at.headY + end * 16, end === 0 ? 'start' : 'end', text));
			else
				this.put(label(`count ${endName(end)}`, this.lineX(end), this.at.headY, 'middle', text));
		}
		if (!this.at.narrow)
			this.put(label('when', 96, this.at.headY, 'end', 'time'), label('when', 140, this.at.headY, 'end', 'packet'));
	}

	foot() {
		const [toClient, toServer] = this.delays, x = this.at.narrow ? 4 : 20;
		const slant = toClient >= 0 ?
			`Arrows slant by the delay from the tap, estimated from the handshake: client ${duration(toClient)}, server ${duration(toServer)}.` :
			'Arrows are level: the handshake does not show the delay of the path.';
		const lines = [...wrapWords(`${slant} Rows are not to scale.`, this.at.footWords),
			...wrapWords('Hatched: presumed until the end’s own segments prove it. ?: inferred. !: taken back.', this.at.footWords)];
		lines.forEach((text, i) => this.put(label('words', x, this.y + 20 + i * 16, 'start', text)));
		this.y += 18 + lines.length * 16;
	}

	draw(count) {
		this.nameState(0, this.at.barY + 4, stateName(this.bars[0].state));
		this.nameState(1, this.at.barY + 4, stateName(this.bars[1].state));
		const left = this.drawRungs(count);
		this.y += 6;
		for (const end of [0, 1]) {
			this.drawBar(end, this.y);
			this.put(line('life', this.lineX(end), this.at.barY, this.lineX(end), this.y));
		}
		this.head();
		this.foot();
		return {left, drawn: picture(this.at.width, this.y, `Segments of connection ${this.connection.number}`,
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

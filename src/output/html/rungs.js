/*
 * A connection's rungs out of its trail, and the folding of long phases of
 * plain data.  How a trail is written: src/output/trail.h.
 */

const RUN_FIRST = 4, RUN_LAST = 3, RUN_LONGEST = 12;
const FLAG = {FIN: 0x01, SYN: 0x02, RST: 0x04, ACK: 0x10};
const MARK = {RETRANSMISSION: 0x01, OUT_OF_ORDER: 0x02, DUPLICATE_ACK: 0x04, ZERO_WINDOW: 0x20, DUPLICATE_FRAME: 0x40, HELD: 0x80, UNACCEPTABLE: 0x100, GAP: 0x200};
const TIMER = 3, RETRACTED = 4, INFERRED = 2; /* bases, as enum tf_basis */
const TRAIL = {SERVER: 0x01, FLAGS: 0x02, MARKS: 0x04, SEQ: 0x08, ACK: 0x10, WINDOW: 0x20, LEN: 0x40,
	SAME: 0x02, UNSURE: 0x04, ABORTS: 0x40, OTHER: 0x80, SETTLED: 5, FOUND: 6, SEVERAL: 7};

class Trail {
	constructor(base64) {
		this.octets = new Octets(base64);
		this.time = 0;
		this.packet = 0;
		this.next = [0, 0];
		this.window = [0, 0];
	}

	segment(bits, count) {
		const {octets, next} = this, end = bits & TRAIL.SERVER;
		this.time += octets.signed();
		this.packet += octets.signed();
		const flags = bits & TRAIL.FLAGS ? octets.number() : FLAG.ACK, marks = bits & TRAIL.MARKS ? octets.number() : 0;
		const seq = next[end] + (bits & TRAIL.SEQ ? octets.signed() : 0) >>> 0;
		const ack = next[1 - end] + (bits & TRAIL.ACK ? octets.signed() : 0) >>> 0;
		if (bits & TRAIL.WINDOW)
			this.window[end] = octets.number();
		const length = bits & TRAIL.LEN ? octets.number() : 0;
		next[end] = seq + length + (flags & FLAG.SYN ? 1 : 0) + (flags & FLAG.FIN ? 1 : 0) >>> 0;
		return {kind: count > 0 ? 'm' : 's', time: this.time, packet: this.packet, end, flags, marks, seq, ack: flags & FLAG.ACK ? ack : 0, length,
			window: this.window[end], count: count || 1};
	}

	/* {time, packet (0: none), end} */
	when(bits) {
		let packet = this.packet;
		if (!(bits & TRAIL.SAME)) {
			this.time += this.octets.signed();
			const step = this.octets.number();
			if (step > 0)
				this.packet += step % 2 === 1 ? (step - 1) / 2 : -step / 2;
			packet = step > 0 ? this.packet : 0;
		}
		return {time: this.time, packet, end: bits & TRAIL.SERVER};
	}

	other(bits) {
		const {octets} = this, kind = bits >> 3 & 7;
		if (kind === TRAIL.SEVERAL && !(bits & TRAIL.ABORTS)) {
			const count = octets.number();
			return this.segment(octets.octet(), count);
		}
		const when = this.when(bits);
		if (kind === TRAIL.SETTLED)
			return {kind: bits & TRAIL.ABORTS ? 'proof' : 'p', ...when};
		if (kind === TRAIL.SEVERAL) {
			const from = this.next[1 - when.end] + octets.signed() >>> 0;
			return {kind: 'sack', ...when, from, to: from + octets.number()};
		}
		if (kind === TRAIL.FOUND) {
			const id = octets.number(), severity = octets.octet();
			return {kind: 'f', ...when, id, severity: severity & 3, end: severity & 4 ? 2 : when.end};
		}
		const states = octets.octet();
		return {kind: 't', ...when, from: states >> 4, to: states & 15, basis: kind, unsure: (bits & TRAIL.UNSURE) > 0};
	}

	/* All rungs {kind, time (since the first), packet (0: none), end, ...}, and apart from them what was acknowledged selectively. */
	read() {
		const all = [];
		while (this.octets.left) {
			const bits = this.octets.octet();
			all.push(bits & TRAIL.OTHER ? this.other(bits) : this.segment(bits, 0));
		}
		return {rungs: all.filter(rung => rung.kind !== 'proof' && rung.kind !== 'sack'), sacks: all.filter(rung => rung.kind === 'sack')};
	}
}

/* How long a segment takes from the tap to [client, server], as the handshake shows it (src/output/picture/ladder_time.h);
 * [-1, -1] where it does not. */
function pathDelays(rungs) {
	const find = (from, end, flags) => {
		const at = rungs.findIndex((r, i) => i >= from && isSegment(r) && (r.kind === 'm' || r.end === end && (r.flags & (FLAG.SYN | FLAG.ACK)) === flags &&
			!(r.marks & MARK.DUPLICATE_FRAME)));
		return at < 0 || rungs[at].kind === 'm' ? rungs.length : at;
	};
	const syn = find(0, 0, FLAG.SYN), again = find(syn + 1, 0, FLAG.SYN);
	const answer = find(syn, 1, FLAG.SYN | FLAG.ACK), repeated = find(answer + 1, 1, FLAG.SYN | FLAG.ACK);
	const third = find(answer, 0, FLAG.ACK);
	if (third >= rungs.length || again < third || repeated < third)
		return [-1, -1];
	const delays = [(rungs[third].time - rungs[answer].time) / 2, (rungs[answer].time - rungs[syn].time) / 2];
	return delays.every(delay => delay >= 0) ? delays : [-1, -1];
}

function isSegment(rung) {
	return rung.kind === 's' || rung.kind === 'm';
}

function isPlain(rung) {
	return (rung.kind === 'm' && (rung.marks & ~MARK.DUPLICATE_ACK) === 0) ||
		(rung.kind === 's' && rung.marks === 0 && !(rung.flags & (FLAG.SYN | FLAG.FIN | FLAG.RST)));
}

/* The middle of each long run of plain data as one rung of the kind "fold". */
function fold(rungs) {
	const folded = [];
	let run = [];
	function endRun() {
		/* What was told together when it was kept stands for itself alone in no picture. */
		const several = run.map((r, i) => r.kind === 'm' ? i : -1).filter(i => i >= 0);
		let from = run.length, to = run.length;
		if (run.length >= RUN_LONGEST)
			[from, to] = [RUN_FIRST, run.length - RUN_LAST];
		if (several.length > 0)
			[from, to] = [Math.min(from, several[0]), run.length >= RUN_LONGEST ? Math.max(to, several.at(-1) + 1) : several.at(-1) + 1];
		const middle = run.slice(from, to);
		folded.push(...run.slice(0, from));
		if (middle.length > 0)
			folded.push({...middle[0], kind: 'fold', last: middle.at(-1).time, count: middle.reduce((n, r) => n + r.count, 0)});
		folded.push(...run.slice(to));
		run = [];
	}
	for (const rung of rungs) {
		if (isPlain(rung)) {
			run.push(rung);
			continue;
		}
		endRun();
		folded.push(rung);
	}
	endRun();
	return folded;
}

/* What stands on a segment's arrow. */
function segmentText(rung) {
	const ack = rung.flags & FLAG.ACK ? ` ack=${rung.ack}` : '';
	const marks = bitWords(rung.marks & ~MARK.GAP, report.summary.marks, ', ');
	const several = rung.count > 1 ? `${grouped(rung.count)} × ` : '';
	return `${several}${flagsText(rung.flags)} seq=${rung.seq}${ack} len=${rung.length}${marks ? ` (${marks})` : ''}`;
}

/* Each end's states as sections {state, from, to, unsure}, times since the first rung. */
function stateSections(connection, rungs, end, until) {
	const first = connection.ends[end].first >= 0 ? connection.ends[end].first : connection.ends[end].state;
	const sections = [{state: first, from: 0, to: until, unsure: false}];
	function begin(time, state, unsure) {
		sections[sections.length - 1].to = time;
		sections.push({state, from: time, to: until, unsure});
	}
	for (const rung of rungs) {
		if (rung.end !== end)
			continue;
		if (rung.kind === 't')
			begin(rung.time, rung.to, rung.unsure);
		if (rung.kind === 'p')
			begin(rung.time, sections[sections.length - 1].state, false);
	}
	return sections;
}

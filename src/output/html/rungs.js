/*
 * A connection's rungs out of the string that report_rungs.c made, and the
 * folding of long phases of plain data.
 */

const RUN_FIRST = 4, RUN_LAST = 3, RUN_LONGEST = 12;
const FLAG = {FIN: 0x01, SYN: 0x02, RST: 0x04, ACK: 0x10};
const MARK = {RETRANSMISSION: 0x01, OUT_OF_ORDER: 0x02, ZERO_WINDOW: 0x20, DUPLICATE_FRAME: 0x40, HELD: 0x80, UNACCEPTABLE: 0x100, GAP: 0x200};
const TIMER = 3, RETRACTED = 4, INFERRED = 2; /* bases, as enum tf_basis */

const rungReaders = {
	s: ([flags, marks, seq, ack, length, window]) => ({flags, marks, seq, ack, length, window, count: 1}),
	m: ([flags, marks, seq, ack, length, window, count]) => ({flags, marks, seq, ack, length, window, count}),
	t: ([from, to, basis, unsure]) => ({from, to, basis, unsure: unsure === 1}),
	p: () => ({}),
	f: ([id, severity]) => ({id, severity}),
};

/* {kind, time (since the first), packet (0: none), end, ...} each. */
function readRungs(text) {
	let time = 0, packet = 0;
	return text.split(';').filter(part => part !== '').map(part => {
		const [since, step, end, ...rest] = part.slice(1).split(',');
		time += Number(since);
		if (step !== '-')
			packet += Number(step);
		return {kind: part[0], time, packet: step === '-' ? 0 : packet, end: Number(end), ...rungReaders[part[0]](rest.map(Number))};
	});
}

function isSegment(rung) {
	return rung.kind === 's' || rung.kind === 'm';
}

function isPlain(rung) {
	return rung.kind === 'm' || (rung.kind === 's' && rung.marks === 0 && !(rung.flags & (FLAG.SYN | FLAG.FIN | FLAG.RST)));
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
	return `${flagsText(rung.flags)} seq=${rung.seq}${ack} len=${rung.length}${marks ? ` (${marks})` : ''}`;
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

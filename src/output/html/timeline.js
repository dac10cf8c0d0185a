/*
 * Both ends' states over time, to scale, with a mark for each finding.
 */

const TIMELINE = {width: 960, left: 70, right: 940, top: 26, bar: 30, gap: 16};

/* Round steps for an axis of SPAN: 1, 2 or 5 times a power of ten. */
function axisStep(span, most) {
	const rough = span / most, power = 10 ** Math.floor(Math.log10(rough));
	return [1, 2, 5, 10].map(n => n * power).find(step => step >= rough);
}

/* Ticks of a time axis as SVG; X makes pixels of a time in seconds. */
function timeAxis(span, x, y, height) {
	if (span <= 0)
		return [];
	const step = axisStep(span, 8), decimals = Math.max(0, -Math.floor(Math.log10(step)));
	const parts = [];
	for (let n = 0; n * step <= span * 1.0001; n++)
		parts.push(line('grid', x(n * step), y - height, x(n * step), y + 4),
			label('when', x(n * step), y + 17, 'middle', `${(n * step).toFixed(decimals)} s`));
	return parts;
}

function timelineBar(section, x, y) {
	const from = x(seconds(section.from)), wide = Math.max(x(seconds(section.to)) - from, 0.7);
	const name = stateName(section.state);
	const title = `${name}${section.unsure ? ', only presumed' : ''}, ${duration(section.to - section.from)}`;
	const text = wide > name.length * 8.8 + 14 ?
		[svg('rect', {class: 'plate', x: from + 4, y: y + 7, width: name.length * 8.8 + 8, height: 17, rx: 3}),
			label('state-name on-bar', from + 7, y + TIMELINE.bar / 2 + 4, 'start', name)] : [];
	return svg('g', {}, svg('title', {}, title), svg('rect', {class: `bar s${section.state}`, x: from, y, width: wide, height: TIMELINE.bar}),
		section.unsure ? svg('rect', {class: 'hatched', x: from, y, width: wide, height: TIMELINE.bar}) : null, text);
}

/* Names of the states that were passed, for those whose bar is too narrow. */
function statesInWords(connection, sections, end) {
	const names = sections.filter((s, i) => i === 0 || s.state !== sections[i - 1].state)
		.map(s => `${stateName(s.state)} at +${duration(s.from)}`);
	return element('p', {class: 'faint'}, `The ${endName(end)}: ${names.join(', ')}.`);
}

function timelineFigure(connection, rungs) {
	const until = Math.max(connection.duration, ...rungs.map(r => r.time));
	const span = seconds(until);
	const x = s => TIMELINE.left + (span > 0 ? s / span : 0) * (TIMELINE.right - TIMELINE.left);
	const parts = [], words = [];
	let y = TIMELINE.top;
	const bottom = y + 2 * TIMELINE.bar + TIMELINE.gap + 10;
	parts.push(timeAxis(span, x, bottom, bottom - TIMELINE.top + 6));
	for (const end of [0, 1]) {
		const sections = stateSections(connection, rungs, end, until);
		parts.push(label(`count ${endName(end)}`, TIMELINE.left - 10, y + TIMELINE.bar / 2 + 4, 'end', endName(end)),
			sections.map(section => timelineBar(section, x, y)));
		words.push(statesInWords(connection, sections, end));
		y += TIMELINE.bar + TIMELINE.gap;
	}
	for (const rung of rungs.filter(r => r.kind === 'f')) {
		const at = x(seconds(rung.time)), entry = report.summary.catalogue[rung.id];
		parts.push(svg('g', {class: 'flag'}, svg('title', {}, entry ? `${severityName(rung.severity)}: ${entry.title}` : ''),
			line(`mark ${severityName(rung.severity)}`, at, TIMELINE.top - 8, at, bottom),
			svg('path', {class: `mark-head ${severityName(rung.severity)}`, d: `M${at - 6} ${TIMELINE.top - 18}h12l-6 11z`})));
	}
	return [figure(`States of connection ${connection.number} over time`,
		picture(TIMELINE.width, bottom + 28, `States of connection ${connection.number} over time`,
			'Two bars, the client above the server; a colour for each state, hatched where a state is only presumed; triangles are findings.',
			parts)), words];
}

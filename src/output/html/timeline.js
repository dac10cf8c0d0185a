/*
 * Both ends' states over time, to scale, with a mark for each finding.
 */

/* On a phone, the ends' names stand above their bars. */
function timelineLayout() {
	const width = pictureWidth();
	return NARROW.matches ? {width, left: 24, right: width - 24, top: 42, bar: 28, gap: 26, ticks: 4, nameX: 24, nameY: -6, nameAnchor: 'start'} :
		{width, left: 70, right: 940, top: 26, bar: 30, gap: 16, ticks: 8, nameX: 60, nameY: 19, nameAnchor: 'end'};
}

/* Round steps for an axis of SPAN: 1, 2 or 5 times a power of ten. */
function axisStep(span, most) {
	const rough = span / most, power = 10 ** Math.floor(Math.log10(rough));
	return [1, 2, 5, 10].map(n => n * power).find(step => step >= rough);
}

/* Ticks of a time axis as SVG; X makes pixels of a time in seconds.  A single packet takes no time. */
function timeAxis(span, x, y, height, ticks) {
	if (span < 1e-6)
		return [];
	const step = axisStep(span, ticks), decimals = Math.max(0, -Math.floor(Math.log10(step)));
	const parts = [];
	for (let n = 0; n * step <= span * 1.0001; n++)
		parts.push(line('grid', x(n * step), y - height, x(n * step), y + 4),
			label('when', x(n * step), y + 17, 'middle', `${(n * step).toFixed(decimals)} s`));
	return parts;
}

function timelineBar(section, x, y, high) {
	const from = x(seconds(section.from)), wide = Math.max(x(seconds(section.to)) - from, 0.7);
	const name = stateName(section.state);
	const title = `${name}${section.unsure ? ', only presumed' : ''}, ${duration(section.to - section.from)}`;
	const text = wide > name.length * 8.8 + 14 ?
		[svg('rect', {class: 'plate', x: from + 4, y: y + high / 2 - 8, width: name.length * 8.8 + 8, height: 17, rx: 3}),
			label('state-name on-bar', from + 7, y + high / 2 + 4, 'start', name)] : [];
	return svg('g', {}, svg('title', {}, title), svg('rect', {class: `bar s${section.state}`, x: from, y, width: wide, height: high}),
		section.unsure ? svg('rect', {class: 'hatched', x: from, y, width: wide, height: high}) : null, text);
}

function swatch(state) {
	return svg('svg', {class: 'picture swatch', width: 11, height: 11, viewBox: '0 0 11 11', 'aria-hidden': 'true'}, rect(`s${state}`, 0, 0, 11, 11));
}

/* Names of the states that were passed, for those whose bar is too narrow. */
function statesInWords(connection, sections, end) {
	const passed = sections.filter((s, i) => i === 0 || s.state !== sections[i - 1].state);
	return element('p', {class: 'faint'}, `The ${endName(end)}: `, passed.map((s, i) =>
		[i > 0 && ', ', element('span', {class: 'whole'}, swatch(s.state), ` ${stateName(s.state)}`), i > 0 ? ` at +${duration(s.from)}` : ' first']), '.');
}

/* What the signs of the picture mean, as far as they are there. */
function timelineLegend(found, anyUnsure) {
	const names = found.slice(0, 6).map(rung => `${report.summary.catalogue[rung.id]?.id ?? '?'} at +${duration(rung.time)}`);
	const more = found.length > 6 ? ` and ${found.length - 6} more` : '';
	return [anyUnsure && element('p', {class: 'faint'}, 'Hatched: only presumed, until a segment of this end proves it.'),
		found.length > 0 && element('p', {class: 'faint'}, `▼ Findings: ${names.join(', ')}${more}.`)];
}

function timelineFigure(connection, rungs) {
	const until = Math.max(connection.duration, ...rungs.map(r => r.time)), at = timelineLayout();
	const span = seconds(until);
	const x = s => at.left + (span > 0 ? s / span : 0) * (at.right - at.left);
	const parts = [], words = [], found = rungs.filter(r => r.kind === 'f');
	let y = at.top, anyUnsure = false;
	const bottom = y + 2 * at.bar + at.gap + 10;
	parts.push(timeAxis(span, x, bottom, bottom - at.top + 6, at.ticks));
	for (const end of [0, 1]) {
		const sections = stateSections(connection, rungs, end, until);
		parts.push(label(`count ${endName(end)}`, at.nameX, y + at.nameY, at.nameAnchor, endName(end)),
			sections.map(section => timelineBar(section, x, y, at.bar)));
		words.push(statesInWords(connection, sections, end));
		anyUnsure ||= sections.some(section => section.unsure);
		y += at.bar + at.gap;
	}
	for (const rung of found) {
		const flagX = x(seconds(rung.time)), entry = report.summary.catalogue[rung.id], top = NARROW.matches ? 20 : at.top;
		parts.push(svg('g', {class: 'flag'}, svg('title', {}, entry ? `${severityName(rung.severity)}: ${entry.title}` : ''),
			line(`mark ${severityName(rung.severity)}`, flagX, top - 8, flagX, bottom),
			svg('path', {class: `mark-head ${severityName(rung.severity)}`, d: `M${flagX - 6} ${top - 18}h12l-6 11z`})));
	}
	return [figure(`States of connection ${connection.number} over time`,
		picture(at.width, bottom + 28, `States of connection ${connection.number} over time`,
			'Two bars, the client above the server; a colour for each state, hatched where a state is only presumed; triangles are findings.',
			parts)), words, timelineLegend(found, anyUnsure)];
}

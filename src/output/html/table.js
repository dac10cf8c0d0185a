/*
 * The table of connections: sorted, filtered, a page at a time, so that
 * many thousands cost no more than fifty.
 */

const ROWS_AT_ONCE = 50;

const columns = [
	{name: 'No.', key: c => c.number, cell: openButton},
	{name: 'Client', key: c => endText(c.ends[0]), cell: c => endCell(c.ends[0]), className: 'ends'},
	{name: 'Server', key: c => endText(c.ends[1]), cell: c => endCell(c.ends[1]), className: 'ends'},
	{name: 'Client state', key: c => stateName(c.ends[0].state)},
	{name: 'Server state', key: c => stateName(c.ends[1].state)},
	{name: 'Findings', key: c => c.worst, cell: findingsCell, className: 'kinds'},
	{name: 'Ended by', key: c => report.summary.closes[c.close], className: 'optional'},
	{name: 'Begin', key: c => c.start, text: c => `+${trim(seconds(c.start))} s`, className: 'number optional'},
	{name: 'Duration', key: c => c.duration, text: c => duration(c.duration), className: 'number optional'},
	{name: 'Packets', key: c => c.ends[0].packets + c.ends[1].packets, text: c => grouped(c.ends[0].packets + c.ends[1].packets),
		className: 'number optional'},
	{name: 'Sent / back', key: c => c.ends[0].bytes + c.ends[1].bytes, text: c => `${size(c.ends[0].bytes)} / ${size(c.ends[1].bytes)}`,
		className: 'number optional'},
];

const table = {sortBy: columns[5], descending: true, page: 0, shown: [], filter: {text: '', state: '', kind: '', found: ''}};

/* Where there is no room for both, the port goes to the next line as a whole. */
function endCell(end) {
	const text = endText(end), port = text.lastIndexOf(':');
	return [text.slice(0, port), element('wbr'), text.slice(port)];
}

function openButton(connection) {
	return element('button', {type: 'button', 'aria-label': `Open connection ${connection.number}`,
		click: () => { location.hash = `connection-${connection.number}`; }}, grouped(connection.number));
}

function findingsCell(connection) {
	if (connection.kinds.length === 0 && connection.findings.length === 0)
		return '';
	const kinds = connection.kinds.length > 0 ? connection.kinds : connection.findings.map(f => f.kind);
	const words = kinds.map(kind => report.summary.catalogue[kind]?.id ?? '?');
	return [severityTag(connection.worst), ' ', words.join(', ')];
}

function matches(connection) {
	const {text, state, kind, found} = table.filter;
	if (state !== '' && !connection.ends.some(end => end.state === Number(state)))
		return false;
	if (kind !== '' && !connection.kinds.includes(Number(kind)) && !connection.findings.some(f => f.kind === Number(kind)))
		return false;
	if (found !== '' && connection.worst < Number(found))
		return false;
	return text === '' || `#${connection.number} ${endText(connection.ends[0])} ${endText(connection.ends[1])}`.toLowerCase().includes(text);
}

function compare(a, b) {
	const x = table.sortBy.key(a), y = table.sortBy.key(b);
	const order = typeof x === 'string' ? x.localeCompare(y, 'en', {numeric: true}) : x - y;
	return (table.descending ? -order : order) || a.number - b.number;
}

function tableRow(connection) {
	/* Roles are said, because on a phone the style makes blocks of rows. */
	return element('tr', {role: 'row'}, columns.map((column, i) => {
		const content = column.cell ? column.cell(connection) : column.text ? column.text(connection) : column.key(connection);
		return element(i === 0 ? 'th' : 'td', {class: column.className, scope: i === 0 ? 'row' : null, role: i === 0 ? 'rowheader' : 'cell'}, content);
	}));
}

function drawRows() {
	const pages = Math.max(1, Math.ceil(table.shown.length / ROWS_AT_ONCE));
	table.page = Math.min(table.page, pages - 1);
	const first = table.page * ROWS_AT_ONCE;
	table.body.replaceChildren(...table.shown.slice(first, first + ROWS_AT_ONCE).map(tableRow));
	table.count.textContent = report.connections.length === 0 ? 'No connections.' : table.shown.length === 0 ? 'No connection matches.' :
		`${plural(table.shown.length, 'connection', 'connections')}; ${grouped(first + 1)} to ` +
		`${grouped(Math.min(first + ROWS_AT_ONCE, table.shown.length))} shown`;
	table.before.disabled = table.page === 0;
	table.after.disabled = table.page >= pages - 1;
}

function selectRows() {
	table.shown = report.connections.filter(matches).sort(compare);
	table.page = 0;
	drawRows();
}

function sortBy(column) {
	table.descending = table.sortBy === column ? !table.descending : false;
	table.sortBy = column;
	table.heads.forEach((head, i) => {
		head.setAttribute('aria-sort', columns[i] !== column ? 'none' : table.descending ? 'descending' : 'ascending');
		head.querySelector('span').textContent = columns[i] !== column ? '' : table.descending ? ' ▾' : ' ▴';
	});
	selectRows();
}

function choice(text, field, options) {
	return element('label', {}, text, element('select', {change: event => {
		table.filter[field] = event.target.value;
		selectRows();
	}}, options.map(([value, name]) => element('option', {value}, name))));
}

function controls() {
	const states = report.summary.states.map((name, i) => [i, name])
		.filter(([i]) => report.connections.some(c => c.ends.some(end => end.state === i)));
	const kinds = Object.entries(report.summary.catalogue).map(([kind, entry]) => [kind, entry.id])
		.sort((a, b) => a[1] < b[1] ? -1 : 1);
	const levels = report.summary.severities.map((name, i) => [i, i === 0 ? 'any' : i === 3 ? name : `${name} or worse`]);
	return element('div', {class: 'controls', role: 'search', 'aria-label': 'Filter of connections'},
		element('label', {}, 'Address, port or #number', element('input', {type: 'search', spellcheck: 'false', input: event => {
			table.filter.text = event.target.value.trim().toLowerCase();
			selectRows();
		}})),
		choice('Last state of an end', 'state', [['', 'all'], ...states]),
		choice('Finding', 'kind', [['', 'all'], ...kinds]),
		choice('With findings', 'found', [['', 'or without'], ...levels]));
}

function turnPage(by) {
	table.page += by;
	drawRows();
}

function showTable() {
	table.heads = columns.map(column => element('th', {scope: 'col', role: 'columnheader', class: column.className},
		element('button', {type: 'button', click: () => sortBy(column)}, column.name, element('span', {'aria-hidden': 'true'}))));
	table.body = element('tbody', {role: 'rowgroup'});
	table.count = element('span', {role: 'status'});
	table.before = element('button', {type: 'button', click: () => turnPage(-1)}, 'Previous page');
	table.after = element('button', {type: 'button', click: () => turnPage(1)}, 'Next page');
	append(byId('connections'), [controls(), element('div', {id: 'opened'}),
		element('div', {class: 'scroller', role: 'region', 'aria-label': 'Table of connections', tabindex: 0},
			element('table', {role: 'table'}, element('caption', {}, 'Choose a number to open the connection; a heading sorts.'),
				element('thead', {role: 'rowgroup'}, element('tr', {role: 'row'}, table.heads)), table.body)),
		element('div', {class: 'pages'}, table.before, table.after, table.count)]);
	/* The worst first: the second call turns the order. */
	table.sortBy = columns[0];
	sortBy(columns[5]);
	sortBy(columns[5]);
}

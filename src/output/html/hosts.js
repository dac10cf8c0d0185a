/*
 * Each host's initial sequence numbers over time.  A good generator fills
 * the square; a clock or a counter draws lines, a constant a level one.
 */

const HOST = {width: 320, height: 200, left: 44, right: 312, top: 10, bottom: 176, least: 4, most: 12, points: 1500};
const ISN_RANGE = 2 ** 32;

/* The numbers of each address as {time, isn}, in order of time. */
function numbersByHost() {
	const hosts = new Map();
	for (const connection of report.connections) {
		for (const end of connection.ends) {
			if (end.isn < 0)
				continue;
			if (!hosts.has(end.address))
				hosts.set(end.address, []);
			hosts.get(end.address).push({time: connection.start, isn: end.isn, connection: connection.number});
		}
	}
	for (const numbers of hosts.values())
		numbers.sort((a, b) => a.time - b.time);
	return hosts;
}

/* What the analysis says of the host, for people. */
function isnVerdict(isn) {
	if (!isn)
		return 'Too few numbers to say how this host chooses them.';
	const guesses = isn.guesses === undefined ? '' : isn.guesses >= ISN_RANGE ? '; the next one is one of 4,294,967,296' :
		`; the next one would be found among ${grouped(isn.guesses)}`;
	return `${isn.method ?? 'not known'}, by ${plural(isn.samples ?? 0, 'number', 'numbers')}${guesses}.`;
}

function isWeak(isn) {
	return isn !== undefined && isn.guesses !== undefined && isn.guesses < ISN_RANGE;
}

function isnPlot(address, numbers) {
	const first = numbers[0].time, span = Math.max(numbers[numbers.length - 1].time - first, 1);
	const x = time => HOST.left + (time - first) / span * (HOST.right - HOST.left);
	const y = isn => HOST.bottom - isn / ISN_RANGE * (HOST.bottom - HOST.top);
	const drawn = numbers.slice(0, HOST.points);
	return picture(HOST.width, HOST.height, `Initial sequence numbers of ${address}`,
		`${numbers.length} numbers over ${duration(span)}; the height of the square is the whole range of 32 bits.`,
		svg('rect', {class: 'frame', x: HOST.left, y: HOST.top, width: HOST.right - HOST.left, height: HOST.bottom - HOST.top}),
		label('when', HOST.left - 6, HOST.top + 9, 'end', '2³²'), label('when', HOST.left - 6, HOST.bottom, 'end', '0'),
		label('when', HOST.left, HOST.bottom + 15, 'start', '0 s'), label('when', HOST.right, HOST.bottom + 15, 'end', duration(span)),
		drawn.map(n => svg('circle', {class: 'isn', cx: x(n.time), cy: y(n.isn), r: drawn.length > 300 ? 1.4 : 2.6})));
}

function hostCard([address, numbers, isn]) {
	return element('div', {class: 'host'}, element('h3', {}, address),
		element('p', {class: isWeak(isn) ? 'severity-warning' : 'faint'}, isnVerdict(isn)), isnPlot(address, numbers));
}

function showHosts() {
	const known = new Map(report.hosts.map(host => [host.address, host.isn]));
	const hosts = [...numbersByHost()].filter(([, numbers]) => numbers.length >= HOST.least)
		.map(([address, numbers]) => [address, numbers, known.get(address)])
		.sort((a, b) => isWeak(b[2]) - isWeak(a[2]) || b[1].length - a[1].length);
	if (hosts.length === 0) {
		append(byId('hosts'), [element('p', {}, `No host chose ${HOST.least} numbers or more in the listed connections: too few for a picture.`)]);
		return;
	}
	const cards = element('div', {class: 'hosts'});
	const more = element('button', {type: 'button', click: () => show()});
	let shown = 0;
	function show() {
		append(cards, hosts.slice(shown, shown + HOST.most).map(hostCard));
		shown += HOST.most;
		more.hidden = shown >= hosts.length;
		more.textContent = `Show more hosts (${grouped(hosts.length - shown)})`;
	}
	show();
	append(byId('hosts'), [element('p', {}, 'Each point is a connection. Numbers that nobody can guess fill the square evenly; a line is a clock or a counter, and easy to guess.'),
		cards, more]);
}

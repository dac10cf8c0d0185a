/*
 * The checks of --fail-on and --rules: what came of each, and what broke it.
 */

function outcomeTag(outcome) {
	const name = report.summary.outcomes[outcome], tone = {passed: 'none', skipped: 'info'}[name] ?? 'error';
	return element('span', {class: `tag severity-${tone} paper-${tone}`}, name);
}

/* The text begins with the number of its connection, if it is about one. */
function offenceItem([connection, text]) {
	if (!findConnection(connection))
		return element('li', {}, text);
	const number = `#${connection}`;
	return element('li', {}, element('a', {href: `#connection-${connection}`}, number), text.slice(number.length));
}

function checkItem(check) {
	const more = check.moreOffences > 0 && element('li', {}, `and ${grouped(check.moreOffences)} more`);
	return element('li', {}, element('p', {}, outcomeTag(check.outcome), ' ', element('code', {}, check.title)),
		element('p', {}, check.message),
		check.offences.length > 0 && element('ul', {}, check.offences.map(offenceItem), more));
}

function checkList(checks) {
	return element('ul', {class: 'checks'}, checks.map(checkItem));
}

function countOfChecks() {
	return report.summary.checks.reduce((a, b) => a + b, 0);
}

/* "3 of 5 checks passed, 1 failed, 1 skipped." */
function checksText() {
	const [passed, ...others] = report.summary.checks.map((n, outcome) => [n, report.summary.outcomes[outcome]]);
	const parts = others.filter(([n]) => n > 0).map(([n, name]) => `, ${grouped(n)} ${name}`);
	return `${grouped(passed[0])} of ${plural(countOfChecks(), 'check', 'checks')} passed${parts.join('')}.`;
}

/* Nobody who asked for no checks is told that there are none. */
function showChecks() {
	if (countOfChecks() === 0)
		return;
	const passed = report.checks.filter(c => report.summary.outcomes[c.outcome] === 'passed');
	const others = report.checks.filter(c => !passed.includes(c));
	const leftOut = countOfChecks() - report.checks.length;
	append(byId('checks'), [
		element('p', {}, checksText()),
		others.length > 0 && checkList(others),
		passed.length > 0 && element('details', {},
			element('summary', {}, element('span', {class: 'title'}, `Those that passed (${grouped(passed.length)})`)), checkList(passed)),
		leftOut > 0 && element('p', {class: 'faint'}, `${grouped(leftOut)} more are only counted: tcpfsm -T json writes all.`),
	]);
	byId('checks').hidden = byId('checks-link').hidden = false;
}

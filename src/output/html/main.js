/*
 * The page, once it is read.
 */

readData();
showVerdict();
showChecks();
showFindings();
showTable();
showHosts();
window.addEventListener('hashchange', openFromAddress);
NARROW.addEventListener('change', openFromAddress);
openFromAddress();
/* The parts had no height yet when the browser looked for the one that the address names. */
if (/^#[a-z]+$/.test(location.hash))
	byId(location.hash.slice(1))?.scrollIntoView();

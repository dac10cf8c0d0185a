/*
 * The page, once it is read.
 */

readData();
showVerdict();
showFindings();
showTable();
showHosts();
window.addEventListener('hashchange', openFromAddress);
openFromAddress();

'use strict';
/*
 * Making elements.  Whatever comes from a capture becomes text or the value
 * of an attribute here; nothing is ever parsed as markup.
 */

function append(parent, children) {
	for (const child of children.flat(Infinity)) {
		if (child !== null && child !== undefined && child !== false)
			parent.append(child);
	}
	return parent;
}

/* An HTML element; attributes that are functions are listeners. */
function element(name, attributes = {}, ...children) {
	const made = document.createElement(name);
	for (const [key, value] of Object.entries(attributes)) {
		if (typeof value === 'function')
			made.addEventListener(key, value);
		else if (value !== undefined && value !== null && value !== false)
			made.setAttribute(key, value === true ? '' : value);
	}
	return append(made, children);
}

/* An SVG element. */
function svg(name, attributes = {}, ...children) {
	const made = document.createElementNS('http://www.w3.org/2000/svg', name);
	for (const [key, value] of Object.entries(attributes)) {
		if (value !== undefined && value !== null)
			made.setAttribute(key, typeof value === 'number' ? Math.round(value * 10) / 10 : value);
	}
	return append(made, children);
}

/* The root of a picture, with what a screen reader says of it. */
function picture(width, height, title, description, ...children) {
	return svg('svg', {class: 'picture', role: 'img', viewBox: `0 0 ${width} ${Math.ceil(height)}`, width, height: Math.ceil(height)},
		svg('title', {}, title), svg('desc', {}, description), ...children);
}

/* A picture of the page's width. */
function figure(label, drawn) {
	return element('div', {class: 'figure drawn', role: 'region', 'aria-label': label, tabindex: 0}, drawn);
}

/* Text in which `this` is meant to be typed. */
function withCode(text) {
	return text.split('`').map((part, i) => i % 2 === 1 ? element('code', {}, part) : part);
}

/* On a phone, pictures are drawn as wide as the screen, with their words above the arrows and not beside them. */
const NARROW = window.matchMedia('(max-width: 40rem)');
const WIDE_PICTURE = 960, LEAST_PICTURE = 300, FRAME = 22;

function pictureWidth() {
	return NARROW.matches ? Math.max(LEAST_PICTURE, byId('opened').clientWidth - FRAME) : WIDE_PICTURE;
}

function line(className, x1, y1, x2, y2) {
	return svg('line', {class: className, x1, y1, x2, y2});
}

function rect(className, x, y, width, height, title) {
	return svg('rect', {class: className, x, y, width: Math.max(width, 0), height: Math.max(height, 0)},
		title ? svg('title', {}, title) : null);
}

function label(className, x, y, anchor, text) {
	return svg('text', {class: className, x, y, 'text-anchor': anchor}, text);
}

function byId(id) {
	return document.getElementById(id);
}

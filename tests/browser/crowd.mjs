/*
 * Captures byte by byte: one of many short connections, of which nine of ten
 * are opened and closed by both ends and every tenth is refused; and one of
 * a receiver that shuts its window for a while.
 */

const SYN = 2, RST = 4, ACK = 16, FIN = 1;
const RAW_IPV4 = 228;

const HEADERS = 40; /* octets of both */

function segment(view, at, [from, to], flags, seq, ack, window = 65535, length = 0) {
	/* IPv4 header without options, then TCP without; checksums of zero are "not computed". */
	view.setUint16(at, 0x4500);
	view.setUint16(at + 2, HEADERS + length);
	view.setUint16(at + 4, seq & 0xffff);
	view.setUint16(at + 6, 0x4000);
	view.setUint16(at + 8, 64 << 8 | 6);
	view.setUint32(at + 12, from.address);
	view.setUint32(at + 16, to.address);
	view.setUint16(at + 20, from.port);
	view.setUint16(at + 22, to.port);
	view.setUint32(at + 24, seq >>> 0);
	view.setUint32(at + 28, ack >>> 0);
	view.setUint16(at + 32, 5 << 12 | flags);
	view.setUint16(at + 34, window);
}

/* The steps of connection I: [sender is the client, flags, seq, ack]. */
function steps(i, c, s) {
	if (i % 10 === 9)
		return [[true, SYN, c, 0], [false, RST | ACK, 0, c + 1]];
	return [[true, SYN, c, 0], [false, SYN | ACK, s, c + 1], [true, ACK, c + 1, s + 1],
		[true, FIN | ACK, c + 1, s + 1], [false, FIN | ACK, s + 1, c + 2], [true, ACK, c + 2, s + 2]];
}

/* Numbers that no generator is found in. */
function scattered(n) {
	let x = (n + 1) * 0x9e3779b1 >>> 0;
	x = Math.imul(x ^ x >>> 16, 0x85ebca6b);
	x = Math.imul(x ^ x >>> 13, 0xc2b2ae35);
	return (x ^ x >>> 16) >>> 0;
}

function begin(view) {
	[[0, 0xa1b2c3d4], [16, 65535], [20, RAW_IPV4]].forEach(([at, v]) => view.setUint32(at, v));
	view.setUint32(4, 2 << 16 | 4);
	return 24;
}

/* The header of a record; returns where the packet goes. */
function record(view, at, micro, length) {
	[1700000000 + Math.floor(micro / 1e6), micro % 1000000, HEADERS + length, HEADERS + length].forEach((v, k) => view.setUint32(at + 4 * k, v));
	return at + 16;
}

export function crowd(connections) {
	const view = new DataView(new ArrayBuffer(24 + connections * 6 * 56));
	let at = begin(view), micro = 0;
	for (let i = 0; i < connections; i++) {
		const client = {address: 0x0a000001 + i % 200, port: 1024 + Math.floor(i / 200)}, server = {address: 0x0a010001, port: 80 + i % 3};
		for (const [out, flags, seq, ack] of steps(i, scattered(2 * i), scattered(2 * i + 1))) {
			micro += 100;
			segment(view, record(view, at, micro, 0), out ? [client, server] : [server, client], flags, seq, ack);
			at += 16 + HEADERS;
		}
	}
	return new Uint8Array(view.buffer, 0, at);
}

/* A capture of segments between two hosts: [microseconds, from the client?, flags, sequence number, ACK, window, octets]. */
function conversation(passed) {
	const client = {address: 0x0a000001, port: 40001}, server = {address: 0x0a000002, port: 80};
	const view = new DataView(new ArrayBuffer(24 + passed.reduce((n, p) => n + 16 + HEADERS + p[6], 0)));
	let at = begin(view);
	for (const [micro, out, flags, seq, ack, window, length] of passed) {
		segment(view, record(view, at, micro, length), out ? [client, server] : [server, client], flags, seq, ack, window, length);
		at += 16 + HEADERS + length;
	}
	return new Uint8Array(view.buffer);
}

/* In mid-stream the client goes on by so many octets a second, of which the capture holds 500 each time. */
export function fastClient(octets, seconds) {
	const C = 1000000, S = 5000000, passed = [];
	for (let i = 0; i < seconds; i++)
		passed.push([i * 1000000, true, ACK, C + i * octets, S, 4000, 500], [i * 1000000 + 1000, false, ACK, S, C + i * octets + 500, 4000, 0]);
	return conversation(passed);
}

/* The server's window is filled, shut for six seconds, and opened again. */
export function shutWindow() {
	const C = 1000000, S = 5000000;
	return conversation([[0, true, SYN, C, 0, 4000, 0], [1000, false, SYN | ACK, S, C + 1, 1000, 0], [2000, true, ACK, C + 1, S + 1, 4000, 0],
		[3000, true, ACK, C + 1, S + 1, 4000, 1000], [4000, false, ACK, S + 1, C + 1001, 0, 0], [6004000, false, ACK, S + 1, C + 1001, 1000, 0],
		[6005000, true, ACK, C + 1001, S + 1, 4000, 500], [6006000, false, ACK, S + 1, C + 1501, 1000, 0]]);
}

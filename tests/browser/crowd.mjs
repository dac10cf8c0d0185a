/*
 * A capture of many short connections, byte by byte: nine of ten are opened
 * and closed by both ends, every tenth is refused.
 */

const SYN = 2, RST = 4, ACK = 16, FIN = 1;
const RAW_IPV4 = 228;

function segment(view, at, [from, to], flags, seq, ack) {
	/* IPv4 header without options, then TCP without; checksums of zero are "not computed". */
	view.setUint16(at, 0x4500);
	view.setUint16(at + 2, 40);
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
	view.setUint16(at + 34, 65535);
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

export function crowd(connections) {
	const view = new DataView(new ArrayBuffer(24 + connections * 6 * 56));
	[[0, 0xa1b2c3d4], [16, 65535], [20, RAW_IPV4]].forEach(([at, v]) => view.setUint32(at, v));
	view.setUint32(4, 2 << 16 | 4);
	let at = 24, micro = 0;
	for (let i = 0; i < connections; i++) {
		const client = {address: 0x0a000001 + i % 200, port: 1024 + Math.floor(i / 200)}, server = {address: 0x0a010001, port: 80 + i % 3};
		for (const [out, flags, seq, ack] of steps(i, scattered(2 * i), scattered(2 * i + 1))) {
			micro += 100;
			[1700000000 + Math.floor(micro / 1e6), micro % 1000000, 40, 40].forEach((v, k) => view.setUint32(at + 4 * k, v));
			segment(view, at + 16, out ? [client, server] : [server, client], flags, seq, ack);
			at += 56;
		}
	}
	return new Uint8Array(view.buffer, 0, at);
}

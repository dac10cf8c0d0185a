/*
 * Numbers out of octets in base 64, as number.h writes them.
 */

class Octets {
	constructor(base64) {
		this.text = atob(base64);
		this.at = 0;
	}

	get left() {
		return this.at < this.text.length;
	}

	octet() {
		return this.text.charCodeAt(this.at++);
	}

	/* Several octets as one number, the highest first. */
	fixed(count) {
		let value = 0;
		for (; count > 0; count--)
			value = value * 256 + this.octet();
		return value;
	}

	number() {
		let value = 0;
		for (let times = 1; ; times *= 128) {
			const part = this.octet();
			value += part % 128 * times;
			if (!(part >= 128))
				return value;
		}
	}

	/* Whether it is odd says the first octet: a large value is not exact to the last bit. */
	signed() {
		const odd = this.text.charCodeAt(this.at) % 2 === 1, value = this.number();
		return odd ? -Math.floor(value / 2 + 0.5) : value / 2;
	}
}

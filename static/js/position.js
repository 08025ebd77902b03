/**
 * Positions in the stream of events, `<epoch>-<seq>`: compared as pairs of numbers.
 * @module
 */

/** @param {string|null|undefined} text @returns {[number, number]|null} the pair, or null */
export function parse(text) {
  const match = /^(\d{1,16})-(\d{1,16})$/.exec(text ?? "");
  return match && [Number(match[1]), Number(match[2])];
}

/**
 * @param {string} a
 * @param {string} b
 * @returns {number} negative, 0 or positive, as a lies before, at or after b; NaN for what is no position
 */
export function compare(a, b) {
  const [one, other] = [parse(a), parse(b)];
  if (!one || !other) return NaN;
  return one[0] - other[0] || one[1] - other[1];
}

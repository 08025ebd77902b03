/**
 * Positions in the stream of events, `<epoch>-<seq>`: pairs of 63-bit numbers, which only BigInt
 * holds exactly. Sequence numbers are dense (1, 2, 3 …) in an epoch; later epochs are larger.
 * @module
 */

const FORM = /^(0|[1-9]\d{0,18})-(0|[1-9]\d{0,18})$/;
const LIMIT = 2n ** 63n;

/** @param {string|null|undefined} text @returns {[bigint, bigint]|null} the pair; null for what is no position */
export function parse(text) {
  const match = FORM.exec(text ?? "");
  if (!match) return null;
  const [epoch, seq] = [BigInt(match[1]), BigInt(match[2])];
  return epoch < LIMIT && seq < LIMIT ? [epoch, seq] : null;
}

/**
 * @param {string|null|undefined} a
 * @param {string|null|undefined} b
 * @returns {number} -1, 0 or 1, as a lies before, at or after b; NaN where one is no position
 */
export function compare(a, b) {
  const [one, other] = [parse(a), parse(b)];
  if (!one || !other) return NaN;
  return order(one[0], other[0]) || order(one[1], other[1]);
}

/** Whether events lie between two positions. @param {string|null} from @param {string} to */
export function skips(from, to) {
  const [one, other] = [parse(from), parse(to)];
  if (!one || !other) return false;
  const last = one[0] === other[0] ? one[1] : 0n;
  return other[0] >= one[0] && other[1] > last + 1n;
}

/** How many events lie after one position and up to another; null where nobody knows: they are of two epochs, or the other lies before. @param {string|null} from @param {string|null} to */
export function distance(from, to) {
  const [one, other] = [parse(from), parse(to)];
  return one && other && one[0] === other[0] && other[1] >= one[1] ? Number(other[1] - one[1]) : null;
}

/** @param {bigint} a @param {bigint} b */
const order = (a, b) => (a < b ? -1 : Number(a > b));

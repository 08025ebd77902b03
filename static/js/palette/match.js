/**
 * Ranks texts against what a person has typed. Every word must be found, in any order: best at the
 * beginning of a word of the text, then inside of one, last as letters in their order.
 * @module
 */

const BEGINS = 4;
const INSIDE = 2;
const SCATTERED = 1;
const WHOLE = 3;
/** A long text that fits is less likely to be meant than a short one that fits. */
const LENGTH_WEIGHT = 0.01;

/** The words of a query, in small letters. @param {string} query */
export const wordsOf = (query) => query.toLowerCase().split(/\s+/).filter(Boolean);

/**
 * How well a text fits: higher is better, 0: not at all. An empty query fits everything alike.
 * @param {string[]} words in small letters @param {string} text
 */
export function score(words, text) {
  const low = text.toLowerCase();
  let sum = 1;
  for (const word of words) {
    const found = scoreOf(word, low);
    if (found === 0) return 0;
    sum += found;
  }
  if (words.length === 1 && words[0] === low) sum += WHOLE;
  return sum / (1 + LENGTH_WEIGHT * low.length);
}

/** @param {string} word @param {string} text both in small letters */
function scoreOf(word, text) {
  let inside = -1;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (at === 0 || !isLetter(text[at - 1])) return BEGINS;
    inside = at;
  }
  if (inside >= 0) return INSIDE;
  return isScattered(word, text) ? SCATTERED : 0;
}

/** Whether all letters are there in their order. @param {string} word @param {string} text */
function isScattered(word, text) {
  let at = -1;
  for (const letter of word) {
    at = text.indexOf(letter, at + 1);
    if (at < 0) return false;
  }
  return true;
}

/** @param {string} one */
const isLetter = (one) => /[\p{L}\p{N}]/u.test(one);

/** The best few of many, kept while they are looked at one by one. @template T */
export class Best {
  /** @param {number} most */
  constructor(most) {
    this.most = most;
    /** @type {{score: number, item: T}[]} the best first; equal ones as they came */ this.found = [];
  }

  /** @param {T} item @param {number} score */
  add(item, score) {
    const { found, most } = this;
    if (score <= 0 || (found.length === most && score <= found[most - 1].score)) return;
    let at = found.length;
    while (at > 0 && found[at - 1].score < score) at -= 1;
    found.splice(at, 0, { score, item });
    if (found.length > most) found.pop();
  }

  /** @returns {T[]} */
  get items() {
    return this.found.map(({ item }) => item);
  }
}

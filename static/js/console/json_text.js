/**
 * Reads and writes JSON text (RFC 8259) without loss: a number stays as it was written, and each error
 * has its place. Objects have no prototype, so a member of any name is only data. Pure.
 * @module
 */

import { escaped } from "./json_pointer.js";

export const MOST_DEPTH = 200;

/** A number that JavaScript would write in another way, as 1.0 or 9007199254740993. */
export class Exact {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }
}

/** The text is not JSON. `at` is the offset of the fault in UTF-16 units. */
export class NotJson extends Error {
  /** @param {string} message @param {number} at */
  constructor(message, at) {
    super(message);
    this.at = at;
  }
}

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;

/** Whether a text is one JSON number. @param {string} text */
export const isNumber = (text) => new RegExp(`^${NUMBER.source}$`).test(text);

/** The number that a text writes. @param {string} text @returns {number|Exact} */
export const number = (text) => (String(Number(text)) === text ? Number(text) : new Exact(text));

/** Line and column of an offset, both from 1. @param {string} text @param {number} at */
export function where(text, at) {
  const lines = text.slice(0, at).split("\n");
  return { line: lines.length, column: (lines.at(-1) ?? "").length + 1 };
}

/**
 * The value that a text writes. Throws NotJson, also where an object repeats a name.
 * @param {string} text
 * @param {Map<string, number>} [places] gets the offset of each value by its JSON pointer
 * @returns {any}
 */
export const parse = (text, places) => new Parser(text, places).whole();

class Parser {
  /** @param {string} text @param {Map<string, number>} [places] */
  constructor(text, places) {
    this.text = text;
    this.places = places;
    this.at = 0;
  }

  whole() {
    const value = this.value("", 0);
    this.take(SPACE);
    if (this.at < this.text.length) this.fail("more follows after the end of the value");
    return value;
  }

  /** @param {string} message @returns {never} */
  fail(message) {
    throw new NotJson(message, this.at);
  }

  /** @param {RegExp} pattern sticky @returns {string|null} */
  take(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) return null;
    this.at = pattern.lastIndex;
    return found[0];
  }

  /** @param {string} place @param {number} depth @returns {any} */
  value(place, depth) {
    this.take(SPACE);
    this.places?.set(place, this.at);
    if (depth > MOST_DEPTH) this.fail(`more than ${MOST_DEPTH} levels inside each other`);
    const first = this.text[this.at];
    if (first === "{") return this.object(place, depth);
    if (first === "[") return this.array(place, depth);
    if (first === '"') return this.string();
    const text = this.take(NUMBER);
    if (text !== null) return number(text);
    const word = this.take(WORD);
    if (word !== null) return JSON.parse(word);
    return this.fail(first === undefined ? "the text ends where a value should be" : "this is not a JSON value");
  }

  string() {
    const { text, at } = this;
    let end = at + 1;
    while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
    try {
      const found = JSON.parse(text.slice(at, end + 1));
      this.at = end + 1;
      return found;
    } catch {
      return this.fail("this string is not complete, or has a forbidden character or escape");
    }
  }

  /** @param {string} place @param {number} depth */
  array(place, depth) {
    /** @type {any[]} */ const found = [];
    this.list("]", () => found.push(this.value(`${place}/${found.length}`, depth + 1)));
    return found;
  }

  /** @param {string} place @param {number} depth */
  object(place, depth) {
    const found = Object.create(null);
    this.list("}", () => {
      this.take(SPACE);
      if (this.text[this.at] !== '"') this.fail('a member begins with its name in "…"');
      const [at, name] = [this.at, this.string()];
      if (Object.hasOwn(found, name)) throw new NotJson(`the name ${JSON.stringify(name)} is there twice`, at);
      this.take(SPACE);
      if (this.text[this.at] !== ":") this.fail("a colon should follow the name");
      this.at += 1;
      found[name] = this.value(this.places ? `${place}/${escaped(name)}` : "", depth + 1);
    });
    return found;
  }

  /** @param {string} end @param {() => void} each */
  list(end, each) {
    this.at += 1;
    this.take(SPACE);
    if (this.text[this.at] === end) {
      this.at += 1;
      return;
    }
    for (;;) {
      each();
      this.take(SPACE);
      const next = this.text[this.at];
      if (next !== "," && next !== end) this.fail(`a comma or ${end} should be here`);
      this.at += 1;
      if (next === end) return;
    }
  }
}

/**
 * Makes a schema that stands alone, for the validator: what its references lead to is put into `$defs`, and
 * only well-formed keywords are kept, as the validator trusts what it gets. What is not kept makes the
 * schema looser, never stricter: what it finds wrong is wrong. Pure.
 * @module
 */

import { clip, isObject, objectOf, plain, write } from "./json_value.js";
import { LIST, MAP, ONE, VALUES, isNames, isPattern, older } from "./schema_keywords.js";

/** @typedef {import("./references.js").References} References */
/** @typedef {{schema: any, unchecked: string[]}} Bundle `unchecked`: what of the schema cannot be checked, in words */

const MOST_DEPTH = 80;
const MOST_SCHEMAS = 5_000;

/** Keywords that find more wrong if another is looser. @type {[keyword: string, other: string][]} */
const IF_LOOSER = [["not", "not"], ["if", "if"], ["oneOf", "oneOf"], ["maxContains", "contains"]];
/** Keywords that find more wrong if another is missing. @type {[keyword: string, other: string][]} */
const IF_MISSING = [["additionalProperties", "properties"], ["additionalProperties", "patternProperties"], ["items", "prefixItems"], ["contains", "minContains"]];

/** @param {References} references @param {any} schema @returns {Bundle} */
export function bundle(references, schema) {
  /** @type {Set<any>} */ let looser = new Set();
  for (;;) {
    const made = new Bundler(references, looser);
    const whole = made.copy(schema, 0);
    if (made.looser.size === looser.size) {
      return { schema: isObject(whole) ? objectOf([...Object.entries(whole), ["$defs", made.defs]]) : whole, unchecked: [...made.unchecked] };
    }
    // A schema that refers to one around itself may depend on what was found out only after it.
    looser = made.looser;
  }
}

class Bundler {
  /** @param {References} references @param {Set<any>} looser targets of references that are known not to be kept as they are */
  constructor(references, looser) {
    this.references = references;
    this.looser = new Set(looser);
    /** @type {{[name: string]: any}} */ this.defs = Object.create(null);
    /** @type {Map<any, string>} */ this.names = new Map();
    /** @type {Set<string>} */ this.unchecked = new Set();
    this.count = 0;
    /** How often something was not kept. */ this.losses = 0;
  }

  /** Something is not kept. @param {string} what */
  lose(what) {
    this.unchecked.add(what);
    this.losses += 1;
  }

  /** @param {any} schema @param {number} depth @returns {any} */
  copy(schema, depth) {
    if (typeof schema === "boolean") return schema;
    this.count += 1;
    if (!isObject(schema) || depth > MOST_DEPTH || this.count > MOST_SCHEMAS) {
      this.lose(isObject(schema) ? "a part of the schema, as it is too large" : "a malformed schema");
      return true;
    }
    const found = Object.create(null);
    /** @type {Set<string>} */ const looser = new Set();
    for (const [keyword, value] of Object.entries(older(schema))) {
      const losses = this.losses;
      const kept = this.keyword(keyword, value, depth + 1);
      if (kept !== undefined) found[keyword] = kept;
      if (this.losses > losses) looser.add(keyword);
    }
    return looser.size > 0 ? loosened(found, looser) : found;
  }

  /** @param {string} keyword @param {any} value @param {number} depth @returns {any} undefined: not kept */
  keyword(keyword, value, depth) {
    if (keyword === "$ref") return this.reference(value, depth);
    if (LIST.has(keyword) && Array.isArray(value)) return value.length > 0 ? value.map((one) => this.copy(one, depth)) : undefined;
    if (ONE.has(keyword)) return this.copy(value, depth);
    if (MAP.has(keyword) && isObject(value)) return this.map(keyword, value, depth);
    const isWell = Object.hasOwn(VALUES, keyword) ? VALUES[keyword] : MAP.has(keyword) || LIST.has(keyword) ? () => false : null;
    if (isWell?.(value)) return plain(value);
    if (isWell) this.lose(`a malformed ${keyword}`);
    return undefined;
  }

  /** @param {string} keyword @param {{[name: string]: any}} value @param {number} depth */
  map(keyword, value, depth) {
    if (keyword === "patternProperties" && !Object.keys(value).every(isPattern)) return this.lose(`a malformed pattern in ${keyword}`);
    return objectOf(Object.entries(value).map(([name, one]) => [name, keyword === "dependencies" && isNames(one) ? one : this.copy(one, depth)]));
  }

  /** @param {any} ref @param {number} depth */
  reference(ref, depth) {
    const target = this.references.find(ref);
    if (target === undefined) {
      return this.lose(`what is outside this service's document: ${clip(typeof ref === "string" ? ref : write(ref), 100)}`);
    }
    if (!this.names.has(target)) {
      const name = String(this.names.size);
      const losses = this.losses;
      this.names.set(target, name);
      this.defs[name] = this.copy(target, depth);
      if (this.losses > losses) this.looser.add(target);
    } else if (this.looser.has(target)) this.losses += 1;
    return `#/$defs/${this.names.get(target)}`;
  }
}

/**
 * A schema of which something is not kept, without what finds more wrong for that reason.
 * @param {{[keyword: string]: any}} found @param {Set<string>} looser keywords of which something is not kept, or all
 */
function loosened(found, looser) {
  const missing = (/** @type {string} */ keyword) => looser.has(keyword) && !Object.hasOwn(found, keyword);
  const stricter = [...IF_LOOSER.filter(([, other]) => looser.has(other)), ...IF_MISSING.filter(([, other]) => missing(other))];
  const dropped = new Set([...stricter.map(([keyword]) => keyword), "unevaluatedItems", "unevaluatedProperties"]);
  const kept = Object.entries(found).filter(([keyword]) => !dropped.has(keyword));
  // Of alternatives that are looser, several may fit.
  return objectOf(dropped.has("oneOf") && !Object.hasOwn(found, "anyOf") ? [...kept, ["anyOf", found.oneOf]] : kept);
}

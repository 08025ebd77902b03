/**
 * Makes a schema that stands alone, for the validator: what its references lead to is put into `$defs`, and
 * only well-formed keywords are kept, as the validator trusts what it gets. Pure.
 * @module
 */

import { clip, isObject, kindOf, objectOf, plain, write } from "./json_value.js";
import { typesOf } from "./schema.js";

/** @typedef {import("./references.js").References} References */
/** @typedef {{schema: any, unchecked: string[]}} Bundle `unchecked`: what of the schema cannot be checked, in words */

const MOST_DEPTH = 80;
const MOST_SCHEMAS = 5_000;

const ONE = new Set(["additionalItems", "items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else", "unevaluatedItems", "unevaluatedProperties"]);
const LIST = new Set(["prefixItems", "items", "allOf", "anyOf", "oneOf"]);
const MAP = new Set(["properties", "patternProperties", "dependentSchemas", "dependencies"]);

/** @param {any} value */
const isCount = (value) => Number.isInteger(value) && value >= 0;
/** @param {any} value */
const isAmount = (value) => kindOf(value ?? null) === "number";
/** @param {any} value */
const isNames = (value) => Array.isArray(value) && value.every((one) => typeof one === "string");

/** Whether the value of a keyword is well formed. @type {{[keyword: string]: (value: any) => boolean}} */
const VALUES = {
  type: (value) => typesOf({ type: value }).length === (Array.isArray(value) ? new Set(value).size : 1),
  enum: Array.isArray,
  const: () => true,
  required: isNames,
  dependentRequired: (value) => isObject(value) && Object.values(value).every(isNames),
  minimum: isAmount, maximum: isAmount, exclusiveMinimum: isAmount, exclusiveMaximum: isAmount,
  multipleOf: (value) => isAmount(value) && plain(value) > 0,
  minLength: isCount, maxLength: isCount, minItems: isCount, maxItems: isCount,
  minProperties: isCount, maxProperties: isCount, minContains: isCount, maxContains: isCount,
  uniqueItems: (value) => typeof value === "boolean",
  format: (value) => typeof value === "string",
  pattern: isPattern,
};

/** @param {References} references @param {any} schema @returns {Bundle} */
export function bundle(references, schema) {
  const made = new Bundler(references);
  const whole = made.copy(schema, 0);
  return {
    schema: isObject(whole) ? objectOf([...Object.entries(whole), ["$defs", made.defs]]) : whole,
    unchecked: [...made.unchecked],
  };
}

class Bundler {
  /** @param {References} references */
  constructor(references) {
    this.references = references;
    /** @type {{[name: string]: any}} */ this.defs = Object.create(null);
    /** @type {Map<any, string>} */ this.names = new Map();
    /** @type {Set<string>} */ this.unchecked = new Set();
    this.count = 0;
  }

  /** @param {any} schema @param {number} depth @returns {any} */
  copy(schema, depth) {
    if (typeof schema === "boolean") return schema;
    if (!isObject(schema)) return true;
    this.count += 1;
    if (depth > MOST_DEPTH || this.count > MOST_SCHEMAS) {
      this.unchecked.add("a part of the schema, as it is too large");
      return true;
    }
    /** @type {[string, any][]} */ const found = [];
    for (const [keyword, value] of Object.entries(older(schema))) {
      const kept = this.keyword(keyword, value, depth + 1);
      if (kept !== undefined) found.push([keyword, kept]);
    }
    return objectOf(found);
  }

  /** @param {string} keyword @param {any} value @param {number} depth @returns {any} undefined: not kept */
  keyword(keyword, value, depth) {
    if (keyword === "$ref") return this.reference(value, depth);
    if (LIST.has(keyword) && Array.isArray(value)) return value.length > 0 ? value.map((one) => this.copy(one, depth)) : undefined;
    if (ONE.has(keyword)) return this.copy(value, depth);
    if (MAP.has(keyword) && isObject(value)) return this.map(keyword, value, depth);
    const isWell = Object.hasOwn(VALUES, keyword) ? VALUES[keyword] : MAP.has(keyword) || LIST.has(keyword) ? () => false : null;
    if (isWell?.(value)) return plain(value);
    if (isWell) this.unchecked.add(`a malformed ${keyword}`);
    return undefined;
  }

  /** @param {string} keyword @param {{[name: string]: any}} value @param {number} depth */
  map(keyword, value, depth) {
    const members = Object.entries(value).filter(([name]) => keyword !== "patternProperties" || isPattern(name));
    return objectOf(members.map(([name, one]) => [name, keyword === "dependencies" && isNames(one) ? one : this.copy(one, depth)]));
  }

  /** @param {any} ref @param {number} depth */
  reference(ref, depth) {
    const target = this.references.find(ref);
    if (target === undefined) {
      this.unchecked.add(`what is outside this service's document: ${clip(typeof ref === "string" ? ref : write(ref), 100)}`);
      return undefined;
    }
    if (!this.names.has(target)) {
      const name = String(this.names.size);
      this.names.set(target, name);
      this.defs[name] = this.copy(target, depth);
    }
    return `#/$defs/${this.names.get(target)}`;
  }
}

const BOUNDS = [["exclusiveMinimum", "minimum"], ["exclusiveMaximum", "maximum"]];

/** The bounds of draft 4, which were true or false beside a number, as those of later drafts. @param {{[keyword: string]: any}} schema */
function older(schema) {
  const old = BOUNDS.filter(([keyword]) => typeof schema[keyword] === "boolean");
  if (old.length === 0) return schema;
  const made = objectOf(Object.entries(schema));
  for (const [keyword, bound] of old) {
    if (made[keyword] && Object.hasOwn(made, bound)) made[keyword] = made[bound];
    else delete made[keyword];
  }
  return made;
}

/** @param {any} text */
function isPattern(text) {
  try {
    return typeof text === "string" && Boolean(new RegExp(text, "u"));
  } catch {
    return false;
  }
}

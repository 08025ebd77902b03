/**
 * Finds values that must not be kept or shared: passwords, tokens, keys. Pure.
 * @module
 */

import { isObject, objectOf } from "./json_value.js";
import { itemSchema } from "./schema.js";
import { memberSchema } from "./form_values.js";
import { spoken } from "./json_pointer.js";

/** @typedef {import("./references.js").References} References */

const NAMES = /pass(?:word|wd|phrase|code)?s?$|^pwds?$|secret|token|credential|authoriz|api_?key|private_?key|seed_?phrase|mnemonic|cookie|session_?id|^pins?$|^otps?$/i;
const MOST_DEPTH = 50;
/** What has more schemas counts as a secret: they are not looked through. */
const MOST_SCHEMAS = 2_000;
const PARTS = ["allOf", "anyOf", "oneOf"];
const ITEMS = ["prefixItems", "items", "additionalItems"];

/**
 * Whether a value of this name is a secret: by its name, or by any schema that may hold for it or for an item of it.
 * @param {References} references @param {string} name @param {any[]} schemas
 */
export function isSecret(references, name, schemas) {
  if (NAMES.test(snake(name))) return true;
  const all = within(references, schemas, [...PARTS, ...ITEMS]);
  return all.length > MOST_SCHEMAS || all.some(({ format, writeOnly }) => format === "password" || writeOnly === true);
}

/** apiKey as api_Key. @param {string} name */
const snake = (name) => name.replace(/([a-z])([A-Z])/g, "$1_$2").replaceAll("-", "_");

/** These schemas and all that they consist of, by `$ref` and these keywords; if they are too many, more than MOST_SCHEMAS of them. @param {References} references @param {any[]} schemas @param {string[]} keywords */
function within(references, schemas, keywords) {
  const all = new Set(schemas.filter(isObject));
  for (const schema of all) {
    if (all.size > MOST_SCHEMAS) break;
    const parts = [references.find(schema.$ref), ...keywords.flatMap((keyword) => schema[keyword])];
    for (const part of parts) if (isObject(part)) all.add(part);
  }
  return [...all];
}

/**
 * A value without its secrets, and the places of those that were left out. Items of a list are kept, so
 * that their numbers stay right; a list with secrets as items is left out whole.
 * @param {References} references @param {any} schema @param {any} value
 * @returns {{value: any, leftOut: string[]}}
 */
export function withoutSecrets(references, schema, value) {
  /** @type {string[]} */ const leftOut = [];
  /** @param {any[]} schemas that may hold for it @param {any} one @param {(string|number)[]} path @returns {any} */
  const clean = (schemas, one, path) => {
    if (path.length > MOST_DEPTH) return null;
    if (!Array.isArray(one) && !isObject(one)) return one;
    const all = within(references, schemas, PARTS);
    if (Array.isArray(one)) return one.map((item, n) => clean(all.map((part) => itemSchema(part, n)), item, [...path, n]));
    // A pattern may take for ever, so none is tried: each may be meant.
    const patterned = all.flatMap((part) => Object.values(part.patternProperties ?? {}));
    const members = Object.keys(one).map((name) => ({ name, schemas: [...all.map((part) => memberSchema(part, name)), ...patterned] }));
    const kept = members.filter(({ name, schemas: own }) => {
      const secret = isSecret(references, name, own);
      if (secret) leftOut.push(spoken([...path, name]));
      return !secret;
    });
    return objectOf(kept.map(({ name, schemas: own }) => [name, clean(own, one[name], [...path, name])]));
  };
  return { value: clean([schema], value, []), leftOut };
}

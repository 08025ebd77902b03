/**
 * Finds values that must not be kept or shared: passwords, tokens, keys. Pure.
 * @module
 */

import { isObject, objectOf } from "./json_value.js";
import { itemSchema } from "./schema.js";
import { memberSchema } from "./form_values.js";
import { spoken } from "./json_pointer.js";

/** @typedef {import("./schema.js").Schemas} Schemas */

const NAMES = /pass(?:word|wd|phrase|code)?$|^pwd$|secret|token|credential|authoriz|api_?key|private_?key|seed_?phrase|mnemonic|cookie|session_?id|^pin$|^otp$/i;
const MOST_DEPTH = 50;

/** Whether a value of this name and schema is a secret. @param {string} name @param {import("./schema.js").Flat} flat */
export const isSecret = (name, flat) => NAMES.test(snake(name)) || flat.format === "password" || flat.writeOnly === true;

/** apiKey as api_Key. @param {string} name */
const snake = (name) => name.replace(/([a-z])([A-Z])/g, "$1_$2").replaceAll("-", "_");

/**
 * A value without its secrets, and the places of those that were left out. Items of a list are kept, so
 * that their numbers stay right; a secret in a list is left out with the whole list.
 * @param {Schemas} schemas @param {any} schema @param {any} value
 * @returns {{value: any, leftOut: string[]}}
 */
export function withoutSecrets(schemas, schema, value) {
  /** @type {string[]} */ const leftOut = [];
  /** @param {any} part @param {any} one @param {(string|number)[]} path @returns {any} */
  const clean = (part, one, path) => {
    if (path.length > MOST_DEPTH) return null;
    const { flat } = schemas.shape(part);
    if (Array.isArray(one)) return one.map((item, n) => clean(itemSchema(flat, n), item, [...path, n]));
    if (!isObject(one)) return one;
    const kept = Object.keys(one).filter((name) => {
      const secret = isSecret(name, schemas.shape(memberSchema(flat, name)).flat);
      if (secret) leftOut.push(spoken([...path, name]));
      return !secret;
    });
    return objectOf(kept.map((name) => [name, clean(memberSchema(flat, name), one[name], [...path, name])]));
  };
  return { value: clean(schema, value, []), leftOut };
}

/**
 * JSON values as `json_text` reads them: their kinds, their text, and whether two are the same. Pure.
 * @module
 */

import { Exact } from "./json_text.js";

/** @typedef {"null"|"boolean"|"number"|"string"|"array"|"object"} Kind */

/** @param {any} value @returns {Kind} */
export function kindOf(value) {
  if (value === null) return "null";
  if (value instanceof Exact) return "number";
  if (Array.isArray(value)) return "array";
  return /** @type {Kind} */ (typeof value);
}

/** @param {any} value @returns {value is {[name: string]: any}} */
export const isObject = (value) => kindOf(value) === "object";

/** The number as JavaScript has it. @param {number|Exact} value */
export const asNumber = (value) => (value instanceof Exact ? Number(value.text) : value);

/** An object without a prototype. @param {Iterable<[string, any]>} entries @returns {{[name: string]: any}} */
export function objectOf(entries) {
  const made = Object.create(null);
  for (const [name, value] of entries) made[name] = value;
  return made;
}

/**
 * How a value is written, and where it differs between languages.
 * @typedef {{null: string, true: string, false: string, string: (text: string) => string}} Words
 */

/** @type {Words} */
export const JSON_WORDS = { null: "null", true: "true", false: "false", string: (text) => JSON.stringify(text) };

/**
 * The text of a value: on one line, or with so many spaces for each level. `JSON.stringify` escapes a
 * lone surrogate, so that the text can always be sent as UTF-8.
 * @param {any} value @param {number} [indent] @param {Words} [words] @param {string} [margin] @returns {string}
 */
export function write(value, indent = 0, words = JSON_WORDS, margin = "") {
  if (value === null || typeof value === "boolean") return words[/** @type {"null"} */ (String(value))];
  if (value instanceof Exact) return value.text;
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return words.string(value);
  const inner = margin + " ".repeat(indent);
  const parts = Array.isArray(value)
    ? value.map((one) => write(one, indent, words, inner))
    : Object.keys(value).map((name) => `${words.string(name)}:${indent ? " " : ""}${write(value[name], indent, words, inner)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  if (parts.length === 0) return open + close;
  if (indent === 0) return `${open}${parts.join(",")}${close}`;
  return `${open}\n${parts.map((part) => inner + part).join(",\n")}\n${margin}${close}`;
}

/** The same value for a library that knows numbers of JavaScript only. @param {any} value @returns {any} */
export function plain(value) {
  if (value instanceof Exact) return asNumber(value);
  if (Array.isArray(value)) return value.map(plain);
  return isObject(value) ? objectOf(Object.keys(value).map((name) => [name, plain(value[name])])) : value;
}

/** Whether two values are the same; the order of members does not matter. @param {any} one @param {any} other @returns {boolean} */
export function same(one, other) {
  const kind = kindOf(one);
  if (kind !== kindOf(other)) return false;
  if (kind === "array") return one.length === other.length && one.every((/** @type {any} */ each, /** @type {number} */ at) => same(each, other[at]));
  if (kind !== "object") return write(one) === write(other);
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => Object.hasOwn(other, name) && same(one[name], other[name]));
}

/** The value at a path; undefined if there is none. @param {any} value @param {(string|number)[]} path */
export function at(value, path) {
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = value[step];
  }
  return value;
}

/** A text of limited length. @param {string} text @param {number} most */
export const clip = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/**
 * What is wrong with a value, for people: from the validator's list of failed keywords to places and
 * sentences. Pure.
 * @module
 */

import { names } from "./json_pointer.js";
import { clip, isObject, write } from "./json_value.js";

/** @typedef {{instanceLocation: string, keyword: string, keywordLocation: string, error: string}} Failed as the validator says it */
/** @typedef {{path: string[], text: string}} Problem */

export const MOST_PROBLEMS = 50;
const CHOOSING = new Set(["anyOf", "oneOf", "not", "contains", "propertyNames"]);
/** How deep a keyword may fail that tells that another branch was meant: a constant is often a member. */
const TELLING = new Map([["type", 0], ["false", 0], ["const", 1], ["enum", 1]]);

/** @type {{[type: string]: string}} */
const TYPES = { string: "text", number: "a number", integer: "a whole number", boolean: "true or false", null: "null", object: "an object", array: "a list" };

/** @type {{[keyword: string]: (value: any) => string}} */
const WORDS = {
  type: (value) => `must be ${[value].flat().map((/** @type {string} */ type) => TYPES[type]).join(" or ")}`,
  enum: (value) => `must be one of ${clip(value.map((/** @type {any} */ one) => write(one)).join(", "), 200)}`,
  const: (value) => `must be ${clip(write(value), 100)}`,
  minimum: (value) => `must be at least ${value}`,
  maximum: (value) => `must be at most ${value}`,
  exclusiveMinimum: (value) => `must be more than ${value}`,
  exclusiveMaximum: (value) => `must be less than ${value}`,
  multipleOf: (value) => `must be a multiple of ${value}`,
  minLength: (value) => `must have at least ${plural(value, "character")}`,
  maxLength: (value) => `must have at most ${plural(value, "character")}`,
  pattern: (value) => `must match the pattern ${clip(value, 100)}`,
  format: (value) => `must be in the format ${value}`,
  minItems: (value) => `must have at least ${plural(value, "item")}`,
  maxItems: (value) => `must have at most ${plural(value, "item")}`,
  minProperties: (value) => `must have at least ${plural(value, "member")}`,
  maxProperties: (value) => `must have at most ${plural(value, "member")}`,
  uniqueItems: () => "must not have the same item twice",
  anyOf: () => "fits none of the alternatives",
  oneOf: () => "must fit exactly one of the alternatives",
  not: () => "must not be like this",
  contains: () => "has too few or too many items of the kind that it must have",
  propertyNames: () => "has a member whose name is not allowed",
  false: () => "must not be here",
};

/** @param {number} count @param {string} thing */
const plural = (count, thing) => `${count} ${thing}${count === 1 ? "" : "s"}`;

/**
 * The problems, each at the innermost place. Of alternatives that all failed, those of the one that was
 * meant, if that is clear.
 * @param {Failed[]} failed in the validator's order: each before what it consists of
 * @param {any} schema that was checked @returns {Problem[]}
 */
export function problems(failed, schema) {
  /** @type {Map<string, Problem>} */ const found = new Map();
  for (const one of innermost(located(failed))) {
    const problem = said(one, schema);
    found.set(JSON.stringify(problem), problem);
    if (found.size >= MOST_PROBLEMS) break;
  }
  return [...found.values()];
}

/** The validator gives the schema `false` no location of its own: it is below the keyword before it. @param {Failed[]} failed @returns {Failed[]} */
const located = (failed) => failed.map((one, n) => (one.keyword === "false" && n > 0 ? { ...one, keywordLocation: `${failed[n - 1].keywordLocation}/false` } : one));

/** @param {Failed[]} failed @returns {Failed[]} */
function innermost(failed) {
  /** @type {Failed[]} */ const found = [];
  for (let n = 0; n < failed.length; ) {
    const one = failed[n];
    let end = n + 1;
    while (end < failed.length && failed[end].keywordLocation.startsWith(`${one.keywordLocation}/`)) end += 1;
    const parts = failed.slice(n + 1, end);
    const meant = CHOOSING.has(one.keyword) ? branchMeant(one, parts) : parts;
    if (meant.length > 0) found.push(...innermost(meant));
    else if (one.keyword !== "if") found.push(one);
    n = end;
  }
  return found;
}

/** What failed in the only branch of the right kind; nothing if it is not the only one. @param {Failed} whole @param {Failed[]} parts */
function branchMeant({ keyword, keywordLocation, instanceLocation }, parts) {
  if (keyword !== "anyOf" && keyword !== "oneOf") return [];
  /** @type {Map<string, Failed[]>} */ const branches = new Map();
  for (const part of parts) {
    const name = part.keywordLocation.slice(keywordLocation.length + 1).split("/")[0];
    branches.set(name, [...(branches.get(name) ?? []), part]);
  }
  const depth = instanceLocation.split("/").length;
  const meant = [...branches.values()].filter((branch) => !branch.some((part) => part.instanceLocation.split("/").length - depth <= (TELLING.get(part.keyword) ?? -1)));
  return meant.length === 1 ? meant[0] : [];
}

/** @param {Failed} failed @param {any} schema @returns {Problem} */
function said({ instanceLocation, keyword, keywordLocation, error }, schema) {
  const path = names(decoded(instanceLocation));
  const value = keywordAt(schema, names(decoded(keywordLocation)));
  if (keyword === "required") {
    const name = /"(.*)"/su.exec(error)?.[1] ?? "";
    return { path: [...path, name], text: "is missing" };
  }
  return { path, text: Object.hasOwn(WORDS, keyword) && (value !== undefined || keyword === "false") ? WORDS[keyword](value) : error };
}

/** The value of a keyword, from its location, which goes through references. @param {any} schema @param {string[]} path @returns {any} */
function keywordAt(schema, path) {
  let found = schema;
  for (const name of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) return undefined;
    found = name === "$ref" && isObject(found) && typeof found.$ref === "string" ? schema.$defs?.[names(found.$ref)[1]] : found[name];
  }
  return found;
}

/** @param {string} location a JSON pointer as a URI fragment */
function decoded(location) {
  try {
    return decodeURIComponent(location);
  } catch {
    return location;
  }
}

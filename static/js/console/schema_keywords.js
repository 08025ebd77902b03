/**
 * The keywords of JSON Schema that the validator knows: what their values are, and which are well formed. Pure.
 * @module
 */

import { isObject, kindOf, objectOf, plain } from "./json_value.js";
import { typesOf } from "./schema.js";

/** Keywords whose value is a schema, a list of schemas, or schemas by name; some may have several kinds. */
export const ONE = new Set(["additionalItems", "items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else", "unevaluatedItems", "unevaluatedProperties"]);
export const LIST = new Set(["prefixItems", "items", "allOf", "anyOf", "oneOf"]);
export const MAP = new Set(["properties", "patternProperties", "dependentSchemas", "dependencies"]);

/** @param {any} value */
const isCount = (value) => Number.isInteger(value) && value >= 0;
/** @param {any} value */
const isAmount = (value) => kindOf(value ?? null) === "number";
/** @param {any} value */
export const isNames = (value) => Array.isArray(value) && value.every((one) => typeof one === "string");

/** Whether the value of a keyword is well formed. @type {{[keyword: string]: (value: any) => boolean}} */
export const VALUES = {
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

const BOUNDS = [["exclusiveMinimum", "minimum"], ["exclusiveMaximum", "maximum"]];

/** The bounds of draft 4, which were true or false beside a number, as those of later drafts. @param {{[keyword: string]: any}} schema */
export function older(schema) {
  const old = BOUNDS.filter(([keyword]) => typeof schema[keyword] === "boolean");
  if (old.length === 0) return schema;
  const made = objectOf(Object.entries(schema));
  for (const [keyword, bound] of old) {
    if (made[keyword] && Object.hasOwn(made, bound)) made[keyword] = made[bound];
    else delete made[keyword];
  }
  return made;
}

/** Whether the validator can take a text as a regular expression. @param {any} text */
export function isPattern(text) {
  try {
    return typeof text === "string" && Boolean(new RegExp(text, "u"));
  } catch {
    return false;
  }
}

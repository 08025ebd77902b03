/**
 * Whether a value has the shape of a schema: enough to choose a branch of `oneOf`, no validation. Pure.
 * @module
 */

import { asNumber, kindOf, same } from "./json_value.js";
import { itemSchema, propertiesOf, typesOf } from "./schema.js";

/** @typedef {import("./schema.js").Schemas} Schemas */
/** @typedef {import("./schema.js").Shape} Shape */

const DEPTH = 4;
const ITEMS = 20;

/** Whether a field of this shape can hold the value. @param {Shape} shape @param {any} value */
export function holds({ kind }, value) {
  const found = kindOf(value);
  return kind === "json" || kind === (found === "string" ? "text" : found);
}

/** @param {Schemas} schemas @param {any} schema @param {any} value @param {number} [depth] @returns {boolean} */
export function fits(schemas, schema, value, depth = DEPTH) {
  if (depth === 0) return true;
  const shape = schemas.shape(schema);
  const inner = (/** @type {any} */ part, /** @type {any} */ one) => fits(schemas, part, one, depth - 1);
  if (shape.kind === "choice") return shape.options.some((option) => same(option.value, value));
  if (shape.kind === "union") return shape.branches.some((branch) => inner(branch.schema, value));
  if (!holds(shape, value)) return false;
  const { kind, flat } = shape;
  if (kind === "number") return typesOf(flat)[0] !== "integer" || Number.isInteger(asNumber(value));
  if (kind === "array") return value.slice(0, ITEMS).every((/** @type {any} */ one, /** @type {number} */ n) => inner(itemSchema(flat, n), one));
  if (kind !== "object") return true;
  const properties = propertiesOf(flat);
  return (flat.required ?? []).every((/** @type {string} */ name) => Object.hasOwn(value, name))
    && Object.keys(value).every((name) => (Object.hasOwn(properties, name) ? inner(properties[name], value[name]) : flat.additionalProperties !== false));
}

/** The first branch that a value fits; -1 if it fits none. @param {Schemas} schemas @param {import("./schema.js").Union} shape @param {any} value */
export const branchOf = (schemas, { branches }, value) => branches.findIndex((branch) => fits(schemas, branch.schema, value));

/**
 * The value with which a new part of a form begins. Pure.
 * @module
 */

import { fill } from "./form_values.js";
import { asNumber, kindOf } from "./json_value.js";

/** A branch of a branch of a branch … may never end. */
const MOST_BRANCHED = 30;

/** A value to begin with: the schema's default or first example, else the least that its kind allows. @param {import("./schema.js").Schemas} schemas @param {any} schema @param {number} [depth] @returns {any} */
export function blank(schemas, schema, depth = 0) {
  const shape = schemas.shape(schema);
  const { flat } = shape;
  if (Object.hasOwn(flat, "default")) return flat.default;
  if (Array.isArray(flat.examples) && flat.examples.length > 0) return flat.examples[0];
  switch (shape.kind) {
    case "text": return "";
    case "boolean": return false;
    case "choice": return shape.options[0].value;
    case "number": return least(flat);
    case "object": return Object.create(null);
    case "array": return [];
    case "union": return depth < MOST_BRANCHED ? blank(schemas, shape.branches[0].schema, depth + 1) : null;
    default: return null;
  }
}

/** @param {import("./schema.js").Flat} flat */
function least({ minimum, maximum }) {
  const [low, high] = [minimum, maximum].map((bound) => (kindOf(bound ?? null) === "number" ? asNumber(bound) : null));
  if (low !== null && low > 0) return minimum;
  return high !== null && high < 0 ? maximum : 0;
}

/** The field with which a new part begins. @param {import("./schema.js").Schemas} schemas @param {any} schema */
export const begun = (schemas, schema) => fill(schemas, schema, blank(schemas, schema));

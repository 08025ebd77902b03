/**
 * What a schema asks for, in a few words beside its field. Pure.
 * @module
 */

import { clip, kindOf, write } from "./json_value.js";
import { propertiesOf, typesOf } from "./schema.js";

/** @typedef {import("./schema.js").Flat} Flat */

const MOST_CHARACTERS = 120;

/** The type and bounds of a value, as "whole number, at least 1". @param {Flat} flat */
export function hint(flat) {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength, minItems, maxItems, pattern, multipleOf } = flat;
  const parts = [
    typesOf(flat).map((type) => (type === "string" ? "text" : type === "integer" ? "whole number" : type === "array" ? "list" : type)).join(" or "),
    typeof flat.format === "string" ? flat.format : "",
    span(minimum, maximum, ""),
    said("more than", exclusiveMinimum),
    said("less than", exclusiveMaximum),
    span(minLength, maxLength, " characters"),
    span(minItems, maxItems, " items"),
    said("a multiple of", multipleOf),
    typeof pattern === "string" ? `pattern ${pattern}` : "",
    flat.unresolved === undefined ? "" : `see ${clip(flat.unresolved, 60)}, which is outside this service's document`,
  ];
  return clip(parts.filter(Boolean).join(", "), MOST_CHARACTERS);
}

/** @param {any} value @returns {string|null} */
const bound = (value) => (kindOf(value ?? null) === "number" ? write(value) : null);

/** @param {any} low @param {any} high @param {string} unit */
function span(low, high, unit) {
  const [least, most] = [bound(low), bound(high)];
  if (least !== null && least !== "0" && most !== null) return least === most ? `${least}${unit}` : `${least} to ${most}${unit}`;
  if (least !== null && most === null) return `at least ${least}${unit}`;
  return most === null ? "" : `at most ${most}${unit}`;
}

/** @param {string} words @param {any} value */
const said = (words, value) => (bound(value) === null ? "" : `${words} ${write(value)}`);

/** A name of a branch or an option. @param {string|null} label @param {import("./schema.js").Shape} shape @param {number} n */
export function branchLabel(label, shape, n) {
  if (label) return clip(label, 80);
  if (shape.kind === "choice") return clip(shape.options.map(({ value }) => write(value)).join(" or "), 80);
  const members = Object.keys(propertiesOf(shape.flat));
  if (shape.kind === "object" && members.length > 0) return clip(`object: ${members.join(", ")}`, 60);
  return clip(hint(shape.flat), 60) || `alternative ${n + 1}`;
}

/**
 * The values of a form, and the way from JSON to the form and back: what is read from a form is always
 * what it was filled with, whatever its schema says. Pure.
 * @module
 */

import { branchOf, holds } from "./schema_match.js";
import { NotJson, isNumber, number, parse } from "./json_text.js";
import { same, write } from "./json_value.js";
import { itemSchema, propertiesOf } from "./schema.js";

/** @typedef {import("./schema.js").Schemas} Schemas */
/** @typedef {import("./schema.js").Plain} Plain */
/** @typedef {import("./schema.js").Choice} Choice */
/** @typedef {import("./schema.js").Union} Union */
/** @typedef {import("./schema.js").Shape} Shape */
/**
 * A member of an object. `field` is null while the member is left out. `declared`: the schema names it.
 * @typedef {{name: string, schema: any, declared: boolean, required: boolean, field: Field|null}} Entry
 */
/**
 * `json`: any value as text; `unfit` if the schema has a form, but not for this value.
 * @typedef {{kind: "text", shape: Plain, text: string}} TextField
 * @typedef {{kind: "number", shape: Plain, text: string}} NumberField
 * @typedef {{kind: "boolean", shape: Plain, on: boolean}} BooleanField
 * @typedef {{kind: "null", shape: Plain}} NullField
 * @typedef {{kind: "json", shape: Shape, text: string, unfit: boolean}} JsonField
 * @typedef {{kind: "choice", shape: Choice, chosen: number}} ChoiceField
 * @typedef {{kind: "object", shape: Plain, entries: Entry[]}} ObjectField
 * @typedef {{kind: "array", shape: Plain, items: Field[]}} ArrayField
 * @typedef {{kind: "union", shape: Union, branch: number, field: Field}} UnionField
 * @typedef {TextField|NumberField|BooleanField|NullField|JsonField|ChoiceField|ObjectField|ArrayField|UnionField} Field
 */
/** @typedef {import("./json_pointer.js").Path} Path */

/** What is typed into a field is not yet a value. */
export class Unreadable extends Error {
  /** @param {Path} path @param {string} message */
  constructor(path, message) {
    super(message);
    this.path = path;
  }
}

const MOST_DEPTH = 30;
/** More members than these are not listed while they are left out. */
const MOST_LISTED = 100;
/** A form of more controls would make the page slow. */
const MOST_CONTROLS = 600;

/** How much of a form there is already: levels, and controls. @typedef {{depth: number, controls: number}} Used */

/**
 * The form of a value. What would be too large or too deep for the page is a field of JSON.
 * @param {Schemas} schemas @param {any} schema @param {any} value @param {Used} [used]
 * @returns {Field}
 */
export function fill(schemas, schema, value, used = { depth: 0, controls: 0 }) {
  const shape = schemas.shape(schema);
  const inner = (/** @type {any} */ part, /** @type {any} */ one) => {
    const below = { depth: used.depth + 1, controls: used.controls };
    const made = fill(schemas, part, one, below);
    used.controls = below.controls;
    return made;
  };
  if (shape.kind === "choice") {
    const chosen = shape.options.findIndex((option) => same(option.value, value));
    return chosen < 0 ? json(shape, value, true) : { kind: "choice", shape, chosen };
  }
  if (used.depth >= MOST_DEPTH) return json(shape, value, false);
  if (shape.kind === "union") {
    const branch = branchOf(schemas, shape, value);
    return { kind: "union", shape, branch, field: branch < 0 ? json(shape, value, false) : inner(shape.branches[branch].schema, value) };
  }
  if (!holds(shape, value)) return json(shape, value, true);
  if (shape.kind === "object" || shape.kind === "array") {
    const members = shape.kind === "object" ? membersOf(shape.flat, value) : [];
    used.controls += shape.kind === "object" ? members.length : value.length;
    if (used.controls > MOST_CONTROLS) return json(shape, value, false);
    if (shape.kind === "object") return { kind: "object", shape, entries: members.map((name) => entryOf(shape.flat, name, value, inner)) };
    return { kind: "array", shape, items: value.map((/** @type {any} */ one, /** @type {number} */ n) => inner(itemSchema(shape.flat, n), one)) };
  }
  switch (shape.kind) {
    case "text": return { kind: "text", shape, text: value };
    case "number": return { kind: "number", shape, text: write(value) };
    case "boolean": return { kind: "boolean", shape, on: value };
    case "null": return { kind: "null", shape };
    case "json": return json(shape, value, false);
  }
}

/** @param {Shape} shape @param {any} value @param {boolean} unfit @returns {JsonField} */
const json = (shape, value, unfit) => ({ kind: "json", shape, text: write(value, 2), unfit });

/** Which members of an object a form lists: not all that might be there, if the schema names very many. @param {import("./schema.js").Flat} flat @param {any} value */
function membersOf(flat, value) {
  const properties = propertiesOf(flat);
  const required = new Set(flat.required);
  const listed = Object.keys(properties).filter((name, n) => n < MOST_LISTED || required.has(name) || Object.hasOwn(value, name));
  return [...listed, ...Object.keys(value).filter((name) => !Object.hasOwn(properties, name))];
}

/** @param {import("./schema.js").Flat} flat @param {string} name @param {any} value @param {(schema: any, value: any) => Field} inner @returns {Entry} */
function entryOf(flat, name, value, inner) {
  const schema = memberSchema(flat, name);
  const field = Object.hasOwn(value, name) ? inner(schema, value[name]) : null;
  return { name, schema, declared: Object.hasOwn(propertiesOf(flat), name), required: (flat.required ?? []).includes(name), field };
}

/** The schema of an object's member. @param {import("./schema.js").Flat} flat @param {string} name @returns {any} */
export function memberSchema(flat, name) {
  const properties = propertiesOf(flat);
  return Object.hasOwn(properties, name) ? properties[name] : (flat.additionalProperties ?? true);
}

/** The value that a form holds. Throws Unreadable. @param {Field} field @param {Path} [path] @returns {any} */
export function read(field, path = []) {
  switch (field.kind) {
    case "text": return field.text;
    case "boolean": return field.on;
    case "null": return null;
    case "choice": return field.shape.options[field.chosen].value;
    case "number":
      if (!isNumber(field.text.trim())) throw new Unreadable(path, "this is no number");
      return number(field.text.trim());
    case "union": return read(field.field, path);
    case "array": return field.items.map((item, n) => read(item, [...path, n]));
    case "object": return members(field, path);
    case "json": return typed(field.text, path);
  }
}

/** @param {ObjectField} field @param {Path} path */
function members({ entries }, path) {
  const made = Object.create(null);
  for (const { name, field } of entries) if (field !== null) made[name] = read(field, [...path, name]);
  return made;
}

/** @param {string} text @param {Path} path */
function typed(text, path) {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof NotJson) throw new Unreadable(path, `this is not JSON: ${error.message}`);
    throw error;
  }
}

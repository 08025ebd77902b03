/**
 * Reads JSON Schemas of an OpenRPC document: merges `allOf` and what a `$ref` leads to, and says which kind
 * of form field a schema asks for. Any schema may be malformed, recursive or huge. Pure.
 * @module
 */

import { isObject, objectOf, write } from "./json_value.js";

/** @typedef {import("./references.js").References} References */
/** @typedef {{[keyword: string]: any}} Flat a schema without `$ref` and `allOf` */
/** @typedef {{label: string|null, schema: any}} Branch */
/** @typedef {{label: string|null, value: any}} Option */
/**
 * What a schema asks for. `json`: the form takes any JSON text.
 * @typedef {{kind: "text"|"number"|"boolean"|"null"|"json"|"object"|"array", flat: Flat}} Plain
 * @typedef {{kind: "choice", flat: Flat, options: Option[]}} Choice
 * @typedef {{kind: "union", flat: Flat, branches: Branch[]}} Union
 * @typedef {Plain|Choice|Union} Shape
 */

const MOST_MERGED = 100;
const MOST_OPTIONS = 1_000;
const MOST_BRANCHES = 50;
/** @type {{[type: string]: Plain["kind"]}} */
const KINDS = { string: "text", number: "number", integer: "number", boolean: "boolean", null: "null", object: "object", array: "array" };
const NOT_OF_BRANCHES = new Set(["title", "description", "summary", "default", "examples", "oneOf", "anyOf"]);

/** The list if it has something in it. @param {any} value @returns {any[]|null} */
const filled = (value) => (Array.isArray(value) && value.length > 0 ? value : null);

export class Schemas {
  /** @param {References} references */
  constructor(references) {
    this.references = references;
    /** @type {WeakMap<object, Shape>} */ this.shapes = new WeakMap();
  }

  /** One schema with all that `allOf` and `$ref` add; `unresolved` is a reference that leads nowhere. @param {any} schema @returns {Flat} */
  flat(schema) {
    const found = Object.create(null);
    this.#merge(found, schema, new Set());
    return found;
  }

  /** What is beside a `$ref` counts before what it leads to. @param {Flat} into @param {any} schema @param {Set<any>} seen */
  #merge(into, schema, seen) {
    if (!isObject(schema) || seen.has(schema) || seen.size >= MOST_MERGED) return;
    seen.add(schema);
    for (const [keyword, value] of Object.entries(schema)) {
      const known = into[keyword];
      if (keyword === "properties" && isObject(value)) into.properties = both(known ?? {}, value);
      else if (keyword === "required") into.required = [...(known ?? []), ...(filled(value) ?? []).filter((name) => typeof name === "string")];
      else if (keyword !== "$ref" && keyword !== "allOf" && known === undefined) into[keyword] = value;
    }
    for (const part of filled(schema.allOf) ?? []) this.#merge(into, part, seen);
    if (!Object.hasOwn(schema, "$ref")) return;
    const target = this.references.find(schema.$ref);
    if (target === undefined) into.unresolved = typeof schema.$ref === "string" ? schema.$ref : write(schema.$ref);
    else this.#merge(into, target, seen);
  }

  /** @param {any} schema @returns {Shape} */
  shape(schema) {
    if (!isObject(schema)) return { kind: "json", flat: Object.create(null) };
    const known = this.shapes.get(schema);
    if (known) return known;
    const made = this.#shape(this.flat(schema));
    this.shapes.set(schema, made);
    return made;
  }

  /** @param {Flat} flat @returns {Shape} */
  #shape(flat) {
    const options = Object.hasOwn(flat, "const") ? [flat.const] : filled(flat.enum);
    if (options && options.length <= MOST_OPTIONS) return { kind: "choice", flat, options: options.map((value) => ({ label: null, value })) };
    const branches = filled(flat.oneOf) ?? filled(flat.anyOf);
    if (branches && branches.length <= MOST_BRANCHES) return this.#branched(flat, branches);
    const types = typesOf(flat);
    if (types.length > 1) {
      const rest = Object.entries(restOf(flat));
      return { kind: "union", flat, branches: types.map((type) => ({ label: null, schema: objectOf([...rest, ["type", type]]) })) };
    }
    if (types.length === 1) return { kind: KINDS[types[0]], flat };
    if (flat.type === undefined && isObject(flat.properties)) return { kind: "object", flat };
    if (flat.type === undefined && flat.items !== undefined) return { kind: "array", flat };
    return { kind: "json", flat };
  }

  /** `oneOf` or `anyOf`: a choice if each part is one value, else branches. @param {Flat} flat @param {any[]} branches @returns {Shape} */
  #branched(flat, branches) {
    const parts = branches.map((branch) => this.flat(branch));
    const label = (/** @type {Flat} */ part) => (typeof part.title === "string" ? part.title : null);
    if (parts.every((part) => Object.hasOwn(part, "const"))) {
      return { kind: "choice", flat, options: parts.map((part) => ({ label: label(part), value: part.const })) };
    }
    const rest = restOf(flat);
    const whole = (/** @type {any} */ branch) => (Object.keys(rest).length > 0 ? objectOf([["allOf", [branch, rest]]]) : branch);
    return { kind: "union", flat, branches: branches.map((branch, n) => ({ label: label(parts[n]), schema: whole(branch) })) };
  }
}

/** The types that a schema names and JSON has. @param {Flat} flat @returns {string[]} */
export const typesOf = ({ type }) => [...new Set(Array.isArray(type) ? type : [type])].filter((one) => typeof one === "string" && Object.hasOwn(KINDS, one));

/** The schemas of an object's members. @param {Flat} flat @returns {{[name: string]: any}} */
export const propertiesOf = (flat) => (isObject(flat.properties) ? flat.properties : Object.create(null));

/** The schema of an array's item, by the rules of draft 7 and of 2020-12. @param {Flat} flat @param {number} n @returns {any} */
export function itemSchema(flat, n) {
  const tuple = filled(flat.prefixItems) ?? filled(flat.items);
  if (tuple && n < tuple.length) return tuple[n];
  return (Array.isArray(flat.items) ? flat.additionalItems : flat.items) ?? true;
}

/** @param {{[name: string]: any}} one @param {{[name: string]: any}} other */
function both(one, other) {
  const made = objectOf(Object.entries(one));
  for (const [name, schema] of Object.entries(other)) {
    made[name] = Object.hasOwn(made, name) ? objectOf([["allOf", [made[name], schema]]]) : schema;
  }
  return made;
}

/** What a schema with branches asks of each of them. @param {Flat} flat */
const restOf = (flat) => objectOf(Object.entries(flat).filter(([keyword]) => !NOT_OF_BRANCHES.has(keyword)));

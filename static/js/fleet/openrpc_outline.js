/**
 * An OpenRPC document as an outline for people: what it is about, and each method with its parameters and
 * result. Any value may be missing or wrong, as services write these documents.
 * @module
 */

/** A value with a name: `type` in short, `schema` in full. @typedef {{name: string, required: boolean, type: string, about: string, schema: string}} Value */
/** @typedef {{name: string, about: string, deprecated: boolean, params: Value[], result: Value|null, errors: string[]}} Method */
/** @typedef {{title: string, about: string, methods: Method[]}} Outline */

const MOST_DEPTH = 3;
const MOST_MEMBERS = 6;

/** @param {any} value */
const record = (value) => (value !== null && typeof value === "object" && !Array.isArray(value) ? value : {});
/** @param {any} value */
const list = (value) => (Array.isArray(value) ? value : []);
/** @param {any} value */
const text = (value) => (typeof value === "string" ? value : "");

/** @param {any} spec @returns {Outline} */
export function outline(spec) {
  const { info, methods, components } = record(spec);
  const { title, version, description } = record(info);
  const found = (/** @type {any} */ one, /** @type {string} */ kind) => referred(one, record(record(components)[kind]));
  return {
    title: [text(title), text(version)].filter(Boolean).join(" "),
    about: text(description),
    methods: list(methods).map((one) => method(record(one), found)),
  };
}

/** What a reference within the document's components leads to. @param {any} value @param {any} components of one kind */
function referred(value, components) {
  const name = text(record(value).$ref).split("/").at(-1) ?? "";
  return Object.hasOwn(components, name) ? components[name] : value;
}

/** @param {any} one @param {(one: any, kind: string) => any} found @returns {Method} */
function method({ name, summary, description, deprecated, params, result, errors }, found) {
  const value = (/** @type {any} */ one) => described(record(found(one, "contentDescriptors")));
  return {
    name: text(name) || "(no name)",
    about: [text(summary), text(description)].filter((part, at, all) => part && all.indexOf(part) === at).join("\n"),
    deprecated: deprecated === true,
    params: list(params).map(value),
    result: result === undefined || result === null ? null : value(result),
    errors: list(errors).map((one) => failure(record(found(one, "errors")))),
  };
}

/** @param {any} descriptor @returns {Value} */
function described({ name, required, schema, summary, description }) {
  return {
    name: text(name),
    required: required === true,
    type: typeOf(schema),
    about: text(description) || text(summary) || text(record(schema).description),
    schema: schema === undefined ? "" : JSON.stringify(schema, null, 2),
  };
}

/** @param {any} error */
const failure = ({ code, message }) => [typeof code === "number" ? String(code) : "", text(message)].filter(Boolean).join(" ");

/** A schema in a few words: "array of integer", "object {id, name}". @param {any} schema @param {number} [depth] @returns {string} */
export function typeOf(schema, depth = 0) {
  if (schema === true || schema === undefined) return "any";
  if (schema === false) return "nothing";
  const { $ref, type, items, properties, enum: choices, oneOf, anyOf } = record(schema);
  if (typeof $ref === "string") return $ref.split("/").at(-1) || $ref;
  if (Array.isArray(choices)) return cut(choices.map((one) => JSON.stringify(one)), " | ");
  const ways = list(oneOf ?? anyOf);
  if (ways.length > 0 && depth < MOST_DEPTH) return cut(ways.map((one) => typeOf(one, depth + 1)), " | ");
  if (Array.isArray(type)) return type.map(text).join(" | ");
  if (type === "array" && items !== undefined && depth < MOST_DEPTH) return `array of ${typeOf(items, depth + 1)}`;
  const members = Object.keys(record(properties));
  if (members.length > 0) return `object {${cut(members, ", ")}}`;
  return text(type) || "any";
}

/** @param {string[]} parts @param {string} by */
const cut = (parts, by) => (parts.length > MOST_MEMBERS ? [...parts.slice(0, MOST_MEMBERS), "…"] : parts).join(by);

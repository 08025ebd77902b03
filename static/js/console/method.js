/**
 * The methods of an OpenRPC document, as the console needs them. The document may be malformed anywhere:
 * what is not understood is left out, or left to the JSON beside the form. Pure.
 * @module
 */

import { isObject, objectOf } from "./json_value.js";
import { References } from "./references.js";

/** @typedef {{name: string, about: string, required: boolean, schema: any}} Param */
/** @typedef {{name: string, params: {[name: string]: any}}} Example values by the parameters' names */
/** @typedef {{code: number, message: string}} KnownError */
/**
 * `params` is null where the document does not say which parameters there are; `structure` says how they
 * may be sent (OpenRPC: paramStructure); `result` is a schema, null where there is none.
 * @typedef {{
 *   name: string, summary: string, description: string, deprecated: boolean,
 *   params: Param[]|null, structure: "by-name"|"by-position"|"either",
 *   result: any, errors: KnownError[], examples: Example[], references: References,
 * }} Method
 */

/** @param {any} value */
const text = (value) => (typeof value === "string" ? value : "");

/** @param {any} spec @returns {string[]} */
export const methodNames = (spec) => [...new Set(new References(spec).objects(spec?.methods).map(({ name }) => text(name)).filter(Boolean))];

/** The first method of this name; null if there is none. @param {any} spec an OpenRPC document @param {string} name @returns {Method|null} */
export function methodOf(spec, name) {
  const whole = new References(spec);
  const found = whole.objects(spec?.methods).find((method) => method.name === name);
  if (!found) return null;
  const params = paramsOf(whole, found.params);
  const result = whole.object(found.result);
  return {
    name,
    summary: text(found.summary),
    description: text(found.description),
    deprecated: found.deprecated === true,
    params,
    structure: ["by-name", "by-position"].includes(found.paramStructure) ? found.paramStructure : "either",
    result: result?.schema ?? null,
    errors: whole.objects(found.errors).filter(({ code }) => Number.isInteger(code)).map(({ code, message }) => ({ code, message: text(message) })),
    examples: examplesOf(whole, found.examples, params ?? []),
    references: new References(spec, [...(params ?? []).map(({ schema }) => schema), result?.schema]),
  };
}

/** @param {References} whole @param {any} list @returns {Param[]|null} */
function paramsOf(whole, list) {
  if (!Array.isArray(list)) return null;
  const found = whole.objects(list).filter(({ name }) => typeof name === "string");
  // One name for two parameters, or none for one: they could not be told apart.
  if (new Set(found.map(({ name }) => name)).size < list.length) return null;
  return found.map(({ name, summary, description, required, schema }) => ({
    name,
    about: text(description) || text(summary),
    required: required === true,
    schema: schema ?? true,
  }));
}

/** @param {References} whole @param {any} list @param {Param[]} params @returns {Example[]} */
function examplesOf(whole, list, params) {
  return whole.objects(list).map((example, n) => {
    const values = whole.objects(example.params).map(({ name, value }, at) => {
      const named = params.some((param) => param.name === name);
      return /** @type {[string, any]} */ ([named ? name : params[at]?.name, value]);
    });
    return {
      name: text(example.name) || text(example.summary) || `example ${n + 1}`,
      params: objectOf(values.filter(([name, value]) => name !== undefined && value !== undefined)),
    };
  });
}

/** One schema for all parameters by name. @param {Method} method @returns {any} */
export function paramsSchema({ params }) {
  if (params === null) return true;
  return objectOf([
    ["type", "object"],
    ["properties", objectOf(params.map(({ name, about, schema }) => [name, described(schema, about)]))],
    ["required", params.filter(({ required }) => required).map(({ name }) => name)],
    ["additionalProperties", false],
  ]);
}

/** What is said of the parameter counts before what is said of its schema. @param {any} schema @param {string} about */
function described(schema, about) {
  return about && isObject(schema) ? objectOf([["description", about], ["allOf", [schema]]]) : schema;
}

/** The values with which a form begins: the defaults of required parameters. @param {Method} method @param {(schema: any) => any} defaultOf undefined: none @returns {{[name: string]: any}} */
export function firstParams({ params }, defaultOf) {
  const values = (params ?? []).filter(({ required }) => required).map(({ name, schema }) => /** @type {[string, any]} */ ([name, defaultOf(schema)]));
  return objectOf(values.filter(([, value]) => value !== undefined));
}

/**
 * Makes JSON-RPC 2.0 requests (jsonrpc.org/specification) from the parameters of a form. Pure.
 * @module
 */

import { Unreadable } from "./form_values.js";
import { isObject, objectOf } from "./json_value.js";

/** @typedef {import("./method.js").Method} Method */
/** @typedef {import("./method.js").Param} Param */
/** @typedef {{[name: string]: any}} Named parameters by name */
/** @typedef {{byPosition: boolean, notification: boolean}} Way how a request is sent */

/** Whether the parameters are a list. @param {Method} method @param {Way} way */
export const isByPosition = ({ structure }, { byPosition }) => structure === "by-position" || (structure === "either" && byPosition);

/**
 * One request. A notification has no id, and gets no answer.
 * @param {Method} method @param {any} params as the JSON beside the form has them @param {Way} way @param {number} id
 */
export function makeRequest({ name }, params, { notification }, id) {
  const empty = params === null || Object.keys(params).length === 0;
  return objectOf([
    ["jsonrpc", "2.0"],
    .../** @type {[string, any][]} */ (notification ? [] : [["id", id]]),
    ["method", name],
    .../** @type {[string, any][]} */ (empty ? [] : [["params", params]]),
  ]);
}

/**
 * The parameters in the method's order. Those at the end may be left out.
 * Throws Unreadable: there is a gap, or a name that the method does not have.
 * @param {Param[]} params @param {Named} named @returns {any[]}
 */
export function toList(params, named) {
  const strange = Object.keys(named).find((name) => !params.some((param) => param.name === name));
  if (strange !== undefined) throw new Unreadable([strange], "the method has no such parameter, so it has no position");
  const last = params.findLastIndex(({ name }) => Object.hasOwn(named, name));
  return params.slice(0, last + 1).map(({ name }) => {
    if (Object.hasOwn(named, name)) return named[name];
    throw new Unreadable([name], `by position this cannot be left out, as ${params[last].name} comes after it`);
  });
}

/** The parameters by name. Throws Unreadable: there are more than the method has. @param {Param[]} params @param {any[]} list @returns {Named} */
export function toNamed(params, list) {
  if (list.length > params.length) throw new Unreadable([params.length], `the method has only ${params.length} parameters`);
  return objectOf(list.map((value, n) => [params[n].name, value]));
}

/**
 * The parameters of a form as they are sent.
 * @param {Method} method @param {any} value of the form @param {Way} way
 */
export const sentParams = (method, value, way) => (method.params !== null && isByPosition(method, way) ? toList(method.params, value) : value);

/**
 * The value of a form from parameters as they are sent. Throws Unreadable: they are no object or list as the method has it.
 * @param {Method} method @param {any} sent @param {Way} way @returns {any}
 */
export function formParams(method, sent, way) {
  if (method.params === null) {
    if (sent === null || typeof sent === "object") return sent;
    throw new Unreadable([], "parameters are an object or a list");
  }
  if (isByPosition(method, way)) {
    if (Array.isArray(sent)) return toNamed(method.params, sent);
    throw new Unreadable([], "parameters by position are a list: [ … ]");
  }
  if (isObject(sent)) return sent;
  throw new Unreadable([], "parameters by name are an object: { … }");
}

/**
 * Says what an HTTP answer to a JSON-RPC request is: a result, an error of the service, a refusal of the
 * router, or no JSON-RPC at all. Pure.
 * @module
 */

import { explain, explainRefusal } from "./errors.js";
import { NotJson, parse } from "./json_text.js";
import { isObject, kindOf, same } from "./json_value.js";

/** @typedef {import("./errors.js").KnownError} KnownError */
/** As `send` has received it. @typedef {{status: number, text: string, cut: boolean, garbled: boolean}} Answer */
/**
 * `result`: `value` is it. `error`: `value` is the error object, `title` and `text` explain it. `refused`:
 * the router answers itself. `none`: no body, as to a notification. `strange`: `text` says what is wrong.
 * @typedef {{kind: "result"|"error"|"refused"|"none"|"strange", title: string, text: string, value?: any}} Outcome
 */

/** A larger answer is shown as text only: a tree of it would make the page slow. */
export const MOST_READ = 1_000_000;

/**
 * The outcome of each request that was sent together, in their order; one if a single request was sent.
 * @param {Answer} answer @param {any[]} requests @param {(method: string) => KnownError[]} errorsOf @returns {Outcome[]}
 */
export function outcomes(answer, requests, errorsOf) {
  const body = read(answer);
  if ("kind" in body) return requests.map(() => body);
  const refusal = refused(body.value);
  if (refusal) return requests.map(() => refusal);
  const replies = Array.isArray(body.value) ? body.value : [body.value];
  return requests.map((request) => {
    const wanted = Object.hasOwn(request, "id");
    if (!wanted && Array.isArray(body.value)) return nothing("a notification gets no answer");
    // An error with the id null answers a request whose id the service could not read.
    const found = replies.find((reply) => isObject(reply) && same(reply.id ?? null, request.id ?? null)) ?? (replies.length === 1 ? replies[0] : undefined);
    if (found === undefined) return strange("no answer to this request", "the service left it out of its answers");
    return reply(found, request, errorsOf(request.method));
  });
}

/** @param {string} text @returns {Outcome} */
const nothing = (text) => ({ kind: "none", title: "no answer", text });

/** @param {string} title @param {string} text @returns {Outcome} */
const strange = (title, text) => ({ kind: "strange", title, text });

/** @param {Answer} answer @returns {Outcome|{value: any}} */
function read({ status, text, cut, garbled }) {
  if (text.trim() === "") {
    return status < 300 ? nothing("the service accepted the request and sent an empty answer") : strange(`HTTP status ${status}`, "the answer has no body");
  }
  if (garbled) return strange(`HTTP status ${status}, not JSON`, "the answer is not UTF-8, so some of its characters are shown wrong");
  if (cut) return strange("the answer is too large", "only its beginning was read; it is shown as text");
  if (text.length > MOST_READ) return strange("a large answer", "it is shown as text only");
  try {
    return { value: parse(text) };
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    return strange(`HTTP status ${status}, not JSON`, `${error.message}, at character ${error.at + 1}`);
  }
}

/** A refusal of the router is no JSON-RPC, and its code is a word. @param {any} body @returns {Outcome|null} */
function refused(body) {
  const error = isObject(body) && !["jsonrpc", "id"].some((name) => Object.hasOwn(body, name)) && isObject(body.error) ? body.error : null;
  if (typeof error?.code !== "string") return null;
  return { kind: "refused", title: `the router: ${error.code}`, text: `${explainRefusal(error.code)}. ${typeof error.message === "string" ? error.message : ""}`, value: error };
}

/** @param {any} found @param {any} request @param {KnownError[]} known @returns {Outcome} */
function reply(found, request, known) {
  if (!isObject(found)) return strange("not JSON-RPC", `an answer is an object, not ${kindOf(found)}`);
  const both = [Object.hasOwn(found, "result"), Object.hasOwn(found, "error") && found.error !== null];
  if (both[0] === both[1]) return strange("not JSON-RPC", both[0] ? "the answer has both a result and an error" : "the answer has neither a result nor an error");
  if (both[1] && !isObject(found.error)) return strange("not JSON-RPC", `an error is an object, not ${kindOf(found.error)}`);
  if (both[1]) {
    const { code, message } = found.error;
    const { title, text } = explain(code, known);
    return { kind: "error", title: `${typeof code === "number" ? code : "?"} ${title}`, text: `${text}. It says: ${typeof message === "string" ? message : "nothing"}`, value: found.error };
  }
  if (Object.hasOwn(request, "id") && !same(found.id ?? null, request.id)) {
    return { kind: "strange", title: "another id", text: "the answer has another id than the request", value: found.result };
  }
  return { kind: "result", title: "result", text: "", value: found.result };
}

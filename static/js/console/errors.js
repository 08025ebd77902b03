/**
 * Explains errors: the codes of JSON-RPC 2.0, those that the document of the service names, and the words of
 * the router's own refusals. Pure.
 * @module
 */

/** @typedef {import("./method.js").KnownError} KnownError */

/** @type {{[code: string]: [string, string]}} */
const STANDARD = {
  "-32700": ["Parse error", "the service could not read the request as JSON"],
  "-32600": ["Invalid Request", "the service read JSON, but no valid JSON-RPC request"],
  "-32601": ["Method not found", "the service does not have this method, though its document may name it"],
  "-32602": ["Invalid params", "the service does not accept these parameters"],
  "-32603": ["Internal error", "the service failed inside; its log may say why"],
};

/** @type {{[code: string]: string}} */
const REFUSALS = {
  unauthorized: "the router does not know who you are: sign in again",
  forbidden: "you may look at services, but not call them",
  not_found: "the router has no such service or socket now, or you may not see it",
  no_listener: "no process listens on the service's socket: the request did not reach the service",
  bad_gateway: "the service broke off its answer, or its answer is not HTTP: it may have carried out the request",
  gateway_timeout: "the service did not answer in time: it may have carried out the request",
  overloaded: "the router has too many open requests: this request did not reach the service",
  loop_detected: "the request went in a loop: a service passed it back to the router",
  too_large: "the request is too large for the router",
  not_ready: "the router has just started and has not read the list of services yet",
  wrong_origin: "the router refuses requests from pages of other sites",
  wrong_host: "the router does not answer under this host name",
};

/**
 * The name and meaning of an error code of a service.
 * @param {any} code @param {KnownError[]} known the errors that the method's document names
 * @returns {{title: string, text: string}}
 */
export function explain(code, known) {
  const own = known.find((error) => error.code === code);
  const [title, text] = STANDARD[String(code)] ?? [];
  if (own) return { title: own.message || title || "an error of this method", text: "the service's document names this error" };
  if (title !== undefined) return { title, text };
  if (!Number.isInteger(code)) return { title: "no valid code", text: "the code of a JSON-RPC error is a whole number" };
  if (code >= -32099 && code <= -32000) return { title: "Server error", text: "a code that JSON-RPC leaves to the implementation of the server" };
  if (code >= -32768 && code <= -32000) return { title: "reserved code", text: "JSON-RPC keeps this code for future use" };
  return { title: "an error of the service", text: "the service's document does not name this code" };
}

/** What the word of a refusal of the router means. @param {string} word */
export const explainRefusal = (word) => (Object.hasOwn(REFUSALS, word) ? REFUSALS[word] : "the router refused the request");

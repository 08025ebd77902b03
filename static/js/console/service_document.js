/**
 * What the router reports about a service: its OpenRPC document, and where requests to it go; or why there is none.
 * @module
 */

import { openrpc } from "../live/api.js";
import { base } from "../live/base_url.js";
import { NotJson, parse } from "./json_text.js";

const MOST_CHARACTERS = 4_000_000;

/**
 * The address of the rpc socket below this router.
 * @param {any} record the service @param {{id: string, answer: any}|null} details what the router says of one service alone
 * @returns {{url: string|null, why: string}}
 */
export function target(record, details) {
  const none = (/** @type {string} */ why) => ({ url: null, why });
  const socket = record?.sockets.find((/** @type {any} */ one) => one.role === "rpc");
  if (!socket) return none("the service has no rpc socket");
  if (details?.id !== record.id) return none("waiting for the service's address");
  if (details?.answer === null) return none("the service's address could not be loaded");
  const address = details?.answer.addresses?.[socket.name];
  if (!address) return none("you may look at this service, but not call it");
  if (address.path === null) return none(`this page cannot reach the service: ${address.note || "it has no address by path"}`);
  return { url: base + address.path.slice(1).replace(/\/$/, ""), why: "" };
}

/** The OpenRPC document; `why` is empty if there is one. `retry`: it may be there later. @param {any} record the service @returns {Promise<{spec: any, why: string, retry?: boolean}>} */
export async function documentOf(record) {
  if (!record.document) return { spec: null, why: "The service has no OpenRPC document, so parameters are JSON only." };
  try {
    const text = await openrpc(record.id);
    if (text.length > MOST_CHARACTERS) return { spec: null, why: "The service's OpenRPC document is too large for this page, so parameters are JSON only." };
    return { spec: parse(text), why: "" };
  } catch (error) {
    const text = error instanceof NotJson ? `it is not valid JSON: ${error.message}` : String(error instanceof Error ? error.message : error);
    return { spec: null, why: `The service's OpenRPC document could not be loaded (${text}), so parameters are JSON only.`, retry: !(error instanceof NotJson) };
  }
}

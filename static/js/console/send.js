/**
 * Sends a request to a service through the router, with the rights of the person at the page: same origin,
 * the session's cookie. Reads a limited part of the answer, and takes the time.
 * @module
 */

import { write } from "./json_value.js";

/**
 * `ms` is the time until the whole answer was there; `bytes` counts what was read; `cut`: there is more.
 * `garbled`: it is not UTF-8, so some characters of the text are wrong.
 * @typedef {{status: number, text: string, cut: boolean, garbled: boolean, ms: number, bytes: number}} Received
 */

const MOST_BYTES = 8_000_000;

/** Rejects with an Error whose message is for people. @param {string} url @param {any} request one, or a list @param {AbortSignal} signal @returns {Promise<Received>} */
export async function send(url, request, signal) {
  const begun = performance.now();
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body: write(request), cache: "no-store", redirect: "manual", signal }).catch((error) => {
    throw signal.aborted ? error : new Error("there is no answer: the router cannot be reached");
  });
  if (answer.type === "opaqueredirect") throw new Error("the service answers with a redirect, which is not followed");
  const { pieces, bytes, cut } = await read(answer, signal);
  return { status: answer.status, ...decoded(pieces, cut), cut, bytes, ms: performance.now() - begun };
}

/** @param {Response} answer @param {AbortSignal} signal */
async function read(answer, signal) {
  const reader = answer.body?.getReader();
  /** @type {Uint8Array<ArrayBuffer>[]} */ const pieces = [];
  let bytes = 0;
  for (;;) {
    const piece = await reader?.read().catch((error) => {
      throw signal.aborted ? error : new Error(`the answer broke off after ${bytes} bytes: the service may have carried out the request`);
    });
    if (!piece || piece.done) return { pieces, bytes, cut: false };
    pieces.push(piece.value);
    bytes += piece.value.length;
    if (bytes <= MOST_BYTES) continue;
    await reader?.cancel();
    return { pieces, bytes, cut: true };
  }
}

/** JSON is UTF-8 (RFC 8259, section 8.1). @param {Uint8Array<ArrayBuffer>[]} pieces @param {boolean} cut */
function decoded(pieces, cut) {
  const text = (/** @type {boolean} */ fatal) => {
    const decoder = new TextDecoder("utf-8", { fatal, ignoreBOM: true });
    return pieces.map((piece) => decoder.decode(piece, { stream: true })).join("") + (cut ? "" : decoder.decode());
  };
  try {
    return { text: text(true), garbled: false };
  } catch {
    return { text: text(false), garbled: true };
  }
}

/**
 * Draws the last requests to a service that failed, the newest first.
 * @module
 */

import { when } from "../fleet/times.js";
import { clone, part, setText } from "../ui/dom.js";

const MOST_SHOWN = 10;
const PARTIAL = "Redis does not answer: errors that other workers saw are missing here.";

/** @typedef {{at: number, status: number, cause: string, reason: string, method: string, path: string, request_id: string, worker: string}} RoutingError */

/** @param {HTMLElement} place @param {{errors: RoutingError[], complete: boolean}|null|undefined} log nothing: it is not known */
export function drawRoutingErrors(place, log) {
  const errors = log?.errors ?? [];
  place.hidden = errors.length === 0;
  const list = part(place, "ol");
  const shown = errors.slice(0, MOST_SHOWN);
  while (list.children.length > shown.length) list.lastElementChild?.remove();
  while (list.children.length < shown.length) list.append(clone(place.ownerDocument, "routing-error"));
  for (const [at, one] of shown.entries()) draw(/** @type {HTMLElement} */ (list.children[at]), one);
  const more = errors.length - shown.length;
  const notes = [more > 0 && `${more} older ones: router.logs lists them.`, log?.complete === false && PARTIAL];
  setText(part(place, ".note"), notes.filter(Boolean).join(" "));
}

/** @param {HTMLElement} item @param {RoutingError} error */
function draw(item, { at, status, cause, reason, method, path, request_id: id, worker }) {
  setText(part(item, "time"), when(at));
  setText(part(item, ".status"), status ? String(status) : "–");
  setText(part(item, ".cause"), cause === "complete" ? "answered so by the service" : reason || cause);
  setText(part(item, ".path"), `${method} ${path}`);
  setText(part(item, ".where"), `request ${id}, worker ${worker}`);
}

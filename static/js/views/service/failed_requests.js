/**
 * The last requests to a service that failed, the newest first.
 * @module
 */

import { when } from "../../fleet/times.js";
import { clone, part, setLength, setText } from "../../ui/dom.js";

const MOST_SHOWN = 100;
const PARTIAL = "Redis does not answer: errors that other workers saw are missing here.";

/** @typedef {{at: number, status: number, cause: string, reason: string, method: string, path: string, request_id: string, worker: string}} RoutingError */
/** @typedef {import("../slot.js").View} View */

/** @implements {View} */
export class FailedRequestsTab {
  /** @param {import("../slot.js").Outside} outside */
  constructor({ page, model }) {
    this.model = model;
    this.needs = /** @type {const} */ (["service"]);
    this.body = clone(page, "logs");
  }

  title() {
    return "logs";
  }

  /** @param {HTMLElement} root */
  mount(root) {
    root.append(this.body);
  }

  draw() {
    const { chosen, details } = this.model;
    /** @type {{errors: RoutingError[], complete: boolean}|null|undefined} undefined: not asked yet */
    const log = details && details.id === chosen?.id ? (details.answer?.log ?? null) : undefined;
    const errors = log?.errors ?? [];
    const shown = errors.slice(0, MOST_SHOWN);
    const items = setLength(part(this.body, "ol"), shown.length, "routing-error");
    for (const [at, one] of shown.entries()) draw(items[at], one);
    setText(part(this.body, ".empty"), emptyText(log));
    const more = errors.length - shown.length;
    const notes = [more > 0 && `${more} older ones: router.logs lists them.`, log?.complete === false && PARTIAL];
    setText(part(this.body, ".note"), notes.filter(Boolean).join(" "));
  }

  leave() {}
}

/** @param {{errors: RoutingError[]}|null|undefined} log */
function emptyText(log) {
  if (log === undefined) return "Waiting for the router…";
  if (log === null) return "The routing errors could not be loaded.";
  return log.errors.length === 0 ? "No request to this service failed lately." : "";
}

/** @param {HTMLElement} item @param {RoutingError} error */
function draw(item, { at, status, cause, reason, method, path, request_id: id, worker }) {
  setText(part(item, "time"), when(at));
  setText(part(item, ".status"), status ? String(status) : "–");
  setText(part(item, ".why"), cause === "complete" ? "the service itself answered this" : reason || cause);
  setText(part(item, ".path"), `${method} ${path}`);
  setText(part(item, ".where"), `request ${id}, worker ${worker}`);
}

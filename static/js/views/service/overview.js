/**
 * The overview of a service: why it has its status, its past, the route of a request to it, what to do next,
 * and further facts.
 * @module
 */

import { hops } from "../../fleet/request_route.js";
import { when } from "../../fleet/times.js";
import { clone, part, setAttribute, setLength, setText } from "../../ui/dom.js";
import { setLines } from "../../ui/dom_list.js";
import { format, toService } from "../../route.js";
import { ActionButtons } from "./action_buttons.js";
import { Past } from "./past.js";
import { drawRoute } from "./route_picture.js";

/** @typedef {import("../slot.js").View} View */

/** @implements {View} */
export class OverviewTab {
  /** @param {import("../slot.js").Outside} outside */
  constructor(outside) {
    this.model = outside.model;
    this.needs = /** @type {const} */ (["service"]);
    this.body = clone(outside.page, "overview");
    this.past = new Past(part(this.body, "[data-past]"), outside);
    this.next = new ActionButtons(part(this.body, "[data-next-steps]"), outside);
    /** @type {any} */ this.drawn = null;
    /** @type {any} */ this.drawnAnswer = null;
    /** @type {any} the query that the links have */ this.linked = null;
  }

  title() {
    return "overview";
  }

  /** @param {HTMLElement} root */
  mount(root) {
    root.append(this.body);
  }

  draw() {
    const record = this.model.chosen;
    if (record === null) return;
    this.past.draw(record);
    const answer = this.model.details?.id === record.id ? this.model.details?.answer : null;
    const { query } = this.model.place;
    if (this.drawn === record && this.drawnAnswer === answer && this.linked === query) return;
    this.#methods(record);
    drawRoute(part(this.body, "[data-route]"), hops(record, answer, this.model.store.router));
    this.next.draw(record, answer);
    for (const name of ["reason", "description"]) setText(part(this.body, `[data-field="${name}"]`), record[name] ?? "");
    setText(part(this.body, '[data-field="methods_count"]'), String(record.methods_count));
    setLines(part(this.body, "[data-flags]"), flags(record));
    this.#facts(record);
    this.drawn = record;
    this.drawnAnswer = answer;
    this.linked = query;
  }

  leave() {
    this.drawn = null;
  }

  /** Each leads to the console, beside the same list. @param {any} record */
  #methods(record) {
    const { place } = this.model;
    if (this.drawn?.methods === record.methods && this.linked === place.query) return;
    const { methods: names, methods_count: count } = record;
    const links = setLength(part(this.body, "[data-methods]"), names.length, "method");
    for (const [n, method] of names.entries()) {
      setText(part(links[n], "bdi"), method);
      setAttribute(part(links[n], "a"), "href", format({ ...toService(record, place, "methods"), method }));
    }
    const more = names.length === 0 ? "none known" : count > names.length ? `… and ${count - names.length} more` : "";
    setText(part(this.body, "[data-methods-more]"), more);
  }

  /** @param {any} record */
  #facts(record) {
    const facts = Object.entries({
      name: record.name,
      context: record.context,
      node: record.node,
      version: record.version || "–",
      source: record.source ? `${record.source} (${record.source_kind})` : "no document",
      "in this status since": when(record.changed_at),
      "first seen": when(record.first_seen),
      id: record.id,
    });
    const items = setLength(part(this.body, "[data-facts]"), facts.length, "fact");
    for (const [at, [name, text]] of facts.entries()) {
      setText(part(items[at], "dt"), name);
      setText(part(items[at], "bdi"), text);
    }
  }
}

/** @param {any} record @returns {string[]} */
function flags({ flapping, conflict, spec_error: error, muted }) {
  return [
    muted && muteText(muted),
    flapping && "flapping: its status changes again and again",
    conflict && `name conflict with ${conflict}`,
    error && `invalid document, the last valid one is shown: ${error}`,
  ].filter(Boolean);
}

/** @param {import("../../live/store.js").Mute} mute */
function muteText({ by, until, note }) {
  return `muted by ${by} ${until === null ? "until somebody ends it" : `until ${when(until)}`}${note && `: ${note}`}`;
}

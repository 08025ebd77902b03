/**
 * The detail pane: one service with its status, sockets, methods and further facts.
 * @module
 */

import { clock, lasting, when } from "../fleet/times.js";
import { word } from "../fleet/viewmodel.js";
import { clone, part, setLines, setMark, setText } from "../ui/dom.js";
import { drawLinks } from "./links.js";
import { drawRoutingErrors } from "./routing_errors.js";

/** @typedef {import("../fleet/viewmodel.js").Fleet} Fleet */
/** @typedef {import("../live/freshness.js").Freshness} Freshness */

export class Detail {
  /** @param {Document} page */
  constructor(page) {
    this.page = page;
    this.root = part(page, "[data-detail]");
    this.body = part(this.root, "[data-detail-body]");
    /** @type {{id: string, answer: any}|null} */ this.known = null;
    /** @type {any} */ this.record = null;
  }

  /** What the router says of one service alone has come. @param {string} id @param {any} answer null: it could not be had */
  answered(id, answer) {
    this.known = { id, answer };
  }

  /** @param {any} record null: no service is shown @param {Fleet} fleet @param {Freshness} fresh */
  render(record, fleet, fresh) {
    this.body.hidden = record === null;
    if (this.root.dataset.shown !== (record?.id ?? "")) this.root.scrollTop = 0;
    this.root.dataset.shown = record?.id ?? "";
    if (record === null) return;
    this.#head(record, fleet, fresh);
    this.#sockets(record, fleet);
    this.#facts(record);
    if (this.record?.methods !== record.methods) this.#methods(record);
    this.record = record;
  }

  /** @param {any} record @param {Fleet} fleet @param {Freshness} fresh */
  #head(record, { now }, { trust }) {
    for (const name of ["reason", "description"]) this.#field(name, record[name]);
    this.#field("title", record.title || record.name);
    const past = Boolean(record.lost) || trust === "none";
    const { changed_at: since, status } = record;
    this.#field("status", past ? `${record.lost ? "? " : ""}was ${status}` : word(record));
    this.#field("lasting", past ? `since ${clock(since)}, last known ${clock(record.lost?.since ?? now)}` : `for ${lasting(now - since)}`);
    part(this.body, '[data-field="lasting"]').title = `since ${when(since)}`;
    this.#field("methods_count", String(record.methods_count));
    setMark(part(this.body, "[data-field-mark]"), status, Boolean(record.lost));
    const lost = part(this.body, "[data-lost]");
    lost.hidden = !record.lost;
    setText(part(lost, "bdi"), record.lost?.detail ?? "");
    const flags = [
      record.flapping && "flapping: its status changes again and again",
      record.conflict && `name conflict with ${record.conflict}`,
      record.spec_error && `invalid document, the last valid one is shown: ${record.spec_error}`,
    ].filter(Boolean);
    setLines(part(this.body, "[data-flags]"), flags);
  }

  /** @param {string} name @param {string} text */
  #field(name, text) {
    setText(part(this.body, `[data-field="${name}"]`), text ?? "");
  }

  /** @param {any} record */
  #facts(record) {
    const facts = {
      name: record.name,
      context: record.context,
      node: record.node,
      version: record.version || "–",
      source: record.source ? `${record.source} (${record.source_kind})` : "no document",
      "in this status since": when(record.changed_at),
      "first seen": when(record.first_seen),
      id: record.id,
    };
    const place = part(this.body, "[data-facts]");
    for (const [at, [name, text]] of Object.entries(facts).entries()) {
      if (place.children.length <= at) place.append(clone(this.page, "fact"));
      setText(part(place.children[at], "dt"), name);
      setText(part(place.children[at], "bdi"), text);
    }
  }

  /** @param {any} record @param {Fleet} fleet */
  #sockets(record, { now }) {
    const answer = this.known?.id === record.id ? this.known?.answer : null;
    const figures = answer?.probe;
    const rows = part(this.body, "[data-sockets] tbody");
    while (rows.children.length > record.sockets.length) rows.lastElementChild?.remove();
    while (rows.children.length < record.sockets.length) rows.append(clone(this.page, "socket"));
    for (const [at, socket] of record.sockets.entries()) {
      const row = /** @type {HTMLElement} */ (rows.children[at]);
      this.#socket(row, socket, figures?.sockets?.[socket.name], Boolean(record.lost));
      drawLinks(part(row, "th"), answer?.addresses?.[socket.name]);
    }
    const age = figures ? `probed ${lasting(now - figures.checked_at)} ago` : "latency as of the last change";
    setText(part(this.body, "[data-probe]"), age);
    drawRoutingErrors(part(this.body, "[data-routing-errors]"), answer?.log);
  }

  /** Change a row in place: text that a person has selected stays selected. @param {HTMLElement} row @param {any} socket @param {any} figures @param {boolean} lost */
  #socket(row, socket, figures, lost) {
    row.dataset.socket = socket.name;
    const [name, role, state, latency] = row.children;
    setText(part(name, "bdi"), socket.name);
    setText(role, socket.role);
    setMark(state, socket.status, lost);
    setText(part(state, ".mark + span"), socket.status);
    setText(part(state, "bdi"), because(figures?.error ?? socket.error, socket.failures));
    const ms = figures?.latency_ms ?? socket.latency_ms;
    setText(latency, ms === null || ms === undefined ? "–" : `${ms} ms`);
    setText(part(name, ".path"), socket.path);
  }

  /** @param {any} record */
  #methods(record) {
    const more = record.methods_count - record.methods.length;
    const names = more > 0 ? [...record.methods, `… and ${more} more`] : record.methods;
    setLines(part(this.body, "[data-methods]"), names.length > 0 ? names : ["none known"]);
  }
}

/** The reason of a socket's status. @param {string|null} error @param {number} failures */
function because(error, failures) {
  if (failures < 2) return error ?? "";
  return `${error ?? "no answer"}, at least ${failures} times in a row`;
}

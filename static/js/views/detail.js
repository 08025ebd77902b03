/**
 * The detail pane: one service with its sockets, methods and origin.
 * @module
 */

import { clone, part, setLines, setMark, setText } from "./dom.js";
import { since, when } from "./times.js";

export class Detail {
  /** @param {Document} page */
  constructor(page) {
    this.page = page;
    this.root = part(page, "[data-detail]");
    this.body = part(this.root, "[data-detail-body]");
    /** @type {{id: string, figures: any}|null} */ this.probe = null;
    /** @type {any} */ this.record = null;
  }

  /** @param {string} id @param {any} figures */
  probed(id, figures) {
    this.probe = { id, figures };
  }

  /** @param {any} record null: no service is shown @param {import("./store.js").Store} store */
  render(record, store) {
    this.body.hidden = record === null;
    if (this.root.dataset.shown !== (record?.id ?? "")) this.root.scrollTop = 0;
    this.root.dataset.shown = record?.id ?? "";
    if (record === null) return;
    this.#head(record, store);
    this.#sockets(record, store);
    this.#facts(record, store);
    if (this.record !== record) this.#methods(record);
    this.record = record;
  }

  /** @param {any} record @param {import("./store.js").Store} store */
  #head(record, store) {
    for (const name of ["status", "reason", "description"]) this.#field(name, record[name]);
    this.#field("title", record.title || record.name);
    this.#field("lasting", `for ${since(record.changed_at, store)}`);
    part(this.body, '[data-field="lasting"]').title = `since ${when(record.changed_at, store)}`;
    this.#field("methods_count", String(record.methods_count));
    setMark(part(this.body, "[data-field-mark]"), record.status);
    const flags = [
      record.flapping && "flapping: its state changes again and again",
      record.conflict && `name conflict with ${record.conflict}`,
      record.spec_error && `bad document, the last good one is shown: ${record.spec_error}`,
    ].filter(Boolean);
    setLines(part(this.body, "[data-flags]"), flags);
  }

  /** @param {string} name @param {string} text */
  #field(name, text) {
    setText(part(this.body, `[data-field="${name}"]`), text ?? "");
  }

  /** @param {any} record @param {import("./store.js").Store} store */
  #facts(record, store) {
    const facts = {
      name: record.name,
      context: record.context,
      node: record.node,
      version: record.version || "–",
      source: record.source ? `${record.source} (${record.source_kind})` : "no document",
      "in this state since": when(record.changed_at, store),
      "first seen": when(record.first_seen, store),
      id: record.id,
    };
    const place = part(this.body, "[data-facts]");
    for (const [at, [name, text]] of Object.entries(facts).entries()) {
      if (place.children.length <= at) place.append(clone(this.page, "fact"));
      setText(part(place.children[at], "dt"), name);
      setText(part(place.children[at], "bdi"), text);
    }
  }

  /** @param {any} record @param {import("./store.js").Store} store */
  #sockets(record, store) {
    const figures = this.probe?.id === record.id ? this.probe?.figures : null;
    const rows = part(this.body, "[data-sockets] tbody");
    while (rows.children.length > record.sockets.length) rows.lastElementChild?.remove();
    while (rows.children.length < record.sockets.length) rows.append(clone(this.page, "socket"));
    for (const [at, socket] of record.sockets.entries()) {
      this.#socket(/** @type {HTMLElement} */ (rows.children[at]), socket, figures?.sockets?.[socket.name]);
    }
    const age = figures ? `probed ${since(figures.checked_at, store)} ago` : "latency as of the last change";
    setText(part(this.body, "[data-probe]"), age);
  }

  /** Rows are changed in place: a text that a person has marked stays marked. @param {HTMLElement} row @param {any} socket @param {any} figures */
  #socket(row, socket, figures) {
    row.dataset.socket = socket.name;
    const [name, role, state, latency] = row.children;
    setText(part(name, "bdi"), socket.name);
    setText(role, socket.role);
    setMark(state, socket.status);
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

/** Why a socket is as it is. @param {string|null} error @param {number} failures */
function because(error, failures) {
  if (failures < 2) return error ?? "";
  return `${error ?? "no answer"}, at least ${failures} times in a row`;
}

/**
 * The detail pane: one service with its sockets, methods and history.
 * @module
 */

import { clone, mark, part, setText } from "./dom.js";
import { clock } from "./freshness.js";

export class Detail {
  /** @param {Document} page */
  constructor(page) {
    this.page = page;
    this.root = part(page, "[data-detail]");
    /** @type {{id: string, figures: any}|null} */ this.probe = null;
    /** @type {any} */ this.record = null;
  }

  /** @param {string} id @param {any} figures */
  probed(id, figures) {
    this.probe = { id, figures };
  }

  /** @param {any} record @param {string|null} selected @param {import("./store.js").Store} store */
  render(record, selected, store) {
    const empty = part(this.root, "[data-detail-empty]");
    empty.hidden = record !== null;
    part(this.root, "[data-detail-body]").hidden = record === null;
    const gone = "This service has left the registry.";
    setText(empty, selected === null ? "Choose a service to see its sockets, methods and history." : gone);
    if (record === null) return;
    this.root.dataset.shown = record.id;
    this.#head(record);
    this.#facts(record, store);
    this.#sockets(record, store);
    if (this.record !== record) this.#methods(record);
    this.record = record;
  }

  /** @param {any} record */
  #head(record) {
    for (const name of ["status", "reason", "description"]) this.#field(name, record[name]);
    this.#field("title", record.title || record.name);
    this.#field("methods_count", String(record.methods_count));
    mark(part(this.root, "[data-field-mark]"), record.status);
    const flags = [
      record.flapping && "flapping: its state changes again and again",
      record.conflict && `name conflict with ${record.conflict}`,
      record.spec_error && `bad document, the last good one is shown: ${record.spec_error}`,
    ].filter(Boolean);
    list(this.page, part(this.root, "[data-flags]"), flags);
  }

  /** @param {string} name @param {string} text */
  #field(name, text) {
    setText(part(this.root, `[data-field="${name}"]`), text ?? "");
  }

  /** @param {any} record @param {import("./store.js").Store} store */
  #facts(record, store) {
    const facts = {
      name: record.name,
      context: record.context,
      node: record.node,
      version: record.version || "–",
      source: record.source ? `${record.source} (${record.source_kind})` : "no document",
      "first seen": when(record.first_seen, store),
      "in this state": when(record.changed_at, store),
      id: record.id,
    };
    const place = part(this.root, "[data-facts]");
    for (const [at, [name, text]] of Object.entries(facts).entries()) {
      if (place.children.length <= 2 * at) place.append(...this.#fact(name));
      setText(part(place.children[2 * at + 1], "bdi"), text);
    }
  }

  /** A fact's name and its place for a text. @param {string} name */
  #fact(name) {
    const [term, value] = [this.page.createElement("dt"), this.page.createElement("dd")];
    term.textContent = name;
    value.append(this.page.createElement("bdi"));
    return [term, value];
  }

  /** @param {any} record @param {import("./store.js").Store} store */
  #sockets(record, store) {
    const figures = this.probe?.id === record.id ? this.probe?.figures : null;
    const body = part(this.root, "[data-sockets] tbody");
    while (body.children.length > record.sockets.length) body.lastElementChild?.remove();
    while (body.children.length < record.sockets.length) body.append(clone(this.page, "socket"));
    for (const [at, socket] of record.sockets.entries()) {
      this.#socket(/** @type {HTMLElement} */ (body.children[at]), socket, figures?.sockets?.[socket.name]);
    }
    const age = figures ? `probed ${ago(figures.checked_at, store)}` : "latency as of the last change";
    setText(part(this.root, "[data-probe]"), age);
  }

  /** Rows are changed in place: a text that a person has marked stays marked. @param {HTMLElement} row @param {any} socket @param {any} figures */
  #socket(row, socket, figures) {
    row.dataset.socket = socket.name;
    const [name, role, state, latency, failures, path] = row.children;
    setText(part(name, "bdi"), socket.name);
    setText(role, socket.role);
    mark(part(state, ".mark"), socket.status);
    setText(part(state, ".mark + span"), socket.status);
    setText(part(state, "bdi"), figures?.error ?? socket.error ?? "");
    const ms = figures?.latency_ms ?? socket.latency_ms;
    setText(latency, ms === null || ms === undefined ? "–" : `${ms} ms`);
    setText(failures, String(socket.failures));
    setText(part(path, "bdi"), socket.path);
  }

  /** @param {any} record */
  #methods(record) {
    const more = record.methods_count - record.methods.length;
    const names = more > 0 ? [...record.methods, `… and ${more} more`] : record.methods;
    list(this.page, part(this.root, "[data-methods]"), names.length > 0 ? names : ["none known"]);
  }
}

/** @param {Document} page @param {HTMLElement} place @param {string[]} lines */
function list(page, place, lines) {
  place.replaceChildren(
    ...lines.map((line) => {
      const [item, text] = [page.createElement("li"), page.createElement("bdi")];
      text.textContent = line;
      item.append(text);
      return item;
    }),
  );
}

/** A time by the server's clock, in this browser's. @param {number} ms @param {import("./store.js").Store} store */
function when(ms, store) {
  const local = ms - store.clockOffset;
  const day = new Date(local).toLocaleDateString([], { day: "numeric", month: "short" });
  return `${day}, ${clock(local)} (${ago(ms, store)})`;
}

/** @param {number} ms @param {import("./store.js").Store} store */
function ago(ms, store) {
  const seconds = Math.max(0, Math.round((store.now() + store.clockOffset - ms) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h ago` : `${Math.floor(seconds / 86_400)} d ago`;
}

/**
 * The sockets of a service: state and latency of each, why, and the links to it.
 * @module
 */

import { probeOf } from "../../fleet/request_route.js";
import { said } from "../../fleet/status.js";
import { lasting } from "../../fleet/times.js";
import { clone, part, setLength, setMark, setText } from "../../ui/dom.js";
import { drawLinks } from "./socket_links.js";

/** @typedef {import("../slot.js").View} View */

/** @implements {View} */
export class SocketsTab {
  /** @param {import("../slot.js").Outside} outside */
  constructor({ page, model }) {
    this.model = model;
    this.needs = /** @type {const} */ (["service"]);
    this.body = clone(page, "sockets");
  }

  title() {
    return "sockets";
  }

  /** @param {HTMLElement} root */
  mount(root) {
    root.append(this.body);
  }

  draw() {
    const record = this.model.chosen;
    if (record === null) return;
    const answer = this.model.details?.id === record.id ? this.model.details?.answer : null;
    const figures = probeOf(record, answer);
    const rows = setLength(part(this.body, "tbody"), record.sockets.length, "socket");
    for (const [at, socket] of record.sockets.entries()) {
      this.#socket(rows[at], socket, figures?.sockets?.[socket.name], Boolean(record.lost));
      drawLinks(part(rows[at], "th"), answer?.addresses?.[socket.name]);
    }
    const age = figures ? `probed ${lasting(this.model.now - figures.checked_at)} ago` : "latency as of the last change";
    setText(part(this.body, "[data-probe]"), age);
  }

  leave() {}

  /** Change a row in place: text that a person has selected stays selected. @param {HTMLElement} row @param {any} socket @param {any} figures @param {boolean} lost */
  #socket(row, socket, figures, lost) {
    row.dataset.socket = socket.name;
    const [name, role, state, latency] = row.children;
    setText(part(name, "bdi"), socket.name);
    setText(role, socket.role);
    setMark(state, socket.status, lost);
    setText(part(state, ".mark + span"), said(socket.status));
    setText(part(state, "bdi"), because(figures?.error ?? socket.error, socket.failures));
    const ms = figures?.latency_ms ?? socket.latency_ms;
    setText(latency, ms === null || ms === undefined ? "–" : `${ms} ms`);
    setText(part(name, ".path"), socket.path);
  }
}

/** The reason of a socket's status. @param {string|null} error @param {number} failures */
function because(error, failures) {
  if (failures < 2) return error ?? "";
  return `${error ?? "no answer"}, at least ${failures} times in a row`;
}

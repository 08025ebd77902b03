/**
 * The event streams of all web workers: their clients, how many events each client is behind, and why.
 * @module
 */

import * as api from "../live/api.js";
import { inRedis, same } from "../fleet/terminal.js";
import { dated, lasting } from "../fleet/times.js";
import { drawCommands } from "../ui/copyable_commands.js";
import { part, setLength, setText } from "../ui/dom.js";
import { PolledView } from "./polled_view.js";

const STATES = { live: "up to date", blocked: "too slow", ahead: "ahead of the worker" };

export class StreamClientsView extends PolledView {
  /** @param {import("./slot.js").Outside} outside */
  constructor({ page, model }) {
    super(page, { name: "streams", ask: api.clients, show: (answer) => this.#show(answer) });
    this.model = model;
  }

  /** @param {any} answer */
  #show(answer) {
    const { workers, clients, pending, now } = answer;
    setText(part(this.body, "[data-sum]"), sum(clients, workers.length, pending));
    this.#workers(workers, now);
    const listed = workers.flatMap((/** @type {any} */ worker) => worker.listed.map((/** @type {any} */ one) => ({ ...one, worker: worker.worker })));
    listed.sort((/** @type {any} */ a, /** @type {any} */ b) => b.behind - a.behind);
    part(this.body, "[data-streams]").hidden = listed.length === 0;
    const rows = setLength(part(this.body, "[data-streams] tbody"), listed.length, "stream");
    for (const [at, one] of listed.entries()) fill(rows[at], row(one, now));
    setText(part(this.body, "[data-unlisted]"), clients > listed.length ? `… and ${clients - listed.length} more, which are less behind` : "");
    const keys = workers.map((/** @type {any} */ { worker }) => `clients:${worker}`);
    drawCommands(part(this.body, "[data-commands]"), [
      same("hero_router clients"),
      ...(keys.length > 0 ? inRedis(this.model.redis, "MGET", keys) : []),
    ]);
  }

  /** @param {any[]} workers @param {number} now */
  #workers(workers, now) {
    const rows = setLength(part(this.body, "[data-workers] tbody"), workers.length, "worker");
    for (const [at, { worker, states, pending, at: told }] of workers.entries()) {
      fill(rows[at], [worker, ...["live", "blocked", "ahead"].map((state) => states[state] ?? 0), pending, `${lasting(now - told)} ago`]);
    }
  }
}

/** @param {number} clients @param {number} workers @param {number} pending */
function sum(clients, workers, pending) {
  const streams = clients === 1 ? "1 stream" : `${clients} streams`;
  const from = workers === 1 ? "1 web worker" : `${workers} web workers`;
  return `${streams} from ${from}; ${pending === 0 ? "no event waits" : `${pending} events wait to be sent`}.`;
}

/** @param {any} stream @param {number} now */
function row({ behind, state, reason, address, worker, connected_at: since, blocked_at: blocked, filter, conflate }, now) {
  const told = STATES[/** @type {keyof typeof STATES} */ (state)] ?? state;
  const why = [blocked === null ? told : `${told} since ${dated(blocked, now)}`, reason].filter(Boolean).join(": ");
  return [behind, why, address, worker, lasting(now - since), [filter, conflate && "newest events only (conflate)"].filter(Boolean).join(", ")];
}

/** @param {HTMLElement} row @param {unknown[]} texts */
function fill(row, texts) {
  for (const [at, text] of texts.entries()) setText(part(row.children[at], "bdi"), String(text));
}

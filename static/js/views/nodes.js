/**
 * The nodes: whether each one's scanner works, what it sees and ignores, and what to do where it is lost.
 * @module
 */

import * as api from "../live/api.js";
import { SEVERITY, said } from "../fleet/status.js";
import { exactly } from "../fleet/query.js";
import { inRedis, same, shellWord } from "../fleet/terminal.js";
import { lasting } from "../fleet/times.js";
import { format, toView, withQuery } from "../route.js";
import { drawCommands } from "../ui/copyable_commands.js";
import { part, setAttribute, setLength, setMark, setText } from "../ui/dom.js";
import { setLines } from "../ui/dom_list.js";
import { Ignored } from "./ignored_sockets.js";
import { PolledView } from "./polled_view.js";
import { drawWebhook } from "./webhook_queue.js";

export class NodesView extends PolledView {
  /** @param {import("./slot.js").Outside} outside */
  constructor({ page, model }) {
    super(page, { name: "nodes", ask: api.nodes, show: (answer) => this.#show(answer) });
    this.model = model;
  }

  /** @param {{nodes: any[], stale: any[], now: number, webhook: any}} answer */
  #show(answer) {
    const { nodes, stale, now, webhook } = answer;
    drawWebhook(part(this.body, "[data-webhook]"), webhook ?? null, now);
    part(this.body, "[data-none]").hidden = nodes.length > 0;
    const cards = setLength(part(this.body, "[data-nodes]"), nodes.length, "node");
    for (const [at, node] of nodes.entries()) this.#card(cards[at], node, stale.filter((one) => one.node === node.node), now);
  }

  /** @param {HTMLElement} card @param {any} node @param {any[]} conditions of this node @param {number} now */
  #card(card, node, conditions, now) {
    const { lost, reported, duration_ms: took, scan_seconds: every, probe_ms: probe, error } = node;
    setMark(card, lost || !reported ? "unknown" : conditions.length > 0 || error ? "degraded" : "healthy");
    setText(part(card, "h3 bdi"), node.node);
    setText(part(card, "[data-state]"), state(node));
    setLines(part(card, "[data-conditions]"), [...conditions.map(({ detail }) => String(detail)), ...(error ? [String(error)] : [])]);
    this.#counts(part(card, "[data-statuses]"), node);
    const facts = {
      "socket folder": node.root || "–",
      machine: node.machine || "–",
      sockets: `${node.sockets} in ${node.services} services`,
      "scans every": `${every} s, last one ${took === null ? "–" : `${took} ms`}`,
      probes: probe?.median !== undefined ? `median ${probe.median} ms, longest ${probe.longest} ms` : "–",
      version: node.version || "–",
    };
    const items = setLength(part(card, "[data-facts]"), Object.keys(facts).length, "fact");
    for (const [at, [name, text]] of Object.entries(facts).entries()) {
      setText(part(items[at], "dt"), name);
      setText(part(items[at], "bdi"), String(text));
    }
    setText(part(card, "[data-scanned]"), scanned(node, now));
    new Ignored(part(card, "[data-ignored]")).render([node]);
    const named = shellWord(String(node.node));
    const forget = `hero_router forget ${named}`;
    // The router names this command only where it would do it: not while a scanner holds the node.
    const isFree = conditions.some(({ reason, detail }) => reason === "scanner" && String(detail).includes(" forget "));
    drawCommands(part(card, "[data-commands]"), [
      isFree ? { why: "If it is gone for good, this removes its services:", text: forget } : same(`hero_router list --node ${named}`),
      ...inRedis(this.model.redis, "HGET", ["nodes"], [String(node.node)]),
    ]);
  }

  /** @param {HTMLElement} place @param {any} node */
  #counts(place, { node, counts }) {
    const shown = SEVERITY.filter((status) => counts?.[status] > 0);
    const items = setLength(place, shown.length, "node-status");
    for (const [at, status] of shown.entries()) {
      setMark(items[at], status);
      setText(part(items[at], "b"), String(counts[status]));
      setText(part(items[at], ".word"), said(status));
      const filter = `status:${status} ${exactly("", { node })}`;
      setAttribute(part(items[at], "a"), "href", format(withQuery(toView("fleet", this.model.place), { q: filter })));
    }
  }
}

/** Whether the scanner works, as the router knows it. @param {any} node */
function state({ lost, reported, scan }) {
  if (lost) return "the status of its services is not known";
  if (reported) return "its scanner works";
  return scan === 0 ? "its scanner has not finished a scan yet" : "its new scanner has not reported yet";
}

/** When the node was last scanned. @param {any} node @param {number} now */
function scanned({ reported, scan, last_scan: last }, now) {
  const ago = `${lasting(now - last)} ago`;
  if (scan === 0) return `first scan begun ${ago}`;
  return reported ? `last scan ${ago}` : `last scan ${ago}, by its previous scanner`;
}

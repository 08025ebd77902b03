/**
 * The events of the router's window, with its trimmed edge: filtered by what the list's filter lets through
 * and by type, and paused on demand.
 * @module
 */

import { events } from "../fleet/event_text.js";
import { filtered } from "../fleet/filtered_events.js";
import { TimelinePause } from "../fleet/timeline_pause.js";
import { inRedis, same } from "../fleet/terminal.js";
import { dated } from "../fleet/times.js";
import { edge, withEdge } from "../fleet/oldest_kept_event.js";
import * as api from "../live/api.js";
import { MOST_LINES } from "../live/timeline.js";
import { joined, split, withQuery } from "../route.js";
import { drawCommands } from "../ui/copyable_commands.js";
import { part, setAttribute, setLength, setText } from "../ui/dom.js";
import { EventList } from "./event_list.js";
import { PolledView } from "./polled_view.js";

/** The types of events, in words. */
const TYPES = { status_change: "status", service_added: "added", service_updated: "updated", service_removed: "removed", scan: "scans" };
const COMMAND_EVENTS = 100;
/** Screen readers are told at most so often what waits during a pause. */
const SAID_EVERY_MS = 30_000;

export class TimelineView extends PolledView {
  /** @param {import("./slot.js").Outside} outside */
  constructor({ page, model, address }) {
    super(page, { name: "timeline", ask: () => api.recent(this.filled ? 1 : MOST_LINES), show: (answer) => this.#take(answer) });
    this.model = model;
    this.address = address;
    /** Whether the events of the window are in the list. */ this.filled = false;
    /** @type {import("../live/timeline.js").Line|null} */ this.edge = null;
    /** @type {TimelinePause|null} */ this.pause = null;
    /** When screen readers were last told what waits, by our clock. */ this.saidAt = -Infinity;
    this.list = new EventList(this.body, model);
    part(this.body, "[data-pause]").addEventListener("click", () => this.#toggle());
    this.#types();
  }

  title() {
    return this.pause ? "timeline (paused)" : "timeline";
  }

  /** @param {import("./slot.js").Delta} [delta] */
  draw(delta) {
    if (!delta || delta.lines || delta.place) this.#lines();
    this.#paused();
    drawCommands(part(this.body, "[data-commands]"), [
      same(`hero_router events --tail ${COMMAND_EVENTS}`),
      ...inRedis(this.model.redis, "XREVRANGE", ["events"], ["+", "-", "COUNT", String(COMMAND_EVENTS)]),
    ]);
  }

  /** What the router keeps; at first with the events themselves. @param {any} answer */
  #take(answer) {
    const { window, kept, first } = answer;
    const there = `${kept === 1 ? "1 event" : `${kept} events`}, since ${first ? dated(first.at, this.model.fresh.at) : "–"}`;
    const full = `The router keeps the newest ${window} events; older ones are gone.`;
    setText(part(this.body, "[data-kept]"), kept < window ? `The router keeps all events so far (${there}), and ${window} at most.` : full);
    if (this.edge?.id !== first?.id) this.edge = edge(answer);
    if (!this.filled) this.model.store.fill(answer);
    this.filled = true;
    this.draw();
  }

  #lines() {
    const { store, place } = this.model;
    const types = split(place.query.types);
    const lines = filtered(this.model, this.pause?.shown).filter(({ event }) => types.length === 0 || types.includes(event) || !(event in TYPES));
    this.list.draw(withEdge(lines, this.edge, store.lines.era));
    for (const button of this.body.querySelectorAll("[data-type]")) {
      setAttribute(button, "aria-pressed", String(types.includes(/** @type {HTMLElement} */ (button).dataset.type ?? "")));
    }
  }

  #paused() {
    const { pause, model } = this;
    this.body.toggleAttribute("data-paused", pause !== null);
    setText(part(this.body, "[data-pause]"), pause ? "resume" : "pause");
    if (pause === null) return;
    const { lines } = model.store;
    const waiting = pause.waiting(lines);
    // Of those that are not listed any more nobody knows it.
    const through = model.filter && pause.trimmed(lines) === 0 ? `, of which the filter lets ${filtered(model, pause.news(lines)).length} through` : "";
    const parts = [`${events(waiting)} ${waiting === 1 ? "waits" : "wait"}${through}`, pause.missed(lines)];
    this.#waits(`Paused at ${dated(pause.at, model.fresh.at)}: ${parts.filter(Boolean).join("; ")}.`);
  }

  /** @param {string} text */
  #waits(text) {
    const now = this.model.store.clock.now();
    setText(part(this.body, "[data-waiting]"), text);
    if (text && now - this.saidAt < SAID_EVERY_MS) return;
    this.saidAt = text ? now : -Infinity;
    setText(part(this.body, "[data-waiting-said]"), text);
  }

  /** Pause, or go on: what came meanwhile is listed, and what is not is told. */
  #toggle() {
    const { lines } = this.model.store;
    const trimmed = this.pause?.trimmed(lines) ?? 0;
    const not = trimmed > 0 ? `${events(trimmed)} of the pause ${trimmed === 1 ? "is" : "are"} not listed: this page lists the newest ${MOST_LINES}` : "";
    const told = [not, this.pause?.missed(lines) ?? ""].filter(Boolean).join("; ");
    setText(part(this.body, "[data-trimmed]"), told && `${told}.`);
    this.pause = this.pause ? null : new TimelinePause(lines, this.model.now);
    this.#waits("");
    this.draw();
  }

  /** The buttons that choose types of events; the address holds what is chosen. */
  #types() {
    const buttons = setLength(part(this.body, "[data-types]"), Object.keys(TYPES).length, "event-type");
    for (const [at, [type, label]] of Object.entries(TYPES).entries()) {
      setText(buttons[at], label);
      buttons[at].dataset.type = type;
      buttons[at].addEventListener("click", () => {
        const { place } = this.model;
        const types = split(place.query.types);
        const chosen = types.includes(type) ? types.filter((one) => one !== type) : [...types, type];
        this.address.push(withQuery(place, { types: joined(chosen) }));
      });
    }
  }
}

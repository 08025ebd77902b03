/**
 * What happened while the page was hidden or had no connection: which services got worse,
 * came or left, and how many events there were. Pure: it compares the services then and now.
 * @module
 */

import { distance } from "../live/position.js";
import { counted, severity } from "./status.js";

/** @typedef {import("./status.js").Shown} Shown */
/** A service as it was. @typedef {{name: string, status: string}} Was */
/** `place` is the position of the state, `missed` the number of missed events that the page told of last. @typedef {{at: number, place: string|null, services: Map<string, Was>}} Moment */
/**
 * `events` is the number of all events, missed ones included; null: not known. `missed` is null where the
 * number is not known.
 * @typedef {{from: number, to: number, worse: Shown[], better: number, came: Shown[], left: string[], events: number|null, missed: number|null}} Absence
 */

/** @param {number} at @param {string|null} place @param {Iterable<Shown>} services @returns {Moment} */
export function moment(at, place, services) {
  const then = new Map();
  for (const shown of services) then.set(shown.id, { name: shown.name, status: counted(shown) });
  return { at, place, services: then };
}

/**
 * @param {Moment} then @param {Shown[]} services as they are now
 * @param {{at: number, place: string|null, missed: {dropped: number|null, at: number}|null}} now `missed` is what the page missed last, ever
 * @returns {Absence}
 */
export function absence(then, services, { at, place, missed }) {
  const worse = [];
  const came = [];
  let better = 0;
  for (const shown of services) {
    const was = then.services.get(shown.id);
    const change = was ? severity(counted(shown)) - severity(was.status) : 0;
    if (!was) came.push(shown);
    else if (change < 0) worse.push(shown);
    else if (change > 0) better += 1;
  }
  const here = new Set(services.map(({ id }) => id));
  const left = [...then.services].filter(([id]) => !here.has(id)).map(([, { name }]) => name);
  const isNew = missed !== null && missed.at >= then.at;
  return { from: then.at, to: at, worse, better, came, left, events: distance(then.place, place), missed: isNew ? missed.dropped : 0 };
}

/** Whether a person would want to know. @param {Absence} absence */
export const matters = ({ worse, came, left, missed }) => worse.length + came.length + left.length > 0 || missed !== 0;

/** What happened, in words; the services that got worse are named elsewhere. @param {Absence} absence */
export function told({ worse, better, came, left, events, missed }) {
  const changes = [`${worse.length} got worse`, better > 0 && `${better} got better`, `${came.length} came`, `${left.length} left`];
  const number = events === null ? "" : events === 1 ? "1 event, " : `${events} events, `;
  return `${changes.filter(Boolean).join(", ")} · ${number}${gap(missed)}`;
}

/** @param {number|null} missed */
function gap(missed) {
  if (missed === 0) return "none missed";
  return missed === null ? "some missed: their number is not known" : `${missed} missed; the state was loaded anew`;
}

/**
 * The services as the page shows them (the fleet): the last known record of each, and whether its present
 * status is unknown, because its node is lost or the scanner cannot see its sockets.
 * @module
 */

/** @typedef {import("../live/store.js").Condition} Condition */
/** A service record, and the condition why its present status is unknown (null: the status is known). @typedef {any & {lost: Condition|null}} Shown */
/**
 * @typedef {{
 *   all: Shown[], known: Shown[], troubled: Shown[], lost: Map<string, {condition: Condition, services: Shown[]}>,
 *   now: number,
 * }} Fleet `known` are the services whose present status is known, `troubled` those of them that are not
 *   healthy; `now` is the time from which ages are counted, by the router's clock
 */

/**
 * @param {import("../live/store.js").Store} store
 * @param {import("../live/freshness.js").Freshness} fresh
 * @returns {Fleet}
 */
export function fleet(store, fresh) {
  const lost = new Map();
  const unseen = new Set();
  for (const one of fresh.state.conditions) {
    if (one.reason === "scanner" && one.node !== null) lost.set(one.node, { condition: one, services: [] });
    if (one.reason === "root") unseen.add(one.node);
  }
  const all = [...store.services.values()].map((one) => seen(one, lost.get(one.node)?.condition ?? null));
  for (const one of all) lost.get(one.node)?.services.push(one);
  // Services that the scanner cannot see are reported once, by the band of their node, not one by one.
  const known = all.filter((one) => !one.lost && !(one.status === "unknown" && unseen.has(one.node)));
  const troubled = known.filter((one) => one.status !== "healthy");
  // While the page may be out of date, ages stand still.
  const now = fresh.trust === "none" ? (fresh.state.asOf ?? store.clock.router()) : store.clock.router();
  return { all, known, troubled, lost, now };
}

/** A record with its condition; copied only if the condition changed: there may be thousands. @param {any} record @param {Condition|null} lost @returns {Shown} */
function seen(record, lost) {
  return (record.lost ?? null) === lost ? record : { ...record, lost };
}

/** The status as which a service counts: unknown if its node is lost. @param {Shown} record @returns {string} */
export function counted({ lost, status }) {
  return lost ? "unknown" : status;
}

/** A service's status as text; "was …" if its node is lost. @param {Shown} record @returns {string} */
export function word({ lost, status }) {
  return lost ? `was ${status}` : status;
}

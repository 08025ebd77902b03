/**
 * The fleet as it is to be shown: what is known of each service, and of which ones nobody knows how they
 * are now, because their node is lost or its sockets are out of sight.
 * @module
 */

/** @typedef {import("../live/store.js").Condition} Condition */
/** A record, and why nobody knows how the service is now (null: it is known). @typedef {any & {lost: Condition|null}} Shown */
/**
 * @typedef {{
 *   all: Shown[], known: Shown[], troubled: Shown[], lost: Map<string, {condition: Condition, services: Shown[]}>,
 *   now: number,
 * }} Fleet `known` are those of which somebody knows how they are, `troubled` those of them that are not
 *   healthy; `now` is what ages are counted to, by the router's clock
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
  // What is out of sight is told once, by the band of its node, and not by a row for each service.
  const known = all.filter((one) => !one.lost && !(one.status === "unknown" && unseen.has(one.node)));
  const troubled = known.filter((one) => one.status !== "healthy");
  // Where nobody can vouch for what is shown, nothing goes on: not even the time since when it is so.
  const now = fresh.trust === "none" ? (fresh.state.asOf ?? store.clock.router()) : store.clock.router();
  return { all, known, troubled, lost, now };
}

/** A record is copied only where that says something new: there may be thousands. @param {any} record @param {Condition|null} lost @returns {Shown} */
function seen(record, lost) {
  return (record.lost ?? null) === lost ? record : { ...record, lost };
}

/** What a service counts as: nobody knows how one of a lost node is. @param {Shown} record @returns {string} */
export function counted({ lost, status }) {
  return lost ? "unknown" : status;
}

/** A service's state as one word; of what cannot be vouched for as what it was. @param {Shown} record @returns {string} */
export function word({ lost, status }) {
  return lost ? `was ${status}` : status;
}

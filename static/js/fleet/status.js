/**
 * The statuses of services: their order, the words for them, and as which status a service counts.
 * @module
 */

/** @typedef {import("../live/store.js").Condition} Condition */
/** A service record, and the condition why its present status is unknown (null: the status is known). @typedef {any & {lost: Condition|null}} Shown */

/** All statuses, the worst first. */
export const SEVERITY = ["unhealthy", "inactive", "non_rpc", "degraded", "unknown", "healthy"];

const WORDS = new Map([["inactive", "no listener"], ["non_rpc", "not HTTP"]]);

/** A status in words for people. @param {string} status */
export const said = (status) => WORDS.get(status) ?? status;

/** How bad a status is: 0 is the worst; one of a newer router counts as unknown. @param {string} status */
export function severity(status) {
  const at = SEVERITY.indexOf(status);
  return at < 0 ? SEVERITY.indexOf("unknown") : at;
}

/** The status as which a service counts: unknown if its node is lost. @param {Shown} record @returns {string} */
export function counted({ lost, status }) {
  if (lost) return "unknown";
  return SEVERITY.includes(status) ? status : "unknown";
}

/** A service's status in words; "was …" if its node is lost. @param {Shown} record @returns {string} */
export function word({ lost, status }) {
  return lost ? `was ${said(status)}` : said(status);
}

/** A record with its condition; copied only if the condition changed: there may be thousands. @param {any} record @param {Condition|null} lost @returns {Shown} */
export function seen(record, lost) {
  return (record.lost ?? null) === lost ? record : { ...record, lost };
}

/**
 * A service's record as the state API gives it, and as a stream does. The API puts "unknown" in the
 * place of what it last knew of a lost node's services; a stream, and this page, keep what was known.
 * @module
 */

const LOST = "node_lost";

/** The record as it was before its node was lost, where the answer still says so. @param {any} record */
export function known({ last_status: status, last_reason: reason, ...record }) {
  if (status === undefined) return record;
  return { ...record, status, reason: reason ?? "", healthy: status === "healthy" };
}

/** Whether nobody says how the service was, as a router of an older version. @param {any} record */
export function blind({ status, reason }) {
  return status === "unknown" && reason === LOST;
}

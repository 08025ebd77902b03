/**
 * Makes service records of the state API equal to those of the stream. For a service of a lost node the
 * API gives the status "unknown"; the stream, and this page, keep the last known status.
 * @module
 */

const LOST = "node_lost";

/** The record with its last known status, if the answer has that. @param {any} told */
export function known(told) {
  // Most have none, and there may be thousands: they are not copied.
  if (told.last_status === undefined) return told;
  const { last_status: status, last_reason: reason, ...record } = told;
  return { ...record, status, reason, healthy: status === "healthy" };
}

/** Whether the record lacks the last known status, as from a router of an older version. @param {any} record */
export function blind({ status, reason }) {
  return status === "unknown" && reason === LOST;
}

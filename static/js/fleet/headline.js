/**
 * Makes the text of the sentence at the top of the page about the health of all services.
 * @module
 */

import { dated } from "./times.js";

/** In the past tense while the page may be out of date. @param {import("./page_model.js").Model} model @returns {string} */
export function headline({ index, loaded, past, fresh }) {
  if (!loaded) return "Waiting for the router…";
  const { asOf } = fresh.state;
  const at = past && asOf !== null ? ` at ${dated(asOf, fresh.at)}` : "";
  const { size } = index.entries;
  if (size === 0) return past ? `There were no services${at}` : "No services yet";
  const lost = size - index.known;
  const more = lost === 0 ? "" : `; the status of ${lost} more is not known`;
  if (index.known === 0) return `The status of ${lost === 1 ? "the one service" : `all ${services(lost)}`} is not known`;
  return `${sentence(index.known, index.troubled, past)}${at}${more}`;
}

/** @param {number} known @param {number} troubled @param {boolean} past */
function sentence(known, troubled, past) {
  const be = (/** @type {number} */ number) => (past ? (number === 1 ? "was" : "were") : number === 1 ? "is" : "are");
  if (troubled > 0) return `${troubled} of ${services(known)} ${be(troubled)} not healthy`;
  return known === 1 ? `The one service ${be(1)} healthy` : `All ${known} services ${be(known)} healthy`;
}

/** @param {number} number */
export const services = (number) => `${number} service${number === 1 ? "" : "s"}`;

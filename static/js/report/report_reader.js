/**
 * The data of a report (a saved page that opens offline): read once from the text in the file. A text that is none is
 * refused with a sentence for people.
 * @module
 */

/** What `GET /api/report` writes: answers of the router's API, and the whole past of each service. */
const FORMAT = 1;

/**
 * @typedef {{
 *   version: string, node: string, made_at: number, reader: {roles: string[], contexts: string[]|null},
 *   state: any, events: {kept: number, events: import("../live/store.js").Frame[]},
 *   past: {heads: Record<string, import("../fleet/history_bars.js").Span>, services: Whole[], error: string},
 * }} Report
 */
/** All that is kept of one service. @typedef {{service_id: string, spans: Record<string, any>, transitions: any[], incidents: any[]}} Whole */

/** @type {Report|null} */
let report = null;

/** @param {string} text @returns {Report} @throws {Error} what is wrong with the text */
export function open(text) {
  const found = parsed(text);
  if (found?.format !== FORMAT) throw new Error(`it has the format ${String(found?.format).slice(0, 20)}, and this page reads ${FORMAT}`);
  if (!isWhole(found)) throw new Error("parts of it are missing");
  report = found;
  return found;
}

/** The report, which was opened before anything is drawn. */
export function opened() {
  if (report === null) throw new Error("no report is open");
  return report;
}

/** @param {string} text @returns {any} */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("it was cut off or changed on its way");
  }
}

/** @param {any} found */
function isWhole({ node, version, made_at: made, reader, state, events, past }) {
  const texts = [node, version, state?.cursor].every((each) => typeof each === "string");
  const lists = [reader?.roles, state?.services, state?.nodes, state?.stale, events?.events, past?.services].every(Array.isArray);
  return texts && lists && Number.isFinite(made) && typeof past.heads === "object";
}

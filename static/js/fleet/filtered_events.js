/**
 * The lines of recent events that match the filter.
 * @module
 */

import { haystack, matches } from "./query.js";
import { seen } from "./status.js";

/** The lines of services that the filter lets through, and all lines about the stream itself. @param {import("./page_model.js").Model} model @param {import("../live/timeline.js").Line[]} [lines] */
export function filtered({ store, index, now }, lines = store.lines.all) {
  const { terms } = index.arrangement;
  if (terms.length === 0) return lines;
  return lines.filter(({ data }) => {
    const one = data.service ?? data;
    if (one.name === undefined) return true;
    const record = seen({ sockets: [], methods: [], reason: "", status: "unknown", ...one }, null);
    return matches(terms, record, haystack(record), now);
  });
}

/**
 * The changes since the page was last drawn, so that views draw only what has changed.
 * @module
 */

/**
 * `conditions` also where the page may be trusted more or less than before; `place`: the address, or what the
 * filter lets through; `hour`: the last hour; `caller`: who the person is to the router.
 * @typedef {import("../live/pending_changes.js").Delta & {place: boolean, hour: boolean, caller: boolean}} Delta
 */

/** @returns {Delta} */
export const nothing = () => all(false);

/** As if all had changed. @returns {Delta} */
export const everything = () => all(true);

/** Whether nothing but the time has changed, or what the timeline lists. @param {Delta} delta */
export const isQuiet = ({ ids, all, conditions, place, hour, caller }) => ids.size === 0 && !(all || conditions || place || hour || caller);

/** @param {boolean} has */
const all = (has) => ({ ids: new Set(), all: has, conditions: has, lines: has, place: has, hour: has, caller: has });

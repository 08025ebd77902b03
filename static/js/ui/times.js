/**
 * Times in a person's words.
 * @module
 */

/** @param {number} ms a time */
export function clock(ms) {
  return new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
}

/** @param {number} ms how long */
export function lasting(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** How long ago a time by the router's clock is. @param {number} ms @param {import("./store.js").Store} store */
export function since(ms, store) {
  return lasting(store.now() + store.clockOffset - ms);
}

/** A time by the router's clock, in this browser's. @param {number} ms @param {import("./store.js").Store} store */
export function when(ms, store) {
  const local = ms - store.clockOffset;
  const day = new Date(local).toLocaleDateString([], { day: "numeric", month: "short", year: "numeric" });
  return `${day}, ${clock(local)}`;
}

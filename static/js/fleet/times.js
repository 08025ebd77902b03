/**
 * Times and durations as text. All times are by the router's clock, so that the page agrees with the
 * router's logs and with every other page, whatever this machine's clock says.
 * @module
 */

/** @param {number} ms a time */
export function clock(ms) {
  return new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
}

/** @param {number} ms a time, with its day */
export function when(ms) {
  const day = new Date(ms).toLocaleDateString([], { day: "numeric", month: "short", year: "numeric" });
  return `${day}, ${clock(ms)}`;
}

/** @param {number} ms how long */
export function lasting(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

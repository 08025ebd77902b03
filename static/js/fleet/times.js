/**
 * Times and durations as text. All times are by the router's clock, so that the page agrees with the
 * router's logs and with every other page, whatever this machine's clock says.
 * @module
 */

/** As "19:41:03"; written by hand, because the browser's formatters cost milliseconds. @param {number} ms a time */
export function clock(ms) {
  return `${minute(ms)}:${two(new Date(ms).getSeconds())}`;
}

/** As "19:41". @param {number} ms a time */
export function minute(ms) {
  const time = new Date(ms);
  return `${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** As "2025-11-26". @param {number} ms a time */
export function day(ms) {
  const time = new Date(ms);
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

/** A time with its day. @param {number} ms */
export const when = (ms) => `${day(ms)}, ${clock(ms)}`;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The day of a time in a few letters: "" for today, "Nov 28", or "Nov 2025" of another year. @param {number} ms a time @param {number} now */
export function otherDay(ms, now) {
  if (day(ms) === day(now)) return "";
  const [one, today] = [new Date(ms), new Date(now)];
  const same = one.getFullYear() === today.getFullYear();
  return `${MONTHS[one.getMonth()]} ${same ? one.getDate() : one.getFullYear()}`;
}

/** As "19:41:03", and as "Nov 28 19:41:03" of another day than today. @param {number} ms a time @param {number} now the present, also where the page tells of the past */
export const dated = (ms, now) => `${otherDay(ms, now)} ${clock(ms)}`.trim();

/** @param {number} ms how long */
export function lasting(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** @param {number} ms a time, as UTC; empty if it is none */
export function utc(ms) {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? "" : `${time.toISOString().slice(0, 19).replace("T", " ")}Z`;
}

/** @param {number} number */
const two = (number) => String(number).padStart(2, "0");

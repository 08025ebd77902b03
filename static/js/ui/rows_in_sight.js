/**
 * Which rows of a long list are drawn: those in sight, some around them, and one that is kept wherever it
 * is, because it has the focus.
 * @module
 */

const AROUND = 5;

/**
 * @param {{top: number, bottom: number, height: number, length: number, kept: number}} list the part of the
 *   list that is in sight and the height of a row, in px from the list's top; `kept` is -1 for none
 * @returns {number[]} in order
 */
export function rowsInSight({ top, bottom, height, length, kept }) {
  const first = Math.min(length, Math.max(0, Math.floor(top / height) - AROUND));
  const last = Math.min(length, Math.max(first, Math.ceil(bottom / height) + AROUND));
  const shown = Array.from({ length: last - first }, (_, at) => first + at);
  if (kept < 0 || (kept >= first && kept < last)) return shown;
  return kept < first ? [kept, ...shown] : [...shown, kept];
}

/**
 * Reads the text of the state in pieces: thousands of services at once would hold the page up. The router
 * sends each record on a line of its own, and a line break is never inside of a JSON text's strings.
 * @module
 */

const PIECE_MS = 8;
const HEAD = '"services":[';

/**
 * @param {string} text an answer of `/api/services`
 * @param {{now: () => number, pause: () => Promise<void>}} outside `now` in ms; `pause` lets the browser do other work
 * @returns {Promise<any>} fails if it is no JSON
 */
export async function read(text, { now, pause }) {
  const lines = text.split("\n");
  const [head, end] = [lines[0], lines.at(-1) ?? ""];
  // A router of an older version sends one line.
  if (lines.length < 3 || !head.endsWith(HEAD)) return JSON.parse(text);
  const state = JSON.parse(head + end);
  let until = now() + PIECE_MS;
  for (const line of lines.slice(1, -1)) {
    if (line !== "") state.services.push(JSON.parse(line.endsWith(",") ? line.slice(0, -1) : line));
    if (now() < until) continue;
    await pause();
    until = now() + PIECE_MS;
  }
  return state;
}

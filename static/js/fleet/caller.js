/**
 * The user of the page as the router knows them: name, role and rights.
 * @module
 */

/** @typedef {{name: string, what: string, extent: "no"|"contexts"|"yes"}} Right */
/**
 * `session` is the id of the browser's session, null without one; `open`: the router asks nobody who they are.
 * @typedef {{
 *   name: string, kind: string, roles: string[], contexts: string[]|null, session: string|null,
 *   session_ends: number|null, open: boolean, rights: Right[],
 * }} Caller
 */

/** The right to see and change who may use the router. */
export const ACCESS = "access";

/** Whether a caller has a right in all contexts; nobody has it before it is known who they are. @param {Caller|null} caller @param {string|undefined} right undefined: none is needed */
export function mayDo(caller, right) {
  if (right === undefined) return true;
  return caller?.rights.some(({ name, extent }) => name === right && extent === "yes") ?? false;
}

/**
 * The user of the page as the router knows them: name, role and rights, and texts about these.
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

const KINDS = {
  open: "this router does not ask who you are",
  token: "identified by a token",
  header: "identified by the proxy in front of the router",
  oidc: "identified by the OpenID provider",
};
const WAYS = { token: "with a token", link: "with a sign-in link", oidc: "at the OpenID provider" };
export const EXTENTS = { no: "no", contexts: "in their contexts", yes: "yes" };

/** Whether a caller has a right in all contexts; nobody has it before it is known who they are. @param {Caller|null} caller @param {string|undefined} right undefined: none is needed */
export function mayDo(caller, right) {
  if (right === undefined) return true;
  return caller?.rights.some(({ name, extent }) => name === right && extent === "yes") ?? false;
}

/** @param {{roles: string[], contexts: string[]|null}} who */
export function role({ roles, contexts }) {
  const held = roles.includes("admin") ? "administrator" : "viewer";
  return contexts === null ? held : `${held} of ${contexts.join(", ")}`;
}

/** How the router knows a caller. @param {Caller} caller */
export const kind = (caller) => KINDS[/** @type {keyof typeof KINDS} */ (caller.kind)] ?? caller.kind;

/** How a browser signed in. @param {string} way */
export const signedIn = (way) => WAYS[/** @type {keyof typeof WAYS} */ (way)] ?? way;

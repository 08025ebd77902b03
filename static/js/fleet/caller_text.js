/**
 * Texts about the router's users and their rights.
 * @module
 */

const KINDS = {
  open: "this router does not ask who you are",
  token: "identified by a token",
  header: "identified by the proxy in front of the router",
  oidc: "identified by the OpenID provider",
};
const WAYS = { token: "with a token", link: "with a sign-in link", oidc: "at the OpenID provider" };
export const EXTENTS = { no: "no", contexts: "in their contexts", yes: "yes" };

/** @param {{roles: string[], contexts: string[]|null}} who */
export function role({ roles, contexts }) {
  const held = roles.includes("admin") ? "administrator" : "viewer";
  return contexts === null ? held : `${held} of ${contexts.join(", ")}`;
}

/** How the router knows a caller. @param {import("./caller.js").Caller} caller */
export const kind = (caller) => KINDS[/** @type {keyof typeof KINDS} */ (caller.kind)] ?? caller.kind;

/** How a browser signed in. @param {string} way */
export const signedIn = (way) => WAYS[/** @type {keyof typeof WAYS} */ (way)] ?? way;

/**
 * The links to a service's sockets, from the addresses that the router gives and the page's own address.
 * @module
 */

/** @typedef {{path: string|null, host: string|null, host_path: string, note: string}} Address */
/** @typedef {{href: string, text: string, about: string}} Link */
/** @typedef {{protocol: string, hostname: string, port: string}} Place */

const OWN = "the service's own host name: its scripts work there as usual";
const SHARED = "an address below this router's own: the service's scripts run in a sandbox (without an origin)";

/**
 * The service's own host name comes first. It is reached at the port of this page.
 * @param {Address} address @param {Place} place where the page is @param {string} base the router's URL, with a slash at its end
 * @returns {Link[]}
 */
export function links({ path, host, host_path: below }, place, base) {
  const found = [];
  if (host !== null && reaches(host, place.hostname)) {
    const authority = place.port ? `${host}:${place.port}` : host;
    found.push({ href: `${place.protocol}//${authority}${below}`, text: authority + below, about: OWN });
  }
  if (path !== null) found.push({ href: base + path.slice(1), text: path, about: SHARED });
  return found;
}

/** Names below localhost lead to the reader's own machine, whichever machine the page is from. @param {string} host @param {string} here */
function reaches(host, here) {
  return !host.endsWith(".localhost") || /^(.+\.)?localhost$|^127\.|^\[::1\]$/.test(here);
}

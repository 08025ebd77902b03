/**
 * Parses and writes the page's address: the fragment of the URL as a place (which view, which service, which
 * filter), and a place as a fragment. No document: `ui/browser_location.js` reads and writes the real one.
 * @module
 */

/** The name of a service: `node` may be left out where no two nodes have the service. @typedef {{context: string, name: string, node: string|null}} Key */
/**
 * `view` is "fleet", "service" or the name of another view. For a service: `key`, `tab` ("" is the
 * overview) and `method` (only of the tab "methods"); `old` is the text of an address of an older
 * version (an id or a name), which has no key yet. `query` holds everything after the question mark.
 * @typedef {{
 *   view: string, key: Key|null, old: string|null, tab: string, method: string|null,
 *   query: Readonly<Record<string, string>>,
 * }} Place
 */

const SERVICE = "s";
const METHODS = "methods";
/** Which parts of the query make up the list of services: links inside the page keep them. */
const LIST = ["q", "sort", "group", "shut"];

/** @type {Place} */
const HOME = { view: "fleet", key: null, old: null, tab: "", method: null, query: {} };

/** @param {string} fragment as in `location.hash` @returns {Place} */
export function parse(fragment) {
  const text = fragment.replace(/^#/, "");
  if (text === "") return HOME;
  if (!text.startsWith("/")) return { ...HOME, view: "service", old: unescaped(text) };
  const [path, ...rest] = text.slice(1).split("?");
  const query = unpacked(rest.join("?"));
  const parts = path.split("/");
  if (parts[0] !== SERVICE || parts.length < 3) return { ...HOME, view: decoded(parts[0]) || HOME.view, query };
  const [, context, named, tab = "", method] = parts;
  const [name, ...node] = named.split("@");
  const key = { context: decoded(context), name: decoded(name), node: node.length > 0 ? decoded(node.join("@")) : null };
  const asked = tab === METHODS && method !== undefined ? decoded(method) : null;
  return { ...HOME, view: "service", key, tab: decoded(tab), method: asked, query };
}

/** @param {Place} place @returns {string} the fragment, with its `#` */
export function format({ view, key, old, tab, method, query }) {
  if (key === null && old !== null) return `#${encodeURIComponent(whole(old))}`;
  const path = key === null ? (view === HOME.view ? "" : encoded(view)) : servicePath(key, tab, method);
  const packed = pack(query);
  return `#/${path}${packed && `?${packed}`}`;
}

/** The place of a service beside the same list. @param {Key} key @param {Place} from where the link is @param {string} [tab] @returns {Place} */
export function toService({ context, name, node }, from, tab = "") {
  return { ...HOME, view: "service", key: { context, name, node: node ?? null }, tab, query: listed(from) };
}

/** The place of another view beside the same list. @param {string} view @param {Place} from @returns {Place} */
export function toView(view, from) {
  return { ...HOME, view, query: listed(from) };
}

/** A place with some of its query changed; an empty text removes an entry. @param {Place} place @param {Record<string, string>} changes @returns {Place} */
export function withQuery(place, changes) {
  const kept = Object.entries({ ...place.query, ...changes }).filter(([, value]) => value !== "");
  return { ...place, query: Object.fromEntries(kept) };
}

/** A list of texts as one text of a query, and back. @param {string[]} texts */
export const joined = (texts) => texts.map((one) => encoded(one).replaceAll(",", "%2C")).join(",");

/** @param {string|undefined} text */
export const split = (text) => (text ? text.split(",").map(decoded) : []);

/** The place of a link as it is beside another list. @param {Place} place @param {Place} from where the link is now @param {boolean} filters whether the link has a filter of its own */
export function beside(place, from, filters) {
  const { q = "" } = filters ? place.query : from.query;
  const blank = Object.fromEntries(LIST.map((name) => [name, ""]));
  return withQuery(place, { ...blank, ...listed(from), q });
}

/** What of a query makes up the list. @param {Place} place */
function listed({ query }) {
  return Object.fromEntries(LIST.filter((name) => name in query).map((name) => [name, query[name]]));
}

/** @param {Key} key @param {string} tab @param {string|null} method */
function servicePath({ context, name, node }, tab, method) {
  const at = node === null ? "" : `@${encoded(node)}`;
  const path = `${SERVICE}/${encoded(context)}/${encoded(name)}${at}`;
  if (tab === METHODS && method !== null) return `${path}/${METHODS}/${encoded(method)}`;
  return tab === "" ? path : `${path}/${encoded(tab)}`;
}

/** @param {Readonly<Record<string, string>>} query in the order of its names, so that equal places have equal addresses */
function pack(query) {
  const names = Object.keys(query).sort();
  return names.map((name) => `${encoded(name)}=${encoded(query[name])}`).join("&");
}

/** @param {string} text @returns {Record<string, string>} */
function unpacked(text) {
  const pairs = text.split("&").filter(Boolean).map((pair) => {
    const [name, ...value] = pair.split("=");
    return [decoded(name), decoded(value.join("="))];
  });
  return Object.fromEntries(pairs);
}

/** Encode a text, but leave what is readable and has no meaning here. @param {string} text */
function encoded(text) {
  const readable = { "%3A": ":", "%2C": ",", "%3C": "<", "%20": "+" };
  return encodeURIComponent(whole(text)).replace(/%(?:3A|2C|3C|20)/g, (code) => readable[/** @type {keyof typeof readable} */ (code)]);
}

/** @param {string} text */
const decoded = (text) => unescaped(text.replaceAll("+", " "));

/** @param {string} text not well encoded: as it is */
function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Half of a surrogate pair has no encoding. @param {string} text */
const whole = (text) => text.replace(/\p{Surrogate}/gu, "\ufffd");

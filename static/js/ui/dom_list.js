/**
 * Adds and removes elements of a list on the page, so that they match given keys or lines. The first view needs none of it.
 * @module
 */

/** Give a list one item for each key, in this order. An item that stays is the same element, and keeps the focus. @param {HTMLElement} place @param {string[]} keys @param {(key: string) => HTMLElement} make */
export function setItems(place, keys, make) {
  const old = new Map([.../** @type {Iterable<HTMLElement>} */ (/** @type {unknown} */ (place.children))].map((item) => [item.dataset.key, item]));
  const items = keys.map((key) => old.get(key) ?? made(make, key));
  if (items.length !== old.size || items.some((item, at) => item !== place.children[at])) place.replaceChildren(...items);
  return items;
}

/** @param {(key: string) => HTMLElement} make @param {string} key */
function made(make, key) {
  const item = make(key);
  item.dataset.key = key;
  return item;
}

/** Fill a list with one item for each line, if it differs. @param {HTMLElement} place @param {string[]} lines */
export function setLines(place, lines) {
  const old = [...place.children].map((item) => item.textContent);
  if (old.length === lines.length && lines.every((line, at) => line === old[at])) return;
  const page = place.ownerDocument;
  const items = lines.map((line) => {
    const [item, text] = [page.createElement("li"), page.createElement("bdi")];
    text.textContent = line;
    item.append(text);
    return item;
  });
  place.replaceChildren(...items);
}

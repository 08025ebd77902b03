/**
 * Helpers to find, copy and change elements of the page.
 * @module
 */

/** All statuses, each of which has its mark in the page. */
export const STATUSES = ["healthy", "degraded", "unhealthy", "inactive", "non_rpc", "unknown"];

/** The first element that matches a selector. @param {ParentNode} root @param {string} selector @returns {HTMLElement} */
export function part(root, selector) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return /** @type {HTMLElement} */ (found);
}

/** A new copy of a template's element. @param {Document} page @param {string} name @returns {HTMLElement} */
export function clone(page, name) {
  const template = /** @type {HTMLTemplateElement} */ (part(page, `[data-template="${name}"]`));
  return /** @type {HTMLElement} */ (page.importNode(template.content, true).firstElementChild);
}

/** Set a text only where it differs: no needless repaint, no lost selection. @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Make the mark in an element show a status by shape and colour; hollow if it is only the last known status. @param {Element} root @param {string} status @param {boolean} [was] */
export function setMark(root, status, was = false) {
  const known = STATUSES.includes(status) ? status : "unknown";
  const mark = root.matches(".mark") ? root : part(root, ".mark");
  mark.toggleAttribute("data-was", was);
  if (mark.getAttribute("data-mark") === known) return;
  mark.setAttribute("data-mark", known);
  part(mark, "use").setAttribute("href", `#mark-${known}`);
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

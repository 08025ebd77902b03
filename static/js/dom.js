/**
 * The few things that the view does with elements.
 * @module
 */

/** What each status looks like; the shape tells as much as the colour. @type {Record<string, string>} */
const SHAPES = { healthy: "●", degraded: "◐", unhealthy: "✖", inactive: "○", non_rpc: "◇", unknown: "?" };

/** The one element that is meant. @param {ParentNode} root @param {string} selector @returns {HTMLElement} */
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

/** Make an element show a status by shape, colour and spoken name. @param {HTMLElement} element @param {string} status */
export function mark(element, status) {
  setText(element, SHAPES[status] ?? "?");
  element.dataset.mark = status;
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", status);
}

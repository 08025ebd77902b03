/**
 * Helpers to find, copy and change elements of the page.
 * @module
 */

import { SEVERITY } from "../fleet/status.js";

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

/** Set a text only where it differs: no needless repaint, no lost selection. A text node that is there stays: a new one costs more. @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent === text) return;
  const { firstChild: first, lastChild: last } = element;
  if (first === last && first instanceof Text) first.data = text;
  else element.textContent = text;
}

/** Make the mark in an element show a status by shape and colour; hollow if it is only the last known status. @param {Element} root @param {string} status @param {boolean} [was] */
export function setMark(root, status, was = false) {
  const known = SEVERITY.includes(status) ? status : "unknown";
  const mark = root.matches(".mark") ? root : part(root, ".mark");
  mark.toggleAttribute("data-was", was);
  if (mark.getAttribute("data-mark") === known) return;
  mark.setAttribute("data-mark", known);
  part(mark, "use").setAttribute("href", `#mark-${known}`);
}

/** Show or hide an element. The property `hidden` would be written anew each time, which makes the browser look at its style again. @param {Element} element @param {boolean} hidden */
export const setHidden = (element, hidden) => void element.toggleAttribute("hidden", hidden);

/** Set an attribute only where it differs. @param {Element} element @param {string} name @param {string} value */
export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Give a list as many copies of a template as there are things to show. @param {HTMLElement} place @param {number} number @param {string} template */
export function setLength(place, number, template) {
  while (place.children.length > number) place.lastElementChild?.remove();
  while (place.children.length < number) place.append(clone(place.ownerDocument, template));
  return /** @type {HTMLElement[]} */ ([...place.children]);
}

/** Whether a person may be typing there. @param {EventTarget|null} target */
export const isField = (target) => target instanceof HTMLElement && (target.matches("input, textarea, select") || target.isContentEditable);

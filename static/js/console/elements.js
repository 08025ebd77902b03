/**
 * Makes elements: the console's are as many as a schema asks for, so no template of the page has them.
 * @module
 */

const LONG = 200;

/** @typedef {{[attribute: string]: string|boolean|undefined|((event: any) => void)}} Attributes */

/**
 * A new element. An attribute that is `true` has no value, one that is `false` or undefined is left out, a
 * function listens to the event of its name. Strings become text.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {Document} page @param {T} tag @param {Attributes} [attributes] @param {(Node|string)[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(page, tag, attributes = {}, ...children) {
  const made = page.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== false && value !== undefined) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/** A text that a service wrote. @param {Document} page @param {string} text @param {string} [look] a class */
export const foreign = (page, text, look) => make(page, "bdi", { class: look }, text);

/** A longer text that a service wrote: where it scrolls, the keyboard can scroll it. @param {Document} page @param {string} text @param {Attributes} attributes */
export const prose = (page, text, attributes) => make(page, "p", { tabindex: text.length > LONG ? "0" : undefined, ...attributes }, foreign(page, text));

/** A button. @param {Document} page @param {string} label @param {(event: MouseEvent) => void} pressed @param {Attributes} [attributes] */
export const button = (page, label, pressed, attributes = {}) => make(page, "button", { type: "button", class: "act", click: pressed, ...attributes }, label);

/** A button that sends something: the second click of a double click does not send it again. @param {Document} page @param {string} label @param {() => void} pressed @param {Attributes} [attributes] */
export const sendButton = (page, label, pressed, attributes = {}) => button(page, label, ({ detail }) => detail < 2 && pressed(), attributes);

const REACHED = "a[href], button, input, select, textarea, summary, [tabindex]";

/** What the keyboard can reach in a place, in order. @param {ParentNode} place */
const reached = (place) => [...place.querySelectorAll(REACHED)].map((one) => /** @type {HTMLElement} */ (one)).filter((one) => one.checkVisibility());

/** Put other elements into a place. If one of the old had the focus, what stands there now gets it. @param {HTMLElement} place @param {(Node|string)[]} children */
export function replace(place, ...children) {
  const at = reached(place).findIndex((one) => one === place.ownerDocument.activeElement);
  place.replaceChildren(...children);
  if (at >= 0) (reached(place)[at] ?? reached(place).at(-1))?.focus();
}

/** The first control for a value in a part of a form, or what switches one on. @param {ParentNode|undefined} part @returns {HTMLElement|null|undefined} */
export const firstControl = (part) => part?.querySelector(/** @type {"input"} */ ('textarea, select, input:not([type="checkbox"])')) ?? part?.querySelector("input");

let last = 0;

/** A name for an element that no other element has. */
export const newId = () => `c${(last += 1)}`;

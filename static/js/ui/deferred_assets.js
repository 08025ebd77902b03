/**
 * Style sheets and templates that are loaded later, each once.
 * @module
 */

import { markup } from "../live/api.js";
import { asset } from "../live/base_url.js";

/** @type {Map<string, Promise<void>>} */
const loaded = new Map();

/** Load a style sheet. @param {Document} page @param {string} name of a file in `css` @returns {Promise<void>} fails if it cannot be had */
export const sheet = (page, name) => once(`css/${name}.css`, (path) => link(page, path));

/** Load the templates of the views that are loaded later. @param {Document} page @returns {Promise<void>} fails if they cannot be had */
export const templates = (page) => once("later.html", async (path) => {
  const found = await markup(asset(path));
  page.body.append(...found.querySelectorAll("template"));
});

/** @param {string} path @param {(path: string) => Promise<void>} load */
function once(path, load) {
  const known = loaded.get(path) ?? load(path);
  loaded.set(path, known);
  known.catch(() => loaded.delete(path));
  return known;
}

/** @param {Document} page @param {string} path @returns {Promise<void>} */
function link(page, path) {
  const made = page.createElement("link");
  made.rel = "stylesheet";
  made.href = asset(path);
  return new Promise((done, failed) => {
    made.onload = () => done();
    made.onerror = () => {
      made.remove();
      failed(new Error(`${path} did not load`));
    };
    page.head.append(made);
  });
}

/**
 * Commands of a terminal, each with a button that copies it.
 * @module
 */

import * as commands from "./shared_actions.js";
import { part, setLength, setText } from "./dom.js";

/** Show these commands. @param {HTMLElement} place @param {import("../fleet/terminal.js").Command[]} list */
export function drawCommands(place, list) {
  const items = setLength(place, list.length, "command");
  for (const [at, { why, text }] of list.entries()) {
    setText(part(items[at], "span"), why);
    setText(part(items[at], "code"), text);
  }
}

/** Let the buttons beside all commands below an element copy them. @param {HTMLElement} root */
export function copyCommands(root) {
  root.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("[data-copy-command]") : null;
    const text = button?.parentElement?.querySelector("code")?.textContent;
    if (text) void commands.copy(root.ownerDocument, text, "The command is copied.");
  });
}

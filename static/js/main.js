/**
 * Starts the page: connects stream, store and view, and handles events of the browser.
 * @module
 */

import * as api from "./live/api.js";
import { Clock } from "./live/clock.js";
import { Follower } from "./live/sync.js";
import { Store } from "./live/store.js";
import { SharedStream } from "./live/tab.js";
import { failed } from "./ui/crash.js";
import { Account } from "./views/account.js";
import { View } from "./views/root.js";

const TICK_MS = 1_000;
const ASK_EVERY_MS = 5_000;

const clock = new Clock();
const now = () => clock.now();
const store = new Store({ clock });
const follower = new Follower(store, {
  api,
  stream: (told) => new SharedStream(told, now),
  hidden: () => document.hidden,
  changed: render,
});
const view = new View(document, { chosen: onChosen, changed: onChanged, hurry: () => follower.hurry() });

const account = new Account(document, api, now);

let nextAsked = 0;
/** @type {string|null} the service that was asked for last */
let asked = null;

/** Draw at most once for each animation frame; a hidden tab draws when it is visible again. */
let drawn = true;
function render() {
  if (!drawn) return;
  drawn = false;
  requestAnimationFrame(() => {
    drawn = true;
    failed(document, () => view.render(store, follower.fresh));
  });
}

/** Each second: update the ages on the page, and ask for the selected service if it is due. */
function tick() {
  follower.tick();
  if (!document.hidden) account.tick(follower.fresh.link === "live");
  if (now() >= nextAsked) void ask();
  // A hidden tab draws nothing, but its title is seen.
  if (document.hidden) view.title(store, follower.fresh);
}

/** Put the selected service into the page's address: it can be reloaded, shared, and left with "back". @param {string|null} id */
function onChosen(id) {
  if (id === null && history.state?.pushed) history.back();
  else if (addressed() === null) history.pushState({ pushed: true }, "", `#${id}`);
  else history.replaceState(history.state, "", id === null ? location.pathname : `#${id}`);
}

/** @returns {string|null} the service that the address names, by id or name */
function addressed() {
  const named = location.hash.slice(1);
  try {
    return decodeURIComponent(named) || null;
  } catch {
    return named;
  }
}

function onChanged() {
  if (view.selected !== asked) void ask();
  render();
}

/** Fetch what the state lacks of the selected service: its last probe, addresses and errors. */
async function ask() {
  const id = (asked = view.selected);
  if (id === null || document.hidden) return;
  nextAsked = now() + ASK_EVERY_MS;
  try {
    const [service, log] = await Promise.all([api.service(id), api.routingErrors(id)]);
    view.answered(id, { ...service, log });
  } catch {
    view.answered(id, null);
  }
  render();
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) tick();
});
window.addEventListener("pageshow", (shown) => {
  if (shown.persisted) follower.wake();
});
window.addEventListener("pagehide", () => follower.close());
// A frozen tab runs no code, so no events may pile up for it.
document.addEventListener("freeze", () => follower.close());
document.addEventListener("resume", () => follower.wake());
window.addEventListener("popstate", () => view.select(addressed()));
history.scrollRestoration = "manual";
view.select(addressed());

follower.start();
setInterval(tick, TICK_MS);

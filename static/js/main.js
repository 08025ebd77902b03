/**
 * Puts the page together: stream → store → view, and the few things that time and the browser bring.
 * @module
 */

import * as api from "./api.js";
import { POLL_AFTER_MS, freshness, silenceMs } from "./freshness.js";
import { Store } from "./store.js";
import { SharedStream } from "./tab.js";
import { View } from "./view.js";

const TICK_MS = 1_000;
const SLEPT_MS = 5_000;
const PROBE_EVERY_MS = 5_000;
const POLL_EVERY_MS = 5_000;
const RETRY_MS = 500;
const MOST_RETRY_MS = 5_000;

const store = new Store();
const page = { distrusted: false, polledAt: /** @type {number|null} */ (null), pollError: /** @type {string|null} */ (null) };
const stream = new SharedStream({ frame: onFrame, state: render, cursor: () => store.place });
const view = new View(document, { chosen: onChosen, changed: onChanged });
store.changed = render;

let fetching = false;
let lastTick = Date.now();
let nextPoll = 0;
let nextProbe = 0;
/** @type {string|null} the service whose last probe was asked for */
let probed = null;

/** Draw once per animation frame; a hidden tab draws when it is seen again. */
let drawn = true;
function render() {
  if (!drawn) return;
  drawn = false;
  requestAnimationFrame(() => {
    drawn = true;
    view.render(store, freshness(store, stream, page), stream);
  });
}

/** @param {import("./store.js").Frame} frame */
function onFrame(frame) {
  page.distrusted = false;
  page.polledAt = page.pollError = null;
  store.apply(frame);
  if (store.wanted) void refetch();
}

/** Fetch the state until an answer may be taken; one fetch serves however many resyncs came. */
async function refetch() {
  if (fetching) return;
  fetching = true;
  let retry = RETRY_MS;
  while (store.wanted) {
    await pause(store.wanted.afterMs);
    if (store.wanted) store.wanted.afterMs = 0;
    if (!(await load())) {
      await pause(retry * (0.5 + Math.random()));
      retry = Math.min(retry * 2, MOST_RETRY_MS);
    }
  }
  fetching = false;
}

/** One answer of the state API; whether the page now holds it. */
async function load() {
  try {
    const taken = store.snapshot(await api.services(), { streaming: stream.connected });
    page.pollError = null;
    if (taken && !stream.connected) page.polledAt = Date.now();
    return taken;
  } catch (error) {
    page.pollError = error instanceof Error ? error.message : String(error);
    return false;
  } finally {
    render();
  }
}

/** Each second: was the page asleep, is the stream silent, is it time to poll or to look at a probe. */
function tick() {
  const now = Date.now();
  if (now - lastTick > SLEPT_MS + TICK_MS && !isOnlySlowed(now)) distrust();
  lastTick = now;
  stream.check(silenceMs(store));
  const lostFor = stream.lostAt === null ? 0 : now - stream.lostAt;
  if (lostFor > POLL_AFTER_MS && now >= nextPoll && !document.hidden && !fetching) {
    nextPoll = now + POLL_EVERY_MS;
    void load();
  }
  if (now >= nextProbe) void probe();
  // A hidden tab draws nothing, but its title is seen.
  if (document.hidden) view.title(store, freshness(store, stream, page));
  render();
}

/** Browsers slow the timers of hidden tabs: that is no sleep while frames still come. @param {number} now */
function isOnlySlowed(now) {
  return document.hidden && now - stream.heardAt <= silenceMs(store);
}

/** Nothing counts as live until a frame proves it. */
function distrust() {
  page.distrusted = true;
  stream.open();
  render();
}

/** What is selected stands in the address: it can be reloaded, shared, and left with "back". @param {string|null} id */
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
  if (view.selected !== probed) void probe();
  render();
}

/** The last probe's figures of the service that is looked at. */
async function probe() {
  const id = (probed = view.selected);
  if (id === null || document.hidden) return;
  nextProbe = Date.now() + PROBE_EVERY_MS;
  try {
    view.probed(id, (await api.service(id)).probe);
  } catch {
    view.probed(id, null);
  }
  render();
}

/** @param {number} ms */
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) tick();
});
window.addEventListener("pageshow", (shown) => {
  if (shown.persisted) distrust();
});
window.addEventListener("pagehide", () => stream.close());
// A frozen tab runs nothing, so nothing may pile up for it.
document.addEventListener("freeze", () => stream.close());
document.addEventListener("resume", distrust);
window.addEventListener("popstate", () => view.select(addressed()));
history.scrollRestoration = "manual";
view.select(addressed());

// Both at once: the store knows what to do whichever comes first.
stream.open();
void refetch();
setInterval(tick, TICK_MS);

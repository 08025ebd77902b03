/**
 * Starts the page: connects stream, store, model and views, and handles events of the browser.
 * @module
 */

import { hourOf, isOld, NO_HOUR } from "./fleet/hour.js";
import { Model } from "./fleet/page_model.js";
import { StatusChanges } from "./fleet/status_changes.js";
import * as api from "./live/api.js";
import { Clock } from "./live/clock.js";
import { MinutePoller } from "./live/minute_poller.js";
import { Store } from "./live/store.js";
import { Follower } from "./live/sync.js";
import { SharedStream } from "./live/tab.js";
import { Prefs } from "./prefs.js";
import { withQuery } from "./route.js";
import { BrowserLocation } from "./ui/browser_location.js";
import { failed } from "./ui/crash.js";
import { sheet, templates } from "./ui/deferred_assets.js";
import { FrameScheduler, pause } from "./ui/frame_scheduler.js";
import { themed } from "./ui/theme.js";
import { Opener } from "./palette/opener.js";
import { Shortcuts, toViews } from "./palette/global_shortcuts.js";
import { Account } from "./views/account.js";
import { Announcer } from "./views/announcer.js";
import { Details } from "./views/details_poller.js";
import { VIEWS } from "./views/registry.js";
import { Shell } from "./views/shell.js";

const TICK_MS = 1_000;
const WARM_AFTER_MS = 1_000;
const WARM_AGAIN_MS = 10_000;

const clock = new Clock();
const now = () => clock.now();
const prefs = new Prefs(localStorage);
const store = new Store({ clock });
const follower = new Follower(store, {
  api,
  stream: (told) => new SharedStream(told, now),
  hidden: () => document.hidden,
  changed: () => frame.ask(),
});
await pause();
const address = new BrowserLocation(window, (place) => {
  model.go(place);
  frame.ask();
});
const model = new Model(store, follower.fresh, address.place);
const outside = { page: document, model, address, changed: () => frame.ask() };
const shell = new Shell(outside, { prefs, hurry: () => follower.hurry() });
const frame = new FrameScheduler({
  request: (run) => requestAnimationFrame(() => failed(document, run)),
  now: () => performance.now(),
  first: () => shell.warn(follower.fresh),
  work,
});
const transitions = new StatusChanges();
const announcer = new Announcer(document);
/** @type {import("./views/notifier.js").Notifier|null} not loaded yet */ let notifier = null;
const notifying = async () => (notifier ??= new (await import("./views/notifier.js")).Notifier(outside, prefs));
const help = () => shortcuts.help();
const live = { scan: api.scan, notify: async () => (await notifying()).toggle(), report: api.report, signOut: () => account.signOut() };
const can = { theme: themed(document, prefs), help, live };
const keyList = async () => (await Promise.all([import("./palette/key_list.js"), sheet(document, "later"), templates(document)]))[0];
const palette = new Opener(document, async () => {
  const [{ Palette }, { actions }] = await Promise.all([import("./palette/palette.js"), import("./palette/actions.js"), keyList()]);
  return new Palette(outside, { views: VIEWS, actions: actions(outside, can) });
});
const shortcuts = new Shortcuts(document, {
  palette: () => void palette.open(),
  show: async (shortcuts) => (await keyList()).showKeys(document, shortcuts),
  shortcuts: toViews(model, address, VIEWS),
});
const account = new Account(document, api, { now, met: (caller) => (model.meet(caller), frame.ask()) });

const lastHour = new MinutePoller(now, api.history, (answer, error) => {
  model.remember(hourOf(answer, error));
  frame.ask();
});
const redis = new MinutePoller(now, api.redisCli, (answer) => (model.redis = answer));
/** A phone has no room for the past in its list. */
const wide = matchMedia("not (max-width: 40em)");

const details = new Details(api, {
  now,
  wanted: () => (shell.needsService && !document.hidden ? (model.chosen?.id ?? null) : null),
  told: (found) => {
    model.details = found;
    frame.ask();
  },
});

let isWarm = false;

function* work() {
  yield* model.work(follower.fresh);
  const delta = yield* shell.draw();
  yield delta.all;
  if (delta.caller) palette.renew();
  const changes = transitions.take(model.index, delta);
  announcer.say(changes);
  notifier?.tell(changes);
  details.look();
  if (!isWarm && model.loaded) setTimeout(warm, WARM_AFTER_MS);
  isWarm ||= model.loaded;
}

/** Each second: update the ages on the page, and ask for the chosen service if it is due. */
function tick() {
  follower.tick();
  if (!document.hidden) account.tick(follower.fresh.link === "live" ? store.router : null);
  if (isOld(model.hour, clock.router())) model.remember(NO_HOUR);
  lastHour.want(!document.hidden && wide.matches && shell.needsHour ? "1h" : null);
  details.look();
  redis.want(model.redis === null && follower.fresh.link === "live" ? "once" : null);
  // A hidden tab has no frames, but its title is seen.
  if (document.hidden) failed(document, () => frame.finish());
}

/** Load the other parts of the page, one after another: they then open at once, and without the router. */
async function warm() {
  for (const { warm: load } of Object.values(VIEWS)) await load?.();
  await palette.warm();
  try {
    const [{ AwayStrip }] = await Promise.all([import("./views/away_strip.js"), notifying(), sheet(document, "later"), templates(document)]);
    shell.away = new AwayStrip(outside);
  } catch {
    setTimeout(warm, WARM_AGAIN_MS);
  }
}

document.addEventListener("visibilitychange", () => document.hidden || tick());
window.addEventListener("pageshow", (shown) => {
  if (shown.persisted) follower.wake();
});
window.addEventListener("pagehide", () => follower.close());
// A frozen tab runs no code, so no events may pile up for it.
document.addEventListener("freeze", () => follower.close());
document.addEventListener("resume", () => follower.wake());
history.scrollRestoration = "manual";
// An address that says nothing of the list gets what this browser prefers, so that it can be shared.
if (location.hash.length < 3) {
  address.replace(withQuery(address.place, { sort: prefs.get("sort"), group: prefs.get("group"), shut: prefs.get("shut") }));
}

await pause();
follower.start();
setInterval(tick, TICK_MS);

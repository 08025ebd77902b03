/**
 * Starts the page in a report: the same model and views as in `main.js`, over the state of the file. The
 * router's clock stands still at the moment when the report was made, and nothing of it is live.
 * @module
 */

import { hourOf } from "../fleet/hour.js";
import { Model } from "../fleet/page_model.js";
import { utc, when } from "../fleet/times.js";
import { Clock } from "../live/clock.js";
import { UNKNOWN } from "../live/fanout.js";
import { Store } from "../live/store.js";
import { Lines } from "../live/timeline.js";
import { actions } from "../palette/actions.js";
import { showKeys } from "../palette/key_list.js";
import { Palette } from "../palette/palette.js";
import { Opener } from "../palette/opener.js";
import { Shortcuts, toViews } from "../palette/global_shortcuts.js";
import { Prefs } from "../prefs.js";
import { BrowserLocation } from "../ui/browser_location.js";
import { failed } from "../ui/crash.js";
import { part, setText } from "../ui/dom.js";
import { FrameScheduler } from "../ui/frame_scheduler.js";
import { themed } from "../ui/theme.js";
import { VIEWS } from "../views/registry.js";
import { Shell } from "../views/shell.js";
import { history } from "./offline_api.js";
import { open } from "./report_reader.js";

/** @typedef {import("./report_reader.js").Report} Report */

/** As `web/report.py` has it. */
const MOST_EVENTS = 2_000;

/** A report keeps nothing in the browser of whoever opens it. */
const NOWHERE = { getItem: () => null, setItem: () => {} };

try {
  start(open(part(document, "script[data-report]").textContent ?? ""));
} catch (error) {
  refuse(error instanceof Error ? error.message : String(error));
}

/** @param {Report} report */
function start(report) {
  const store = stored(report);
  const fresh = /** @type {import("../live/freshness.js").Freshness} */ ({
    ...{ link: "report", trust: "none", stream: UNKNOWN, now: 0, at: store.clock.router(), silent: 0 },
    page: { wokeAt: null, polledAt: null, error: null, lives: null },
    state: { asOf: store.asOf, complete: true, conditions: [...store.polled.values()] },
  });
  const prefs = new Prefs(NOWHERE);
  const address = new BrowserLocation(window, (place) => {
    model.go(place);
    frame.ask();
  });
  const model = new Model(store, fresh, address.place);
  const outside = { page: document, model, address, changed: () => frame.ask() };
  const shell = new Shell(outside, { prefs, hurry: () => {} });
  const frame = new FrameScheduler({
    request: (run) => requestAnimationFrame(() => failed(document, run)),
    now: () => performance.now(),
    first: () => {},
    *work() {
      yield* model.work(fresh);
      yield (yield* shell.draw()).all;
    },
  });
  const help = () => shortcuts.help();
  const can = { theme: themed(document, prefs), help, live: null };
  const palette = new Opener(document, async () => new Palette(outside, { views: VIEWS, actions: actions(outside, can) }));
  const shortcuts = new Shortcuts(document, {
    palette: () => void palette.open(),
    show: (shortcuts) => showKeys(document, shortcuts),
    shortcuts: toViews(model, address, VIEWS),
  });
  void history("1h").then((answer) => hourOf(answer, ""), (error) => hourOf(null, error.message)).then((hour) => {
    model.remember(hour);
    frame.ask();
  });
  say(report);
  frame.ask();
}

/** The page's state as it was, at a clock that stands still. @param {Report} report */
function stored({ state, events, made_at: made, reader }) {
  const store = new Store({ clock: new Clock({ mono: () => 0, wall: () => made }) });
  store.lines = new Lines(MOST_EVENTS);
  store.snapshot(state, { streaming: false });
  store.fill(events);
  const [first] = events.events;
  const isCut = events.events.length >= MOST_EVENTS || (reader.contexts === null && events.kept > MOST_EVENTS);
  const cut = { era: -1, id: first?.id ?? "", at: first?.data.at ?? null, event: "cut", data: { most: MOST_EVENTS } };
  if (isCut) store.lines.all = [...store.lines.all, cut];
  return store;
}

/** What this is, on every view of it. @param {Report} report */
function say({ node, version, made_at: made, reader: { roles, contexts } }) {
  const band = part(document, "[data-report-of]");
  setText(part(band, "bdi"), node);
  const time = /** @type {HTMLTimeElement} */ (part(band, "time"));
  setText(time, when(made));
  time.dateTime = time.title = utc(made);
  const seen = contexts === null ? "all contexts" : `the contexts ${contexts.join(", ")}`;
  setText(part(band, "bdi.note"), `hero_router ${version}, as seen with the role ${roles.includes("admin") ? "admin" : roles.join(", ")}, ${seen}`);
  band.hidden = false;
}

/** @param {string} why the file cannot be shown */
function refuse(why) {
  part(document, "[data-unstarted]").hidden = true;
  part(document, "[data-strip]").dataset.link = "failed";
  setText(part(document, "[data-freshness-label]"), "failed");
  setText(part(document, "[data-overview-title]"), `This report cannot be shown: ${why}.`);
}

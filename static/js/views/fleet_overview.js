/**
 * The home view, beside the list of services: the causes of what is wrong, the last hour, the latest events,
 * and the sockets that are ignored. The filter acts on all of it.
 * @module
 */

import { filtered } from "../fleet/filtered_events.js";
import { isQuiet } from "../fleet/changes_to_draw.js";
import * as api from "../live/api.js";
import { MinutePoller } from "../live/minute_poller.js";
import { clone, part, setHidden } from "../ui/dom.js";
import { CauseList } from "./cause_list.js";
import { EventList } from "./event_list.js";
import { Ignored } from "./ignored_sockets.js";
import { LastHour } from "./fleet_last_hour.js";

const MOST_EVENTS = 30;
/** More new lines than these are drawn in several frames. */
const MOST_AT_ONCE = 8;
/** What the state says of the nodes is not followed by events: after this time they are asked for. */
const NODES_MS = 60_000;

/** @typedef {import("./slot.js").View} View */

/** @implements {View} */
export class FleetView {
  /** @param {import("./slot.js").Outside} outside */
  constructor({ page, model, changed }) {
    this.page = page;
    this.model = model;
    this.changed = changed;
    /** Whether all causes and events are drawn. */ this.complete = true;
    this.needs = /** @type {const} */ (["list"]);
    this.body = clone(page, "fleet");
    this.causes = new CauseList(part(this.body, "[data-causes-part]"), model);
    this.hour = new LastHour(part(this.body, "[data-hour]"), model);
    this.events = new EventList(part(this.body, "[data-events-part]"), model);
    this.ignored = new Ignored(part(this.body, "[data-ignored]"));
    /** When the state told of the nodes, by our clock. */ this.toldAt = -Infinity;
    this.nodes = new MinutePoller(() => model.fresh.now, api.nodes, (answer) => answer && this.ignored.render(answer.nodes));
  }

  title() {
    return "";
  }

  /** @param {HTMLElement} root */
  mount(root) {
    root.append(this.body);
  }

  /** @param {import("./slot.js").Delta} delta */
  draw(delta) {
    const more = !this.complete;
    const causes = (isQuiet(delta) && !more) || this.causes.draw(MOST_AT_ONCE);
    if (delta.hour || delta.place || delta.all) this.hour.draw();
    const events = !(delta.lines || delta.place || more) || this.events.draw(filtered(this.model).slice(0, MOST_EVENTS), MOST_AT_ONCE);
    this.complete = causes && events;
    if (!this.complete) this.changed();
    this.#nodes(delta.all);
    const { loaded, index, filter } = this.model;
    // What stands below comes once what is above it is there, so that nothing moves while the page loads.
    if (loaded && causes) setHidden(part(this.body, "[data-rest]"), false);
    if (loaded && this.complete) setHidden(part(this.body, "[data-live-only]"), false);
    setHidden(part(this.body, "[data-none]"), !loaded || index.entries.size > 0);
    setHidden(part(this.body, "[data-well]"), !loaded || index.entries.size === 0 || index.known < index.entries.size || index.troubled > 0 || filter !== "" || this.model.past);
  }

  /** The ignored sockets, as of the state or of the last minute. @param {boolean} anew whether the state is another one */
  #nodes(anew) {
    const { store, fresh } = this.model;
    if (anew) {
      this.ignored.render(store.nodes);
      this.toldAt = fresh.now;
    }
    // A phone has no room for them, nor for the events.
    const isSeen = !this.page.hidden && this.events.place.checkVisibility();
    this.nodes.want(isSeen && fresh.link === "live" && fresh.now - this.toldAt > NODES_MS ? "all" : null);
  }

  leave() {
    this.body.remove();
  }
}

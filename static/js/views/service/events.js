/**
 * The recent events of one service.
 * @module
 */

import { clone } from "../../ui/dom.js";
import { EventList } from "../event_list.js";

/** @typedef {import("../slot.js").View} View */

/** @implements {View} */
export class EventsTab {
  /** @param {import("../slot.js").Outside} outside */
  constructor({ page, model }) {
    this.model = model;
    this.needs = /** @type {const} */ ([]);
    this.body = clone(page, "events");
    this.list = new EventList(this.body, model);
  }

  title() {
    return "events";
  }

  /** @param {HTMLElement} root */
  mount(root) {
    root.append(this.body);
  }

  draw() {
    const { chosen } = this.model;
    this.list.draw(this.model.store.lines.all.filter(({ data }) => (data.service ?? data).id === chosen?.id));
  }

  leave() {
    this.body.remove();
  }
}

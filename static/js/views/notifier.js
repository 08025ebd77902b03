/**
 * Notifications of the browser when a service gets worse while nobody looks at the page. A person has to
 * switch them on. Several tabs tell one change once: their notifications have one tag.
 * @module
 */

import { isWorse } from "../fleet/status_changes.js";
import { word } from "../fleet/status.js";
import { format, toService } from "../route.js";

const MOST = 3;

export class Notifier {
  /** @param {import("./slot.js").Outside} outside @param {import("../prefs.js").Prefs} prefs */
  constructor({ page, model }, prefs) {
    this.page = page;
    this.model = model;
    this.prefs = prefs;
  }

  get isOn() {
    return this.prefs.get("notify") === "on" && "Notification" in window && Notification.permission === "granted";
  }

  /** Switch notifications on or off. @returns {Promise<string>} what came of it, in words */
  async toggle() {
    if (this.isOn) {
      this.prefs.set({ notify: "" });
      return "Notifications are off.";
    }
    if (!("Notification" in window)) return "This browser shows notifications only for pages over https or of this machine.";
    if ((await Notification.requestPermission()) !== "granted") return "The browser does not allow notifications of this page.";
    if (!this.#show("Notifications are on", "", "on", "#/")) return "This browser cannot show notifications of a page.";
    this.prefs.set({ notify: "on" });
    return "Notifications are on: the browser shows one when a service gets worse while this page is hidden.";
  }

  /** @param {import("../fleet/status_changes.js").Transition[]} changes */
  tell(changes) {
    if (!this.isOn || !this.page.hidden) return;
    const worse = changes.filter(isWorse);
    for (const { shown } of worse.slice(0, MOST)) {
      this.#show(`${shown.name} is ${word(shown)}`, shown.reason, `${shown.id} ${shown.changed_at}`, format(toService(shown, this.model.place)));
    }
    const more = worse.length - MOST;
    if (more > 0) this.#show(`${more} more services got worse`, "", `more ${this.model.store.place}`, "#/");
  }

  /** Chrome for Android has the permission, but shows none for a page. @param {string} title @param {string} body @param {string} tag @param {string} href @returns {boolean} whether the browser can show it */
  #show(title, body, tag, href) {
    try {
      const shown = new Notification(title, { body, tag });
      shown.addEventListener("click", () => {
        window.focus();
        location.hash = href;
        shown.close();
      });
      return true;
    } catch {
      return false;
    }
  }
}

/**
 * Who may use the router: what the user of the page may do, who is signed in, which addresses may
 * connect, and the ways to get access. Administrators end sessions and change the list of addresses here.
 * @module
 */

import { ACCESS, mayDo } from "../fleet/caller.js";
import { EXTENTS, kind, role } from "../fleet/caller_text.js";
import * as api from "../live/access_admin_api.js";
import { part, setLength, setText } from "../ui/dom.js";
import { AddressList } from "./access/addresses.js";
import { AccessOverview } from "./access/access_overview.js";
import { SessionList } from "./access/sessions.js";
import { PolledView } from "./polled_view.js";

export class AccessView extends PolledView {
  /** @param {import("./slot.js").Outside} outside */
  constructor({ page, model }) {
    super(page, { name: "access", ask: () => this.#ask(), show: (answer) => answer && this.#show(answer) });
    this.model = model;
    /** Whether the router was asked. */ this.asked = false;
    const again = () => this.again();
    this.sessions = new SessionList(part(this.body, "[data-sessions-part]"), model, again);
    this.addresses = new AddressList(part(this.body, "[data-addresses-part]"), model, again);
    this.rules = new AccessOverview(part(this.body, "[data-rules-part]"));
  }

  draw() {
    const { caller } = this.model;
    const may = mayDo(caller, ACCESS);
    part(this.body, "[data-me]").hidden = caller === null;
    part(this.body, "[data-refused]").hidden = caller === null || may;
    part(this.body, "[data-others]").hidden = !may;
    if (caller !== null) this.#me(caller);
    // Who the person is may be known only now.
    if (may && !this.asked) this.again();
  }

  /** @param {import("../fleet/caller.js").Caller} caller */
  #me(caller) {
    setText(part(this.body, "[data-me] bdi"), caller.name);
    setText(part(this.body, "[data-role]"), role(caller));
    setText(part(this.body, "[data-kind]"), kind(caller));
    const items = setLength(part(this.body, "[data-may]"), caller.rights.length, "right");
    for (const [at, { what, extent }] of caller.rights.entries()) {
      items[at].dataset.extent = extent;
      setText(part(items[at], ".what"), what);
      setText(part(items[at], ".extent"), extent === "contexts" ? "in your contexts" : EXTENTS[extent]);
    }
  }

  /** Each part on its own: one that cannot be had hides no other. @returns {Promise<null|PromiseSettledResult<any>[]>} */
  async #ask() {
    this.asked = mayDo(this.model.caller, ACCESS);
    return this.asked ? Promise.allSettled([api.access(), api.sessions(), api.allowed()]) : null;
  }

  /** @param {PromiseSettledResult<any>[]} answers */
  #show([access, sessions, allowed]) {
    part(this.body, "[data-loading]").hidden = true;
    this.rules.show(access);
    this.sessions.show(sessions);
    this.addresses.show(allowed);
  }
}

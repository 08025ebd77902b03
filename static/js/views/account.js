/**
 * The user's name in the page's head, and the buttons to sign in and out.
 * @module
 */

import { part, setText } from "../ui/dom.js";

const EVERY_MS = 60_000;
/** While the page is not live a missing sign-in may be the reason. */
const EVERY_LOST_MS = 5_000;

/** @typedef {import("../fleet/caller.js").Caller} Caller */

export class Account {
  /**
   * @param {Document} page
   * @param {{me: () => Promise<Caller|null>, signOut: () => Promise<void>}} api `me` gives null where the router
   *   asks for a sign-in
   * @param {{now: () => number, met: (caller: Caller|null) => void}} told `now` in ms; `met`: the router says
   *   who the person is
   */
  constructor(page, api, { now, met }) {
    this.page = page;
    this.api = api;
    this.now = now;
    this.met = met;
    /** @type {object|null} */ this.greeting = null;
    /** The last user whom the router named, and what they may see; "" before. */ this.whose = "";
    this.askedAt = this.knownAt = this.reloadedAt = -Infinity;
    part(page, "[data-sign-out]").addEventListener("click", () => void this.signOut());
  }

  /** Called often: ask again if it is time, and at once when the page is no longer live, or its stream began anew: a session may have ended or begun. @param {object|null} greeting another one for each stream; null: the page is not live */
  tick(greeting) {
    if (this.greeting !== greeting) this.askedAt = -Infinity;
    this.greeting = greeting;
    if (this.now() - this.askedAt < (greeting ? EVERY_MS : EVERY_LOST_MS)) return;
    void this.look();
  }

  /** Ask the router who the person is. A router that does not answer is told of elsewhere. */
  async look() {
    const asked = (this.askedAt = this.now());
    const me = await this.api.me().catch(() => undefined);
    // An answer may come after the answer to a later question.
    if (me === undefined || asked < this.knownAt) return;
    this.knownAt = asked;
    this.#show(me);
  }

  /** @param {Caller|null} me */
  #show(me) {
    const whose = me ? JSON.stringify([me.name, me.roles, me.contexts]) : this.whose;
    // What is shown is another person's.
    if (this.whose && this.whose !== whose) return this.#reload();
    this.whose = whose;
    this.met(me);
    part(this.page, "[data-signed-out]").hidden = me !== null;
    const account = part(this.page, "[data-account]");
    account.hidden = !me || me.open;
    setText(part(account, "bdi"), me?.name ?? "");
    part(account, "[data-sign-out]").hidden = !me || me.session_ends === null;
    const to = encodeURIComponent(location.pathname + location.hash);
    part(this.page, "[data-sign-in]").setAttribute("href", `sign-in?next=${to}`);
  }

  /** Load the page anew. It runs on until the router answers: a further reload would begin that again. */
  #reload() {
    if (this.now() - this.reloadedAt < EVERY_MS) return;
    this.reloadedAt = this.now();
    location.reload();
  }

  /** End the browser's session; then the sign-in page is shown. */
  async signOut() {
    try {
      await this.api.signOut();
      location.assign("sign-in");
    } catch {
      setText(part(this.page, "[data-sign-out]"), "sign out (failed, try again)");
    }
  }
}

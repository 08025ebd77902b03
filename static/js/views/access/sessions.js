/**
 * The browser sessions: who is signed in, how, from where and since when, and the way to sign them out.
 * @module
 */

import { role, signedIn } from "../../fleet/caller_text.js";
import { inRedis, same, shellWord } from "../../fleet/terminal.js";
import { lasting } from "../../fleet/times.js";
import * as api from "../../live/access_admin_api.js";
import { signOut } from "../../live/api.js";
import { drawCommands } from "../../ui/copyable_commands.js";
import { run } from "../../ui/shared_actions.js";
import { confirmed } from "../../ui/confirm.js";
import { clone, part, setText } from "../../ui/dom.js";
import { setItems } from "../../ui/dom_list.js";
import { EditablePart } from "./part.js";

/**
 * @typedef {{
 *   id: string, name: string, way: string, roles: string[], contexts: string[]|null, address: string,
 *   user_agent: string, at: number, until: number, own: boolean,
 * }} Session
 */

export class SessionList extends EditablePart {
  /** @param {HTMLElement} root @param {import("../../fleet/page_model.js").Model} model @param {() => void} changed as in `EditablePart` */
  constructor(root, model, changed) {
    super(root, "browser sessions", model, changed);
    /** @type {Map<string, Session>} */ this.shown = new Map();
    this.own = false;
    part(root, "[data-end-others]").addEventListener("click", () => void this.#endAll(true));
    part(root, "[data-end-all]").addEventListener("click", () => void this.#endAll(false));
  }

  /** @param {PromiseSettledResult<any>} answer */
  show(answer) {
    const told = this.taken(answer);
    if (told === null) return;
    /** @type {{sessions: Session[], most: number, now: number}} */ const { sessions, most, now } = told;
    this.shown = new Map(sessions.map((session) => [session.id, session]));
    this.own = sessions.some(({ own }) => own);
    setText(part(this.root, "[data-number]"), String(sessions.length));
    part(this.root, "[data-none]").hidden = sessions.length > 0;
    part(this.root, "[data-full]").hidden = sessions.length < most;
    part(this.root, "[data-end-others]").hidden = !this.own;
    const items = setItems(part(this.root, "[data-sessions]"), sessions.map(({ id }) => id), (key) => this.#item(key));
    for (const [at, session] of sessions.entries()) fill(items[at], session, now, this.model.redis);
    drawCommands(part(this.root, "[data-commands-of-all]"), [
      same("hero_router access sessions"),
      ...inRedis(this.model.redis, "HVALS", ["sessions"]),
      { why: "Sign out everyone:", text: "hero_router access revoke --all" },
      ...inRedis(this.model.redis, "SET", ["revoked_before"], [String(now)]),
    ]);
  }

  /** @param {string} id */
  #item(id) {
    const item = clone(this.page, "session");
    part(item, "[data-end]").addEventListener("click", () => void this.#end(id));
    return item;
  }

  /** @param {string} id */
  async #end(id) {
    const session = this.shown.get(id);
    if (session === undefined) return;
    const { name, address, own } = session;
    const whose = own ? "this browser" : `${name}, ${role(session)}, from ${address}`;
    if (!(await confirmed(this.page, `Sign out ${whose}? Open streams and requests in all its tabs end within 5 seconds.`, "sign out"))) return;
    if (own) return this.#leave(signOut);
    await run(this.page, () => api.endSession(id), `${name} is signed out.`);
    this.changed();
  }

  /** @param {boolean} others whether this browser stays signed in */
  async #endAll(others) {
    const whose = others ? "all others" : "everyone, you too";
    if (!(await confirmed(this.page, `Sign out ${whose}? Sessions that are not listed end too.`, "sign out"))) return;
    if (!others && this.own) return this.#leave(() => api.endSessions(false));
    await run(this.page, () => api.endSessions(others), others ? "All others are signed out." : "Everyone is signed out.");
    this.changed();
  }

  /** End this browser's own session, and go to the form. @param {() => Promise<unknown>} end */
  async #leave(end) {
    await run(
      this.page,
      async () => {
        await end();
        location.assign("sign-in");
      },
      "You are signed out.",
    );
  }
}

/** @param {HTMLElement} item @param {Session} session @param {number} now @param {import("../../fleet/terminal.js").Redis|null} redis */
function fill(item, session, now, redis) {
  const { id, name, way, address, user_agent: agent, at, until, own } = session;
  setText(part(item, "[data-name]"), name);
  setText(part(item, "[data-role]"), role(session));
  part(item, "[data-own]").hidden = !own;
  part(item, "[data-end]").setAttribute("aria-label", `sign out ${own ? "this browser" : `${name} from ${address}`}`);
  setText(part(item, "[data-began]"), `signed in ${signedIn(way)} ${lasting(now - at)} ago, ends in ${lasting(until - now)}`);
  setText(part(item, "[data-address]"), address);
  setText(part(item, "[data-agent]"), agent || "unknown browser");
  drawCommands(part(item, "[data-commands]"), [
    same(`hero_router access revoke ${shellWord(id)}`),
    ...inRedis(redis, "ZADD", ["revoked"], [String(until), id]),
  ]);
}

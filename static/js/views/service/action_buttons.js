/**
 * The buttons of a service: open it, call it, copy its address, scan now, and the commands
 * that show the same.
 * @module
 */

import { links } from "../../fleet/addresses.js";
import { mainSocket } from "../../fleet/request_route.js";
import { inRedis, same, shellWord } from "../../fleet/terminal.js";
import { mute, scan, unmute } from "../../live/api.js";
import { base } from "../../live/base_url.js";
import { format, toService } from "../../route.js";
import { copyCommands, drawCommands } from "../../ui/copyable_commands.js";
import * as commands from "../../ui/shared_actions.js";
import { part, setAttribute, setText } from "../../ui/dom.js";

const MUTE_SECONDS = 3600;

export class ActionButtons {
  /** @param {HTMLElement} root @param {import("../slot.js").Outside} outside */
  constructor(root, { page, model }) {
    this.root = root;
    this.page = page;
    this.model = model;
    this.address = "";
    /** @type {any} the service that is shown */ this.record = null;
    copyCommands(root);
    part(root, "[data-mute]").addEventListener("click", () => void this.#mute());
    part(root, "[data-copy]").addEventListener("click", () => void commands.copy(page, this.address, "The address is copied."));
    part(root, "[data-scan]").addEventListener("click", () => void commands.scan(page, scan));
  }

  /** @param {any} record @param {any} answer what the router says of this service alone; null if it is not known */
  draw(record, answer) {
    const { sockets } = record;
    this.record = record;
    setText(part(this.root, "[data-mute]"), record.muted ? "unmute" : "mute for 1 h");
    const page = sockets.find((/** @type {any} */ { role }) => role.startsWith("web") || role === "admin");
    const shown = (/** @type {any} */ socket) => links(answer?.addresses?.[socket?.name] ?? NOWHERE, this.page.location, base)[0]?.href ?? "";
    const opened = shown(page);
    const open = part(this.root, "[data-open]");
    open.hidden = opened === "";
    if (opened) setAttribute(open, "href", opened);
    else open.removeAttribute("href");
    this.address = shown(mainSocket(record)) || opened;
    part(this.root, "[data-copy]").hidden = this.address === "";
    part(this.root, "[data-copy]").title = this.address;
    const call = part(this.root, "[data-call]");
    call.hidden = !sockets.some((/** @type {any} */ { role }) => role === "rpc");
    setAttribute(call, "href", format(toService(record, this.model.place, "methods")));
    drawCommands(part(this.root, "[data-commands]"), [
      same(`hero_router describe ${shellWord(this.#unique(record))}`),
      ...inRedis(this.model.redis, "HGET", ["services"], [record.id]),
    ]);
  }

  /** Mute the service, or end its mute; the stream then says so to every page. */
  async #mute() {
    const { id, name, muted } = this.record;
    const done = muted ? `${name} is not muted any more.` : `${name} is muted for an hour: no webhooks are sent about it.`;
    await commands.run(this.page, () => (muted ? unmute(id) : mute(id, MUTE_SECONDS, "from the page")), done);
  }

  /** The name, or the id if others have the name too. @param {any} record @returns {string} */
  #unique({ id, name }) {
    const named = [...this.model.index.entries.values()].filter(({ shown }) => shown.name === name);
    return named.length > 1 ? id : name;
  }
}

/** @type {import("../../fleet/addresses.js").Address} */
const NOWHERE = { path: null, host: null, host_path: "", note: "" };

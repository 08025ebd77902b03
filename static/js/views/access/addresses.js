/**
 * The list of addresses that may connect: what the settings name, what was added, and the way to change it.
 * @module
 */

import { inRedis, same } from "../../fleet/terminal.js";
import { lasting } from "../../fleet/times.js";
import * as api from "../../live/access_admin_api.js";
import { drawCommands } from "../../ui/copyable_commands.js";
import { run } from "../../ui/shared_actions.js";
import { confirmed } from "../../ui/confirm.js";
import { clone, part, setText } from "../../ui/dom.js";
import { setItems } from "../../ui/dom_list.js";
import { toast } from "../../ui/toast.js";
import { EditablePart } from "./part.js";

/** @typedef {{network: string, added_at: number, note: string}} Entry */

export class AddressList extends EditablePart {
  /** @param {HTMLElement} root @param {import("../../fleet/page_model.js").Model} model @param {() => void} changed as in `EditablePart` */
  constructor(root, model, changed) {
    super(root, "list of addresses", model, changed);
    part(root, "form").addEventListener("submit", (sent) => {
      sent.preventDefault();
      void this.#add(/** @type {HTMLFormElement} */ (sent.target));
    });
  }

  /** @param {PromiseSettledResult<any>} answer */
  show(answer) {
    const told = this.taken(answer);
    if (told === null) return;
    /** @type {{in_force: boolean, fixed: string[], added: Entry[], now: number}} */
    const { in_force: isInForce, fixed, added, now } = told;
    setText(part(this.root, "[data-state]"), isInForce
      ? `Only this machine, ${fixed.join(", ")} (ROUTER_ALLOW_IPS) and the addresses in this list may connect.`
      : "Clients may connect from anywhere: ROUTER_ALLOW_IPS is not set, so this list has no effect.");
    part(this.root, "[data-none]").hidden = added.length > 0;
    const items = setItems(part(this.root, "[data-addresses]"), added.map(({ network }) => network), (key) => this.#item(key));
    for (const [at, { network, added_at: since, note }] of added.entries()) {
      setText(part(items[at], "[data-network]"), network);
      setText(part(items[at], "[data-note]"), note);
      setText(part(items[at], "[data-since]"), `added ${lasting(now - since)} ago`);
    }
    drawCommands(part(this.root, "[data-commands]"), [
      same("hero_router access list"),
      ...inRedis(this.model.redis, "HGETALL", ["allow"]),
      { why: "Add, or remove:", text: "hero_router access add ADDRESS" },
    ]);
  }

  /** @param {string} network */
  #item(network) {
    const item = clone(this.page, "address");
    const button = part(item, "[data-remove]");
    button.setAttribute("aria-label", `remove ${network}`);
    button.addEventListener("click", () => void this.#remove(network));
    return item;
  }

  /** @param {HTMLFormElement} form */
  async #add(form) {
    const [network, note] = ["network", "note"].map((name) => /** @type {HTMLInputElement} */ (part(form, `[name=${name}]`)).value.trim());
    let everyone = false;
    const add = async () => {
      everyone = (await api.allow(network, note)).is_everyone;
      form.reset();
    };
    await run(this.page, add, `${network} may connect.`);
    if (everyone) toast(this.page, `${network} is every address of its kind: the list excludes none of them any more.`);
    this.changed();
  }

  /** @param {string} network */
  async #remove(network) {
    if (!(await confirmed(this.page, `Remove ${network} from the list? Its open connections end within 5 seconds.`, "remove"))) return;
    await run(this.page, () => api.disallow(network), `${network} was removed from the list.`);
    this.changed();
  }
}

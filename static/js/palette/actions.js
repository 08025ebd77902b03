/**
 * The actions of the command palette (Ctrl-K), such as "Scan now".
 * @module
 */

import { toView, withQuery } from "../route.js";
import { copy, save, scan } from "../ui/shared_actions.js";
import { toast } from "../ui/toast.js";

/** @typedef {import("./sources.js").Action} Action */
/** @typedef {{scan: () => Promise<number>, notify: () => Promise<string>, report: string, signOut: () => unknown}} Live */

const UNLOADED = "This did not load: reload the page once the router answers.";

/**
 * @param {import("../views/slot.js").Outside} outside
 * @param {{theme: (theme: string) => void, help: () => void, live: Live|null}} can
 *   `live` is what needs a router: `scan` gives the number of services that were found, `report` is the report's address
 * @returns {() => Action[]} what can be done now
 */
export function actions({ page, model, address }, can) {
  const say = (/** @type {string} */ text) => toast(page, text);
  return () => [
    ...(can.live ? living(page, can.live, say) : []),
    ...(can.live && model.caller?.session_ends ? [{ text: "Sign out", hint: `you are ${model.caller.name}`, run: can.live.signOut }] : []),
    ...(model.chosen ? [{ text: `Copy the id of ${model.chosen.name}`, hint: model.chosen.id, run: () => void copy(page, model.chosen?.id ?? "", "The id is copied.") }] : []),
    ...(model.filter ? [{ text: "Show all services", hint: "empty the filter", run: () => address.push(withQuery(toView("fleet", model.place), { q: "" })) }] : []),
    { text: "Colours: light", hint: "", run: () => can.theme("light") },
    { text: "Colours: dark", hint: "", run: () => can.theme("dark") },
    { text: "Colours: as the system", hint: "", run: () => can.theme("") },
    { text: "Keys", hint: "list the keys of this page", run: can.help },
  ];
}

/** What needs a router. @param {Document} page @param {Live} can @param {(text: string) => void} say @returns {Action[]} */
const living = (page, { scan: run, notify, report }, say) => [
  { text: "Scan now", hint: "look for sockets on all nodes", run: () => void scan(page, run) },
  { text: "Save a report", hint: "state, events and history in one file that opens offline", run: () => save(page, report) },
  { text: "Copy the address of this page", hint: "", run: () => void copy(page, location.href, "The address is copied.") },
  { text: "Notifications", hint: "switch on or off: when a service gets worse while the page is hidden", run: () => void notify().then(say, () => say(UNLOADED)) },
];

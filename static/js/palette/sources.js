/**
 * The entries of the command palette (Ctrl-K): actions, views, services and their methods, each with the text it is found by.
 * @module
 */

import { mayDo } from "../fleet/caller.js";
import { SEVERITY, counted, said, word } from "../fleet/status.js";
import { format, toService, toView, withQuery } from "../route.js";

/** @typedef {import("../fleet/page_model.js").Model} Model */
/**
 * One line of the palette. `text` is what it is found by, `hint` says more of it, `kind` what it is.
 * A line has the address to which it leads, or the action that it runs.
 * @typedef {{kind: string, text: string, hint: string, status: string|null, href: string|null, run: (() => void)|null}} Offer
 */
/** A thing that a person can do. @typedef {{text: string, hint: string, run: () => void}} Action */

/** Everything that is offered, one by one: there may be many thousand. @param {Model} model @param {Readonly<Record<string, {label: string, right?: string}>>} views @param {Action[]} actions @returns {Generator<Offer>} */
export function* offers(model, views, actions) {
  const { place, caller } = model;
  const here = { status: null, href: null, run: null };
  for (const [name, { label, right }] of Object.entries(views)) {
    if (label && mayDo(caller, right)) yield { ...here, kind: "view", text: label, hint: "", href: format(toView(name, place)) };
  }
  for (const { text, hint, run } of actions) yield { ...here, kind: "action", text, hint, run };
  for (const status of SEVERITY) {
    const only = withQuery(toView("fleet", place), { q: `status:${status}` });
    yield { ...here, kind: "filter", text: `Only ${said(status)}`, hint: "", status, href: format(only) };
  }
  for (const { shown } of model.index.entries.values()) yield serviceOffer(shown, model);
  for (const { shown } of model.index.entries.values()) yield* methodOffers(shown, model);
}

/** @param {import("../fleet/status.js").Shown} shown @param {Model} model @returns {Offer} */
function serviceOffer(shown, { place }) {
  const { name, title, context, node } = shown;
  const titled = title && title !== name ? `${name} ${title}` : name;
  const href = format(toService(shown, place));
  return { kind: "service", text: titled, hint: `${context} · ${node} · ${word(shown)}`, status: counted(shown), href, run: null };
}

/** @param {import("../fleet/status.js").Shown} shown @param {Model} model @returns {Generator<Offer>} */
function* methodOffers(shown, { place }) {
  for (const method of shown.methods ?? []) {
    const to = { ...toService(shown, place, "methods"), method };
    yield { kind: "method", text: `${shown.name} ${method}`, hint: shown.context, status: null, href: format(to), run: null };
  }
}

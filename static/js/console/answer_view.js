/**
 * Shows an answer: what it is, how long it took and how large it is, as a tree, as text, and as the
 * difference to an earlier answer.
 * @module
 */

import { copyButton } from "./copy_buttons.js";
import { MOST_CHANGES, differences } from "./diff.js";
import { button, foreign, make, replace } from "./elements.js";
import { clip, objectOf, write } from "./json_value.js";
import { spoken } from "./json_pointer.js";
import { tree } from "./tree.js";

/** @typedef {import("./answer_kind.js").Outcome} Outcome */
/** @typedef {import("./send.js").Received} Received */
/** @typedef {{requests: any[], outcomes: Outcome[], received: Received, at: number}} Shown */
/** @typedef {"tree"|"text"|"difference"} Side */

const MOST_TEXT = 200_000;
const MOST_EXCERPT = 300;
const MOST_KEPT = 10;

export class AnswerView {
  /** @param {Document} page */
  constructor(page) {
    this.page = page;
    this.head = make(page, "p", { class: "outcome", role: "status" });
    this.waited = make(page, "span", { "aria-hidden": "true" });
    this.note = make(page, "ul", { class: "problems" });
    this.sides = make(page, "div", { class: "sides", role: "group", "aria-label": "Answer as" });
    this.body = make(page, "div", { class: "answer", tabindex: "0", role: "region", "aria-label": "Answer" });
    this.root = make(page, "section", { class: "result", "aria-label": "Result", hidden: true }, this.head, this.note, this.sides, this.body);
    /** @type {Shown[]} the newest first */ this.kept = [];
    /** @type {Side} */ this.side = "tree";
  }

  /** The request is under way, or failed. @param {string} text @param {boolean} bad */
  say(text, bad) {
    this.root.hidden = false;
    this.#title([text, " ", this.waited], bad ? "bad" : "");
    for (const part of [this.note, this.sides, this.body]) part.replaceChildren();
    this.wait("");
    this.root.scrollIntoView({ block: "nearest" });
  }

  /** How long a person has waited: seen, but not read out each second. @param {string} text */
  wait(text) {
    this.waited.textContent = text;
  }

  /** @param {Shown} shown */
  show(shown) {
    this.kept = [shown, ...this.kept].slice(0, MOST_KEPT);
    const { outcomes, received } = shown;
    const [first] = outcomes;
    const title = outcomes.length === 1 ? first.title : `${outcomes.length} answers`;
    const good = outcomes.every(({ kind }) => kind === "result" || kind === "none");
    this.root.hidden = false;
    this.#title([make(this.page, "b", {}, title), ` ${received.status} · ${time(received.ms)} · ${size(received.bytes)} `], good ? "good" : "bad");
    this.note.replaceChildren(...(outcomes.length === 1 && first.text ? [this.#line(first.text)] : []));
    this.#choose(this.side === "difference" && this.kept.length < 2 ? "tree" : this.side);
    this.root.scrollIntoView({ block: "nearest" });
  }

  /** What the schema says of the result. @param {import("./validation_client.js").Validity} validity */
  judge({ problems, unchecked }) {
    const wrong = problems.map(({ path, text }) => this.#line(`not as the document says: ${spoken(["result", ...path])} ${text}`, "wrong"));
    const fine = problems.length === 0 && unchecked.length === 0 ? [this.#line("The result is as the document says.", "soft")] : [];
    this.note.append(...wrong, ...fine, ...unchecked.map((text) => this.#line(`not checked: ${text}`, "soft")));
  }

  /** @param {(Node|string)[]} parts @param {string} look */
  #title(parts, look) {
    this.head.dataset.look = look;
    this.head.replaceChildren(...parts);
  }

  /** @param {string} text @param {string} [look] */
  #line(text, look) {
    return make(this.page, "li", { class: look }, foreign(this.page, text));
  }

  /** @param {Side} side */
  #choose(side) {
    const { page, kept } = this;
    this.side = side;
    const sides = /** @type {Side[]} */ (kept.length > 1 ? ["tree", "text", "difference"] : ["tree", "text"]);
    const buttons = sides.map((each) => button(page, each, () => this.#choose(each), { "aria-pressed": String(each === side) }));
    replace(this.sides, ...buttons, copyButton(page, "copy the answer", () => kept[0].received.text));
    const draw = { tree: () => this.#tree(), text: () => this.#text(), difference: () => this.#difference(1) };
    this.body.replaceChildren(...draw[side]());
  }

  #tree() {
    const { requests, outcomes, received } = this.kept[0];
    if (outcomes.length === 1) return outcomes[0].value === undefined ? this.#text() : [tree(this.page, outcomes[0].value)];
    return outcomes.flatMap(({ title, text, value, kind }, n) => {
      const head = make(this.page, "h4", { "data-outcome": kind }, foreign(this.page, requests[n].method), ` ${title} `, make(this.page, "small", {}, text));
      return value === undefined ? [head] : [head, tree(this.page, value)];
    }).concat(received.cut ? this.#text() : []);
  }

  #text() {
    const { text, cut } = this.kept[0].received;
    const note = text.length > MOST_TEXT || cut ? [make(this.page, "p", { class: "note" }, `the first ${Math.min(MOST_TEXT, text.length).toLocaleString("en")} characters`)] : [];
    return [...note, make(this.page, "pre", { class: "code" }, foreign(this.page, text.slice(0, MOST_TEXT) || "(no body)"))];
  }

  /** @param {number} other which answer before this one @returns {HTMLElement[]} */
  #difference(other) {
    const { page, kept } = this;
    const choose = () => replace(this.body, ...this.#difference(Number(choice.value)));
    const choice = make(page, "select", { "aria-label": "the answer before", change: choose });
    choice.append(...kept.slice(1).map(({ at, outcomes }, n) => make(page, "option", { value: String(n + 1) }, `${new Date(at).toLocaleTimeString()} ${outcomes[0].title}`)));
    choice.value = String(other);
    const [after, before] = [kept[0], kept[other]];
    const changes = differences(compared(before), compared(after));
    const lines = changes.map(({ path, kind, before: old, after: young }) => {
      const values = [old, young].filter((value) => value !== undefined).map((value) => write(value));
      return make(page, "li", { class: kind }, make(page, "b", {}, kind), " ", foreign(page, spoken(path) || "the whole"), " ", foreign(page, excerpts(values).join(" → ")));
    });
    const inPart = [before, after].some(({ received }) => received.cut || received.garbled);
    const notes = [
      ...(changes.length === 0 ? [`The two answers are the same${inPart ? " as far as they could be read" : ""}.`] : []),
      ...(changes.length === MOST_CHANGES ? [`No more than ${MOST_CHANGES} differences are listed.`] : []),
    ];
    return [make(page, "label", {}, "since ", choice), ...(lines.length > 0 ? [make(page, "ul", { class: "changes" }, ...lines)] : []), ...notes.map((text) => make(page, "p", { class: "note" }, text))];
  }
}

/** What is compared of an answer: what each request got, or the text if that could not be read. @param {Shown} shown */
function compared({ outcomes, received }) {
  if (outcomes.some(({ kind, value }) => kind === "strange" && value === undefined)) return objectOf([["HTTP status", received.status], ["text", received.text]]);
  const all = outcomes.map(({ kind, value }) => objectOf(value === undefined ? [] : [[kind, value]]));
  return all.length === 1 ? all[0] : all;
}

/** The texts from a little before the place where they begin to differ. @param {string[]} texts one or two */
function excerpts([one, other = ""]) {
  let alike = 0;
  while (alike < one.length && one[alike] === other[alike]) alike += 1;
  const from = alike < MOST_EXCERPT / 2 ? 0 : alike - MOST_EXCERPT / 4;
  return [one, other].filter(Boolean).map((text) => `${from > 0 ? "…" : ""}${clip(text.slice(from), MOST_EXCERPT)}`);
}

/** @param {number} ms */
const time = (ms) => (ms < 10 ? `${ms.toFixed(1)} ms` : ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

/** @param {number} bytes */
const size = (bytes) => (bytes < 1_000 ? `${bytes} B` : bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`);

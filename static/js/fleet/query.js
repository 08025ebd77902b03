/**
 * The text of the filter: parsed to terms, matched against a service, and written again. All terms must
 * hold, in any order. A term is a word of name, title, context, node, methods or reason; or a qualifier:
 * `status:` `ctx:` `node:` `role:` `method:` with one or more values, or `changed:<5m`. `-` excludes,
 * quotes keep blanks together, and a quoted value must be equal, not only begin so.
 * @module
 */

import { counted } from "./status.js";

/** @typedef {import("./status.js").Shown} Shown */
/** @typedef {{text: string, exact: boolean}} Value */
/** `field` is null for a word, which has one value. @typedef {{field: string|null, not: boolean, values: Value[]}} Term */

/** @type {Record<string, (shown: Shown) => string[]>} */
const FIELDS = {
  status: (shown) => [counted(shown)],
  ctx: ({ context }) => [context],
  node: ({ node }) => [node],
  role: ({ sockets }) => sockets.map((/** @type {any} */ one) => String(one.role)),
  method: ({ methods }) => methods,
};
const CHANGED = "changed";
const AGE = /^([<>]?)(\d{1,6})([smhd])$/;
/** @type {Record<string, number>} */
const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const TOKEN = /(?:"[^"]*"?|[^\s"])+/g;
const VALUE = /"([^"]*)"?|([^,"]+)/g;

/** @param {string} text @returns {Term[]} */
export function parse(text) {
  return (text.match(TOKEN) ?? []).flatMap(term);
}

/** @param {Term[]} terms @returns {string} */
export function serialize(terms) {
  return terms.map(({ field, not, values }) => `${not ? "-" : ""}${field ? `${field}:` : ""}${values.map(quoted).join(",")}`).join(" ");
}

/** The text with a value of a qualifier added, or removed wherever it was. @param {string} text @param {string} field @param {string} value */
export function toggled(text, field, value) {
  const terms = parse(text);
  const same = terms.filter((one) => one.field === field && !one.not);
  const added = { text: value, exact: false };
  if (chooses(terms, field, value)) for (const one of same) one.values = one.values.filter((each) => each.text !== value);
  else if (same.length > 0) same[0].values.push(added);
  else terms.push({ field, not: false, values: [added] });
  return serialize(terms.filter((one) => one.values.length > 0));
}

/** Whether a value of a qualifier is chosen. @param {Term[]} terms @param {string} field @param {string} value */
export function chooses(terms, field, value) {
  return terms.some((one) => one.field === field && !one.not && one.values.some(({ text }) => text === value));
}

/** The text that finds just these: a phrase, and exact values of qualifiers. @param {string} phrase @param {Record<string, string>} [exact] */
export function exactly(phrase, exact = {}) {
  const fields = Object.entries(exact).map(([field, text]) => ({ field, not: false, values: [{ text: clean(text), exact: true }] }));
  return serialize([...fields, ...(phrase ? [{ field: null, not: false, values: [{ text: clean(phrase), exact: true }] }] : [])]);
}

/** Whether what matches depends on the time. @param {Term[]} terms */
export const isTimed = (terms) => terms.some(({ field }) => field === CHANGED);

/** The words of a service that a filter looks at. @param {Shown} record @returns {string} */
export function haystack({ name, title, context, node, reason, methods }) {
  return [name, title, context, node, reason, ...methods].join("\n").toLowerCase();
}

/** @param {Term[]} terms @param {Shown} record @param {string} hay its words @param {number} now by the router's clock */
export function matches(terms, record, hay, now) {
  return terms.every(({ field, not, values }) => values.some((one) => holds(field, one, record, hay, now)) !== not);
}

/** @param {string|null} field @param {Value} value @param {Shown} record @param {string} hay @param {number} now */
function holds(field, { text, exact }, record, hay, now) {
  const wanted = text.toLowerCase();
  if (field === null) return hay.includes(wanted);
  if (field === CHANGED) return isAged(text, now - record.changed_at);
  const found = FIELDS[field](record).map((one) => one.toLowerCase());
  return found.some((one) => (exact ? one === wanted : one.startsWith(wanted)));
}

/** @param {string} text @param {number} age ms */
function isAged(text, age) {
  const [, sign, number, unit] = /** @type {RegExpExecArray} */ (AGE.exec(text));
  const limit = Number(number) * UNITS[unit];
  return sign === ">" ? age > limit : age < limit;
}

/** @param {string} token @returns {Term[]} none if the token says nothing yet, as `status:` */
function term(token) {
  const not = token.startsWith("-") && token.length > 1;
  const rest = not ? token.slice(1) : token;
  const [, name, after] = /^([a-z]+):(.*)$/s.exec(rest) ?? [];
  if (name !== undefined && (Object.hasOwn(FIELDS, name) || name === CHANGED)) {
    const values = [...after.matchAll(VALUE)].map(([, exact, text]) => ({ text: exact ?? text, exact: exact !== undefined }));
    const told = values.filter(({ text }) => name !== CHANGED || AGE.test(text));
    if (told.length > 0 || after === "") return told.length > 0 ? [{ field: name, not, values: told }] : [];
  }
  const text = clean(rest);
  return text === "" ? [] : [{ field: null, not, values: [{ text, exact: /\s|:|^-/.test(text) }] }];
}

/** @param {Value} value */
const quoted = ({ text, exact }) => (exact || /[\s,"]/.test(text) ? `"${clean(text)}"` : text);

/** A quote cannot stand inside quotes. @param {string} text */
const clean = (text) => text.replaceAll('"', "");

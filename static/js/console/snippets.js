/**
 * A request as a program: curl, Python, JavaScript, `hero_router call`. Each text is safe to paste, whatever
 * the values hold: characters that do not show, or change the direction of text, become escapes. Pure.
 * @module
 */

import { shellWord } from "../fleet/terminal.js";
import { Exact } from "./json_text.js";
import { JSON_WORDS, isObject, write } from "./json_value.js";

/**
 * @typedef {{
 *   url: string, request: any, router: string, service: string, signsIn: boolean,
 * }} Call `url` is the socket's, `router` the router's own; `request` is one request, or a list; `signsIn`: the router wants a token
 */

const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]/u;
const ALL_HIDDEN = new RegExp(HIDDEN, "gu");

/** @param {string} text */
const escape = (text) => [...Array(text.length).keys()].map((at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`).join("");

/** A string in quotes, as JSON, Python and JavaScript all read it. @param {string} text */
const quoted = (text) => JSON.stringify(text).replace(ALL_HIDDEN, escape);

const SAFE_JSON = { ...JSON_WORDS, string: quoted };
const PYTHON = { null: "None", true: "True", false: "False", string: quoted };

/** The four programs. @param {Call} call */
export function snippets(call) {
  return { curl: curl(call), python: python(call), javascript: javascript(call), hero_router: command(call) };
}

/** @param {Call} call */
function curl({ url, request, signsIn }) {
  const lines = [
    `curl -sS ${shellWord(url)}`,
    "-H 'Content-Type: application/json'",
    ...(signsIn ? ['-H "Authorization: Bearer $ROUTER_TOKEN"'] : []),
    `--data-raw ${shellWord(write(request, 0, SAFE_JSON))}`,
  ];
  return lines.join(" \\\n  ");
}

/** @param {Call} call */
function python({ url, request, signsIn }) {
  const exact = isExact(request);
  const token = signsIn ? '    "Authorization": f"Bearer {os.environ[\'ROUTER_TOKEN\']}",\n' : "";
  return `${exact ? "import json\n" : ""}${signsIn ? "import os\n" : ""}import urllib.error
import urllib.request

request = ${exact ? write(request, 4, PYTHON) : quoted(write(request, 0, SAFE_JSON))}
headers = {
    "Content-Type": "application/json",
${token}}
body = ${exact ? "json.dumps(request)" : "request"}.encode()
try:
    answer = urllib.request.urlopen(urllib.request.Request(${quoted(url)}, body, headers))
except urllib.error.HTTPError as error:  # its body says why
    answer = error
print(answer.read().decode())
`;
}

/** @param {Call} call */
function javascript({ url, request, signsIn }) {
  const token = signsIn ? "\n    Authorization: `Bearer ${process.env.ROUTER_TOKEN}`," : "";
  const body = isExact(request) ? `JSON.stringify(${write(request, 2, SAFE_JSON, "  ")})` : quoted(write(request, 0, SAFE_JSON));
  return `const answer = await fetch(${quoted(url)}, {
  method: "POST",
  headers: {
    "Content-Type": "application/json",${token}
  },
  body: ${body},
});
console.log(await answer.text());
`;
}

/** `hero_router call` sends one request with an id, and prints the result. @param {Call} call */
function command({ request, router, service }) {
  if (!isObject(request) || !Object.hasOwn(request, "id")) return "# hero_router call sends one request with an id: no batch, no notification";
  const words = [service, request.method, ...(Object.hasOwn(request, "params") ? [write(request.params, 0, SAFE_JSON)] : [])];
  if (words.some((word) => HIDDEN.test(word))) return "# a name has characters that do not show: no line of a shell is safe to paste";
  const end = words.some((word) => word.startsWith("-")) ? " --" : "";
  return `hero_router call --url ${shellWord(router)}${end} ${words.map(shellWord).join(" ")}`;
}

/** Whether a program that writes the value down sends the same. @param {any} value @returns {boolean} */
function isExact(value) {
  if (value instanceof Exact) return false;
  if (typeof value !== "object" || value === null) return true;
  return !Object.hasOwn(value, "__proto__") && Object.values(value).every(isExact);
}

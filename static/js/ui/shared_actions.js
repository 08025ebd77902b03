/**
 * Actions that several parts of the page offer, such as scan and copy; a message shows the result.
 * @module
 */

import { toast } from "./toast.js";

/** Look for sockets on all nodes. @param {Document} page @param {() => Promise<number>} run gives the number of services that were found */
export async function scan(page, run) {
  toast(page, "Scanning…");
  try {
    const found = await run();
    toast(page, `Scanned: ${found} services.`);
  } catch (error) {
    toast(page, `The scan failed: ${error instanceof Error ? error.message : error}`);
  }
}

/** @param {Document} page @param {() => Promise<unknown>} act @param {string} done what is said then */
export async function run(page, act, done) {
  try {
    await act();
    toast(page, done);
  } catch (error) {
    toast(page, `It failed: ${error instanceof Error ? error.message : error}`);
  }
}

/** Load a file into the folder of downloads. @param {Document} page @param {string} href */
export function save(page, href) {
  const link = page.createElement("a");
  link.href = href;
  link.download = "";
  link.click();
  toast(page, "The report is being made: the browser saves it.");
}

/** @param {Document} page @param {string} text @param {string} done what is said then */
export async function copy(page, text, done) {
  try {
    await navigator.clipboard.writeText(text);
    toast(page, done);
  } catch {
    toast(page, `The browser does not allow to copy: ${text}`);
  }
}

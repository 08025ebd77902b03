/**
 * The URL of this page's router, and the version (digest) of the page's files. Both are read from this
 * module's own URL, so that the page works under any prefix, in a worker as in a document.
 * @module
 */

const FORM = /^(.*\/)static\/(?:([^/]+)\/)?js\/live\/[^/]+$/;

/**
 * @param {string} module the address of a module in this folder
 * @returns {{base: string, digest: string}} the router's address, with a slash at its end; and the
 *   digest of the page's files, empty where their address has none
 */
export function read(module) {
  const [, base, digest] = FORM.exec(module.replace(/[?#].*$/, "")) ?? [];
  if (base === undefined) throw new Error(`no module of the page: ${module}`);
  return { base, digest: digest ?? "" };
}

export const { base, digest } = read(import.meta.url);

/** The URL of one of the page's files. @param {string} name as in the folder `static` */
export const asset = (name) => `${base}static/${digest && `${digest}/`}${name}`;

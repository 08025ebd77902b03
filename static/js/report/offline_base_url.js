/**
 * In a report this takes the place of `live/base_url.js`: there is no router, and all files are in this one.
 * @module
 */

export const [base, digest] = ["", ""];

const icon = document.querySelector('link[rel="icon"]')?.getAttribute("href") ?? "data:,";

/** The address of a picture: the one that a report has. */
export const asset = () => icon;

/**
 * The differences between two JSON values. Items of lists that are the same on both sides are found, so
 * that one new item is one difference. Pure.
 * @module
 */

import { isObject, same, write } from "./json_value.js";

/** @typedef {import("./json_pointer.js").Path} Path */
/** @typedef {{path: Path, kind: "added"|"removed"|"changed", before?: any, after?: any}} Change */

export const MOST_CHANGES = 200;
/** Longer lists are compared item by item: the time to align them grows with the product of their lengths. */
const MOST_ALIGNED = 200;

/** All changes from one value to the other, the first ones if there are too many. @param {any} before @param {any} after @returns {Change[]} */
export function differences(before, after) {
  /** @type {Change[]} */ const found = [];
  compare(before, after, [], found);
  return found;
}

/** @param {any} before @param {any} after @param {Path} path @param {Change[]} found */
function compare(before, after, path, found) {
  if (found.length >= MOST_CHANGES) return;
  if (isObject(before) && isObject(after)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      one(Object.hasOwn(before, name) ? [before[name]] : [], Object.hasOwn(after, name) ? [after[name]] : [], [...path, name], found);
    }
  } else if (Array.isArray(before) && Array.isArray(after)) lists(before, after, path, found);
  else if (!same(before, after)) found.push({ path, kind: "changed", before, after });
}

/** What is at one place on each side, if anything. @param {any[]} before @param {any[]} after @param {Path} path @param {Change[]} found */
function one(before, after, path, found) {
  if (found.length >= MOST_CHANGES) return;
  if (before.length === 0) found.push({ path, kind: "added", after: after[0] });
  else if (after.length === 0) found.push({ path, kind: "removed", before: before[0] });
  else compare(before[0], after[0], path, found);
}

/** @param {any[]} before @param {any[]} after @param {Path} path @param {Change[]} found */
function lists(before, after, path, found) {
  const pairs = before.length <= MOST_ALIGNED && after.length <= MOST_ALIGNED ? aligned(before, after) : [];
  let [left, right] = [0, 0];
  for (const [atLeft, atRight] of [...pairs, [before.length, after.length]]) {
    // Between two items that are the same: items in their order are held to be each other's successors.
    for (; left < atLeft || right < atRight; ) {
      const [old, young] = [left < atLeft, right < atRight];
      one(old ? [before[left]] : [], young ? [after[right]] : [], [...path, young ? right : left], found);
      left += Number(old);
      right += Number(young);
    }
    left = atLeft + 1;
    right = atRight + 1;
  }
}

/** The longest common subsequence of two lists, as pairs of indices. @param {any[]} before @param {any[]} after @returns {[number, number][]} */
function aligned(before, after) {
  const width = after.length + 1;
  const [olds, youngs] = [before, after].map((list) => list.map((item) => write(item)));
  const length = new Uint16Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      length[i * width + j] = olds[i] === youngs[j]
        ? length[(i + 1) * width + j + 1] + 1
        : Math.max(length[(i + 1) * width + j], length[i * width + j + 1]);
    }
  }
  /** @type {[number, number][]} */ const pairs = [];
  for (let [i, j] = [0, 0]; i < before.length && j < after.length; ) {
    if (olds[i] === youngs[j]) pairs.push([i++, j++]);
    else if (length[(i + 1) * width + j] >= length[i * width + j + 1]) i += 1;
    else j += 1;
  }
  return pairs;
}

/**
 * The commands of a terminal that show the same as a part of the page: `hero_router`, and `redis-cli` for
 * what lies in Redis.
 * @module
 */

/** How command lines and keys begin; null: the router does not tell this person. @typedef {{command: string|null, prefix: string|null}} Redis */
/** @typedef {{why: string, text: string}} Command */

/** A word of a POSIX shell. @param {string} text */
export const shellWord = (text) => (/^[\w@%+=:,./-]+$/.test(text) && !text.startsWith("-") ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** @param {string} text @returns {Command} */
export const same = (text) => ({ why: "The same in a terminal:", text });

/** A command of Redis about a key, if this person may know of it. @param {Redis|null} redis not known yet: null @param {string} verb @param {string[]} keys without the prefix @param {string[]} [rest] further words @returns {Command[]} */
export function inRedis(redis, verb, keys, rest = []) {
  if (!redis?.command) return [];
  const words = [...keys.map((key) => `${redis.prefix}:${key}`), ...rest];
  return [{ why: "In Redis:", text: [redis.command, verb, ...words.map(shellWord)].join(" ") }];
}

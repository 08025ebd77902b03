/**
 * Validates values by schemas in a thread of its own. The page ends this worker if it takes too long: a
 * regular expression or a recursive schema may never end.
 * @module
 */

import { Validator } from "../../vendor/cfworker-json-schema/4.1.6/dist/esm/validator.js";
import { problems } from "./validation_problems.js";

/** @typedef {{number: number, schema: any, value: any}} Question */
/** `begun`: the check begins now; `failed`: why it cannot be said. @typedef {{number: number, begun?: boolean, problems?: import("./validation_problems.js").Problem[], failed?: string}} Verdict */

const DRAFT = "2020-12";

self.onmessage = ({ data }) => {
  const { number, schema, value } = /** @type {Question} */ (data);
  self.postMessage({ number, begun: true });
  try {
    const { errors } = new Validator(schema, DRAFT, false).validate(value);
    self.postMessage({ number, problems: problems(errors, schema) });
  } catch (error) {
    const text = error instanceof RangeError ? "the schema has no end" : String(error instanceof Error ? error.message : error);
    self.postMessage({ number, failed: text });
  }
};
self.postMessage({ number: 0 });

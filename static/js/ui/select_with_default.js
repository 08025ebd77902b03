/**
 * A list of choices of which the first is the default: its value outside of here is an empty text.
 * @module
 */

export class SelectWithDefault {
  /** @param {HTMLElement} element a `<select>` @param {string[]} values @param {(value: string) => void} chosen called when a person chooses */
  constructor(element, values, chosen) {
    this.select = /** @type {HTMLSelectElement} */ (element);
    this.values = values;
    for (const value of values) this.select.add(new Option(value, value));
    this.select.addEventListener("change", () => chosen(this.select.value === values[0] ? "" : this.select.value));
  }

  /** Show what is chosen, if that is something else: an open list of choices stays open. @param {string|undefined} value one that is not known counts as the default */
  show(value) {
    const wanted = value !== undefined && this.values.includes(value) ? value : this.values[0];
    if (this.select.value !== wanted) this.select.value = wanted;
  }
}

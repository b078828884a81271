import type { TypedArray } from "../../base/dtype.js";
import { joinAxes } from "../../kernel/layout.js";
import type { Access } from "../../kernel/program.js";

/** Where one access of a kernel leads: the elements of its buffer, and its address for given loop counters. */
export class BufferCursor {
  readonly data: TypedArray;
  readonly strides: readonly number[];
  readonly #offset: number;
  readonly #steps: readonly number[];

  constructor(access: Access, data: TypedArray) {
    this.data = data;
    this.strides = access.strides;
    this.#offset = access.offset;
    this.#steps = access.steps;
  }

  /** The address of the first element, with the counters of the enclosing loops, outermost first. */
  base(counters: readonly number[]): number {
    let address = this.#offset;
    for (let l = 0; l < this.#steps.length; l++) {
      // A step of an axis that is no enclosing loop's is 0 or absent; `undefined * 0` must not poison the address.
      if (this.#steps[l] !== 0) address += this.#steps[l] * counters[l];
    }
    return address;
  }
}

/** A group of axes made as few and as long as possible. */
export interface AxisGroup {
  readonly sizes: readonly number[];
  /** The kernel's own number of each axis (of its innermost part, where several became one). */
  readonly axes: readonly number[];
  /** Per access, per axis. */
  readonly strides: readonly (readonly number[])[];
}

/** Below this length of the innermost axis, a longer axis takes its place: the work per block outweighs the work per element. */
const shortAxis = 32;

/** Drops axes of size 1, joins neighbours that every access walks as one (unless positions matter), and puts a long axis last. */
export function groupAxes(
  sizes: readonly number[],
  firstAxis: number,
  strides: readonly (readonly number[])[],
  keepAxes: boolean,
): AxisGroup {
  const joined = joinAxes(sizes, strides, () => keepAxes);
  const order = joined.sizes.map((_, i) => i);
  const last = order.length - 1;
  if (last >= 0 && joined.sizes[last] < shortAxis) {
    const longest = order.reduce((best, i) => (joined.sizes[i] > joined.sizes[best] ? i : best), last);
    order.push(...order.splice(longest, 1));
  }
  return {
    sizes: order.map((i) => joined.sizes[i]),
    axes: order.map((i) => firstAxis + joined.axes[i]),
    strides: joined.strides.map((list) => order.map((i) => list[i])),
  };
}

/** The axis that blocks run along. */
export interface InnerAxis {
  readonly size: number;
  /** The kernel's own number of it; −1 if all axes have size 1. */
  readonly axis: number;
  /** Per access. */
  readonly strides: readonly number[];
}

/** Splits off the innermost axis (size 1 if there is none): the one that blocks run along. */
export function splitInner(group: AxisGroup): InnerAxis & { readonly outer: AxisGroup } {
  return {
    outer: {
      sizes: group.sizes.slice(0, -1),
      axes: group.axes.slice(0, -1),
      strides: group.strides.map((list) => list.slice(0, -1)),
    },
    size: group.sizes.at(-1) ?? 1,
    axis: group.axes.at(-1) ?? -1,
    strides: group.strides.map((list) => list.at(-1) ?? 0),
  };
}

/** Steps through every index of a group of axes and keeps the address of each access. */
export class IndexIterator {
  /** Address per access, at the present index. */
  readonly positions: number[];
  readonly #group: AxisGroup;
  readonly #index: number[];
  readonly #size: number;

  constructor(group: AxisGroup) {
    this.#group = group;
    this.#index = group.sizes.map(() => 0);
    this.positions = group.strides.map(() => 0);
    this.#size = group.sizes.reduce((product, size) => product * size, 1);
  }

  /** Goes to the first index; false if there is none. */
  start(bases: readonly number[]): boolean {
    this.#index.fill(0);
    for (let k = 0; k < this.positions.length; k++) this.positions[k] = bases[k];
    return this.#size > 0;
  }

  /** Goes to the next index; false after the last one. */
  next(): boolean {
    const { sizes, strides } = this.#group;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      const wraps = ++this.#index[axis] === sizes[axis];
      const steps = wraps ? 1 - sizes[axis] : 1;
      for (let k = 0; k < this.positions.length; k++) this.positions[k] += steps * strides[k][axis];
      if (!wraps) return true;
      this.#index[axis] = 0;
    }
    return false;
  }

  /** Writes the present index to `values`, by the kernel's own numbers of the axes. */
  writeIndex(values: number[]): void {
    for (let i = 0; i < this.#index.length; i++) values[this.#group.axes[i]] = this.#index[i];
  }
}

import { bytesOf } from "../../base/dtype.js";
import { joinAxes } from "../../kernel/layout.js";
import type { Access } from "../../kernel/program.js";
import type { FunctionBuilder, Local } from "./assembler.js";
import type { I32 } from "./instructions.js";
import { i32 } from "./instructions.js";

/** Accesses that walk one buffer alike: one pointer serves them, each at its own distance from it. */
interface Group {
  readonly first: Access;
  /** Elements from the start of the buffer, at the least of the group's accesses. */
  offset: number;
  /** Bytes per step of each axis. */
  strides: number[];
  pointer: Local<"i32"> | undefined;
  index: number;
}
/** An access with its place in the kernel's pointers. */
export interface Stream {
  readonly access: Access;
  readonly group: Group;
}

/** The positions along one axis, as a counter that walks like a pointer. */
export interface Position {
  strides: number[];
  counter: Local<"i32"> | undefined;
}

/** An axis of a kernel after collapsing. */
export interface Axis {
  readonly size: number;
  readonly reduced: boolean;
}

/** The index space of a kernel with all that walks along it: pointers and positions. */
export class LoopNest {
  axes: Axis[];
  readonly groups: Group[] = [];
  readonly positions: Map<number, Position> = new Map();

  /** @param reduced - How many of the last axes are reduced. */
  constructor(shape: readonly number[], reduced: number) {
    this.axes = shape.map((size, i) => ({ size, reduced: i >= shape.length - reduced }));
  }

  /** Adds an access; strides over fewer axes than the nest has stay where they are along the rest. */
  stream(access: Access): Stream {
    const { buffer, strides, steps } = access;
    const bytes = bytesOf[buffer.dtype];
    // Along an axis of one element nothing moves.
    const full = this.axes.map(({ size }, i) => (size === 1 ? 0 : (strides[i] ?? 0) * bytes));
    let group = this.groups.find(
      ({ first, strides }) => first.buffer === buffer && alike(strides, full) && alike(first.steps, steps),
    );
    if (group === undefined) {
      group = {
        first: access,
        offset: access.offset,
        strides: full,
        pointer: undefined,
        index: this.groups.length,
      };
      this.groups.push(group);
    }
    group.offset = Math.min(group.offset, access.offset);
    return { access, group };
  }
  /** The position along an axis of the original shape. */
  position(axis: number): Position {
    let known = this.positions.get(axis);
    if (known === undefined) {
      const strides = this.axes.map(({ size }, i) => (i === axis && size !== 1 ? 1 : 0));
      known = { strides, counter: undefined };
      this.positions.set(axis, known);
    }
    return known;
  }

  /** All that walks, in a fixed order. */
  #walkers(): { strides: number[] }[] {
    return [...this.groups, ...this.positions.values()];
  }
  /** Drops axes of one element and joins neighbours that everything walks as one. Call once all accesses are there. */
  collapse(): void {
    const walkers = this.#walkers();
    const { axes } = this;
    const joined = joinAxes(
      axes.map(({ size }) => size),
      walkers.map(({ strides }) => strides),
      (outer, inner) => axes[outer].reduced !== axes[inner].reduced,
    );
    this.axes = joined.axes.map((i, at) => ({ size: joined.sizes[at], reduced: axes[i].reduced }));
    for (const [w, walker] of walkers.entries()) walker.strides = [...joined.strides[w]];
  }
  /** Puts one axis last. */
  moveLast(axis: number): void {
    const order = [...this.axes.keys()].filter((i) => i !== axis);
    order.push(axis);
    this.axes = order.map((i) => this.axes[i]);
    for (const walker of this.#walkers()) walker.strides = order.map((i) => walker.strides[i]);
  }
  /** Walks the last axis in blocks of `block` elements, which divides it; the blocks become the outermost axis. */
  blockLast(block: number): void {
    const last = this.axes.length - 1;
    const { size, reduced } = this.axes[last];
    this.axes[last] = { size: block, reduced };
    this.axes.unshift({ size: size / block, reduced });
    for (const walker of this.#walkers()) walker.strides.unshift(walker.strides[last] * block);
  }
  /** Adds an axis of one element at the end. */
  addUnitAxis(reduced: boolean): void {
    this.axes.push({ size: 1, reduced });
    for (const walker of this.#walkers()) walker.strides.push(0);
  }

  /** What the code depends on, so that kernels of the same form share a function. */
  key(): unknown {
    return [
      this.axes,
      this.groups.map((g) => [g.strides]),
      [...this.positions].map(([axis, p]) => [axis, p.strides]),
    ];
  }

  /** Makes the function's parameters the pointers, and starts the positions. */
  begin(f: FunctionBuilder): void {
    for (const [i, group] of this.groups.entries()) group.pointer = f.parameter(i);
    for (const position of this.positions.values()) position.counter = f.let(i32.const(0));
  }
  /** Runs `body` at `trips` places along an axis, `step` apart; all that walks stands where it stood afterwards (`rewind`), or after the last step. */
  loop(f: FunctionBuilder, axis: number, trips: number, step: number, body: () => void, rewind = true): void {
    if (trips === 0) return;
    const moving = [
      ...this.groups.map((g) => ({ local: g.pointer, stride: g.strides[axis] })),
      ...[...this.positions.values()].map((p) => ({ local: p.counter, stride: p.strides[axis] })),
    ];
    const move = (steps: number): void => {
      for (const { local, stride } of moving) if (local !== undefined) f.advance(local, steps * stride);
    };
    if (trips === 1) {
      body();
      if (!rewind) move(step);
      return;
    }
    f.repeat(trips, () => {
      body();
      move(step);
    });
    if (rewind) move(-trips * step);
  }
  /** Runs `body` at every place along the given axes, from the outermost in. */
  over(f: FunctionBuilder, [axis, ...rest]: readonly number[], body: () => void): void {
    if (axis === undefined) return body();
    this.loop(f, axis, this.axes[axis].size, 1, () => this.over(f, rest, body));
  }
  /** Moves all that walks by `steps` along an axis. */
  skip(f: FunctionBuilder, axis: number, steps: number): void {
    for (const g of this.groups) if (g.pointer !== undefined) f.advance(g.pointer, steps * g.strides[axis]);
    for (const p of this.positions.values())
      if (p.counter !== undefined) f.advance(p.counter, steps * p.strides[axis]);
  }

  /** The operands of a call of the kernel's function. */
  operands(addressOfAccess: (access: Access, offset: number) => I32): I32[] {
    return this.groups.map((group) => addressOfAccess(group.first, group.offset));
  }
}

/** Whether two lists are the same, missing entries being 0. */
function alike(a: readonly number[], b: readonly number[]): boolean {
  for (let i = Math.max(a.length, b.length) - 1; i >= 0; i--) if ((a[i] ?? 0) !== (b[i] ?? 0)) return false;
  return true;
}

/** Bytes from the group's pointer to an access of it. */
export const distance = ({ access, group }: Stream): number =>
  (access.offset - group.offset) * bytesOf[access.buffer.dtype];

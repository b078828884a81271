import type { Shape } from "../../src/base/shape.js";
import type { Tensor, Variable } from "../../src/index.js";
import * as ops from "../../src/index.js";
import type { SampleRandom } from "../../src/ops/samples.js";

// What the steps of random programs draw from, and how they take and leave values.

/** What a program is to be. */
export interface ProgramOptions {
  readonly steps: number;
  readonly dtype: "float32" | "float64";
  /** Whether reverse mode will go through it (no whileLoop). */
  readonly differentiable: boolean;
  readonly variables: readonly Variable[];
}

/** What a step may use. */
export interface Scope {
  readonly random: SampleRandom;
  readonly options: ProgramOptions;
  readonly floats: Tensor[];
  readonly integers: Tensor[];
  readonly bools: Tensor[];
  /** How many loops and transforms it may still open. */
  readonly depth: number;
}
export type Step = (scope: Scope) => void;

/** The size of the largest value that is kept. */
export const largest = 120;

/** Any tensor made to a shape: by broadcasting if it fits, else the sine of its mean everywhere. */
export function fit(t: Tensor, shape: Shape): Tensor {
  const lead = shape.length - t.shape.length;
  const fits = lead >= 0 && t.shape.every((d, k) => d === shape[k + lead] || d === 1);
  return ops.broadcastTo(fits ? t : ops.sin(ops.mean(t)), shape);
}

export const pick = (s: Scope): Tensor => s.random.pick(s.floats);
/** A value with an axis, and one of its axes. */
export function withAxis(s: Scope): { x: Tensor; axis: number } {
  const candidates = s.floats.filter((t) => t.rank > 0);
  const x = candidates.length > 0 ? s.random.pick(candidates) : ops.broadcastTo(pick(s), [3]);
  return { x, axis: s.random.integer(-x.rank, x.rank - 1) };
}
export const sizeAt = (x: Tensor, axis: number): number => x.shape.at(axis) ?? 1;
/** Leaves values for later steps, but for those too large. */
export const push = (s: Scope, ...made: readonly Tensor[]): void => {
  for (const t of made) if (t.size <= largest) s.floats.push(t);
};
export const constant = (s: Scope, shape: Shape): Tensor =>
  s.random.tensor(shape, [-0.8, 0.8], s.options.dtype);

import { checkFunction, checkList, outOfRange } from "../base/checks.js";
import { isFloatDType } from "../base/dtype.js";
import { DTypeError } from "../base/errors.js";
import { add, mul } from "../ops/arithmetic.js";
import { cast } from "../ops/conversion.js";
import { tensor } from "../ops/literal.js";
import { sum } from "../ops/reduction.js";

import type { Tensor } from "../tensor/tensor.js";
import { leafPaths, rebuild } from "../transforms/outline.js";
import { flatten } from "../transforms/tree.js";
import { seededRandom } from "./seeded-random.js";

/** A function of trees as one of its float leaves, in float64. */
export interface FlatFunction {
  /** The float leaves of the arguments. */
  readonly at: readonly Tensor[];
  /** Where each stands: `inputs[0]`, `inputs[1].w`. */
  readonly paths: readonly string[];
  /** The float leaves of the result. */
  run(leaves: readonly Tensor[]): readonly Tensor[];
}

// Each element is checked by itself: more would never end.
const mostLeaves = 1000;

/** Takes the float leaves out of arguments; the others stay as they are. */
export function flatFunction<Args extends readonly unknown[]>(
  op: string,
  f: (...args: Args) => unknown,
  inputs: Args,
): FlatFunction {
  checkFunction(op, "f", f, `${op}((x) => tanh(x), [x])`);
  checkList(op, "inputs", inputs, "an array of the arguments");
  const { leaves, outline } = flatten(op, inputs, "leaf", "inputs");
  if (leaves.length > mostLeaves)
    throw outOfRange(
      op,
      "inputs",
      leaves.length,
      `at most ${mostLeaves} tensors`,
      "check a part of them at a time",
    );
  const paths = leafPaths(outline, "inputs");
  const floats = leaves.map((t) => isFloatDType(t.dtype));
  if (!floats.includes(true)) {
    throw new DTypeError({
      code: "dtype/no-float-input",
      op,
      problem: "no input has a derivative.",
      got: leaves.length === 0 ? "no tensors" : leaves.map((t) => t.dtype).join(", "),
      expected: "at least one float tensor",
      mend: 'make them with { dtype: "float64" }',
    });
  }
  return {
    at: leaves.filter((_, i) => floats[i]).map((t) => cast(t, "float64")),
    paths: paths.filter((_, i) => floats[i]),
    run(given) {
      let next = 0;
      const all = leaves.map((t, i) => (floats[i] ? given[next++] : t));
      // The outline is that of the inputs themselves.
      const result = f(...(rebuild(outline, all) as unknown as Args));
      return flatten(op, result, "static", "result").leaves.filter((t) => isFloatDType(t.dtype));
    },
  };
}

/** Weights for the elements of each result, none near 0, the same for the same seed; 1 for a single number. */
export function weightsFor(outputs: readonly Tensor[], seed: number): readonly Tensor[] {
  if (outputs.length === 1 && outputs[0].size === 1)
    return outputs.map((t) => seededRandom(0).tensor(t.sizes, [1, 1]));
  const random = seededRandom(seed);
  return outputs.map((t) =>
    random.tensor(t.sizes, [
      [-1.5, -0.5],
      [0.5, 1.5],
    ]),
  );
}

/** Σ ⟨aᵢ, bᵢ⟩ as a scalar tensor. */
export function inner(a: readonly Tensor[], b: readonly Tensor[]): Tensor {
  return a.reduce((total, t, i) => add(total, sum(mul(t, b[i]))), tensor(0, { dtype: "float64" }));
}

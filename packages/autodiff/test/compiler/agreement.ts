import { expect, vi } from "vitest";
import { isFloatDType } from "../../src/base/dtype.js";
import type { BackendName } from "../../src/compiler/backend.js";
import { compile } from "../../src/compiler/compile.js";
import { Instance } from "../../src/compiler/instance.js";
import { cast, type Tensor, vjp } from "../../src/index.js";
import { weightsFor } from "../../src/testing/scalar-function.js";
import { apply } from "../../src/trace/apply.js";
import { barrierOp } from "../../src/trace/barrier.js";
import { isNear } from "../near.js";

/** A function of tensors. */
export type Flat = (inputs: readonly Tensor[]) => readonly Tensor[];

export const backends: readonly BackendName[] = ["wasm", "javascript"];

/** Runs `f` and returns how many times a compiled program ran meanwhile. */
export function countRuns(f: () => void): number {
  const run = vi.spyOn(Instance.prototype, "run");
  try {
    f();
    return run.mock.calls.length;
  } finally {
    run.mockRestore();
  }
}

/** How far results may be from eager ones, relative to the largest element. */
export const toleranceOf = (dtype: Tensor["dtype"]): number => (dtype === "float64" ? 1e-12 : 1e-5);

/** Where two tensors differ: null if shapes and dtypes are equal, and elements within `tolerance` of the largest of them.
 * @param least - what counts as the largest where all are smaller: the size of the numbers that may have cancelled on the way */
export function difference(
  got: Tensor,
  want: Tensor,
  tolerance = toleranceOf(want.dtype),
  least = 1e-6,
): string | null {
  const specOf = ({ dtype, shape }: Tensor): string => `${dtype}[${shape}]`;
  if (specOf(got) !== specOf(want)) return `${specOf(got)} instead of ${specOf(want)}`;
  const [g, w] = [got.data, want.data];
  let largest = 0;
  w.forEach((v) => {
    if (Number.isFinite(v)) largest = Math.max(largest, Math.abs(v));
  });
  // Whole numbers are equal; so are infinities and NaN.
  const bound = isFloatDType(want.dtype) ? tolerance * Math.max(largest, least) : 0;
  for (let i = 0; i < w.length; i++) {
    if (isNear(g[i], w[i], bound)) continue;
    return `element ${i} of ${specOf(want)} is ${g[i]}, not ${w[i]} (largest ${largest})`;
  }
  return null;
}

/** Fails unless two lists of tensors are the same up to rounding. */
export function expectSame(
  got: readonly Tensor[],
  want: readonly Tensor[],
  what: string,
  tolerance?: number,
  least?: number,
): void {
  expect(got.length, what).toBe(want.length);
  got.forEach((t, i) => {
    const wrong = difference(t, want[i], tolerance, least);
    if (wrong !== null) expect.fail(`${what}: result ${i}: ${wrong}`);
  });
}

/** Compiled on both backends, a function gives what it gives eagerly, and a compiled program gave it. */
export function compiledIsEager(
  f: Flat,
  inputs: readonly Tensor[],
  what: string,
  tolerance?: number,
  least?: number,
): void {
  const want = f(inputs);
  for (const backend of backends) {
    const compiled = compile((...all: Tensor[]) => [...f(all)], { backend });
    // Twice: the second run finds memory that the first one used.
    const runs = countRuns(() => {
      expectSame(compiled(...inputs), want, `${what}, ${backend}`, tolerance, least);
      expectSame(compiled(...inputs), want, `${what}, ${backend}, again`, tolerance, least);
    });
    expect(runs, what).toBe(2);
  }
}

/** The derivatives by the float inputs of the float results, each result with weights of its own. */
export function gradientOf(f: Flat, seed = 0): Flat {
  return (inputs) => {
    const floats = inputs.filter((t) => isFloatDType(t.dtype));
    const [outputs, pullback] = vjp(
      (...given: Tensor[]) => {
        let next = 0;
        const all = inputs.map((t) => (isFloatDType(t.dtype) ? given[next++] : t));
        return f(all).filter((t) => isFloatDType(t.dtype));
      },
      ...floats,
    );
    const weights = weightsFor(outputs, seed).map((w, i) => cast(w, outputs[i].dtype));
    return pullback(weights);
  };
}

/** The same with float inputs in float32. */
export const inFloat32 = (inputs: readonly Tensor[]): Tensor[] =>
  inputs.map((t) => (t.dtype === "float64" ? cast(t, "float32") : t));

/** A value that no pass knows anything about. */
export const unknown = (t: Tensor): Tensor => apply(barrierOp, [t], null)[0];

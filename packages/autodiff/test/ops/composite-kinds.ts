import type { Interval, SampleRandom } from "../../src/ops/samples.js";
import type { NestedArray, Tensor } from "../../src/tensor/tensor.js";

/** An application of a function: float64 inputs away from kinks, and the call. */
export interface Call {
  readonly inputs: readonly Tensor[];
  readonly f: (...inputs: Tensor[]) => Tensor | readonly Tensor[];
}
/** A function that is no record of its own; held to the same laws. */
export interface Composite {
  /** Left out by functions that make tensors of nothing. */
  readonly draw?: (random: SampleRandom) => Call;
  /** What comes out, and what should. */
  exact(
    random: SampleRandom,
  ): readonly (readonly [Tensor | readonly Tensor[], NestedArray | readonly NestedArray[]])[];
  /** The derivative is 0 on purpose, though the value varies. */
  readonly cutsGradient?: true;
}

export type Unary = (x: Tensor) => Tensor;
export type Pairs = readonly (readonly [x: number, y: number])[];
/** A function of each element. */
export const elementwise = (f: Unary, domain: readonly Interval[], pairs: Pairs): Composite => ({
  draw: (random) => ({ inputs: [random.tensor(random.shape(), domain)], f }),
  exact: (random) => [[f(random.of(pairs.map(([x]) => x))), pairs.map(([, y]) => y)]],
});
export const both = (from: number, to: number): readonly Interval[] => [
  [from, to],
  [-to, -from],
];

/** A tensor of at least one axis, and one of its axes, perhaps counted from the end. */
export function withAxis(random: SampleRandom): { x: Tensor; axis: number; rank: number } {
  const rank = random.integer(1, 3);
  return { x: random.tensor(random.shape(rank)), axis: random.integer(-rank, rank - 1), rank };
}
export type Reduce = (x: Tensor, options?: { axis?: number | number[]; keepDims?: boolean }) => Tensor;
export const reduction = (f: Reduce, exact: Composite["exact"]): Composite => ({
  draw: (random) => {
    const { x, axis } = withAxis(random);
    const options = random.pick([undefined, { axis }, { axis: [axis], keepDims: true }]);
    return { inputs: [x], f: (t) => f(t, options) };
  },
  exact,
});
export const alongAxis = (
  f: (x: Tensor, options: { axis: number }) => Tensor | readonly Tensor[],
  exact: Composite["exact"],
): Composite => ({
  draw: (random) => {
    const { x, axis } = withAxis(random);
    return { inputs: [x], f: (t) => f(t, { axis }) };
  },
  exact,
});
export const made = (exact: Composite["exact"]): Composite => ({ exact });

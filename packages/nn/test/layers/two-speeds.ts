import { add, concat, mul, Random, type Tensor, tanh, zeros } from "@scope/autodiff";
import { Cell, Linear, RecurrentLayers } from "@scope/nn";

// A cell that is none of the library's, and what tests of layers of it share.

export const double = { dtype: "float64" } as const;
/** Normal numbers, the same for the same shape. */
export const draw = (...shape: number[]): Tensor => new Random(7).normal(shape, double);

/** The state of {@link TwoSpeeds}. */
export interface Memory {
  readonly h: Tensor;
  readonly slow: readonly [Tensor];
}
/** A cell of one's own, that is no gated cell: its state is a tree, its output narrower than its state. */
export class TwoSpeeds extends Cell<Memory> {
  readonly mix: Linear;
  readonly #out: number;
  constructor(inputSize: number, out: number, seed: number) {
    super();
    this.mix = new Linear(inputSize + out, out, { ...double, seed });
    this.#out = out;
  }
  initialState(batchSize: number): Memory {
    const zero = zeros([batchSize, this.#out], double);
    return { h: zero, slow: [zero] };
  }
  step(x: Tensor, { h, slow: [slow] }: Memory): Memory {
    const next = tanh(this.mix.forward(concat([x, h], { axis: -1 })));
    return { h: next.add(mul(slow, 0.1)), slow: [mul(add(slow, next), 0.9)] };
  }
  output({ h }: Memory): Tensor {
    return h;
  }
}
/** Layers of it, of 3 features. */
export const twoSpeeds = (options: {
  layers?: number;
  bidirectional?: boolean;
  dropout?: number;
}): RecurrentLayers<Memory> =>
  new RecurrentLayers(3, (size, layer, back) => new TwoSpeeds(size, 4, 2 * layer + Number(back)), options);

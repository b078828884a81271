import { checkCount, show } from "@scope/autodiff/checks";
import {
  arange,
  checkedIndices,
  equal,
  expandDims,
  IndexError,
  stopGradient,
  type Tensor,
  take,
  where,
} from "@scope/autodiff/functions";
import { type DrawOptions, drawOf, normal } from "../initializers/random-laws.js";
import { Module } from "../modules/module.js";
import { Parameter } from "../modules/parameter.js";
import { checkDraw, checkTensor } from "../option-checks.js";

/** Options of {@link Embedding}. */
export interface EmbeddingOptions extends DrawOptions {
  /** An index whose vector starts at 0 and gets no gradient. */
  readonly paddingIndex?: number;
}

/** A learned vector for each of `count` symbols.
 * y = W[i]; `weight` `[count, size]` is drawn from the standard normal law
 * @source torch.nn.Embedding
 * @example
 * new Embedding(10, 4).forward(tensor([[1, 2, 9]], { dtype: "int32" })).shape // => [1, 3, 4]
 */
export class Embedding extends Module {
  /** @internal Written out: a minifier renames classes. */
  static override get name(): string {
    return "Embedding";
  }

  readonly count: number;
  readonly size: number;
  readonly paddingIndex: number | null;
  /** `[count, size]` */
  readonly weight: Parameter;

  /** @param count - number of symbols
   * @param size - features of each vector
   * @param options - `paddingIndex`, `dtype` ("float32"), `random` or `seed`
   * @throws {@link ValueError} if a size is not a whole number ≥ 1; {@link IndexError} if `paddingIndex` is no symbol */
  constructor(count: number, size: number, options?: EmbeddingOptions) {
    super();
    checkDraw("Embedding", options, ["paddingIndex"]);
    checkCount("Embedding", "count", count);
    checkCount("Embedding", "size", size);
    const padding = options?.paddingIndex;
    if (padding !== undefined && !(Number.isInteger(padding) && padding >= 0 && padding < count)) {
      throw new IndexError({
        code: "embedding/padding-index",
        op: "Embedding",
        problem: "paddingIndex is not one of the symbols.",
        got: `paddingIndex: ${show(padding)} of ${count} symbols`,
        expected: `a whole number from 0 to ${count - 1}`,
        mend: "count the padding symbol in count",
      });
    }
    const drawn = normal([count, size], drawOf(options));
    this.count = count;
    this.size = size;
    this.paddingIndex = padding ?? null;
    this.weight = new Parameter(padding === undefined ? drawn : where(this.rowMask(padding), 0, drawn));
  }

  private rowMask(row: number): Tensor {
    return expandDims(equal(arange(this.count, undefined, { dtype: "int32" }), row), -1);
  }

  /** @param indices - `[...]` int32, from 0 to count − 1
   * @returns `[..., size]`
   * @throws {@link DTypeError} if `indices` is not int32; {@link IndexError} if one is out of range */
  forward(indices: Tensor): Tensor {
    checkTensor("Embedding", "indices", indices, "an int32 tensor");
    const rows = checkedIndices(indices, this.count, { op: "Embedding", what: "indices" });
    const vectors = take(this.weight, rows, { axis: 0 });
    if (this.paddingIndex === null) return vectors;
    return where(expandDims(equal(indices, this.paddingIndex), -1), stopGradient(vectors), vectors);
  }
}

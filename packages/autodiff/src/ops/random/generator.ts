import { checkOptions } from "../../base/checks.js";
import { checkDType, type DType } from "../../base/dtype.js";
import { ValueError } from "../../base/errors.js";
import { type Shape, shapeFrom } from "../../base/shape.js";
import { show } from "../../base/show.js";
import { fromArray, type Tensor } from "../../tensor/tensor.js";
import { applyOne } from "../../trace/apply.js";
import type { Op } from "../../trace/op.js";
import { Variable } from "../../trace/variable.js";
import { checkFloat } from "../argument-checks.js";
import { add, mul } from "../arithmetic.js";
import { unstack } from "../joining.js";
import { randomBitsOp, unitFloat32Op, unitFloat64Op } from "./bits.js";

/** Options of draws that are float. */
export interface FloatDrawOptions {
  /** `"float32"` (default) or `"float64"`. */
  readonly dtype?: "float32" | "float64";
}

/** Options of uniform draws. */
export interface UniformDrawOptions extends FloatDrawOptions {
  readonly low?: number;
  readonly high?: number;
}

/** The ops that make floats of bits, for float32 and for float64. */
export type FloatOps = readonly [float32: Op<null>, float64: Op<null>];

export const unitOps: FloatOps = [unitFloat32Op, unitFloat64Op];

export const stateOf = (key0: number, key1: number): Tensor =>
  fromArray(Int32Array.of(key0, key1, 0), [3], "int32");

/** What random bits come from. Laws are functions of it, so that a program holds only those that it draws from; `Random` has all of them as methods.
 * @example
 * new Generator(1).bits([2]).dtype // => "int32"
 * @internal */
export class Generator {
  /** `[3]`, int32: two words of the key, and the counter. */
  readonly state: Variable;
  // Added to the state by every draw.
  readonly #tick: Tensor = fromArray(Int32Array.of(0, 0, 1), [3], "int32");

  /** @param seed - a whole number from 0 to 2⁵³ − 1 (0)
   * @throws {@link ValueError} if it is not */
  constructor(seed = 0) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new ValueError({
        code: "value/seed",
        op: "Random",
        problem: "not a seed.",
        got: show(seed),
        expected: "a whole number from 0 to 9007199254740991",
        mend: "new Random(42); new Random(Date.now()) differs from run to run",
      });
    }
    this.state = new Variable(stateOf(seed | 0, Math.floor(seed / 2 ** 32)));
  }

  /** A compiled function may take a generator as an argument: its state is a Variable.
   * @internal */
  fieldsInSignature(): object {
    return this;
  }

  /** The next bits, 32 for each element: `shape`, int32.
   * @internal */
  bits(shape: Shape): Tensor {
    const state = this.state.value;
    const bits = applyOne(randomBitsOp, [state], shape);
    this.state.value = add(state, this.#tick);
    return bits;
  }
}

/** Floats made of the bits of a generator, times `scale`, plus `offset`. */
export function drawFloats(
  generator: Generator,
  op: string,
  shape: Shape,
  dtype: DType,
  [narrow, wide]: FloatOps,
  scale = 1,
  offset = 0,
): Tensor {
  const own = shapeFrom(op, shape);
  checkDType(op, dtype);
  checkFloat(op, dtype);
  const drawn =
    dtype === "float32"
      ? applyOne(narrow, [generator.bits(own)], null)
      : applyOne(wide, unstack(generator.bits([2, ...own])), null);
  return scale === 1 && offset === 0 ? drawn : add(mul(drawn, scale), offset);
}

/** Numbers evenly spread from `low` up to, without, `high`: `Random.uniform`.
 * @example
 * drawUniform(new Generator(1), [3], { low: -1, high: 1 }).shape // => [3]
 * @internal */
export function drawUniform(generator: Generator, shape: Shape, options?: UniformDrawOptions): Tensor {
  checkOptions("uniform", options, ["low", "high", "dtype"]);
  const { low = 0, high = 1, dtype = "float32" } = options ?? {};
  checkBounds("uniform", low, high, () => low <= high, "finite numbers low ≤ high");
  return drawFloats(generator, "uniform", shape, dtype, unitOps, high - low, low);
}

/** Throws unless the bounds of a distribution are finite and `holds`. */
export function checkBounds(
  op: string,
  low: unknown,
  high: unknown,
  holds: () => boolean,
  expected: string,
): void {
  if (Number.isFinite(low) && Number.isFinite(high) && holds()) return;
  throw new ValueError({
    code: "value/distribution",
    op,
    problem: "these numbers make no distribution.",
    got: `${show(low)} and ${show(high)}`,
    expected,
    mend: "normal has mean and std, the others low and high, or p",
  });
}

import type { FunctionBuilder, Local } from "./assembler.js";
import type { V128 } from "./instructions.js";
import { f32x4, f64x2, i32, lanes32, v128 } from "./instructions.js";

/** Float32 terms that are added up before their sum goes on in float64: longer chains drift by more than 1e-6 of the sum of magnitudes. */
export const chainLength = 64;

/** The first two, or the last two, of four float32 lanes as float64. */
export const lowHalf = (x: V128): V128 => f64x2.promoteLowF32(x);
export const highHalf = (x: V128): V128 => f64x2.promoteLowF32(v128.shuffle(x, x, lanes32(2, 3, 2, 3)));
/** Two pairs of float64 as four float32 lanes. */
export const fourLanes = (low: V128, high: V128): V128 =>
  v128.shuffle(f32x4.demoteF64Zero(low), f32x4.demoteF64Zero(high), lanes32(0, 1, 4, 5));

/** Counts down, and at 0 runs `then` and starts again. */
export function countDown(f: FunctionBuilder, left: Local<"i32">, from: number, then: () => void): void {
  f.set(left, i32.sub(left, i32.const(1)));
  f.if(i32.eqz(left), () => {
    then();
    f.set(left, i32.const(from));
  });
}

/** The sum of all lanes of a float32 vector's chains, kept in float64. */
export class WideTotal {
  readonly #f: FunctionBuilder;
  readonly #low: Local<"v128">;
  /** Absent where a vector holds two float32 lanes only. */
  readonly #high: Local<"v128"> | null;

  constructor(f: FunctionBuilder, lanes: 2 | 4) {
    this.#f = f;
    this.#low = f.local("v128");
    this.#high = lanes === 4 ? f.local("v128") : null;
  }
  clear(): void {
    for (const sum of [this.#low, this.#high]) if (sum !== null) this.#f.set(sum, this.#f.f64(0));
  }
  add(x: Local<"v128">): void {
    this.#f.set(this.#low, f64x2.add(this.#low, lowHalf(x)));
    if (this.#high !== null) this.#f.set(this.#high, f64x2.add(this.#high, highHalf(x)));
  }
  /** The sum of the lanes as float32, in the first lane. */
  total(): V128 {
    const pair = this.#f.let(this.#high === null ? this.#low : f64x2.add(this.#low, this.#high));
    return f32x4.demoteF64Zero(f64x2.add(pair, v128.shuffle(pair, pair, lanes32(2, 3, 0, 1))));
  }
}

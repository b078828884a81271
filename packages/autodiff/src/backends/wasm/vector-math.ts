import type { FunctionBuilder, Local } from "./assembler.js";
import type { F64, V128 } from "./instructions.js";
import { f32, f32x4, f64, f64x2, i32, i32x4, lanes32, v128 } from "./instructions.js";

/** float32 functions of four lanes at once, written into a function: polynomials within 2.5 ulp, right at ±0, subnormals, ±∞ and NaN. */
export class VectorMath {
  readonly #f: FunctionBuilder;
  readonly #relaxed: boolean;
  /** Calls a function of the host for one lane. */
  readonly #host: (name: string, x: F64) => F64;

  constructor(f: FunctionBuilder, relaxed: boolean, host: (name: string, x: F64) => F64) {
    this.#f = f;
    this.#relaxed = relaxed;
    this.#host = host;
  }

  /** a·b + c. */
  #madd(a: V128, b: V128, c: V128): V128 {
    return this.#relaxed ? f32x4.relaxedMadd(a, b, c) : f32x4.add(c, f32x4.mul(a, b));
  }
  /** c − a·b. */
  #nmadd(a: V128, b: V128, c: V128): V128 {
    return this.#relaxed ? f32x4.relaxedNmadd(a, b, c) : f32x4.sub(c, f32x4.mul(a, b));
  }
  #c(value: number): V128 {
    return this.#f.f32(value);
  }
  #let(value: V128): Local<"v128"> {
    return this.#f.let(value);
  }
  /** Coefficients from the highest power down. */
  #polynomial(x: V128, coefficients: readonly number[]): Local<"v128"> {
    const y = this.#let(this.#c(coefficients[0]));
    for (const c of coefficients.slice(1)) this.#f.set(y, this.#madd(y, x, this.#c(c)));
    return y;
  }
  #withSignOf(magnitude: V128, sign: V128): V128 {
    return v128.select(sign, magnitude, this.#f.i32(-0x80000000));
  }

  /** z = n·ln 2 + r with |r| ≤ ln 2 / 2; `t` holds n in its low bits. */
  #reduce(z: V128): { t: Local<"v128">; n: Local<"v128">; r: Local<"v128"> } {
    const round = 12582912; // 1.5·2²³: adding it leaves the nearest whole number in the low bits
    const t = this.#let(this.#madd(z, this.#c(Math.LOG2E), this.#c(round)));
    const n = this.#let(f32x4.sub(t, this.#c(round)));
    // ln 2 in two parts: the first times n is exact.
    const r = this.#let(this.#nmadd(n, this.#c(0.693359375), z));
    this.#f.set(r, this.#nmadd(n, this.#c(-2.1219444e-4), r));
    return { t, n, r };
  }
  /** e^r − 1 for a reduced r. */
  #expm1Reduced(r: V128): Local<"v128"> {
    const q = this.#polynomial(
      r,
      [0.0013950727880001068, 0.008369025774300098, 0.04166620224714279, 0.166665181517601, 0.5],
    );
    return this.#let(this.#madd(q, f32x4.mul(r, r), r));
  }
  /** 2ⁿ for n in −126 … 127. */
  #power2(t: V128): Local<"v128"> {
    return this.#let(i32x4.add(i32x4.shl(t, i32.const(23)), this.#f.i32(0x3f800000)));
  }
  /** 2ⁿ as two factors, for any n that `exp` meets. */
  #power2Halves(t: V128): [V128, V128] {
    const n = this.#let(i32x4.sub(t, this.#f.i32(0x4b400000)));
    const half = this.#let(i32x4.shrS(n, i32.const(1)));
    const scale = (exponent: V128): Local<"v128"> =>
      this.#let(i32x4.shl(i32x4.add(exponent, this.#f.i32(127)), i32.const(23)));
    return [scale(half), scale(i32x4.sub(n, half))];
  }

  exp(x: V128): V128 {
    // The value comes first, so that NaN passes.
    const z = this.#let(f32x4.pmax(f32x4.pmin(x, this.#c(89)), this.#c(-104)));
    const { t, r } = this.#reduce(z);
    const p = this.#let(f32x4.add(this.#expm1Reduced(r), this.#c(1)));
    const [first, second] = this.#power2Halves(t);
    return f32x4.mul(f32x4.mul(p, first), second);
  }

  expm1(x: V128): V128 {
    const z = this.#let(f32x4.pmax(f32x4.pmin(x, this.#c(89)), this.#c(-20)));
    const { t, n, r } = this.#reduce(z);
    const p = this.#expm1Reduced(r);
    const [first, second] = this.#power2Halves(t);
    const big = this.#let(
      f32x4.sub(f32x4.mul(f32x4.mul(f32x4.add(p, this.#c(1)), first), second), this.#c(1)),
    );
    const scale = this.#power2(t);
    const y = this.#let(this.#madd(p, scale, f32x4.sub(scale, this.#c(1))));
    const near = v128.select(big, y, f32x4.gt(n, this.#c(100)));
    return v128.select(x, near, f32x4.lt(f32x4.abs(x), this.#c(1e-10)));
  }

  tanh(x: V128): V128 {
    const a = this.#let(f32x4.abs(x));
    const z = this.#let(f32x4.pmin(f32x4.add(a, a), this.#c(18.2)));
    const { t, r } = this.#reduce(z);
    const p = this.#expm1Reduced(r);
    const scale = this.#power2(t);
    const e = this.#let(this.#madd(scale, p, scale));
    const one = this.#c(1);
    const big = this.#let(f32x4.sub(one, f32x4.div(this.#c(2), f32x4.add(e, one))));
    const w = this.#let(f32x4.mul(x, x));
    const q = this.#polynomial(
      w,
      [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1],
    );
    const small = this.#madd(f32x4.mul(q, w), a, a);
    return this.#withSignOf(this.#let(v128.select(small, big, f32x4.lt(a, this.#c(0.625)))), x);
  }

  sigmoid(x: V128): V128 {
    // e^−|x| = (e^r · 2ⁿ⁺⁶⁴) · 2⁻⁶⁴: the first product is exact, the second rounds once, also below the least normal number.
    const z = this.#let(f32x4.pmax(f32x4.neg(f32x4.abs(x)), this.#c(-104)));
    const { t, r } = this.#reduce(z);
    const p = this.#let(f32x4.add(this.#expm1Reduced(r), this.#c(1)));
    const scale = i32x4.add(i32x4.shl(t, i32.const(23)), this.#f.i32(0x3f800000 + (64 << 23)));
    const e = this.#let(f32x4.mul(f32x4.mul(p, scale), this.#c(2 ** -64)));
    const top = v128.select(e, this.#c(1), i32x4.shrS(x, i32.const(31)));
    return f32x4.div(top, f32x4.add(e, this.#c(1)));
  }

  /** log of a normal number as e·ln 2 + y + f, apart so that others may add to it. */
  #logParts(x: V128, extraExponent: V128): { low: Local<"v128">; e: Local<"v128">; f: Local<"v128"> } {
    const f = this.#f;
    const u = this.#let(i32x4.sub(x, f.i32(0x3f3504f3)));
    const e = this.#let(f32x4.add(f32x4.convertI32(i32x4.shrS(u, i32.const(23))), extraExponent));
    const m = i32x4.sub(x, v128.and(u, f.i32(-0x800000)));
    const r = this.#let(f32x4.sub(m, this.#c(1)));
    const q = this.#polynomial(
      r,
      [
        7.037683629e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
        2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
      ],
    );
    const r2 = this.#let(f32x4.mul(r, r));
    const low = this.#let(f32x4.mul(f32x4.mul(q, r), r2));
    f.set(low, this.#madd(e, this.#c(-2.1219444e-4), low));
    f.set(low, this.#nmadd(r2, this.#c(0.5), low));
    return { low, e, f: r };
  }
  /** log x, for 0, ∞, NaN, negative and subnormal x too, plus `correction` (a small number). */
  #logPlus(x: V128, correction: V128 | null): V128 {
    const tiny = this.#let(f32x4.lt(x, this.#c(2 ** -126)));
    const scaled = this.#let(v128.select(f32x4.mul(x, this.#c(2 ** 24)), x, tiny));
    const { low, e, f } = this.#logParts(scaled, v128.and(tiny, this.#c(-24)));
    if (correction !== null) this.#f.set(low, f32x4.add(low, correction));
    const y = this.#let(this.#madd(e, this.#c(0.693359375), f32x4.add(f, low)));
    this.#f.set(y, v128.select(this.#c(-Infinity), y, f32x4.eq(x, this.#c(0))));
    this.#f.set(y, v128.select(this.#c(Number.NaN), y, f32x4.lt(x, this.#c(0))));
    // ∞ and NaN are their own logarithms.
    return v128.select(y, x, f32x4.lt(x, this.#c(Infinity)));
  }
  log(x: V128): V128 {
    return this.#logPlus(x, null);
  }
  log1p(x: V128): V128 {
    const u = this.#let(f32x4.add(x, this.#c(1)));
    // What rounding took from 1 + x, relative to it.
    const lost = this.#let(f32x4.div(f32x4.sub(x, f32x4.sub(u, this.#c(1))), u));
    const ordinary = v128.and(f32x4.gt(x, this.#c(-1)), f32x4.lt(x, this.#c(1e10)));
    const y = this.#let(this.#logPlus(u, this.#let(v128.and(lost, ordinary))));
    return v128.select(x, y, f32x4.lt(f32x4.abs(x), this.#c(2 ** -25)));
  }

  /** @source the two-range form after N. Juffa: x + x·p(x²) below 0.93, 1 − e^p(|x|) above */
  erf(x: V128): V128 {
    const t = this.#let(f32x4.abs(x));
    const s = this.#let(f32x4.mul(x, x));
    const small = this.#polynomial(
      s,
      [-5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1],
    );
    const near = this.#let(this.#madd(small, x, x));
    const capped = this.#let(f32x4.pmin(t, this.#c(4)));
    const r = this.#polynomial(
      capped,
      [
        -1.7285347e-5, 3.83197126e-4, -3.88396438e-3, 2.42546219e-2, -1.06777877e-1, -6.34846687e-1,
        -1.28717512e-1,
      ],
    );
    const exponent = this.#let(f32x4.sub(f32x4.mul(r, capped), capped));
    const far = this.#let(f32x4.sub(this.#c(1), this.exp(exponent)));
    return v128.select(this.#withSignOf(far, x), near, f32x4.gt(t, this.#c(0.927734375)));
  }

  sin(x: V128): V128 {
    return this.#sine(x, "sin");
  }
  cos(x: V128): V128 {
    return this.#sine(x, "cos");
  }
  #sine(x: V128, name: "sin" | "cos"): V128 {
    const f = this.#f;
    // x = n·π/2 + r, in double precision: exact enough for |x| < 2²⁸ (after musl's sinf).
    const [reduced, quadrants] = [[] as Local<"v128">[], [] as Local<"v128">[]];
    for (const half of [x, v128.shuffle(x, x, lanes32(2, 3, 2, 3))]) {
      const wide = f.let(f64x2.promoteLowF32(half));
      const n = f.let(f64x2.nearest(f64x2.mul(wide, f.f64(2 / Math.PI))));
      const r = f.let(f64x2.sub(wide, f64x2.mul(n, f.f64(1.5707963109016418))));
      f.set(r, f64x2.sub(r, f64x2.mul(n, f.f64(1.5893254773528196e-8))));
      reduced.push(f.let(f32x4.demoteF64Zero(r)));
      quadrants.push(f.let(i32x4.truncSatF64Zero(n)));
    }
    const r = f.let(v128.shuffle(reduced[0], reduced[1], lanes32(0, 1, 4, 5)));
    const q = f.let(v128.shuffle(quadrants[0], quadrants[1], lanes32(0, 1, 4, 5)));
    if (name === "cos") f.set(q, i32x4.add(q, f.i32(1)));
    const z = f.let(f32x4.mul(r, r));
    const sinePart = this.#polynomial(z, [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1]);
    const sine = f.let(this.#madd(f32x4.mul(sinePart, z), r, r));
    const cosinePart = this.#polynomial(
      z,
      [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2],
    );
    const half = f.let(this.#nmadd(z, this.#c(0.5), this.#c(1)));
    const cosine = f.let(this.#madd(f32x4.mul(cosinePart, z), z, half));
    const odd = i32x4.shl(q, i32.const(31));
    const y = f.let(v128.select(cosine, sine, i32x4.shrS(odd, i32.const(31))));
    f.set(y, v128.xor(y, i32x4.shl(i32x4.shrS(q, i32.const(1)), i32.const(31))));
    if (name === "sin") f.set(y, v128.select(x, y, f32x4.lt(f32x4.abs(x), this.#c(2 ** -13))));
    f.if(v128.anyTrue(f32x4.ge(f32x4.abs(x), this.#c(2 ** 28))), () => {
      for (let lane = 0; lane < 4; lane++) {
        const wide = f64.promote(f32x4.extract(x, lane));
        f.set(y, f32x4.replace(y, lane, f32.demote(this.#host(name, wide))));
      }
    });
    return y;
  }
}

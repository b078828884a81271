import type { DType } from "../../base/dtype.js";
import { InternalError } from "../../base/errors.js";
import type { BinaryInstruction, CompareInstruction, UnaryInstruction } from "../../kernel/instruction.js";
import type { FunctionBuilder, Local } from "./assembler.js";
import type { CodeContext } from "./context.js";
import type { Code, F64, I32, V128, Value, ValueType } from "./instructions.js";
import { f32, f32x4, f64, f64x2, i32, i32x4, i64x2, lanes32, v128 } from "./instructions.js";
import { VectorMath } from "./vector-math.js";

type UnaryTable = { readonly [I in UnaryInstruction]: (code: VectorCode, a: V128) => V128 };
type BinaryTable = { readonly [I in BinaryInstruction]: (code: VectorCode, a: V128, b: V128) => V128 };
type CompareTable = { readonly [I in CompareInstruction]: (a: V128, b: V128) => V128 };

/** An address: a base and the bytes that a load or store adds to it. */
export interface Address {
  readonly base: I32;
  readonly offset: number;
}
/** Address `base + offset` for an offset of either sign. */
export function addressOf(base: I32, offset: number): Address {
  return offset >= 0 ? { base, offset } : { base: i32.add(base, i32.const(offset)), offset: 0 };
}

/** Writes scalar instructions as vector code: each value is one vector of `width` lanes.
 *
 * With 4 lanes, float32 and int32 fill a vector, and a bool is a mask of 32-bit lanes. With 2 (kernels that hold float64), float32 and int32 use the
 * low two lanes, and a bool is a mask of 64-bit lanes. */
export class VectorCode {
  readonly f: FunctionBuilder;
  readonly width: 2 | 4;
  readonly math: VectorMath;
  readonly #ctx: CodeContext;
  /** Whether all lanes are alike in what is being written, so that one call of the host will do. */
  uniform = false;

  constructor(ctx: CodeContext, f: FunctionBuilder, width: 2 | 4) {
    this.f = f;
    this.width = width;
    this.#ctx = ctx;
    this.math = new VectorMath(f, ctx.relaxed, (name, x) => this.hostCall(name, x));
  }

  hostCall(name: string, ...operands: F64[]): F64 {
    const types = operands.map((operand) => operand.type);
    return this.f.call(this.#ctx.module.import(name, types, "f64"), ...operands);
  }
  /** A function of the host on each lane of float32 operands. */
  host32(name: string, ...operands: readonly V128[]): V128 {
    const at = operands.map((operand) => this.f.let(operand));
    return this.#eachLane(f32x4, (lane) =>
      f32.demote(this.hostCall(name, ...at.map((x) => f64.promote(f32x4.extract(x, lane))))),
    );
  }
  /** A function of the host on each lane of float64 operands. */
  host64(name: string, ...operands: readonly V128[]): V128 {
    const at = operands.map((operand) => this.f.let(operand));
    return this.#eachLane(f64x2, (lane) => this.hostCall(name, ...at.map((x) => f64x2.extract(x, lane))));
  }
  /** A function of int32 on each lane: one of the module's, or of the host's in float64. */
  eachInt(compute: (operands: readonly I32[]) => I32, ...operands: readonly V128[]): V128 {
    const at = operands.map((operand) => this.f.let(operand));
    return this.#eachLane(i32x4, (lane) => compute(at.map((x) => i32x4.extract(x, lane))));
  }
  /** A vector made lane by lane, or from one lane where all are alike. */
  #eachLane<T extends ValueType>(
    type: {
      readonly splat: (value: Value<T>) => V128;
      readonly replace: (vector: V128, lane: number, value: Value<T>) => V128;
    },
    one: (lane: number) => Value<T>,
  ): V128 {
    if (this.uniform) return type.splat(one(0));
    const y = this.f.local("v128");
    for (let lane = 0; lane < this.width; lane++) this.f.set(y, type.replace(y, lane, one(lane)));
    return y;
  }
  toInt(x: F64): I32 {
    return this.f.call(this.#ctx.module.import("toInt32", ["f64"], "i32"), x);
  }
  hostInt(name: string, ...operands: readonly V128[]): V128 {
    return this.eachInt(
      (lanes) => this.toInt(this.hostCall(name, ...lanes.map(f64.convertI32))),
      ...operands,
    );
  }

  /** A mask of this width from one of 32-bit lanes. */
  mask(of32: V128): V128 {
    return this.width === 4 ? of32 : i64x2.extendLowS(of32);
  }
  /** A mask of 32-bit lanes from one of this width. */
  mask32(mask: V128): V128 {
    if (this.width === 4) return mask;
    const local = this.f.let(mask);
    return v128.shuffle(local, local, lanes32(0, 2, 0, 2));
  }

  constant(value: number, dtype: DType): V128 {
    switch (dtype) {
      case "float32":
        return this.f.f32(value);
      case "float64":
        return this.f.f64(value);
      case "int32":
        return this.f.i32(value);
      case "bool":
        return this.f.i32(value !== 0 ? -1 : 0);
    }
  }
  unary(name: UnaryInstruction, a: V128, dtype: DType): V128 {
    if (dtype !== "bool") return unaryTables[dtype][name](this, a);
    if (name === "not") return v128.not(a);
    return this.cast(unaryTables.int32[name](this, this.cast(a, "bool", "int32")), "int32", "bool");
  }
  binary(name: BinaryInstruction, a: V128, b: V128, dtype: DType): V128 {
    return binaryTables[dtype][name](this, a, b);
  }
  compare(name: CompareInstruction, a: V128, b: V128, dtype: DType): V128 {
    const result = compareTables[dtype][name](a, b);
    return dtype === "float64" || dtype === "bool" ? result : this.mask(result);
  }
  select(condition: V128, a: V128, b: V128, dtype: DType): V128 {
    const narrow = dtype === "float32" || dtype === "int32";
    return v128.select(a, b, narrow ? this.mask32(condition) : condition);
  }

  cast(a: V128, from: DType, to: DType): V128 {
    if (from === to) return a;
    if (from === "bool") {
      if (to === "float64") return v128.and(a, this.f.f64(1));
      return v128.and(this.mask32(a), to === "float32" ? this.f.f32(1) : this.f.i32(1));
    }
    if (to === "bool") return this.compare("ne", a, this.constant(0, from), from);
    if (from === "int32") return to === "float32" ? f32x4.convertI32(a) : f64x2.convertLowI32(a);
    if (to === "int32") return this.#truncate(a, from);
    return to === "float64" ? f64x2.promoteLowF32(a) : f32x4.demoteF64Zero(a);
  }
  /** JavaScript's `|0`: the vector instruction clamps, so lanes outside of int32 go to the host. */
  #truncate(a: V128, from: "float32" | "float64"): V128 {
    const { f } = this;
    const x = f.let(a);
    const single = from === "float32";
    const y = f.let(single ? i32x4.truncSatF32(x) : i32x4.truncSatF64Zero(x));
    const inside = single ? f32x4.lt(f32x4.abs(x), f.f32(2 ** 31)) : f64x2.lt(f64x2.abs(x), f.f64(2 ** 31));
    f.if(v128.anyTrue(v128.not(inside)), () => {
      for (let lane = 0; lane < this.width; lane++) {
        const wide = single ? f64.promote(f32x4.extract(x, lane)) : f64x2.extract(x, lane);
        f.set(y, i32x4.replace(y, lane, this.toInt(wide)));
      }
    });
    return y;
  }

  /** The same value in every lane, from memory. */
  loadSplat({ base, offset }: Address, dtype: DType): V128 {
    if (dtype === "float64") return v128.load64Splat(base, offset);
    if (dtype === "bool") return i32x4.ne(v128.load8Splat(base, offset), this.f.i32(0));
    return v128.load32Splat(base, offset);
  }
  /** Elements side by side; may read past the last one. */
  loadUnit({ base, offset }: Address, dtype: DType): V128 {
    if (dtype === "bool") {
      const bytes = i32x4.extendLowI16U(i32x4.extendBytesTo16(v128.load32Zero(base, offset)));
      return this.mask(i32x4.ne(bytes, this.f.i32(0)));
    }
    return dtype === "float64" || this.width === 4 ? v128.load(base, offset) : v128.load64Zero(base, offset);
  }
  /** Elements anywhere: one address per lane. */
  loadLanes(addresses: readonly Address[], dtype: DType): V128 {
    const y = this.f.local("v128");
    for (const [lane, { base, offset }] of addresses.entries()) {
      const first = lane === 0;
      if (dtype === "float64")
        this.f.set(y, first ? v128.load64Zero(base, offset) : v128.load64Lane(base, y, lane, offset));
      else if (dtype === "bool") this.f.set(y, i32x4.replace(y, lane, i32.load8U(base, offset)));
      else this.f.set(y, first ? v128.load32Zero(base, offset) : v128.load32Lane(base, y, lane, offset));
    }
    return dtype === "bool" ? this.mask(i32x4.ne(y, this.f.i32(0))) : y;
  }
  /** Stores the first `count` lanes side by side. */
  storeUnit({ base, offset }: Address, value: V128, dtype: DType, count: number): Code {
    const full = count === this.width;
    if (dtype === "bool") {
      const bytes = this.#boolBytes(value);
      if (full)
        return count === 4
          ? v128.store32Lane(base, bytes, 0, offset)
          : v128.store16Lane(base, bytes, 0, offset);
      const lanes = Array.from({ length: count }, (_, lane) =>
        v128.store8Lane(base, bytes, lane, offset + lane),
      );
      return lanes.join("");
    }
    if (dtype === "float64")
      return full ? v128.store(base, value, offset) : v128.store64Lane(base, value, 0, offset);
    if (count === 4) return v128.store(base, value, offset);
    if (count === 2) return v128.store64Lane(base, value, 0, offset);
    if (count === 1) return v128.store32Lane(base, value, 0, offset);
    return v128.store64Lane(base, value, 0, offset) + v128.store32Lane(base, value, 2, offset + 8);
  }
  /** Stores the first lanes, each at its own address. */
  storeLanes(addresses: readonly Address[], value: V128, dtype: DType): Code {
    const stored = dtype === "bool" ? this.#boolBytes(value) : value;
    const store =
      dtype === "bool" ? v128.store8Lane : dtype === "float64" ? v128.store64Lane : v128.store32Lane;
    return addresses.map(({ base, offset }, lane) => store(base, stored, lane, offset)).join("");
  }
  /** The lanes of a mask as bytes of 0 or 1, first of all. */
  #boolBytes(mask: V128): Local<"v128"> {
    const bits = this.f.let(v128.and(mask, this.width === 4 ? this.f.i32(1) : this.f.i32(1, 0)));
    const step = 16 / this.width;
    const order = Array.from({ length: 16 }, (_, i) => (i < this.width ? i * step : 0));
    return this.f.let(v128.shuffle(bits, bits, order));
  }

  /** Quotient cut towards 0 and remainder with the divisor's sign, safe for a divisor of 0 and −1. */
  intDivide(name: "div" | "mod", a: V128, b: V128): V128 {
    const routine = this.#ctx.intRoutine(name, (f) => {
      const [x, y] = [f.parameter(0), f.parameter(1)];
      f.if(i32.eqz(y), () => f.return(i32.const(0)));
      f.if(i32.eq(y, i32.const(-1)), () =>
        f.return(name === "div" ? i32.sub(i32.const(0), x) : i32.const(0)),
      );
      if (name === "div") return f.return(i32.divS(x, y));
      const rest = f.let(i32.remS(x, y));
      const signsDiffer = i32.ltS(i32.xor(rest, y), i32.const(0));
      f.if(i32.and(signsDiffer, i32.ne(rest, i32.const(0))), () => f.return(i32.add(rest, y)));
      f.return(rest);
    });
    return this.eachInt(([x, y]) => this.f.call(routine, x, y), a, b);
  }
}

const bitwiseOfFloat = (): never => {
  throw new InternalError("a bitwise instruction on floats");
};
const same = (_code: VectorCode, a: V128): V128 => a;
const host32 =
  (name: string) =>
  (code: VectorCode, a: V128): V128 =>
    code.host32(name, a);
const host64 =
  (name: string) =>
  (code: VectorCode, a: V128): V128 =>
    code.host64(name, a);
const hostInt =
  (name: string) =>
  (code: VectorCode, a: V128): V128 =>
    code.hostInt(name, a);

const unary32: UnaryTable = {
  neg: (_, a) => f32x4.neg(a),
  abs: (_, a) => f32x4.abs(a),
  sign: ({ f }, a) => {
    const x = f.let(a);
    const one = v128.select(x, f.f32(1), f.i32(-0x80000000));
    return v128.select(one, x, f32x4.gt(f32x4.abs(x), f.f32(0)));
  },
  floor: (_, a) => f32x4.floor(a),
  ceil: (_, a) => f32x4.ceil(a),
  round: (_, a) => f32x4.nearest(a),
  sqrt: (_, a) => f32x4.sqrt(a),
  exp: ({ math }, a) => math.exp(a),
  expm1: ({ math }, a) => math.expm1(a),
  log: ({ math }, a) => math.log(a),
  log1p: ({ math }, a) => math.log1p(a),
  sin: ({ math }, a) => math.sin(a),
  cos: ({ math }, a) => math.cos(a),
  tan: host32("tan"),
  asin: host32("asin"),
  acos: host32("acos"),
  atan: host32("atan"),
  sinh: host32("sinh"),
  cosh: host32("cosh"),
  tanh: ({ math }, a) => math.tanh(a),
  asinh: host32("asinh"),
  acosh: host32("acosh"),
  atanh: host32("atanh"),
  sigmoid: ({ math }, a) => math.sigmoid(a),
  erf: ({ math }, a) => math.erf(a),
  not: ({ f }, a) => v128.and(f32x4.eq(a, f.f32(0)), f.f32(1)),
};
/** The functions that vectors have no polynomial for. */
const throughHost = (call: (name: string) => (code: VectorCode, a: V128) => V128) => ({
  exp: call("exp"),
  expm1: call("expm1"),
  log: call("log"),
  log1p: call("log1p"),
  sin: call("sin"),
  cos: call("cos"),
  tan: call("tan"),
  asin: call("asin"),
  acos: call("acos"),
  atan: call("atan"),
  sinh: call("sinh"),
  cosh: call("cosh"),
  tanh: call("tanh"),
  asinh: call("asinh"),
  acosh: call("acosh"),
  atanh: call("atanh"),
  sigmoid: call("sigmoid"),
  erf: call("erf"),
});
const unary64: UnaryTable = {
  neg: (_, a) => f64x2.neg(a),
  abs: (_, a) => f64x2.abs(a),
  sign: ({ f }, a) => {
    const x = f.let(a);
    const one = v128.select(x, f.f64(1), f.i32(0, -0x80000000));
    return v128.select(one, x, f64x2.gt(f64x2.abs(x), f.f64(0)));
  },
  floor: (_, a) => f64x2.floor(a),
  ceil: (_, a) => f64x2.ceil(a),
  round: (_, a) => f64x2.nearest(a),
  sqrt: (_, a) => f64x2.sqrt(a),
  ...throughHost(host64),
  not: ({ f }, a) => v128.and(f64x2.eq(a, f.f64(0)), f.f64(1)),
};
const unaryInt: UnaryTable = {
  neg: (_, a) => i32x4.neg(a),
  abs: (_, a) => i32x4.abs(a),
  sign: ({ f }, a) => {
    const x = f.let(a);
    return v128.or(i32x4.shrS(x, i32.const(31)), v128.and(i32x4.gtS(x, f.i32(0)), f.i32(1)));
  },
  floor: same,
  ceil: same,
  round: same,
  sqrt: hostInt("sqrt"),
  ...throughHost(hostInt),
  not: ({ f }, a) => v128.and(i32x4.eq(a, f.i32(0)), f.i32(1)),
};
const unaryTables = { float32: unary32, float64: unary64, int32: unaryInt } as const;

const plain =
  (op: (a: V128, b: V128) => V128) =>
  (_code: VectorCode, a: V128, b: V128): V128 =>
    op(a, b);
const binaryTables: { readonly [D in DType]: BinaryTable } = {
  float32: {
    add: plain(f32x4.add),
    sub: plain(f32x4.sub),
    mul: plain(f32x4.mul),
    div: plain(f32x4.div),
    pow: (code, a, b) => code.host32("power", a, b),
    mod: (code, a, b) => code.host32("floorMod", a, b),
    min: plain(f32x4.min),
    max: plain(f32x4.max),
    atan2: (code, a, b) => code.host32("atan2", a, b),
    and: bitwiseOfFloat,
    or: bitwiseOfFloat,
  },
  float64: {
    add: plain(f64x2.add),
    sub: plain(f64x2.sub),
    mul: plain(f64x2.mul),
    div: plain(f64x2.div),
    pow: (code, a, b) => code.host64("power", a, b),
    mod: (code, a, b) => code.host64("floorMod", a, b),
    min: plain(f64x2.min),
    max: plain(f64x2.max),
    atan2: (code, a, b) => code.host64("atan2", a, b),
    and: bitwiseOfFloat,
    or: bitwiseOfFloat,
  },
  int32: {
    add: plain(i32x4.add),
    sub: plain(i32x4.sub),
    mul: plain(i32x4.mul),
    div: (code, a, b) => code.intDivide("div", a, b),
    pow: (code, a, b) => code.hostInt("powerInt", a, b),
    mod: (code, a, b) => code.intDivide("mod", a, b),
    min: plain(i32x4.minS),
    max: plain(i32x4.maxS),
    atan2: (code, a, b) => code.hostInt("atan2", a, b),
    and: plain(v128.and),
    or: plain(v128.or),
  },
  // Arithmetic of bools keeps what is not zero.
  bool: {
    add: plain(v128.or),
    sub: plain(v128.xor),
    mul: plain(v128.and),
    div: plain(v128.and),
    pow: (_, a, b) => v128.or(a, v128.not(b)),
    mod: ({ f }) => f.i32(0),
    min: plain(v128.and),
    max: plain(v128.or),
    atan2: plain(v128.and),
    and: plain(v128.and),
    or: plain(v128.or),
  },
};
const compareTables: { readonly [D in DType]: CompareTable } = {
  float32: { eq: f32x4.eq, ne: f32x4.ne, lt: f32x4.lt, le: f32x4.le },
  float64: { eq: f64x2.eq, ne: f64x2.ne, lt: f64x2.lt, le: f64x2.le },
  int32: { eq: i32x4.eq, ne: i32x4.ne, lt: i32x4.ltS, le: i32x4.leS },
  bool: {
    eq: (a, b) => v128.not(v128.xor(a, b)),
    ne: v128.xor,
    lt: (a, b) => v128.andnot(b, a),
    le: (a, b) => v128.or(v128.not(a), b),
  },
};

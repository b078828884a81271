import { describe, expect, test } from "vitest";
import * as s from "../../src/index.js";
import { wrongOperand } from "../../src/ops/samples.js";
import { errorOf } from "./codes.js";

const x = s.tensor([1, 2]);
const unary = {
  abs: s.abs,
  acos: s.acos,
  acosh: s.acosh,
  asin: s.asin,
  asinh: s.asinh,
  atan: s.atan,
  atanh: s.atanh,
  ceil: s.ceil,
  cos: s.cos,
  cosh: s.cosh,
  elu: s.elu,
  erf: s.erf,
  exp: s.exp,
  expm1: s.expm1,
  floor: s.floor,
  gelu: s.gelu,
  isFinite: s.isFinite,
  isNaN: s.isNaN,
  leakyRelu: s.leakyRelu,
  log: s.log,
  log1p: s.log1p,
  logSigmoid: s.logSigmoid,
  logicalNot: s.logicalNot,
  neg: s.neg,
  reciprocal: s.reciprocal,
  relu: s.relu,
  round: s.round,
  rsqrt: s.rsqrt,
  selu: s.selu,
  sigmoid: s.sigmoid,
  sign: s.sign,
  silu: s.silu,
  sin: s.sin,
  sinh: s.sinh,
  softplus: s.softplus,
  sqrt: s.sqrt,
  square: s.square,
  tan: s.tan,
  tanh: s.tanh,
};

describe("options and operands are looked at before any work", () => {
  const bad: readonly (readonly [string, () => unknown])[] = [
    ["value/range", () => s.leakyRelu(x, { slope: Number.NaN })],
    ["value/range", () => s.elu(x, { alpha: Number.POSITIVE_INFINITY })],
    // @ts-expect-error There is no such approximation.
    ["value/choice", () => s.gelu(x, { approximate: "fast" })],
    ["value/clip", () => s.clip(x, 2, 1)],
    ["value/clip", () => s.clip(x, null, null)],
    ["value/clip", () => s.clip(x, Number.NaN, 1)],
    ["dtype/condition", () => s.where(x, 1, 0)],
    // Every function of one operand refuses what is no tensor, under its own name.
    ...Object.values(unary).map((f) => ["operand/type", () => f(wrongOperand)] as const),
  ];
  test.each(bad.map(([code, run], i) => ({ code, run, i })))("$i $code", ({ code, run }) => {
    expect(errorOf(run).code).toBe(code);
  });
  test.each(Object.entries(unary))("%s names itself", (name, f) => {
    expect(() => f(wrongOperand)).toThrow(`${name}: an operand is not a tensor.`);
  });
});

describe("dtypes", () => {
  const ints = s.tensor([1, -2], { dtype: "int32" });
  const bools = s.tensor([true, false]);
  const dtypes = (f: (t: s.Tensor) => s.Tensor): string => [ints, bools, x].map((t) => f(t).dtype).join(" ");
  test("arithmetic keeps whole numbers whole, and counts with booleans", () => {
    for (const f of [s.neg, s.abs, s.sign, s.floor, s.relu]) expect(dtypes(f)).toBe("int32 int32 float32");
    expect(dtypes((t) => s.sub(t, t))).toBe("int32 int32 float32");
    expect(dtypes((t) => s.mod(t, t))).toBe("int32 int32 float32");
    expect(dtypes((t) => s.add(t, t))).toBe("int32 bool float32");
    expect(s.sub(bools, true).toArray()).toEqual([0, -1]);
  });
  test("functions of real numbers make floats", () => {
    for (const f of [s.exp, s.sqrt, s.sigmoid, s.sin, s.gelu, s.elu, s.reciprocal])
      expect(dtypes(f)).toBe("float32 float32 float32");
    expect(dtypes((t) => s.div(t, t))).toBe("float32 float32 float32");
  });
  test("numbers are weak: they take the dtype beside them unless it cannot hold them", () => {
    expect(s.add(ints, 1).dtype).toBe("int32");
    expect(s.add(ints, 0.5).dtype).toBe("float32");
    expect(s.mul(s.tensor([1], { dtype: "float64" }), 0.1).item()).toBe(0.1);
    expect(s.add(1, 2).dtype).toBe("float32");
    expect(s.maximum(ints, 0).toArray()).toEqual([1, 0]);
    expect(s.where(bools, 1, ints).dtype).toBe("int32");
  });
  test("comparisons and logic make booleans of any dtype", () => {
    expect(dtypes((t) => s.less(t, t))).toBe("bool bool bool");
    expect(dtypes(s.logicalNot)).toBe("bool bool bool");
    expect(s.logicalAnd(x, ints).toArray()).toEqual([true, true]);
    expect(s.logicalXor(s.tensor([Number.NaN, 0]), true).toArray()).toEqual([false, true]);
  });
});

describe("gradients where a formula could go wrong", () => {
  const slope = (f: (t: s.Tensor) => s.Tensor, at: number): number =>
    s
      .grad(f)(s.tensor(at, { dtype: "float64" }))
      .item();
  const second = (f: (t: s.Tensor) => s.Tensor, at: number): number => slope(s.grad(f), at);
  test("stable far out", () => {
    for (const at of [-1000, 1000]) {
      expect(slope(s.sigmoid, at)).toBe(0);
      expect(slope(s.softplus, at)).toBe(at > 0 ? 1 : 0);
      expect(slope(s.logSigmoid, at)).toBe(at > 0 ? 0 : 1);
      expect(slope(s.elu, at)).toBe(at > 0 ? 1 : 0);
      for (const f of [s.sigmoid, s.softplus, s.logSigmoid, s.elu, s.tanh])
        expect(Math.abs(second(f, at))).toBe(0);
    }
  });
  test("powers at 0", () => {
    const power = (y: number) => (t: s.Tensor) => s.pow(t, y);
    expect([0, 1, 2, 3].map((y) => slope(power(y), 0))).toEqual([0, 1, 0, 0]);
    expect([0, 1, 2, 3].map((y) => second(power(y), 0))).toEqual([0, 0, 2, 0]);
    expect([0, 1, 2].map((y) => slope((t) => s.pow(0, t), y))).toEqual([0, 0, 0]);
    expect(
      s
        .grad(s.grad(s.grad(power(2))))(s.tensor(0))
        .item(),
    ).toBe(0);
  });
  test("at kinks, as in PyTorch", () => {
    expect([s.abs, s.relu, s.sign, s.floor].map((f) => slope(f, 0))).toEqual([0, 0, 0, 0]);
    expect(slope((t) => s.maximum(t, 0), 0)).toBe(0.5);
    expect([-2, -1, 0, 1, 2].map((at) => slope((t) => s.clip(t, -1, 1), at))).toEqual([0, 1, 1, 1, 0]);
  });
  test("what was not chosen keeps its NaN to itself", () => {
    const guarded = (t: s.Tensor): s.Tensor =>
      s.where(s.greater(t, 0), s.log(s.where(s.greater(t, 0), t, 1)), 0);
    expect(slope(guarded, 0)).toBe(0);
    expect(second(guarded, 0)).toBe(0);
    const [, back] = s.vjp((a: s.Tensor, b: s.Tensor) => s.where(s.tensor([true, false]), a, b), x, x);
    expect(back(s.tensor([1, Number.NaN])).map((t) => t.toArray())).toEqual([
      [1, 0],
      [0, Number.NaN],
    ]);
  });
});

test("operations are methods, and creation is not", () => {
  expect(x.add(1).mul(2).sum().item()).toBe(10);
  expect(x.clip(null, 1).toArray()).toEqual([1, 1]);
  expect("zeros" in x || "tensor" in x || "where" in x || "stopGradient" in x).toBe(false);
});

import { describe, expect, test } from "vitest";
import { ScopeError } from "../../src/base/errors.js";
import { add, mul } from "../../src/ops/arithmetic.js";
import { stack } from "../../src/ops/joining.js";
import { sum } from "../../src/ops/reduction.js";

import type { Tensor } from "../../src/tensor/tensor.js";
import { Variable } from "../../src/trace/variable.js";
import { checkpoint } from "../../src/transforms/checkpoint.js";
import { customDerivative } from "../../src/transforms/custom-derivative.js";
import { grad, lossAndGradients, valueAndGrad } from "../../src/transforms/gradient.js";
import { hessian, jacobian } from "../../src/transforms/jacobian.js";
import { jvp, linearize, vjp } from "../../src/transforms/products.js";
import { scan } from "../../src/transforms/scan.js";
import { vmap } from "../../src/transforms/vmap.js";
import { full, s1, tensorOf } from "./tensors.js";
import { tracedCall } from "./traced-call.js";

const x = s1(1);
const two = tensorOf([1, 2]);
const ints = full([2], 1, "int32");
class State {
  readonly h: Tensor = x;
}
// Mistakes that the types reject are made through this.
const untyped = <T>(value: unknown): T => value as T;
type F = (x: Tensor) => Tensor;

const mistakes: readonly (readonly [code: string, message: RegExp, run: () => unknown])[] = [
  ["shape/loss", /use vjp[\s\S]*jacobian/, () => grad((v: Tensor) => mul(v, 2))(two)],
  ["shape/loss", /valueAndGrad/, () => valueAndGrad((v: Tensor) => mul(v, 2))(two)],
  ["shape/loss", /lossAndGradients/, () => lossAndGradients(() => two, [new Variable(x)])],
  ["value/function", /got: {6}f: a tensor/, () => grad(untyped<F>(x))(x)],
  ["value/function", /lossAndGradients/, () => lossAndGradients(untyped<() => Tensor>(x), [new Variable(x)])],
  ["tree/variable", /model\.parameters/, () => lossAndGradients(() => x, untyped<Variable[]>(undefined))],
  ["derivative/result", /a loss/, () => grad(untyped<F>(() => "x"))(x)],
  ["derivative/result", /not its item/, () => grad(untyped<F>((v: Tensor) => v.item()))(x)],
  ["derivative/result", /an array of 3/, () => valueAndGrad(untyped<F>((v: Tensor) => [v, 1, 2]))(x)],
  ["dtype/derivative-of-integer", /argument: int32/, () => grad((v: Tensor) => sum(v))(ints)],
  [
    "dtype/derivative-of-integer",
    /argument\.b\[0\]: int32/,
    () => grad((p: { a: Tensor; b: Tensor[] }) => p.a)({ a: x, b: [ints] }),
  ],
  ["dtype/derivative-of-integer", /result: int32/, () => grad((_: Tensor) => sum(ints))(x)],
  [
    "dtype/derivative-of-integer",
    /variables\[0\]: int32/,
    () => lossAndGradients(() => x, [new Variable(ints)]),
  ],
  [
    "tree/variable",
    /variables\[w\]: a tensor float64/,
    () => lossAndGradients(() => x, untyped<Variable[]>({ w: x })),
  ],
  ["tree/empty", /no tensor/, () => grad(untyped<(s: string) => Tensor>(() => x))("x")],
  [
    "tree/class",
    /argument\.s: an instance of State/,
    () => grad((p: { s: State }) => p.s.h)({ s: new State() }),
  ],
  ["tree/class", /result\[0\]: an instance of Map/, () => vjp((_: Tensor) => [new Map([["h", x]])], x)],
  [
    "tree/structure",
    /cotangent\.b[\s\S]*an array of 1/,
    () => vjp((v: Tensor) => ({ a: v, b: [v] }), x)[1](untyped({ a: x, b: [x, x] })),
  ],
  [
    "tree/structure",
    /cotangent: \{ a: … \}\n.*expected: \{ a, b \}/,
    () => vjp((v: Tensor) => ({ a: v, b: v }), x)[1](untyped({ a: x })),
  ],
  ["shape/derivative", /cotangent: float64\[2\]/, () => vjp((v: Tensor) => v, x)[1](two)],
  ["dtype/derivative", /cotangent: float32/, () => vjp((v: Tensor) => v, x)[1](full([], 1, "float32"))],
  ["tree/structure", /tangents/, () => jvp((v: Tensor) => v, [x], untyped([x, x]))],
  ["shape/derivative", /tangents\[0\]/, () => jvp((v: Tensor) => v, [x], [two])],
  [
    "tree/arguments",
    /jvp\(f, \[x\], \[tangent\]\)/,
    () => jvp((v: Tensor) => v, untyped<[Tensor]>(x), untyped<[Tensor]>(x)),
  ],
  ["shape/derivative", /linearize/, () => linearize((v: Tensor) => v, x)[1](two)],
  ["dtype/jacobian", /result: int32/, () => jacobian(() => ints)(x)],
  ["shape/loss", /grad/, () => hessian((v: Tensor) => v)(two)],
  [
    "tree/scan-body",
    /an array of 3/,
    () =>
      scan(
        untyped<(h: Tensor, x: Tensor) => [Tensor, Tensor]>(() => [x, x, x]),
        x,
        two,
      ),
  ],
  [
    "shape/carry",
    /carry went in as float64\[\] and came out as float64\[2\]/,
    () => scan((h: Tensor, v: Tensor) => [stack([h, v]), null], x, two),
  ],
  [
    "shape/carry",
    /carry\.h went in/,
    () =>
      tracedCall(
        (v: Tensor) =>
          scan((c: { h: Tensor }, w: Tensor) => [{ h: stack([c.h, w]) }, null], { h: v }, two)[0].h,
      )(x),
  ],
  [
    "dtype/carry",
    /float64\[\] and came out as float32/,
    () => scan(() => [full([], 1, "float32"), null], x, two),
  ],
  [
    "tree/structure",
    /carry: an array of 1/,
    () =>
      scan(
        untyped<(c: { h: Tensor }) => [{ h: Tensor }, null]>((c: { h: Tensor }) => [[c.h], null]),
        { h: x },
        two,
      ),
  ],
  [
    "tree/structure",
    /y: an array of 1/,
    () => {
      let k = 0;
      scan(
        untyped<(h: Tensor) => [Tensor, Tensor]>((h: Tensor) => [h, k++ === 0 ? { a: h } : [h]]),
        x,
        two,
      );
    },
  ],
  ["value/scan-length", /no length/, () => scan((h: Tensor) => [h, null], x, null)],
  ["value/scan-length", /length 1e\+300/, () => scan((h: Tensor) => [h, null], x, null, { length: 1e300 })],
  ["value/scan-length", /length -1/, () => scan((h: Tensor) => [h, null], x, null, { length: -1 })],
  [
    "shape/scan-length",
    /xs\.b: \[3\] beside xs\.a: \[2\]/,
    () => scan((h: Tensor) => [h, null], x, { a: two, b: tensorOf([1, 2, 3]) }),
  ],
  ["shape/scan-length", /xs: a scalar/, () => scan((h: Tensor) => [h, null], x, x)],
  [
    "shape/batch",
    /2 along axis 0 of arguments\[0\], 3 along axis 0 of arguments\[1\]/,
    () => vmap((a: Tensor, b: Tensor) => add(a, b))(two, tensorOf([1, 2, 3])),
  ],
  ["value/in-axes", /no argument is mapped/, () => vmap((a: Tensor) => a, { inAxes: [null] })(two)],
  ["index/axis", /axis 1 of a tensor of rank 1/, () => vmap((a: Tensor) => a, { inAxes: 1 })(two)],
  ["tree/axes", /inAxes/, () => vmap((a: Tensor) => a, { inAxes: untyped<[number]>(["0"]) })(two)],
  ["value/out-axes", /outAxes null for result/, () => vmap((a: Tensor) => a, { outAxes: null })(two)],
  [
    "variable/differs-between-examples",
    /differs between examples/,
    () => {
      const v = new Variable(x);
      vmap((a: Tensor) => {
        v.value = a;
        return a;
      })(two);
    },
  ],
  [
    "derivative/custom-count",
    /an array of 2/,
    () => grad(customDerivative((v: Tensor) => mul(v, 1), { vjp: untyped<() => [Tensor]>(() => [x, x]) }))(x),
  ],
  [
    "shape/custom-derivative",
    /gradient of input 0/,
    () => grad(customDerivative((v: Tensor) => mul(v, 1), { vjp: () => [two] }))(x),
  ],
  [
    "dtype/custom-derivative",
    /does not fit the value/,
    () => grad(customDerivative((v: Tensor) => mul(v, 1), { jvp: () => full([], 1, "float32") }))(x),
  ],
  [
    "derivative/custom-result",
    /not return a tensor/,
    () =>
      customDerivative(
        untyped<F>(() => 3),
        { vjp: ([v]) => [v] },
      )(x),
  ],
  [
    "leak/symbol",
    /outside of the function/,
    () => {
      let leaked = x;
      tracedCall((v: Tensor) => {
        leaked = mul(v, 2);
        return v;
      })(x);
      return mul(leaked, 2);
    },
  ],
];

describe("mistakes are told before any work is done, with where and how to mend it", () => {
  test.each(mistakes)("%s %s", (code, message, run) => {
    let thrown: unknown;
    try {
      run();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ScopeError);
    expect((thrown as ScopeError).message).toMatch(message);
    expect((thrown as ScopeError).code).toBe(code);
  });
  const later = async (v: Tensor): Promise<Tensor> => v;
  const transforms: readonly (readonly [string, () => unknown])[] = [
    ["grad", () => grad(untyped<F>(later))(x)],
    ["valueAndGrad", () => valueAndGrad(untyped<F>(later))(x)],
    [
      "lossAndGradients",
      () =>
        lossAndGradients(
          untyped<() => Tensor>(() => later(x)),
          [new Variable(x)],
        ),
    ],
    ["vjp", () => vjp(untyped<F>(later), x)],
    ["jvp", () => jvp(untyped<F>(later), [x], [x])],
    ["linearize", () => linearize(untyped<F>(later), x)],
    ["jacobian", () => jacobian(untyped<F>(later))(x)],
    ["vmap", () => vmap(untyped<F>(later))(two)],
    ["checkpoint", () => checkpoint(untyped<F>(later))(x)],
    [
      "scan",
      () =>
        scan(
          untyped<(h: Tensor) => [Tensor, null]>(async (h: Tensor) => [h, null]),
          x,
          two,
        ),
    ],
    ["customDerivative", () => customDerivative(untyped<F>(later), { vjp: ([v]) => [v] })(x)],
  ];
  test.each(transforms)("%s of an asynchronous function", (name, run) => {
    expect(run).toThrow(new RegExp(`${name}: the function is asynchronous`));
  });
});

describe("what is not a mistake", () => {
  test("a gradient of something unconnected is zeros", () => {
    expect(grad((_: Tensor) => x)(two).toArray()).toEqual([0, 0]);
    expect(lossAndGradients(() => x, { v: new Variable(two) })[1].v.toArray()).toEqual([0, 0]);
    expect(vjp((_: Tensor) => two, x)[1](two)[0].toArray()).toBe(0);
    expect(jvp((_: Tensor) => two, [x], [x])[1].toArray()).toEqual([0, 0]);
    expect(jacobian((_: Tensor) => two)(x).toArray()).toEqual([0, 0]);
  });
  test("strings, functions, null, undefined and objects without tensors pass through trees", () => {
    const tree = {
      a: x,
      name: "n",
      f: Math.sin,
      none: null,
      missing: undefined,
      date: new Date(0),
      v: new Variable(x),
    };
    const made = grad((p: typeof tree) => {
      expect([p.name, p.f, p.none, p.missing, p.date, p.v]).toEqual([
        "n",
        Math.sin,
        null,
        undefined,
        tree.date,
        tree.v,
      ]);
      return mul(p.a, 2);
    })(tree);
    expect(made.a.item()).toBe(2);
    expect(made.name).toBe("n");
  });
  test("integer arguments of vjp and jvp are not differentiated", () => {
    const [, pull] = vjp((a: Tensor, n: Tensor) => sum(mul(a, n)), two, ints);
    expect(pull(x).map((t) => t.toArray())).toEqual([
      [1, 1],
      [0, 0],
    ]);
    expect(jvp((a: Tensor, n: Tensor) => sum(mul(a, n)), [two, ints], [two, ints])[1].item()).toBe(3);
  });
});

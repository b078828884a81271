import { describe, expect, test } from "vitest";
import { compile, cond, whileLoop } from "../../src/compile.js";
import {
  checkpoint,
  customDerivative,
  grad,
  hessian,
  jacobian,
  jvp,
  linearize,
  lossAndGradients,
  ScopeError,
  scan,
  sum,
  type Tensor,
  tensor,
  Variable,
  valueAndGrad,
  vjp,
  vmap,
} from "../../src/index.js";

// Every transform looks at its arguments before it does anything, and leaves none of them out in silence.

type Untyped = (...args: readonly unknown[]) => unknown;
const untyped = (f: unknown): Untyped => f as Untyped;
const x = tensor([1, 2]);
const f = (t: Tensor): Tensor => sum(t.mul(t));
const nothings: readonly unknown[] = [undefined, null, 3, "f", {}, [], x, new Map(), Object.create(null)];

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ScopeError);
    expect((error as Error).message.length).toBeLessThan(1000);
    return (error as ScopeError).code;
  }
  return "none";
};

describe("what is not a function is refused", () => {
  const users: readonly (readonly [string, (f: unknown) => unknown])[] = [
    ["grad", (g) => untyped(grad)(g)],
    ["valueAndGrad", (g) => untyped(valueAndGrad)(g)],
    ["lossAndGradients", (g) => untyped(lossAndGradients)(g, [new Variable(x)])],
    ["vjp", (g) => untyped(vjp)(g, x)],
    ["jvp", (g) => untyped(jvp)(g, [x], [x])],
    ["linearize", (g) => untyped(linearize)(g, x)],
    ["jacobian", (g) => untyped(jacobian)(g)],
    ["hessian", (g) => untyped(hessian)(g)],
    ["vmap", (g) => untyped(vmap)(g)],
    ["checkpoint", (g) => untyped(checkpoint)(g)],
    ["customDerivative", (g) => untyped(customDerivative)(g, { vjp: () => [x] })],
    ["scan", (g) => untyped(scan)(g, x, x)],
    ["cond, true", (g) => untyped(cond)(true, g, f, x)],
    ["cond, false", (g) => untyped(cond)(true, f, g, x)],
    ["whileLoop, test", (g) => untyped(whileLoop)(g, f, x)],
    ["whileLoop, body", (g) => untyped(whileLoop)(f, g, x)],
  ];
  test.each(users)("%s", (_name, use) => {
    for (const nothing of nothings)
      expect([nothing, codeOf(() => use(nothing))]).toEqual([nothing, "value/function"]);
  });
  test("compile", () => {
    for (const nothing of nothings) expect(codeOf(() => untyped(compile)(nothing))).toBe("compile/function");
  });
  test("a rule without vjp or jvp is no rule", () => {
    for (const nothing of nothings)
      expect(codeOf(() => untyped(customDerivative)(f, nothing))).toBe("derivative/rule");
  });
});

describe("arguments too many are refused", () => {
  const users: readonly (readonly [string, RegExp, () => unknown])[] = [
    ["grad", /put it first/, () => untyped(grad)(f, 1)],
    ["valueAndGrad", /put it first/, () => untyped(valueAndGrad)(f, [0, 1])],
    [
      "lossAndGradients",
      /one list/,
      () => untyped(lossAndGradients)(() => f(x), [new Variable(x)], [new Variable(x)]),
    ],
    ["jacobian", /put it first/, () => untyped(jacobian)(f, 1)],
    ["jacobian with options", /put it first/, () => untyped(jacobian)(f, {}, 1)],
    ["hessian", /put it first/, () => untyped(hessian)(f, { mode: "reverse" })],
    ["jvp", /tangentOfX/, () => untyped(jvp)(f, [x], [x], x)],
    ["vmap", /inAxes/, () => untyped(vmap)(f, { inAxes: 0 }, 0)],
    ["checkpoint", /checkpoint\(f\)\(x\)/, () => untyped(checkpoint)(f, x)],
    ["customDerivative", /vjp/, () => untyped(customDerivative)(f, { vjp: () => [x] }, x)],
    ["scan", /scan\(/, () => untyped(scan)(() => [x, null], x, x, {}, 1)],
    ["whileLoop", /whileLoop\(/, () => untyped(whileLoop)(() => false, f, x, x)],
    ["compile", /compile\(f\)\(x\)/, () => untyped(compile)(f, {}, x)],
  ];
  test.each(users)("%s", (_name, mend, use) => {
    expect(codeOf(use)).toBe("tree/arguments");
    expect(use).toThrow(mend);
  });
  test("jacobian knows its modes", () => {
    expect(codeOf(() => untyped(jacobian)(f, { mode: "backward" }))).not.toBe("none");
  });
});

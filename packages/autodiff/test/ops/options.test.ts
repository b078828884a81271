import { describe, expect, test } from "vitest";
import * as functions from "../../src/functions.js";
import { type ScopeError, tensor } from "../../src/index.js";

const x = tensor([
  [1, 2],
  [3, 4],
]);

/** Calls a function of the library as plain JavaScript would, where no compiler objects. */
function thrown(name: string, ...rest: readonly unknown[]): Partial<ScopeError> {
  const f: unknown = Reflect.get(functions, name);
  if (typeof f !== "function") throw new Error(`${name} is no function`);
  try {
    Reflect.apply(f, undefined, [x, ...rest]);
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error(`${name} threw nothing`);
}

const reductions = [
  "sum",
  "mean",
  "max",
  "min",
  "prod",
  "logSumExp",
  "variance",
  "std",
  "norm",
  "argMax",
  "argMin",
];
const alongAxis = ["softmax", "logSoftmax", "cumsum", "cumprod", "sort", "argSort", "squeeze"];

describe("options that plain JavaScript gets wrong", () => {
  test.each([...reductions, ...alongAxis])("%s: a bare number, and dim", (name) => {
    expect(thrown(name, 0)).toMatchObject({ code: "option/object", mend: "name the option: { axis: 0 }" });
    expect(thrown(name, null)).toMatchObject({ code: "option/object" });
    expect(thrown(name, { dim: 1 })).toMatchObject({
      code: "option/unknown",
      mend: "dim is called axis here",
    });
  });
  test.each([...reductions, "any", "all"])("%s: keepdim", (name) => {
    expect(thrown(name, { axis: 0, keepdim: true })).toMatchObject({
      code: "option/unknown",
      got: "keepdim",
      mend: "keepdim is called keepDims here",
    });
  });
  test("topK, and several axes in a bare list", () => {
    expect(thrown("topK", 1, { dim: 0 }).code).toBe("option/unknown");
    expect(thrown("sum", [0, 1]).mend).toBe("name the option: { axis: [0, 1] }");
  });
  test("norm takes its order together with the others", () => {
    expect(functions.norm(x, { order: 1, axis: 1, keepDims: true }).toArray()).toEqual([[3], [7]]);
  });
  test("methods say the same", () => {
    expect(() => Reflect.apply(x.sum, x, [0])).toThrow("sum: options are not an object.");
  });
});

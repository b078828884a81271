import { describe, expect, test } from "vitest";
import { compile } from "../../src/compiler/compile.js";
import { add, mul } from "../../src/ops/arithmetic.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { Variable } from "../../src/trace/variable.js";
import { casesOf } from "../repository/case-counts.js";
import { plainWrappers, runSeed, type Wrappers, zero } from "./random-stacks.js";

const wrappers: Wrappers = {
  ...plainWrappers,
  compile: (g) => (x) => compile(g)(x),
  compileOnce: (g) => compile(g),
  compileWithVariable: (g) => {
    const v = new Variable(zero());
    const program = compile((x: Tensor) => {
      v.value = g(x);
      return mul(x, 0);
    });
    return (x) => add(program(x), v.value);
  },
};

describe("random stacks of transforms with compiled functions in them agree with the program unwrapped", () => {
  const perGroup = casesOf(50);
  test.each(Array.from({ length: 10 }, (_, k) => 1 + k * perGroup))(`${perGroup} seeds from %i`, (first) => {
    let refused = 0;
    for (let seed = first; seed < first + perGroup; seed++)
      if (runSeed(seed, wrappers) === "refused") refused++;
    expect(refused).toBeLessThan(perGroup / 4);
  });
});

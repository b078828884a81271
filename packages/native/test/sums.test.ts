import { add, cumsum, full, matmul, sum, type Tensor } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { expect, test } from "vitest";
import { native } from "../src/index.js";
import { describeNative } from "./describe-native.js";

/** Sums of equal terms err in one direction at every step: none may drift away by more than 1e-6 of what it adds up. */
describeNative("sums of equal terms do not drift", () => {
  const terms = 2 ** 18;
  const first = Math.fround(0.7);
  const second = Math.fround(1.3);
  const near = (got: Tensor, want: number): void => {
    for (const value of got.data) expect(Math.abs(value - want)).toBeLessThanOrEqual(1e-6 * want);
  };
  const run = (f: (x: Tensor, y: Tensor) => Tensor, x: Tensor, y: Tensor): Tensor =>
    compile(f, { backend: native })(x, y);

  test.each([
    [4, 16],
    [1, 48],
    [40, 1],
    [1, 1],
  ])("products of %i × 2¹⁸ and 2¹⁸ × %i", (m, n) => {
    const want = first * second * terms;
    near(run(matmul, full([m, terms], 0.7), full([terms, n], 1.3)), want);
    const turned = (x: Tensor, y: Tensor): Tensor => matmul(x.transpose(), y);
    near(run(turned, full([terms, m], 0.7), full([terms, n], 1.3)), want);
    const bothTurned = (x: Tensor, y: Tensor): Tensor => matmul(x, y.transpose());
    near(run(bothTurned, full([m, terms], 0.7), full([n, terms], 1.3)), want);
  });

  test("along either axis, over all, and running", () => {
    const x = full([4, terms], 0.7);
    const zero = full([], 0);
    near(
      run((a, b) => add(sum(a, { axis: 1 }), b), x, zero),
      first * terms,
    );
    near(
      run((a, b) => add(sum(a.transpose(), { axis: 0 }), b), x, zero),
      first * terms,
    );
    near(
      run((a, b) => add(sum(a), b), x, zero),
      4 * first * terms,
    );
    const last = run((a, b) => add(cumsum(a, { axis: 1 }), b), x, zero)
      .at(0)
      .at(terms - 1);
    near(last, first * terms);
  });
});

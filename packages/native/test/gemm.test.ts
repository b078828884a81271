import { expect, it } from "vitest";
import { casesOf } from "../../autodiff/test/repository/case-counts.js";
import { type ProductLayout, packedLength, scratchBytes } from "../src/gemm-layout.js";
import { describeNative } from "./describe-native.js";
import { runProgram } from "./run-program.js";

describeNative("products in C", () => {
  // Vectors wider than the machine's are slow, but give the layouts of a machine that has them.
  it.each([16, 32, 64])("equal plain sums, with vectors of %d bytes", (vectorBytes) => {
    const { output, status } = runProgram("products", vectorBytes, { args: [`${casesOf(1)}`] });
    expect(output).toMatch(/^\d{4,} products, 0 failures\n$/);
    expect(status).toBe(0);
  });

  it.each([16, 32, 64])(
    "need as much scratch as JavaScript plans, with vectors of %d bytes",
    (vectorBytes) => {
      const products = drawProducts();
      const lines = products.map(({ dtype, m, n, k, a, b }) =>
        [dtype === "float64" ? 8 : 4, m, n, k, ...a, ...(b ?? [0, 0]), b === null ? 1 : 0].join(" "),
      );
      const { output } = runProgram("layout", vectorBytes, { input: lines.join("\n") });
      const expected = products.map(
        (product) =>
          `${scratchBytes(product, vectorBytes)} ${packedLength(product.k, product.n, product.dtype, vectorBytes)}`,
      );
      expect(output.trim().split("\n")).toEqual(expected);
      expect(products.filter((product) => scratchBytes(product, vectorBytes) > 0).length).toBeGreaterThan(
        100,
      );
    },
  );

  it("are shared by threads that compute every range once", () => {
    const { output, status } = runProgram("stress", 16, { args: [`${casesOf(5000)}`] });
    expect(output).toMatch(/^0 wrong, [1-9]\d* cores\n$/);
    expect(status).toBe(0);
  });
});

/** Products of all sizes that planning tells apart, with strides that are and are not those of rows, columns and powers of two. */
function drawProducts(): ProductLayout[] {
  let state = 1;
  const oneOf = <T>(list: readonly T[]): T => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return list[Math.floor((state / 2 ** 32) * list.length)];
  };
  const sizes = [0, 1, 2, 3, 4, 5, 8, 9, 24, 25, 48, 65, 96, 200, 256, 257, 300, 1024];
  const depths = [...sizes, 4096, 4097, 5000, 70_001, 2 ** 20 + 1];
  const strides = (rows: number, columns: number): readonly [number, number] =>
    oneOf([
      [columns, 1],
      [1, rows],
      [columns + 3, 1],
      [1, rows + 5],
      [512, 1],
      [1, 1024],
      [7, 3],
    ] as const);
  return Array.from({ length: 3000 }, () => {
    const [m, n, k] = [oneOf([...sizes, 3000, 5000]), oneOf([...sizes, 5000, 9000]), oneOf(depths)];
    const dtype = oneOf(["float32", "float64"] as const);
    return { dtype, m, n, k, a: strides(m, k), b: oneOf([strides(k, n), null]) };
  });
}

import { eye, matmul, permute, type Tensor, tensor } from "@scope/autodiff";
import { expect, test } from "vitest";
import { type Complex, eigenvalues, modulus, spectralRadius } from "../../src/diagnostics/eigenvalues.js";
import { singularValues } from "../../src/diagnostics/singular-values.js";

/** Numbers in [−1, 1) that depend on the seed only. */
function numbers(count: number, seed: number): Float64Array {
  let state = seed >>> 0;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}
const square = (values: ArrayLike<number>): Tensor => {
  const n = Math.sqrt(values.length);
  return tensor(Float64Array.from(values), { shape: [n, n] });
};

/** An orthogonal matrix, by Gram and Schmidt. */
function orthogonal(n: number, seed: number): Tensor {
  const rows: number[][] = [];
  const drawn = numbers(n * n, seed);
  for (let i = 0; i < n; i++) {
    let row = Array.from(drawn.slice(i * n, (i + 1) * n));
    for (let pass = 0; pass < 2; pass++) {
      for (const other of rows) {
        const dot = row.reduce((sum, value, k) => sum + value * other[k], 0);
        row = row.map((value, k) => value - dot * other[k]);
      }
    }
    const length = Math.hypot(...row);
    rows.push(row.map((value) => value / length));
  }
  return square(rows.flat());
}

/** The largest distance from a found eigenvalue to the nearest expected one, and the other way round. */
function distance(found: readonly Complex[], expected: readonly Complex[]): number {
  const far = (from: readonly Complex[], to: readonly Complex[]): number =>
    Math.max(...from.map((a) => Math.min(...to.map((b) => Math.hypot(a.re - b.re, a.im - b.im)))));
  return Math.max(far(found, expected), far(expected, found));
}

test("eigenvalues of a rotation lie on the unit circle, at ± its angle", () => {
  for (const angle of [0.1, 1, Math.PI / 2, 3]) {
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    const found = eigenvalues(square([c, -s, s, c]));
    expect(
      distance(found, [
        { re: c, im: s },
        { re: c, im: -s },
      ]),
    ).toBeLessThan(1e-14);
  }
});

test("a triangular matrix shows its eigenvalues on the diagonal", () => {
  const found = eigenvalues(square([1, 5, -3, 0, -4, 2, 0, 0, 2.5]));
  expect(found.map(({ re }) => re)).toEqual([-4, 2.5, 1]);
  expect(found.every(({ im }) => im === 0)).toBe(true);
});

test("a cyclic shift has all the n-th roots of unity, which cycle without an exceptional shift", () => {
  for (const n of [3, 4, 5, 8, 17]) {
    const values = new Float64Array(n * n);
    for (let i = 0; i < n; i++) values[i * n + ((i + 1) % n)] = 1;
    const roots = Array.from({ length: n }, (_, k) => ({
      re: Math.cos((2 * Math.PI * k) / n),
      im: Math.sin((2 * Math.PI * k) / n),
    }));
    expect(distance(eigenvalues(square(values)), roots)).toBeLessThan(1e-12);
  }
});

test("the companion matrix of a polynomial has its roots as eigenvalues", () => {
  // (x − 1)(x − 2)(x − 3)(x² + 4)
  const coefficients = [1, -6, 15, -30, 44, -24];
  const n = 5;
  const values = new Float64Array(n * n);
  for (let k = 0; k < n; k++) values[k] = -coefficients[k + 1];
  for (let i = 1; i < n; i++) values[i * n + i - 1] = 1;
  const roots = [1, 2, 3].map((re) => ({ re, im: 0 }));
  expect(distance(eigenvalues(square(values)), [...roots, { re: 0, im: 2 }, { re: 0, im: -2 }])).toBeLessThan(
    1e-11,
  );
});

test("a similar matrix keeps the eigenvalues, and trace and determinant agree", () => {
  const n = 32;
  const q = orthogonal(n, 3);
  const values = new Float64Array(n * n);
  const expected: Complex[] = [];
  for (let k = 0; k < n; k += 2) {
    const radius = 0.2 + k / n;
    const [re, im] = [radius * Math.cos(k), radius * Math.sin(k)];
    values[k * n + k] = re;
    values[k * n + k + 1] = -im;
    values[(k + 1) * n + k] = im;
    values[(k + 1) * n + k + 1] = re;
    expected.push({ re, im }, { re, im: -im });
  }
  const hidden = matmul(matmul(q, square(values)), permute(q, [1, 0]));
  expect(distance(eigenvalues(hidden), expected)).toBeLessThan(1e-12);
  expect(spectralRadius(hidden)).toBeCloseTo(0.2 + 30 / 32, 12);
});

test("the spectral radius is what powers grow by, also where the norm is far larger", () => {
  // Norm about 1000, radius 0.5.
  expect(spectralRadius(square([0.5, 1000, 0, 0.25]))).toBeCloseTo(0.5, 12);
  for (const seed of [1, 2, 3]) {
    const w = square(numbers(144, seed));
    let power = eye(12, { dtype: "float64" });
    let logarithm = 0;
    const steps = 3000;
    for (let k = 0; k < steps; k++) {
      power = matmul(power, w);
      const size = Math.hypot(...Array.from(power.data));
      logarithm += Math.log(size);
      power = power.mul(1 / size);
    }
    expect(Math.log(spectralRadius(w))).toBeCloseTo(logarithm / steps, 2);
  }
});

test("empty, one by one, zero and not square", () => {
  expect(eigenvalues(tensor(new Float64Array(0), { shape: [0, 0] }))).toEqual([]);
  expect(spectralRadius(tensor([[-3]]))).toBe(3);
  expect(
    spectralRadius(
      tensor([
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
      ]),
    ),
  ).toBe(0);
  expect(() =>
    spectralRadius(
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ),
  ).toThrow("not a square matrix");
  expect(() => eigenvalues(tensor([[Number.NaN]]))).toThrow("not finite");
});

test("singular values: of diagonal, orthogonal, rank-one and rectangular matrices", () => {
  expect(singularValues(square([3, 0, 0, 0, -4, 0, 0, 0, 1e-9]))).toEqual([4, 3, 1e-9]);
  for (const value of singularValues(orthogonal(24, 5))) expect(value).toBeCloseTo(1, 13);
  const [first, second] = singularValues(tensor(new Float64Array([1, 2, 2, 4, 3, 6]), { shape: [3, 2] }));
  expect(first).toBeCloseTo(Math.sqrt(14 * 5), 12);
  expect(second).toBeLessThan(1e-14);
  const w = tensor(numbers(60, 9), { shape: [6, 10] });
  expect(singularValues(w).map((x) => x.toFixed(10))).toEqual(
    singularValues(permute(w, [1, 0])).map((x) => x.toFixed(10)),
  );
});

test("squared singular values are the eigenvalues of WᵀW, and none is below a modulus of W's", () => {
  const w = square(numbers(400, 11));
  const values = singularValues(w);
  const gram = eigenvalues(matmul(permute(w, [1, 0]), w));
  values.forEach((value, k) => {
    expect(value ** 2).toBeCloseTo(gram[k].re, 10);
  });
  expect(modulus(eigenvalues(w)[0])).toBeLessThanOrEqual(values[0]);
});

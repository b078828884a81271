import { describe, expect, it } from "vitest";
import { erf, sigmoid } from "../../../src/backends/javascript/scalar-functions.js";
import { wasmProgramBackend } from "../../../src/backends/wasm/index.js";
import type { DType } from "../../../src/base/dtype.js";
import { buildExpression } from "../../../src/kernel/expression.js";
import type { UnaryInstruction } from "../../../src/kernel/instruction.js";
import { access, ProgramBuilder, plain } from "../../../src/testing/conformance/program-builder.js";

/** A function of float32 vectors that runs one instruction on `n` elements at a time. */
function mapOf(
  name: UnaryInstruction,
  n: number,
  dtype: DType = "float32",
): (bits: Uint32Array) => Float32Array {
  const builder = new ProgramBuilder();
  const [x, y] = [builder.buffer(dtype, n), builder.buffer(dtype, n)];
  const expression = buildExpression([dtype], (kernel, a) => kernel[name](a));
  const reads = [plain(access(x, [1]))];
  const kernel = { kind: "map", name, shape: [n], reads, expression, writes: [access(y, [1])] } as const;
  const program = wasmProgramBackend.prepare(builder.program([kernel]), { threads: null });
  return (bits) => {
    const { buffer, byteOffset } = program.array(x);
    new Uint32Array(buffer, byteOffset, n).set(bits);
    program.run();
    return Float32Array.from(program.array(y));
  };
}

/** The distance of neighbours of float32 around a value. */
const ulp = (y: number): number => 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(y)))) - 23);

const functions: readonly [UnaryInstruction, (x: number) => number, bound: number][] = [
  ["exp", Math.exp, 1.1],
  ["expm1", Math.expm1, 1.8],
  ["log", Math.log, 0.9],
  ["log1p", Math.log1p, 1],
  ["tanh", Math.tanh, 1.4],
  ["sigmoid", sigmoid, 2.3],
  ["erf", erf, 1.3],
  ["sin", Math.sin, 1.7],
  ["cos", Math.cos, 1.7],
];

describe.each(functions)("float32 %s", (name, reference, bound) => {
  it(`stays within ${bound} units in the last place over all of float32`, () => {
    const n = 4096;
    const map = mapOf(name, n);
    const bits = new Uint32Array(n);
    const xs = new Float32Array(bits.buffer);
    let worst = 0;
    let worstAt = 0;
    // A prime step visits every exponent and both signs.
    const step = 7919;
    for (let base = 0; base < 2 ** 32; base += step * n) {
      for (let i = 0; i < n; i++) bits[i] = base + i * step;
      const ys = map(bits);
      for (let i = 0; i < n; i++) {
        const exact = reference(xs[i]);
        const rounded = Math.fround(exact);
        if (Object.is(ys[i], rounded) || (Number.isNaN(ys[i]) && Number.isNaN(rounded))) continue;
        const error = Number.isFinite(rounded) ? Math.abs(ys[i] - exact) / ulp(exact) : Infinity;
        if (!(error <= worst)) [worst, worstAt] = [error, xs[i]];
      }
    }
    expect(worst, `${name}(${worstAt})`).toBeLessThanOrEqual(bound);
  });

  it("is right at zeros, subnormals, huge numbers, infinities and NaN", () => {
    const special = [
      0,
      -0,
      2 ** -149,
      -(2 ** -149),
      1e-40,
      -1e-40,
      1e-30,
      -1e-30,
      1,
      -1,
      88.7,
      88.8,
      -87.4,
      -103.9,
      -104,
      -110,
    ];
    special.push(1e10, -1e10, 3e38, -3e38, Infinity, -Infinity, Number.NaN);
    // An odd count: the last vector is not full.
    const xs = Float32Array.from(special);
    expect(xs.length % 4).toBe(3);
    const ys = mapOf(name, xs.length)(new Uint32Array(xs.buffer));
    for (const [i, x] of xs.entries()) {
      const exact = Math.fround(reference(x));
      const error = Object.is(ys[i], exact) ? 0 : Math.abs(ys[i] - exact) / ulp(exact);
      expect(error, `${name}(${x}) = ${ys[i]}, not ${exact}`).toBeLessThanOrEqual(2.5);
      if (exact === 0) expect(Object.is(ys[i], exact), `${name}(${x})`).toBe(true);
    }
  });
});

import { describe, expect, it } from "vitest";
import { gemm } from "../../src/backends/javascript/gemm.js";
import { javascriptProgramBackend } from "../../src/backends/javascript/program.js";
import { prod, sum } from "../../src/backends/javascript/reductions.js";
import { cumulativeSum, gather, threefry } from "../../src/backends/javascript/routines.js";
import { powerInt } from "../../src/backends/javascript/scalar-functions.js";
import { InternalError } from "../../src/base/errors.js";
import { access, ProgramBuilder } from "../../src/testing/conformance/program-builder.js";
import { conformanceTests } from "./conformance-tests.js";

conformanceTests("the JavaScript backend", javascriptProgramBackend);

describe("routines of the JavaScript backend", () => {
  it("int32 products of matrices, sums and powers wrap around", () => {
    const matrix = (values: readonly number[]) => ({
      data: Int32Array.from(values),
      offset: 0,
      rowStride: 2,
      columnStride: 1,
    });
    const c = matrix([1, 1, 1, 1]);
    gemm(2, 2, 2, matrix([65536, 3, 2147483647, 1]), matrix([65536, 1, 5, 2]), c, true);
    const wrap = (x: bigint): number => Number(BigInt.asIntN(32, x));
    expect([...c.data]).toEqual([
      wrap(65536n * 65536n + 15n + 1n),
      65536 + 6 + 1,
      wrap(2147483647n * 65536n + 5n + 1n),
      wrap(2147483647n + 2n + 1n),
    ]);
    expect(sum.fold(2, 0, Int32Array.of(2147483647, 1), 0, 1)).toBe(-2147483648);
    expect(prod.fold(2, 1, Int32Array.of(65536, 65537), 0, 1)).toBe(65536);
    const sums = new Int32Array(3);
    cumulativeSum(3, sums, 0, Int32Array.of(2147483647, 1, 1), 0, 1, false);
    expect([...sums]).toEqual([2147483647, -2147483648, -2147483647]);
    expect([powerInt(3, 4), powerInt(-2, 31), powerInt(65536, 2), powerInt(7, 0)]).toEqual([
      81, -2147483648, 0, 1,
    ]);
    expect([powerInt(1, -3), powerInt(-1, -3), powerInt(-1, -2), powerInt(5, -1)]).toEqual([1, -1, 1, 0]);
  });

  it("gathers rows by any strides", () => {
    const out = new Float32Array(4);
    gather(
      [1, 2, 2],
      { data: out, offset: 0, strides: [4, 2, 1] },
      { data: Float32Array.of(1, 2, 3, 4, 5, 6), offset: 0, strides: [0, 1, 3] },
      { data: Int32Array.of(2, 0), offset: 0, strides: [0, 1] },
    );
    expect([...out]).toEqual([3, 6, 1, 4]);
  });

  it("Threefry gives the published answers for every key and counter word", () => {
    const out = new Uint32Array(2);
    const words = new Int32Array(out.buffer);
    threefry(words, 0, true, 0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3);
    expect([...out]).toEqual([0xc4923a9c, 0x483df7a0]);
    threefry(words, 0, true, -1, -1, -1, -1);
    expect([...out]).toEqual([0x1cb996fc, 0xbb002be7]);
  });

  it("refuses what it asks for none of, and buffers that are not the program's", () => {
    const b = new ProgramBuilder();
    const x = b.buffer("float32", 4);
    const at = access(x, [2, 1]);
    const pack = { kind: "pack", name: "pack", k: 2, n: 2, source: at, packed: access(x, []) } as const;
    expect(() => javascriptProgramBackend.prepare(b.program([pack]), { threads: null })).toThrow(
      InternalError,
    );
    const fill = { kind: "fill", name: "fill", shape: [4], value: 1, target: access(x, [1]) } as const;
    const program = b.program([fill]);
    expect(() => javascriptProgramBackend.prepare({ ...program, buffers: [] }, { threads: null })).toThrow(
      /has no place/,
    );
  });
});

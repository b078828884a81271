import { describe, expect, it } from "vitest";
import { ModuleBuilder } from "../../../src/backends/wasm/assembler.js";
import { hasRelaxedMadd, hasSimd } from "../../../src/backends/wasm/features.js";
import { f32x4, f64, i32, signedLeb, unsignedLeb, v128 } from "../../../src/backends/wasm/instructions.js";

type Function = (...operands: number[]) => number;
function instanceOf(
  module: ModuleBuilder,
  host: Record<string, Function> = {},
): [Record<string, Function>, ArrayBuffer] {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), {
    env: { memory },
    host,
  });
  return [instance.exports as Record<string, Function>, memory.buffer];
}

describe("the assembler", () => {
  it("encodes LEB128 as the format wants it", () => {
    const bytes = (code: string): number[] => Array.from(code, (byte) => byte.charCodeAt(0));
    expect(bytes(unsignedLeb(624485))).toEqual([0xe5, 0x8e, 0x26]);
    expect(bytes(unsignedLeb(0xffffffff))).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
    expect(bytes(signedLeb(-123456))).toEqual([0xc0, 0xbb, 0x78]);
    expect(bytes(signedLeb(64))).toEqual([0xc0, 0x00]);
    expect(bytes(signedLeb(-64))).toEqual([0x40]);
    expect(bytes(signedLeb(-2147483648))).toEqual([0x80, 0x80, 0x80, 0x80, 0x78]);
  });

  it("runs loops, branches and calls", () => {
    const module = new ModuleBuilder();
    const square = module.function(["i32"], "i32", (f) =>
      f.emit(i32.mul(f.parameter(0), f.parameter(0)).code),
    );
    const sumOfSquares = module.function(["i32"], "i32", (f) => {
      const [n, sum] = [f.parameter(0), f.let(i32.const(0))];
      f.repeat(n, () => {
        f.if(
          i32.and(n, i32.const(1)),
          () => f.set(sum, i32.add(sum, f.call(square, n))),
          () => f.set(sum, i32.sub(sum, f.call(square, n))),
        );
        f.set(n, i32.sub(n, i32.const(1)));
      });
      f.emit(sum.code);
    });
    module.export("run", sumOfSquares);
    const [{ run }] = instanceOf(module);
    expect([0, 1, 2, 5].map((n) => run(n))).toEqual([0, 1, -3, 1 - 4 + 9 - 16 + 25]);
  });

  it("imports functions of the host once, and hoists constants of vectors", () => {
    const module = new ModuleBuilder();
    const run = module.procedure(["i32"], (f) => {
      f.repeat(f.parameter(0), () => {
        f.emit(v128.store(i32.const(0), f32x4.add(v128.load(i32.const(0)), f.f32(1.5))));
        for (const at of [16, 24]) {
          const double = module.import("double", ["f64"], "f64");
          f.emit(f64.store(i32.const(at), f.call(double, f64.add(f64.load(i32.const(at)), f64.const(1)))));
        }
      });
    });
    module.export("run", run);
    expect(module.imports).toEqual(["double"]);
    const [exports, memory] = instanceOf(module, { double: (x) => 2 * x });
    exports.run(3);
    expect([...new Float32Array(memory, 0, 4)]).toEqual([4.5, 4.5, 4.5, 4.5]);
    expect([...new Float64Array(memory, 16, 2)]).toEqual([14, 14]);
  });

  it("tells what the host can do by asking it", () => {
    expect(hasSimd()).toBe(true);
    const major = Number(process.versions.node.split(".")[0]);
    if (major >= 22 || major <= 20) expect(hasRelaxedMadd()).toBe(major >= 22);
  });
});

import { describe, expect, it } from "vitest";
import { wasmProgramBackend } from "../../../src/backends/wasm/index.js";
import { buildExpression } from "../../../src/kernel/expression.js";
import type { MapKernel } from "../../../src/kernel/program.js";
import { access, loop, ProgramBuilder, plain } from "../../../src/testing/conformance/program-builder.js";

/** x + constant into a buffer of its own, for each constant. */
function additions(constants: readonly number[], length: number) {
  const builder = new ProgramBuilder();
  const x = builder.buffer("float32", new Float32Array(length).fill(-0));
  const outputs = constants.map(() => builder.buffer("float32", length));
  const kernels = constants.map(
    (constant, i): MapKernel => ({
      kind: "map",
      name: `add ${constant}`,
      shape: [length],
      reads: [plain(access(x, [1]))],
      expression: buildExpression(["float32"], (kernel, a) =>
        kernel.add(a, kernel.constant(constant, "float32")),
      ),
      writes: [access(outputs[i], [1])],
    }),
  );
  return { builder, outputs, kernels };
}

describe("functions shared by kernels", () => {
  it("keeps constants apart that JSON takes for one another", () => {
    const constants = [Number.NaN, Infinity, -Infinity, 0, -0, 1];
    const { builder, outputs, kernels } = additions(constants, 5);
    const program = wasmProgramBackend.prepare(builder.program(kernels), { threads: null });
    program.run();
    for (const [i, constant] of constants.entries()) {
      const expected = new Array<number>(5).fill(-0 + constant);
      expect([...program.array(outputs[i])]).toEqual(expected);
    }
  });

  it("adds little code for a kernel of a form that is there already, and none for more rounds of a loop", () => {
    const bytes = (constants: readonly number[], rounds: number): number => {
      const { builder, kernels } = additions(constants, 1024);
      return wasmProgramBackend.prepare(builder.program([loop(rounds, false, kernels)]), { threads: null })
        .codeBytes;
    };
    const one = bytes([1], 10);
    const many = bytes(new Array<number>(11).fill(1), 10);
    expect((many - one) / 10).toBeLessThan(40);
    expect(bytes([1], 100_000) - one).toBeLessThan(5);
  });
});

import { expect, it } from "vitest";
import type { Backend } from "../../src/kernel/backend.js";
import { buildExpression } from "../../src/kernel/expression.js";

import { access, loop, ProgramBuilder, plain, readBuffer } from "./program-builder.js";

/** What an instance of a program keeps, takes and tells. */
export function instanceConformance(backend: Backend): void {
  it("keeps memory between runs, takes arguments from the host, and profiles by name", () => {
    const b = new ProgramBuilder();
    const x = b.buffer("float32", 5);
    const total = b.buffer("float32", [10, 20, 30, 40, 50]);
    const expression = buildExpression(["float32", "float32"], (k, p, q) => k.add(p, q));
    const program = b.program([
      loop(2, false, [
        {
          kind: "map",
          name: "accumulate",
          shape: [5],
          expression,
          reads: [plain(access(x, [1])), plain(access(total, [1]))],
          writes: [access(total, [1])],
        },
      ]),
    ]);
    const executable = backend.prepare(program, { threads: null });
    executable.array(x).set([1, 2, 3, 4, 5]);
    executable.run();
    executable.run();
    expect(readBuffer(executable, total)).toEqual([14, 28, 42, 56, 70]);
    const [entry] = executable.profile().filter(({ name }) => name === "accumulate");
    expect(entry.calls).toBe(2);
    expect(entry.milliseconds).toBeGreaterThanOrEqual(0);
    expect(readBuffer(executable, total)).toEqual([16, 32, 48, 64, 80]);
    // A second instance has a memory of its own, with the initial content.
    expect(readBuffer(backend.prepare(program, { threads: null }), total)).toEqual([10, 20, 30, 40, 50]);
  });
}

import type { Backend, Executable } from "../../kernel/backend.js";
import { buildExpression } from "../../kernel/expression.js";
import type { Program } from "../../kernel/program.js";
import { demand, demandNumbers } from "./assertions.js";
import { readBuffer, writeBuffer } from "./compare-programs.js";
import { access, loop, map, ProgramBuilder } from "./program-builder.js";
import type { Suite } from "./suite.js";

/** What an instance of a program keeps, takes and tells. */
export function instanceConformance(suite: Suite): void {
  suite.add(
    "keeps memory between runs, takes arguments from the host, and profiles by name",
    ["float32"],
    async (trial) => {
      const b = new ProgramBuilder();
      const x = b.buffer("float32", 5);
      const total = b.buffer("float32", [10, 20, 30, 40, 50]);
      const sum = buildExpression(["float32", "float32"], (k, p, q) => k.add(p, q));
      const program = b.program([
        loop(2, false, [
          map("accumulate", [5], sum, [access(x, [1]), access(total, [1])], [access(total, [1])]),
        ]),
      ]);
      if (!trial.runs(program)) return;
      const executable = prepared(trial.backend, program);
      await writeBuffer(executable, x, [1, 2, 3, 4, 5]);
      executable.run();
      executable.run();
      demandNumbers("after two runs", await readBuffer(executable, total), [14, 28, 42, 56, 70]);
      const profile = await executable.profile();
      const [entry] = profile.filter(({ name }) => name === "accumulate");
      demand(entry?.calls === 2, "calls of accumulate in the profile", entry?.calls, "2");
      demand(entry.milliseconds >= 0, "milliseconds in the profile", entry.milliseconds, "a number ≥ 0");
      demandNumbers("after the profile", await readBuffer(executable, total), [16, 32, 48, 64, 80]);
      const second = prepared(trial.backend, program);
      demandNumbers("a second instance", await readBuffer(second, total), [10, 20, 30, 40, 50]);
      executable.dispose();
      // The memory of a device is gone then.
      if ("array" in executable)
        demandNumbers("after dispose()", await readBuffer(executable, total), [16, 32, 48, 64, 80]);
      second.dispose();
    },
  );
}

function prepared(backend: Backend, program: Program): Executable {
  const executable = backend.prepare(program, { threads: null });
  executable.setUp();
  return executable;
}

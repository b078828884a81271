import { buildExpression } from "../../kernel/expression.js";
import type { Buffer, Role } from "../../kernel/program.js";
import { demandOutcome, readOutcome, writeBuffer } from "./compare-programs.js";
import { naiveMemory, runNaively } from "./naive-program.js";
import { access, ProgramBuilder, plain } from "./program-builder.js";
import type { Suite } from "./suite.js";

/** What `setup` computes: constants that hold until it runs again. */
export function setupConformance(suite: Suite): void {
  const [m, k, n] = [5, 7, 19];
  for (const role of ["constant", "state"] as const satisfies readonly Role[]) {
    for (const pack of [false, true]) {
      suite.add(
        `runs before the first run, and again after the host wrote a ${role}; packed: ${pack}`,
        ["float32"],
        async (trial) => {
          const { numbers, backend } = trial;
          const b = new ProgramBuilder();
          const x = b.buffer("float32", numbers.wholes(m * k), "input");
          const weights = b.buffer("float32", numbers.wholes(k * n), role);
          const twice = b.buffer("float32", n, "constant");
          const y = b.buffer("float32", m * n, "output");
          const product = b.gemm(
            backend.capabilities,
            {
              batch: [],
              ...{ m, n, k, mode: "set", a: access(x, [k, 1]), c: access(y, [n, 1]) },
              b: { packed: false, at: access(weights, [n, 1]) },
            },
            pack,
            "constant",
          );
          b.setup.push(...product.filter(({ kind }) => kind === "pack"), {
            kind: "map",
            name: "twice",
            shape: [n],
            reads: [plain(access(weights, [1]))],
            expression: buildExpression(["float32"], (kernel, w) => kernel.add(w, w)),
            writes: [access(twice, [1])],
          });
          const program = b.program([
            ...product.filter(({ kind }) => kind === "gemm"),
            {
              kind: "map",
              name: "add",
              shape: [m, n],
              reads: [plain(access(y, [n, 1])), plain(access(twice, [0, 1]))],
              expression: buildExpression(["float32", "float32"], (kernel, p, q) => kernel.add(p, q)),
              writes: [access(y, [n, 1])],
            },
          ]);
          if (!trial.runs(program)) return;
          for (const threads of trial.threads) {
            const executable = backend.prepare(program, { threads });
            const memory = naiveMemory(program);
            const write = async (buffer: Buffer, values: readonly number[]): Promise<void> => {
              memory.set(buffer, [...values]);
              await writeBuffer(executable, buffer, values);
            };
            const run = async (what: string, withSetup: boolean): Promise<void> => {
              if (withSetup) executable.setUp();
              executable.run();
              runNaively(program, memory, withSetup);
              demandOutcome(what, await readOutcome(executable, program), memory);
            };
            await run("first run", true);
            await write(x, numbers.wholes(m * k));
            await run("another input", false);
            await write(weights, numbers.wholes(k * n));
            await run("other weights", true);
            await write(x, numbers.wholes(m * k));
            await run("another input after that", false);
            executable.dispose();
          }
        },
      );
    }
  }
}

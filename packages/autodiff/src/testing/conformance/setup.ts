import { buildExpression } from "../../kernel/expression.js";
import type { Buffer, Program } from "../../kernel/program.js";
import { demandOutcome, readOutcome, writeBuffer } from "./compare-programs.js";
import { naiveMemory, runNaively } from "./naive-program.js";
import { access, map, ProgramBuilder } from "./program-builder.js";
import type { Suite, Trial } from "./suite.js";

/** What `setup` computes: constants that hold until it runs again. */
export function setupConformance(suite: Suite): void {
  for (const role of ["constant", "state"] as const) {
    for (const pack of [false, true]) {
      suite.add(
        `runs before the first run, and again after the host wrote a ${role}; packed: ${pack}`,
        ["float32"],
        async (trial) => {
          const { program, x, weights } = affine(trial, role, pack);
          if (!trial.runs(program)) return;
          for (const threads of trial.threads) await expectSetup(trial, program, x, weights, threads);
        },
      );
    }
  }
}

const [m, k, n] = [5, 7, 19];

/** y = x·weights + 2·(the first row of weights), where what is made of weights alone is made by the setup. */
function affine(
  { numbers, backend }: Trial,
  role: "constant" | "state",
  pack: boolean,
): { readonly program: Program; readonly x: Buffer; readonly weights: Buffer } {
  const b = new ProgramBuilder();
  const x = b.buffer("float32", numbers.wholes(m * k), "input");
  const weights = b.buffer("float32", numbers.wholes(k * n), role);
  const twice = b.buffer("float32", n, "constant");
  const y = access(b.buffer("float32", m * n, "output"), [n, 1]);
  const product = b.gemm(
    backend.capabilities,
    { m, n, k, a: access(x, [k, 1]), b: access(weights, [n, 1]), c: y },
    pack,
    "constant",
  );
  const double = buildExpression(["float32"], (kernel, w) => kernel.add(w, w));
  const sum = buildExpression(["float32", "float32"], (kernel, p, q) => kernel.add(p, q));
  b.setup.push(
    ...product.filter(({ kind }) => kind === "pack"),
    map("twice", [n], double, [access(weights, [1])], [access(twice, [1])]),
  );
  const program = b.program([
    ...product.filter(({ kind }) => kind === "gemm"),
    map("add", [m, n], sum, [y, access(twice, [0, 1])], [y]),
  ]);
  return { program, x, weights };
}

/** Demands what a program leaves while the host writes its input, with no setup, and its weights, with one. */
async function expectSetup(
  { backend, numbers }: Trial,
  program: Program,
  x: Buffer,
  weights: Buffer,
  threads: number | null,
): Promise<void> {
  const executable = backend.prepare(program, { threads });
  const memory = naiveMemory(program);
  const write = async (buffer: Buffer): Promise<void> => {
    const values = numbers.wholes(buffer.length);
    memory.set(buffer, values);
    await writeBuffer(executable, buffer, values);
  };
  const run = async (what: string, withSetup: boolean): Promise<void> => {
    if (withSetup) executable.setUp();
    executable.run();
    runNaively(program, memory, withSetup);
    demandOutcome(what, await readOutcome(executable, program), memory);
  };
  await run("first run", true);
  await write(x);
  await run("another input", false);
  await write(weights);
  await run("other weights", true);
  await write(x);
  await run("another input after that", false);
  executable.dispose();
}

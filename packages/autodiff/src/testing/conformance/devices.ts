import type { DeviceBackend, DeviceExecutable } from "../../kernel/backend.js";
import { buildExpression } from "../../kernel/expression.js";
import type { Buffer, Kernel, Program } from "../../kernel/program.js";
import { demand, demandNumbers } from "./assertions.js";
import { readBuffer, writeBuffer } from "./compare-programs.js";
import { access, identity, map, ProgramBuilder } from "./program-builder.js";
import type { Suite, Trial } from "./suite.js";

/** What a machine does whose memory the host does not see: values of their own, copies that do not pass through the host, failures that later runs take over. */
export function deviceConformance(suite: Suite): void {
  const { backend } = suite;
  if (backend.deviceInstance === undefined) return;
  releaseCase(suite, backend);
  handOverCase(suite, backend);
  failureCase(suite, backend);
}

function releaseCase(suite: Suite, backend: DeviceBackend): void {
  suite.add(
    "what was released does not change, and a state stays the program's",
    ["float32"],
    async (trial) => {
      const counter = counting(trial, backend);
      if (counter === null) return;
      const { executable, by, total, out } = counter;
      await writeBuffer(executable, by, [1, 2, 3]);
      executable.run();
      const first = [executable.release(total), executable.release(out)];
      demand(
        first.every(({ length, dtype }) => length === 3 && dtype === "float32"),
        "what was released",
        first.map(({ dtype, length }) => `${length} ${dtype}`),
        "3 float32, twice",
      );
      demand(first[0].backend === backend, "the backend of what was released", first[0].backend, "this one");
      executable.run();
      await writeBuffer(executable, total, [0, 0, 0]);
      executable.run();
      for (const array of first)
        demandNumbers("after later runs and writes", [...(await array.read())], [11, 22, 33]);
      demandNumbers("the state itself", await readBuffer(executable, total), [1, 2, 3]);
      executable.dispose();
      for (const array of first) {
        demandNumbers("after dispose()", [...(await array.read())], [11, 22, 33]);
        array.dispose();
      }
    },
  );
}

function handOverCase(suite: Suite, backend: DeviceBackend): void {
  suite.add("one program takes what another released, as it was then", ["float32"], async (trial) => {
    const from = counting(trial, backend);
    const to = counting(trial, backend);
    if (from === null || to === null) return;
    await writeBuffer(from.executable, from.by, [1, 1, 1]);
    from.executable.run();
    const array = from.executable.release(from.out);
    from.executable.run();
    to.executable.write(to.by, array);
    to.executable.write(to.total, array);
    array.dispose();
    to.executable.run();
    demandNumbers("the sum", await readBuffer(to.executable, to.total), [22, 42, 62]);
    from.executable.dispose();
    to.executable.dispose();
  });
}

function failureCase(suite: Suite, backend: DeviceBackend): void {
  suite.add(
    "a run that uses those of a failed one fails with it, and stores no state",
    ["float32", "int32"],
    async (trial) => {
      const first = checking(trial, backend);
      const second = checking(trial, backend);
      const third = counting(trial, backend);
      if (first === null || second === null || third === null) return;
      const run = async (index: number): Promise<void> => {
        await writeBuffer(first.executable, first.index, [index]);
        first.executable.run();
      };
      const expectIn = async (
        { executable }: { readonly executable: DeviceExecutable },
        what: string,
        buffer: Buffer,
        want: readonly number[],
      ): Promise<void> => demandNumbers(what, await readBuffer(executable, buffer), want);
      await run(0);
      const right = first.executable.release(first.status);
      await run(5);
      const wrong = first.executable.release(first.status);
      demandNumbers("the status of the failed run", [...(await wrong.read())], [1, 5]);
      second.executable.run([right, wrong]);
      await expectIn(second, "the status of one that used it", second.status, [1, 5]);
      await expectIn(second, "its state", second.state, [0]);
      await writeBuffer(third.executable, third.by, [1, 1, 1]);
      third.executable.run([second.executable.release(second.status)]);
      await expectIn(third, "the state of one without checks", third.total, [10, 20, 30]);
      const profile = await second.executable.profile([wrong]);
      demand(Array.isArray(profile), "the profile of a run that did not take place", profile, "a list");
      second.executable.run([right]);
      const [code] = await readBuffer(second.executable, second.status);
      demand(code === 0, "the code in the status of a later run", code, "0");
      await expectIn(second, "its state", second.state, [1]);
      await run(1);
      await expectIn(first, "the state of the first", first.state, [1]);
      for (const { executable } of [first, second, third]) executable.dispose();
    },
  );
}

/** `total += by; out = total`, from [10, 20, 30]; null if the backend cannot run it. */
function counting(
  trial: Trial,
  backend: DeviceBackend,
): { executable: DeviceExecutable; by: Buffer; total: Buffer; out: Buffer } | null {
  const b = new ProgramBuilder();
  const by = b.buffer("float32", 3, "input");
  const total = b.buffer("float32", [10, 20, 30]);
  const out = b.buffer("float32", 3, "output");
  const sum = buildExpression(["float32", "float32"], (k, p, q) => k.add(p, q));
  const program = b.program([
    map("accumulate", [3], sum, [access(by, [1]), access(total, [1])], [access(total, [1])]),
    map("hand out", [3], identity("float32"), [access(total, [1])], [access(out, [1])]),
  ]);
  const executable = prepared(trial, backend, program);
  return executable && { executable, by, total, out };
}

/** Refuses an index that is not 0 or 1, and sets its state to 1; null if the backend cannot run it. */
function checking(
  trial: Trial,
  backend: DeviceBackend,
): { executable: DeviceExecutable; index: Buffer; status: Buffer; state: Buffer } | null {
  const b = new ProgramBuilder();
  const index = b.buffer("int32", 1, "input");
  const status = b.buffer("int32", 2, "output");
  const state = b.buffer("float32", [0]);
  b.status = status;
  const kernels: readonly Kernel[] = [
    {
      kind: "check",
      name: "check",
      shape: [1],
      index: access(index, [1]),
      low: 0,
      high: 2,
      ignored: null,
      code: 1,
      status: access(status, []),
    },
    { kind: "fill", name: "state", shape: [], value: 1, target: access(state, []) },
  ];
  const program = b.program(kernels);
  const executable = prepared(trial, backend, program);
  return executable && { executable, index, status, state };
}

/** A program after its setup; null if the backend cannot run it. */
function prepared(trial: Trial, backend: DeviceBackend, program: Program): DeviceExecutable | null {
  if (!trial.runs(program)) return null;
  const executable = backend.prepare(program, { threads: null });
  executable.setUp();
  return executable;
}

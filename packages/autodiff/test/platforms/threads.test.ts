import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { lossAndGradients, Random, type Tensor, tensor } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { Adam, clipByGlobalNorm, crossEntropy, GRU, Linear, LSTM, RNN, setSeed } from "@scope/nn";
import { describe, expect, test } from "vitest";
import { bundle } from "./bundles.js";

const [batch, time, size, classes] = [24, 6, 128, 17];

/** Some training steps of a recurrent network whose products are worth sharing. */
function train(Layer: typeof RNN | typeof GRU | typeof LSTM, threads: number): number[] {
  setSeed(3);
  const layer = new Layer(size, size);
  const head = new Linear(size, classes);
  const parameters = [...layer.parameters(), ...head.parameters()];
  const optimizer = new Adam(parameters, { learningRate: 0.01 });
  const random = new Random(4);
  const x = random.normal([batch, time, size]);
  const labels = tensor(
    Array.from({ length: batch * time }, (_, i) => (5 * i) % classes),
    { dtype: "int32" },
  ).reshape([batch, time]);
  const step = compile(
    (inputs: Tensor, targets: Tensor) => {
      const [loss, gradients] = lossAndGradients(
        () => crossEntropy(head.forward(layer.forward(inputs)[0]), targets),
        parameters,
      );
      optimizer.step(clipByGlobalNorm(gradients, 1));
      return loss;
    },
    { threads },
  );
  expect(step.explain(x, labels)).toContain(threads === 1 ? "1 thread\n" : `${threads} threads\n`);
  const losses = Array.from({ length: 12 }, () => step(x, labels).item());
  return [...losses, ...parameters.flatMap(({ value }) => [...value.data])];
}

describe("training steps leave the same bits on 1, 2, 3 and 7 threads", () => {
  test.each([RNN, GRU, LSTM])("%o", (Layer) => {
    const alone = train(Layer, 1);
    for (const threads of [2, 3, 7]) expect(train(Layer, threads)).toEqual(alone);
  });
});

/** What a process prints that runs a module of its own. */
async function runInNode(code: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "scope-threads-"));
  try {
    const file = join(folder, "program.mjs");
    await writeFile(file, await bundle(code));
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { timeout: 60_000 });
    return stdout + stderr;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
const multiply = `
  import "@scope/autodiff/threads";
  import { matmul, ones, sum } from "@scope/autodiff";
  import { compile } from "@scope/autodiff/compile";
  const f = compile((x) => sum(matmul(x, x)), { threads: 3 });
  const x = ones([256, 256]);`;
const answer = String(256 ** 3);

describe("a Node process", () => {
  test("ends by itself while workers sleep, and when it is told to", async () => {
    expect(await runInNode(`${multiply} console.log(f(x).item());`)).toBe(`${answer}\n`);
    const later = `${multiply} f(x); setTimeout(() => { console.log(f(x).item()); process.exit(0); }, 300);`;
    expect(await runInNode(later)).toBe(`${answer}\n`);
  });
  test("without workers runs programs on one thread, and says so once", async () => {
    const out = await runInNode(`
      globalThis.process.getBuiltinModule = undefined;
      ${multiply}
      console.log(f(x).item());
      console.log(compile((y) => matmul(y, y), { threads: 2 })(x).data[0]);`);
    expect(out.split("\n").filter((line) => line !== "")).toEqual([
      answer,
      "256",
      "@scope/autodiff: compiled programs run on one thread: there are no workers",
    ]);
  });
  test("leaves no program in its workers that has been garbage-collected", async () => {
    const out = await runInNode(`
      import { currentPool } from "../../src/backends/wasm/threads/prepare.js";
      ${multiply}
      const { setFlagsFromString } = process.getBuiltinModule("node:v8");
      setFlagsFromString("--expose-gc");
      const gc = process.getBuiltinModule("node:vm").runInNewContext("gc");
      const other = (n) => {
        const compiled = compile((y) => matmul(y, y).add(n), { threads: 2 });
        compiled(x);
        return compiled;
      };
      f(x);
      // Held until the workers have them: a collector may be quicker than a worker starts.
      const others = Array.from({ length: 8 }, (_, i) => other(i));
      let most = 0;
      for (let round = 0; round < 400 && (most < 6 || currentPool().held > 2); round++) {
        await new Promise((done) => setTimeout(done, 50));
        most = Math.max(most, currentPool().held);
        if (most < 6) continue;
        others.length = 0;
        gc();
      }
      console.log(most >= 6, currentPool().held, f(x).item());`);
    // The program that is still held has two workers.
    expect(out).toBe(`true 2 ${answer}\n`);
  });
});

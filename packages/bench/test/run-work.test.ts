import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, test } from "vitest";
import type { Contestant, ContestantId } from "../src/contestants.js";
import { environmentOf } from "../src/run/library-process.js";
import type { WorkResult } from "../src/run/results.js";
import { runWork } from "../src/run/run-work.js";
import type { Work } from "../src/work.js";

const script = fileURLToPath(new URL("fixtures/answering-process.mjs", import.meta.url));
const work: Work = {
  name: "lstm-stream",
  about: "",
  unit: "step",
  check: 1,
  third: 1,
  tolerance: 1e-5,
  quick: true,
};
const pace = { rounds: 3, secondsPerMeasurement: 0.01, warmUpSeconds: 0 };

test("a library's process chooses its BLAS kernels by itself, on one thread", () => {
  const own = {
    PATH: "/bin",
    OPENBLAS_CORETYPE: "Haswell",
    OPENBLAS_L2_SIZE: "262144",
    OMP_NUM_THREADS: "8",
  };
  expect(environmentOf(own)).toEqual({
    PATH: "/bin",
    OMP_NUM_THREADS: "1",
    OPENBLAS_NUM_THREADS: "1",
    MKL_NUM_THREADS: "1",
  });
});

describe("runWork", () => {
  let log: string;
  beforeEach(() => {
    log = path.join(mkdtempSync(path.join(tmpdir(), "bench-")), "log");
  });

  const contestant = (id: ContestantId, ms: number, behaviour = "well"): Contestant => ({
    id,
    label: id,
    command: process.execPath,
    args: [script, id, log, String(ms), behaviour],
  });
  const run = (list: readonly Contestant[], relaxed = true): Promise<WorkResult> =>
    runWork(work, list, pace, relaxed, () => {});

  test("gets everyone ready, then lets them measure in turns", async () => {
    await run([contestant("compiled", 1), contestant("torch", 4)]);
    expect(readFileSync(log, "utf8").trim().split("\n")).toEqual([
      "compiled prepare",
      "torch prepare",
      ...["compiled measure", "torch measure"],
      ...["compiled measure", "torch measure"],
      ...["compiled measure", "torch measure"],
    ]);
  });

  test("takes the median and the minimum of each round, and the ratios round by round", async () => {
    const { outcomes, ratios } = await run([contestant("compiled", 1), contestant("torch", 4)]);
    expect(outcomes[0]).toMatchObject({ ran: true, medianMs: 2, minMs: 1, agrees: true, firstCallMs: 5 });
    expect(ratios).toEqual([
      { scope: "compiled", peer: "torch", perRound: [4, 4, 4], median: 4, ofMinima: 4, goal: 4 },
    ]);
  });

  test("without relaxed SIMD, the goal is the plain one", async () => {
    const { ratios } = await run([contestant("compiled", 1), contestant("torch", 4)], false);
    expect(ratios[0]?.goal).toBe(3);
  });

  test("a library that cannot do the work is left out, with its reason", async () => {
    const { outcomes, ratios } = await run([
      contestant("compiled", 1),
      contestant("jaxjs", 1, "fails"),
      contestant("tfjs", 1, "dies"),
      { ...contestant("torch", 1), missing: "not installed" },
    ]);
    expect(ratios).toEqual([]);
    expect(outcomes.slice(1).map((o) => (o.ran ? "" : o.reason))).toEqual([
      "it has no loops",
      "its process ended (3): RangeError: stack overflow",
      "not installed",
    ]);
  });

  test("a first value that differs is seen", async () => {
    const { outcomes } = await run([contestant("torch", 1, "wrong")]);
    expect(outcomes[0]).toMatchObject({ ran: true, check: 2, agrees: false });
  });

  test("so is a third value, after updates", async () => {
    const { outcomes } = await run([contestant("torch", 1, "wrong later")]);
    expect(outcomes[0]).toMatchObject({ ran: true, check: 1, third: 2, agrees: false });
  });
});

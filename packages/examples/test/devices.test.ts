import { setDefaultBackend } from "@scope/autodiff/compile";
import { afterAll, beforeAll, expect, test } from "vitest";
import { workerBackend } from "../../autodiff/test/backends/worker/worker-backend.js";
import { learnAdding } from "../src/classic/adding-problem.js";
import { sampleText } from "../src/text/sample-text.js";
import { trainText } from "../src/text/train-text.js";
import { vocabularyOf } from "../src/text/vocabulary.js";

const worker = workerBackend("worker");
beforeAll(() => setDefaultBackend(worker));
afterAll(async () => {
  await setDefaultBackend("wasm");
  await worker.end();
});

test("the examples train, and go on from there, where the host does not see the memory", async () => {
  const { history, error } = await learnAdding("lstm", { length: 6, hidden: 4, steps: 3, seed: 0 });
  expect(history.losses.every(Number.isFinite)).toBe(true);
  expect(error).toBeCloseTo(history.epochs[history.epochs.length - 1].validationLoss ?? Number.NaN, 5);
  const text = "abab".repeat(40);
  const vocabulary = vocabularyOf(text);
  const { model } = await trainText(vocabulary.encode(text), vocabulary.characters.length, {
    cell: "gru",
    hidden: 16,
    seed: 0,
    steps: 40,
    length: 8,
    reportEvery: 10,
    learningRate: 3e-2,
  });
  expect(vocabulary.decode(await sampleText(model, vocabulary.encode("ab"), 6, 0, 1))).toBe("ababab");
});

import { Random } from "@scope/autodiff";
import { expect, test } from "vitest";
import { addingBatch, guessingError, learnAdding } from "../../src/classic/adding-problem.js";
import { addingSummary } from "../../src/classic/run-adding.js";

test("each sequence has one mark in each half, and the answer is the sum of the marked numbers", () => {
  const { xs, answer } = addingBatch(50, 9, new Random(1));
  expect(xs.shape).toEqual([50, 9, 2]);
  for (let row = 0; row < 50; row++) {
    const [numbers, marks] = [0, 1].map((k) => Array.from(xs.at(row).at(k, { axis: 1 }).data));
    const places = marks.flatMap((mark, t) => (mark === 1 ? [t] : []));
    expect(places).toHaveLength(2);
    expect(places[0]).toBeLessThan(4);
    expect(places[1]).toBeGreaterThanOrEqual(4);
    expect(answer.at(row).item()).toBeCloseTo(numbers[places[0]] + numbers[places[1]], 5);
  }
});

test("the error of guessing is what it is said to be", () => {
  const { answer } = addingBatch(20_000, 4, new Random(2));
  expect(answer.sub(1).square().mean().item()).toBeCloseTo(guessingError, 2);
});

test("a GRU learns it over a few steps, and the gradient of a plain RNN falls most", async () => {
  const options = { length: 10, hidden: 16, steps: 400, seed: 0 };
  const gru = await learnAdding("gru", options);
  expect(gru.error).toBeLessThan(guessingError / 4);
  const rnn = await learnAdding("rnn", { ...options, steps: 5, length: 40 });
  expect(rnn.before.h[0]).toBeLessThan(rnn.before.h[39] * 1e-3);
  const text = addingSummary([rnn, gru]);
  expect(text).toContain("before training");
  expect(text.split("\n")[2]).toMatch(/^RNN /);
});

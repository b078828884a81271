import { expect, test } from "vitest";
import { isWithin, limitOf, type TrapResult, trapsText } from "../src/traps/run-traps.js";
import { traps } from "../src/traps/traps.js";

const [compiling] = traps;
const selecting = traps.find(({ name }) => name === "top-k-50k")!;
const result = (over: Partial<TrapResult>): TrapResult => ({
  trap: compiling!,
  now: 0.05,
  before: 0.2,
  torch: null,
  ...over,
});

test("each trap has a name of its own and something that is wanted of it", () => {
  expect(new Set(traps.map(({ name }) => name)).size).toBe(traps.length);
  for (const { wanted } of traps) expect(Object.values(wanted)[0]).toBeGreaterThan(0);
});

test("a limit is a number, or so many times PyTorch's", () => {
  expect(limitOf(result({}))).toBe(0.08);
  expect(limitOf(result({ trap: selecting, torch: 0.2 }))).toBe(1);
  expect(limitOf(result({ trap: selecting, torch: null }))).toBe(null);
});

test("what is too slow, or wrong, is missed", () => {
  expect(isWithin(result({ now: 0.08 }))).toBe(true);
  expect(isWithin(result({ now: 0.081 }))).toBe(false);
  expect(isWithin(result({ now: new Error("the loss is 3") }))).toBe(false);
});

test("the table says before, now and what is wanted, and why something failed", () => {
  const text = trapsText([result({}), result({ trap: selecting, now: new Error("wrong"), torch: 0.2 })]);
  const [, first, second, error] = text.split("\n");
  expect(first).toMatch(/^lstm-train-compile +0\.2 s +0\.05 s +≤ 0\.08 s +lstm-train: /);
  expect(second).toMatch(/^top-k-50k +0\.2 ms +failed +≤ 1 ms +missed +topK/);
  expect(error).toBe("top-k-50k (now): wrong");
});

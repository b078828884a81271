import { describe, expect, test } from "vitest";
import { casesOf } from "../repository/case-counts.js";
import { plainWrappers, runSeed } from "./random-stacks.js";

describe("random stacks of transforms agree with the program unwrapped", () => {
  const perGroup = casesOf(100);
  test.each(Array.from({ length: 8 }, (_, k) => 1 + k * perGroup))(`${perGroup} seeds from %i`, (first) => {
    let refused = 0;
    for (let seed = first; seed < first + perGroup; seed++)
      if (runSeed(seed, plainWrappers) === "refused") refused++;
    // What vmap refuses on purpose (a Variable that differs between examples) proves nothing.
    expect(refused).toBeLessThan(perGroup / 4);
  });
});

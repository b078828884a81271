import { expect } from "vitest";
import type { TrainingReport } from "./training-program.js";

const largestDifference = (a: readonly number[], b: readonly number[]): number => {
  expect(a.length).toBe(b.length);
  return Math.max(...a.map((x, i) => Math.abs(x - b[i])));
};

/** A host's numbers are those of Node, and its training did train. */
export function expectSameNumbers(host: TrainingReport, node: TrainingReport): void {
  expect(host.gradient).toBeCloseTo(Math.sin(2) + 2 * Math.cos(2), 6);
  expect(host.eagerLosses.at(-1)).toBeLessThan(0.9 * host.eagerLosses[0]);
  expect(largestDifference(host.eagerLosses, node.eagerLosses)).toBeLessThan(1e-5);
  expect(largestDifference(host.compiledLosses, node.eagerLosses)).toBeLessThan(1e-5);
  expect(largestDifference(host.compiledLosses, node.compiledLosses)).toBeLessThan(1e-5);
  expect(largestDifference(host.forecast, node.forecast)).toBeLessThan(1e-5);
}

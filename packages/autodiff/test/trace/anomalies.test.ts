import { expect, test } from "vitest";
import {
  AnomalyError,
  detectAnomalies,
  div,
  grad,
  log,
  sqrt,
  sum,
  type Tensor,
  tensor,
} from "../../src/index.js";

/** What `detectAnomalies` throws for a function. */
function found(f: () => unknown): AnomalyError {
  try {
    detectAnomalies(f);
  } catch (error) {
    if (error instanceof AnomalyError) return error;
    throw error;
  }
  throw new Error("nothing was found");
}

test("forwards: the op, the element, the ranges of its inputs and the user's line", () => {
  const error = found(() => sum(log(tensor([1, 0, 2]))));
  expect(error.code).toBe("anomaly/forward");
  expect(error.op).toBe("log");
  expect(error.message).toContain("first infinity: element 1 of the result of log");
  expect(error.message).toContain("anomalies.test.ts");
  expect(error.message).toMatch(/got: .*0.* 2/);
});

test("backwards: a finite value whose derivative is not", () => {
  const error = found(() => grad((x: Tensor) => sum(sqrt(x)))(tensor([4, 0])));
  expect(error.code).toBe("anomaly/backward");
  expect(error.op).toBe("sqrt");
  expect(error.message).toContain("going back through sqrt");
  expect(error.message).toContain("anomalies.test.ts");
});

test("the first one is told, not what follows from it, and a NaN is called one", () => {
  const error = found(() => log(div(tensor([0, 1]), tensor([0, 1])).mul(2)));
  expect(error.op).toBe("div");
  expect(error.message).toContain("first NaN: element 0");
});

test("finite work passes its result through, and afterwards nothing is looked at", () => {
  expect(detectAnomalies(() => sum(log(tensor([1, 1])))).item()).toBe(0);
  expect(() => found(() => log(tensor(0)))).not.toThrow();
  expect(log(tensor(0)).item()).toBe(Number.NEGATIVE_INFINITY);
});

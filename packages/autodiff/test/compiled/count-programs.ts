import { afterAll, expect } from "vitest";
import { Instance } from "../../src/compiler/instance.js";

// The second run of the suite is worth something only if programs ran in it.
let runs = 0;
const run = Instance.prototype.run;
Instance.prototype.run = function counted(this: Instance, ...given: Parameters<typeof run>) {
  runs++;
  return run.apply(this, given);
};

afterAll(() => {
  expect(runs, "compiled programs ran in this file").toBeGreaterThan(0);
});

// Runs in each worker before the tests of mutate.mjs: switches one mutant on, or notes which ones the file reaches.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, inject } from "vitest";

const start = performance.now();
const activeMutant = inject("activeMutant");
const coverage = inject("coverage");
const project = inject("projectOfTests");
/** A loop that a mutant keeps from ending is ended by its switch. */
const mostHits = 1e8;
let hits = 0;
const reached = new Set();

// What the instrumented sources call.
globalThis.stryMutAct_9fa48 = (id) => {
  if (id !== activeMutant) return false;
  if (++hits > mostHits) throw new Error("the mutant does not end");
  return true;
};
globalThis.stryCov_9fa48 =
  coverage === ""
    ? () => {}
    : (...ids) => {
        for (const id of ids) if (!reached.has(id)) reached.add(id);
      };

if (coverage !== "")
  afterAll(() => {
    const path = expect.getState().testPath;
    const found = { project, path, ms: performance.now() - start, hits: [...reached] };
    const name = `${project} ${path.replaceAll(/[^\w.]/g, "-").slice(-150)}.json`;
    writeFileSync(join(coverage, name), JSON.stringify(found));
  });

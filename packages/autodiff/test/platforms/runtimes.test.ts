import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { expectSameNumbers } from "./agreement.js";
import { bundle } from "./bundles.js";
import { expectedProgramRuns, runTraining, type TrainingReport } from "./training-program.js";

const program = `import { runTraining } from "./training-program.js"; console.log(JSON.stringify(runTraining()));`;

const runtimes = [
  { name: "node", parameters: [] },
  { name: "deno", parameters: ["run", "--no-config"] },
  { name: "bun", parameters: ["run"] },
] as const;

const find = (name: string): string | undefined =>
  (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));

describe.each(runtimes)("$name", ({ name, parameters }) => {
  test("differentiates, and trains a compiled LSTM in WebAssembly", async ({ skip }) => {
    const executable = name === "node" ? process.execPath : find(name);
    if (executable === undefined) {
      const missing = `there is no ${name} on the PATH: npm install --global ${name}`;
      // Only a developer's machine may do without: where changes are judged, the tests run.
      if (process.env.CI) throw new Error(missing);
      skip(missing);
    } else {
      const folder = await mkdtemp(join(tmpdir(), `scope-${name}-`));
      try {
        const file = join(folder, "program.mjs");
        await writeFile(file, await bundle(program));
        const { stdout } = await promisify(execFile)(executable, [...parameters, file], { cwd: folder });
        const report = JSON.parse(stdout) as TrainingReport;
        expectSameNumbers(report, runTraining());
        expect(report.programRuns).toBe(expectedProgramRuns);
        expect(report.warnings).toEqual([]);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }
  });
});

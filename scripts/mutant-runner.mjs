// The process in which mutate.mjs has tests run: Vitest stays, with the sources it has read, and each test file gets a worker of its own.
import { createVitest } from "vitest/node";

const [sandbox, workers] = process.argv.slice(2);
const vitest = await createVitest("test", {
  root: sandbox,
  config: "vitest.mutation.config.ts",
  watch: false,
  reporters: [{}],
  pool: "forks",
  testTimeout: 600_000,
  maxWorkers: Number(workers),
});
await vitest.standalone();
const every = await vitest.globTestSpecifications();

function provide(values) {
  for (const project of vitest.projects)
    for (const [name, value] of Object.entries({ ...values, projectOfTests: project.name }))
      project.provide(name, value);
}
async function failedOf(specifications) {
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
  const failed = testModules.filter((file) => file.state() !== "passed").map((file) => file.relativeModuleId);
  return unhandledErrors.length > 0 && failed.length === 0 ? ["an error outside of tests"] : failed;
}

/** All tests, with what each file reaches. */
async function dryRun({ coverage, tests }) {
  provide({ coverage, activeMutant: "" });
  const wanted = every.filter(
    ({ moduleId }) => tests.length === 0 || tests.some((part) => moduleId.includes(part)),
  );
  return { failed: await failedOf(wanted) };
}
/** Some test files, one after the other, until one fails. */
async function withMutant({ files, active }) {
  provide({ coverage: "", activeMutant: active });
  for (const { project, path } of files) {
    const wanted = every.filter((each) => each.moduleId === path && each.project.name === project);
    const [failed] = await failedOf(wanted);
    if (failed !== undefined) return { failed };
  }
  return { failed: null };
}

// mutate.mjs has ended, perhaps killed: nobody would end a worker that runs an endless mutant.
process.on("disconnect", () => process.kill(-process.pid, "SIGKILL"));
process.on("message", async (order) => {
  process.send(await ("files" in order ? withMutant(order) : dryRun(order)));
});

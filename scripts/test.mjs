// npm test: everything that must hold before a change lands. `npm test NAME` runs only the test files whose path holds NAME.
import { build, install, root, run, runTool } from "./prepare.mjs";

const script = (name) => run(process.execPath, [`${root}/scripts/${name}`], { quiet: true });
const vitest = (parameters) => runTool("vitest/vitest.mjs", ["run", ...parameters]);

const checks = [
  { name: "types and build (tsc -b)", action: () => build() },
  {
    name: "lint and format (biome)",
    action: () => runTool("@biomejs/biome/bin/biome", ["check"], { quiet: true }),
  },
  {
    name: "reference and guides (typedoc)",
    action: () => runTool("typedoc/bin/typedoc", [], { quiet: true }),
  },
  { name: "packages (publint, types, bundle sizes)", action: () => script("check-packages.mjs") },
  { name: "packages installed from tarballs", action: () => script("check-product.mjs") },
  { name: "TypeScript 5.9", action: () => script("check-typescript-5.9.mjs") },
  { name: "tests (vitest)", action: () => vitest([]) },
];

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

async function check({ name, action }) {
  const start = performance.now();
  const { code, output } = await action();
  const passed = code === 0;
  if (!passed && output) process.stdout.write(`\n${output}\n`);
  const line = `${passed ? "passed" : "FAILED"}  ${name}, ${seconds(start)}`;
  console.log(line);
  return { passed, line };
}

const named = process.argv.slice(2);
const installed = await check({ name: "install", action: () => install() });
if (!installed.passed) process.exit(1);

if (named.length > 0) {
  const { code } = await vitest(named);
  process.exit(code);
}

const results = [installed];
for (const each of checks) results.push(await check(each));
const failed = results.filter(({ passed }) => !passed);
console.log(`\n${results.map(({ line }) => line).join("\n")}`);
console.log(failed.length === 0 ? "\nEverything passed." : `\n${failed.length} of ${results.length} failed.`);
process.exit(failed.length === 0 ? 0 : 1);

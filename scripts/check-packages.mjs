// What a user of the packages meets before the first line runs: manifests, types for every resolver, and the size of a bundle.
import { readFileSync, rmSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { packAll } from "./pack.mjs";
import { root, runTool } from "./prepare.mjs";

/** Most gzipped kilobytes (1000 bytes) that each program may weigh, minified, with everything that it imports, as a page loads it.
 * Where a goal is not met yet, the ceiling is what is reached. Whole entries have none: nobody loads them, and what they weigh is only printed. */
const ceilings = [
  {
    name: "one op and grad, functions only",
    ceiling: 13,
    source: `import { grad, tanh } from "@scope/autodiff/functions";
      console.log(grad((x) => tanh(x))(0.5).item());`,
  },
  {
    name: "all of autodiff",
    source: `import * as autodiff from "@scope/autodiff"; globalThis.autodiff = autodiff;`,
  },
  {
    name: "autodiff and nn, training an LSTM",
    goal: 64,
    ceiling: 67.6,
    source: `import { lossAndGradients, Random } from "@scope/autodiff";
      import { Adam, clipByGlobalNorm, Linear, LSTM, meanSquaredError } from "@scope/nn";
      const random = new Random(0), lstm = new LSTM(3, 16), head = new Linear(16, 1);
      const variables = [...lstm.parameters(), ...head.parameters()];
      const optimizer = new Adam(variables, { learningRate: 1e-3 });
      const x = random.normal([8, 20, 3]), y = random.normal([8, 20, 1]);
      for (let i = 0; i < 10; i++) {
        const [loss, gradients] = lossAndGradients(() => meanSquaredError(head.forward(lstm.forward(x)[0]), y), variables);
        optimizer.step(clipByGlobalNorm(gradients, 1));
        console.log(loss.item());
      }`,
  },
  {
    name: "Linear alone",
    ceiling: 25,
    source: `import { zeros } from "@scope/autodiff/functions"; import { Linear } from "@scope/nn";
      console.log(new Linear(2, 3).forward(zeros([4, 2])).toArray());`,
  },
  {
    name: "one op and grad, compiled",
    goal: 76,
    ceiling: 82.6,
    source: `import { grad, tanh } from "@scope/autodiff/functions";
      import { compile } from "@scope/autodiff/compile";
      console.log(compile(grad((x) => tanh(x)))(0.5).item());`,
  },
  {
    name: "all of autodiff, the compiler and nn",
    source: `import * as autodiff from "@scope/autodiff"; import * as compiler from "@scope/autodiff/compile";
      import * as nn from "@scope/nn"; globalThis.scope = { autodiff, compiler, nn };`,
  },
];

const failures = [];
const fail = (text) => failures.push(text);

async function bundledKilobytes(source) {
  const { outputFiles, warnings } = await build({
    stdin: { contents: source, resolveDir: root, loader: "js" },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    logLevel: "silent",
    write: false,
  });
  if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join("; "));
  return gzipSync(outputFiles[0].contents, { level: 9 }).length / 1000;
}

for (const { name, ceiling, goal, source } of ceilings) {
  try {
    const size = await bundledKilobytes(source);
    const text = `bundle: ${name}: ${size.toFixed(2)} kB gzipped${ceiling === undefined ? "" : `, ceiling ${ceiling} kB`}${goal === undefined ? "" : `, goal ${goal} kB`}`;
    if (ceiling !== undefined && size > ceiling) fail(text);
    else console.log(text);
  } catch (error) {
    fail(`bundle: ${name}: ${error.message}`);
  }
}

const { folder, packages } = await packAll();
for (const { name, tarball } of packages) {
  const { messages, pkg } = await publint({
    pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer },
    strict: true,
  });
  for (const message of messages) fail(`publint: ${name}: ${formatMessage(message, pkg)}`);
  const attw = await runTool(
    "@arethetypeswrong/cli/dist/index.js",
    [tarball, "--profile", "esm-only", "--no-emoji", "--no-color"],
    { quiet: true, cwd: folder },
  );
  if (attw.code !== 0) fail(`are the types wrong: ${name}:\n${attw.output}`);
  else console.log(`manifest and types: ${name}: as they should be`);
}
rmSync(folder, { recursive: true, force: true });

if (failures.length > 0) {
  console.error(failures.join("\n"));
  process.exit(1);
}

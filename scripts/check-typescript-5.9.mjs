// The published declarations, and the programs that the tests write against them, under the oldest TypeScript that is supported.
import { root, runTool } from "./prepare.mjs";

const compiler = "typescript-5.9/bin/tsc";
const projects = ["packages/autodiff/test", "packages/nn/test"];
for (const project of projects) {
  const { code } = await runTool(compiler, [
    "--noEmit",
    "--incremental",
    "false",
    "--skipLibCheck",
    "false",
    "-p",
    `${root}/${project}`,
  ]);
  if (code !== 0) process.exit(code);
}

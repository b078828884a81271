// Installs the packed packages as a user would, into an empty folder, then compiles and runs a program there.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packAll } from "./pack.mjs";
import { root, run, runTool } from "./prepare.mjs";

const { folder: tarballs, packages } = await packAll();
const folder = mkdtempSync(join(tmpdir(), "scope-product-"));
const writeJson = (file, value) => writeFileSync(join(folder, file), JSON.stringify(value, null, 2));

writeJson("package.json", { name: "product", private: true, type: "module" });
writeJson("tsconfig.json", {
  compilerOptions: {
    target: "ES2022",
    lib: ["ES2022", "DOM"],
    types: [],
    module: "NodeNext",
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    rootDir: ".",
    outDir: "dist",
  },
  include: ["*.ts"],
});
copyFileSync(join(root, "scripts", "product", "program.ts"), join(folder, "program.ts"));

const steps = [
  [
    "npm install of the tarballs",
    () =>
      run("npm", ["install", "--no-audit", "--no-fund", ...packages.map(({ tarball }) => tarball)], {
        cwd: folder,
        quiet: true,
      }),
  ],
  ["compiling a user's program", () => runTool("typescript/bin/tsc", ["-p", folder], { quiet: true })],
  [
    "compiling it with TypeScript 5.9",
    () => runTool("typescript-5.9/bin/tsc", ["-p", folder], { quiet: true }),
  ],
  ["running it", () => run(process.execPath, ["dist/program.js"], { cwd: folder, quiet: true })],
];

let exitCode = 0;
for (const [name, action] of steps) {
  const { code, output } = await action();
  if (code !== 0) {
    console.error(`${name} failed:\n${output}`);
    exitCode = 1;
    break;
  }
}
rmSync(tarballs, { recursive: true, force: true });
rmSync(folder, { recursive: true, force: true });
process.exit(exitCode);

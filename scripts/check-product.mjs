// Installs the packed packages as a user would, into an empty folder, then compiles and runs programs there: one that checks
// itself, and those of the README files, as somebody would who copies them.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
const programs = ["program"];
const pages = ["README.md", "packages/autodiff/README.md", "packages/nn/README.md"];
for (const [i, page] of pages.entries()) {
  const file = join(root, page);
  if (!existsSync(file)) continue;
  const blocks = [...readFileSync(file, "utf8").matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
  programs.push(`readme-${i}`);
  writeFileSync(join(folder, `readme-${i}.ts`), `// The code of ${page}.\n${blocks.join("\n")}`);
}

const steps = [
  [
    "npm install of the tarballs",
    () =>
      run("npm", ["install", "--no-audit", "--no-fund", ...packages.map(({ tarball }) => tarball)], {
        cwd: folder,
        quiet: true,
      }),
  ],
  ["compiling users' programs", () => runTool("typescript/bin/tsc", ["-p", folder], { quiet: true })],
  [
    "compiling them with TypeScript 5.9",
    () => runTool("typescript-5.9/bin/tsc", ["-p", folder], { quiet: true }),
  ],
  ...programs.map((name) => [
    `running ${name}`,
    () => run(process.execPath, [`dist/${name}.js`], { cwd: folder, quiet: true }),
  ]),
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

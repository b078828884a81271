// Installs the packed packages as a user would, into an empty folder, then compiles and runs programs there: one that checks
// itself, and those of the README files, as somebody would who copies them.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
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
// Every entry where there is neither a browser nor Node: the declarations bring what they need, AbortSignal for example.
writeJson("tsconfig.entries.json", {
  extends: "./tsconfig.json",
  compilerOptions: { lib: ["ES2022"], noEmit: true },
  include: ["entries/*.ts"],
});
const entries = packages.flatMap(({ name, exports }) =>
  Object.keys(exports)
    // Those that need an optional peer are for whoever installs it.
    .filter((path) => !path.endsWith(".json") && path !== "./testing/arbitraries")
    .map((path) => name + path.slice(1)),
);
mkdirSync(join(folder, "entries"));
const imports = entries.map((entry, i) => `import * as entry${i} from "${entry}";\nvoid entry${i};\n`);
writeFileSync(join(folder, "entries", "all.ts"), imports.join(""));
copyFileSync(join(root, "scripts", "product", "program.ts"), join(folder, "program.ts"));
const programs = ["program"];
const pages = [
  "README.md",
  "packages/autodiff/README.md",
  "packages/nn/README.md",
  "packages/native/README.md",
];
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
  ...["typescript", "typescript-5.9"].flatMap((compiler) => [
    [
      `compiling users' programs with ${compiler}`,
      () => runTool(`${compiler}/bin/tsc`, ["-p", folder], { quiet: true }),
    ],
    [
      `compiling every entry without DOM and Node with ${compiler}`,
      () => runTool(`${compiler}/bin/tsc`, ["-p", join(folder, "tsconfig.entries.json")], { quiet: true }),
    ],
  ]),
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

// Installing and building, for the commands that must work on a machine with nothing but Node and npm.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The pinned package manager, e.g. `pnpm@10.34.8`. */
const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Runs a command; `quiet` keeps its output back and returns it. Never throws for a failing command. */
export function run(command, parameters, { cwd = root, quiet = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, parameters, {
      cwd,
      stdio: quiet ? ["ignore", "pipe", "pipe"] : "inherit",
      shell: process.platform === "win32",
    });
    let output = "";
    const collect = (chunk) => {
      output += chunk;
    };
    child.stdout?.on("data", collect);
    child.stderr?.on("data", collect);
    child.on("error", (error) => resolve({ code: 1, output: `${output}${error.message}\n` }));
    child.on("close", (code, signal) => resolve({ code: code ?? (signal ? 130 : 1), output }));
  });
}

/** Runs a command line tool of this repository by its file, without a package manager in between. */
export const runTool = (file, parameters, options) =>
  run(process.execPath, [join(root, "node_modules", file), ...parameters], options);

/** Runs the pinned pnpm, which npx fetches where it is missing. */
export const pnpm = (parameters, options) => run("npx", ["--yes", packageManager, ...parameters], options);

const stampFile = join(root, "node_modules", ".installed");

/** What decides whether an install is up to date: the lock file and every manifest. */
function installStamp() {
  const hash = createHash("sha256");
  const manifests = ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", ...packageManifests()];
  for (const file of manifests) hash.update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

const packageManifests = () =>
  readdirSync(join(root, "packages"))
    .map((name) => join("packages", name, "package.json"))
    .filter((file) => existsSync(join(root, file)));

/** Installs from the lock file, unless that is what is there already. Without `peers`, the libraries that only the benchmarks
 * compare with (some hundred megabytes) stay away; where they are there already, they stay. */
export async function install({ peers = true } = {}) {
  const complete = installStamp();
  const partial = `${complete} without peers`;
  const found = existsSync(stampFile) ? readFileSync(stampFile, "utf8") : "";
  if (found === complete || (!peers && found === partial)) return { code: 0, output: "" };
  const filter = peers ? [] : ["--filter", "!@scope/bench"];
  const result = await pnpm(["install", "--frozen-lockfile", ...filter], { quiet: true });
  if (result.code === 0) writeFileSync(stampFile, peers ? complete : partial);
  return result;
}

/** Compiles what changed. */
export const build = (projects = []) => runTool("typescript/bin/tsc", ["-b", ...projects], { quiet: true });

/** Installs and builds silently, then runs a program of this repository in this very process, so that arguments, exit code
 * and Ctrl-C are its own. */
export async function runProgram(name) {
  const steps = [
    ["install", () => install({ peers: name === "bench" })],
    ["build", () => build([`packages/${name}`])],
  ];
  for (const [step, action] of steps) {
    const { code, output } = await action();
    if (code === 0) continue;
    process.stderr.write(`${output}\nThe ${step} failed (exit code ${code}).\n`);
    process.exit(code);
  }
  const program = join(root, "packages", name, "dist", "main.js");
  process.argv[1] = program;
  await import(pathToFileURL(program).href);
}

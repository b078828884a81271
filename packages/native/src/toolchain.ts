import { spawnSync } from "node:child_process";
import {
  accessSync,
  constants,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { arch, cpus, tmpdir } from "node:os";
import { delimiter, isAbsolute, join, sep } from "node:path";
import { CompileError } from "@scope/autodiff/backend";
import { cSources, sourceFolder } from "./c-sources.js";
import { digestOf, type ObjectCache } from "./cache.js";

/** The compiler of this machine, and what it compiles for. */
export interface Toolchain {
  readonly command: readonly string[];
  /** For people: "cc 12.2.0". */
  readonly version: string;
  /** For people: "AVX-512". */
  readonly vectors: string;
  readonly vectorBytes: 16 | 32 | 64;
  readonly flags: readonly string[];
  /** Says what objects depend on beside their source: the compiler, its flags, the processor, the sources that all share. */
  readonly identity: string;
}

const isWindows = process.platform === "win32";
/** No -ffast-math: NaN, infinities, zeros of either sign and subnormal numbers are as in JavaScript; a·b + c is rounded twice unless the source says otherwise. */
const semantics = [
  "-std=gnu11",
  "-O2",
  "-ffp-contract=off",
  "-fno-math-errno",
  "-fno-trapping-math",
  "-fwrapv",
];
const shared = ["-fPIC", "-fvisibility=hidden", "-w", ...(isWindows ? [] : ["-pipe"])];

/** The compiler to use: CC, which may hold arguments, or the system's.
 * @returns null if there is none */
export function findCompiler(): readonly string[] | null {
  const asked = process.env.CC?.trim();
  const candidates = asked ? [asked.split(/\s+/)] : [["cc"], ["gcc"], ["clang"]];
  for (const [name, ...rest] of candidates) {
    const path = pathOf(name);
    if (path !== null) return [path, ...rest];
  }
  return null;
}

function pathOf(name: string): string | null {
  const folders = name.includes("/") || name.includes(sep) || isAbsolute(name) ? [""] : searchPath();
  for (const folder of folders)
    for (const suffix of isWindows ? [".exe", ""] : [""]) {
      const path = folder === "" ? `${name}${suffix}` : join(folder, `${name}${suffix}`);
      try {
        accessSync(path, constants.X_OK);
        if (statSync(path).isFile()) return path;
      } catch {
        // Not here.
      }
    }
  return null;
}
const searchPath = (): string[] => (process.env.PATH ?? "").split(delimiter).filter((each) => each !== "");

/** What there is to say where no compiler is found. */
export const noCompiler: string =
  "there is no C compiler (cc, gcc or clang in the PATH, or the one that CC names). " +
  "Install one: Debian and Ubuntu: apt install gcc; macOS: xcode-select --install; Windows: MSYS2, then pacman -S mingw-w64-ucrt-x86_64-gcc";

/** The processor, as far as it decides what code it runs. */
function processor(): string {
  const model = cpus()[0]?.model ?? "";
  if (process.platform !== "linux") return `${arch()} ${model}`;
  try {
    const flags = /^(flags|Features)\s*:.*$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[0] ?? "";
    return `${arch()} ${model} ${flags}`;
  } catch {
    return `${arch()} ${model}`;
  }
}

/** What the compiler's predefined macros tell. */
interface Target {
  readonly native: readonly string[];
  readonly version: string;
  readonly vectors: string;
  readonly vectorBytes: 16 | 32 | 64;
}

function targetOf(macros: string, native: readonly string[], name: string): Target {
  const value = (macro: string): string | undefined =>
    new RegExp(`^#define ${macro} (.*)$`, "m").exec(macros)?.[1];
  const has = (macro: string): boolean => value(macro) !== undefined;
  const family = has("__clang__")
    ? ["__clang_major__", "__clang_minor__", "__clang_patchlevel__"]
    : ["__GNUC__", "__GNUC_MINOR__", "__GNUC_PATCHLEVEL__"];
  const version = `${name} ${family.map((part) => value(part) ?? "?").join(".")}`;
  if (has("__AVX512F__") && has("__AVX512VL__") && has("__AVX512DQ__") && has("__AVX512BW__"))
    return { native, version, vectors: "AVX-512", vectorBytes: 64 };
  if (has("__AVX2__")) return { native, version, vectors: "AVX2", vectorBytes: 32 };
  const vectors = has("__ARM_NEON") ? "NEON" : "128-bit vectors";
  return { native, version, vectors, vectorBytes: 16 };
}

/** Asks the compiler what it compiles for; the answer is kept, for the compiler as it is now and for this processor. */
function probe(command: readonly string[], cache: ObjectCache, identity: string): Target {
  const key = digestOf("target", identity);
  const known = cache.find(key, ".json");
  // The cache gives out what it took in only, and this function alone gives it such files.
  if (known !== null) return JSON.parse(readFileSync(known, "utf8")) as Target;
  const name = command[0].split(/[/\\]/).at(-1) ?? command[0];
  let problem = "";
  for (const native of ["-march=native", "-mcpu=native"]) {
    const { status, stdout, stderr, error } = spawnSync(
      command[0],
      [...command.slice(1), native, "-dM", "-E", "-x", "c", "-"],
      { input: "", encoding: "utf8" },
    );
    if (status === 0) {
      const target = targetOf(stdout, [native], name.replace(/\.exe$/, ""));
      const workshop = cache.workshop();
      const file = join(workshop, "target.json");
      writeFileSync(file, JSON.stringify(target), { mode: 0o600 });
      cache.keep(file, key, ".json");
      rmSync(workshop, { recursive: true, force: true });
      return target;
    }
    problem ||= error?.message ?? stderr;
  }
  throw compilerFailed(command, problem, null);
}

/** The toolchain of this machine.
 * @throws {@link CompileError} if there is no compiler, or it does not work */
export function openToolchain(cache: ObjectCache): Toolchain {
  const command = findCompiler();
  if (command === null)
    throw new CompileError({
      code: "compile/no-compiler",
      op: "native",
      problem: "programs become machine code by a C compiler, and there is none.",
      got: "neither cc, gcc nor clang in the PATH, nor a program that CC names",
      expected: "GCC 9 or Clang 12, or newer",
      mend: 'Debian and Ubuntu: apt install gcc; macOS: xcode-select --install; Windows: MSYS2, then pacman -S mingw-w64-ucrt-x86_64-gcc; or { backend: "wasm" }',
    });
  const { size, mtimeMs } = statSync(command[0]);
  const compiler = `${command.join(" ")} ${realpathSync(command[0])} ${size} ${mtimeMs}`;
  const { native, ...target } = probe(command, cache, `${compiler} ${processor()}`);
  const flags = [...semantics, ...native, ...shared, `-DSCOPE_VECTOR_BYTES=${target.vectorBytes}`];
  const identity = digestOf(compiler, processor(), flags.join(" "), ...[...cSources()].flat());
  return { command, flags, identity, ...target };
}

/** One run of the compiler. */
export interface Job {
  readonly source: string;
  readonly output: string;
  /** Arguments beside those of every run: -c, or what it is linked with. */
  readonly more: readonly string[];
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Runs the compiler for every job, at the same time where there is a shell.
 * @throws {@link CompileError} with what the compiler said */
export function compileAll(
  { command, flags }: Toolchain,
  jobs: readonly Job[],
  sourceOf: () => string | null,
): void {
  const commands = jobs.map(({ source, output, more }) => [
    ...command,
    ...flags,
    `-I${sourceFolder}`,
    source,
    "-o",
    output,
    ...more,
  ]);
  const run = (file: string, args: readonly string[]): void => {
    const { status, stderr, error } = spawnSync(file, args, {
      encoding: "utf8",
      stdio: ["ignore", "ignore", "pipe"],
    });
    if (status !== 0) throw compilerFailed(command, error?.message ?? stderr, sourceOf());
  };
  if (commands.length === 1 || isWindows) {
    for (const [file, ...args] of commands) run(file, args);
    return;
  }
  const started = commands.map((each, i) => `${each.map(quoted).join(" ")} & p${i}=$!`);
  const waited = commands.map((_, i) => `wait $p${i} || failed=1`);
  run("/bin/sh", ["-c", ["failed=0", ...started, ...waited, "exit $failed"].join("\n")]);
}

function compilerFailed(command: readonly string[], output: string, source: string | null): CompileError {
  const lines = output.trim().split("\n");
  const telling = lines.find((line) => /error/i.test(line)) ?? lines[0] ?? "";
  return new CompileError({
    code: "compile/compiler",
    op: "native",
    problem: "the C compiler failed.",
    got: `${command.join(" ")}: ${telling.trim() || "no message"}`,
    expected: "GCC 9 or Clang 12, or newer",
    mend: `${source === null ? "" : `see ${keep(source)}; `}another compiler in CC, or { backend: "wasm" }`,
  });
}

/** Puts a source that did not compile where it can be looked at. */
function keep(source: string): string {
  const path = join(mkdtempSync(join(tmpdir(), "scope-native-failed-")), "program.c");
  writeFileSync(path, source, { mode: 0o600 });
  return path;
}

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import ts from "typescript";
import { docstringExamples } from "../repository/docstrings.js";
import { allEntries } from "../repository/entries.js";
import { compileExample } from "../repository/example-program.js";
import { publicExports } from "../repository/public-exports.js";
import { filesUnder, read, repository } from "../repository/source-files.js";
import type { FuzzFailure, FuzzOrder, FuzzReport } from "./protocol.js";

export interface FuzzOptions {
  readonly calls: number;
  readonly seed: number;
  /** Only targets whose name starts so. */
  readonly only?: string;
  /** More entries, by name, with their source files: faults that are planted. */
  readonly planted?: ReadonlyMap<string, string>;
  readonly hangMs?: number;
}

/** What a child may take before it is stopped. */
const limits = { hangMs: 2000, memoryBytes: 1.5 * 2 ** 30, heapMegabytes: 768 };

/** One module of every entry of both packages and of the process that calls them; the library's limit on elements is lower here,
 * so that what it accepts stays small. */
async function bundleOfEntries(entries: ReadonlyMap<string, string>, file: string): Promise<void> {
  const list = [...entries].map(([name], i) => `import * as m${i} from "${name}";`);
  const contents = `${list.join("\n")}\nexport const entries = { ${[...entries].map(([name], i) => `"${name}": m${i}`).join(", ")} };`;
  await build({
    entryPoints: [join(import.meta.dirname, "child.ts")],
    outfile: file,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "silent",
    sourcemap: false,
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    plugins: [
      {
        name: "entries",
        setup({ onResolve, onLoad }): void {
          onResolve({ filter: /^fuzz:entries$/ }, () => ({ path: "entries", namespace: "fuzz" }));
          onLoad({ filter: /^entries$/, namespace: "fuzz" }, () => ({
            contents,
            resolveDir: import.meta.dirname,
          }));
          onResolve({ filter: /^(@scope\/|planted)/ }, ({ path }) => {
            const source = path === "@scope/autodiff" ? "packages/autodiff/src/server.ts" : entries.get(path);
            return source === undefined ? undefined : { path: join(repository, source) };
          });
          onLoad({ filter: /base\/limits\.ts$/ }, () => ({
            contents: "export const mostElements = 2 ** 22;",
          }));
        },
      },
    ],
  });
}

/** The bodies of all examples in docstrings. */
export function examplePrograms(): string[] {
  const files = [...filesUnder("packages/autodiff/src", ".ts"), ...filesUnder("packages/nn/src", ".ts")];
  return files.flatMap((path) =>
    docstringExamples(read(path)).map(({ code }) => compileExample(code).javascript),
  );
}

/** What only backends call, with what the compiler hands to them: like kernels, these functions check nothing. */
function namesForBackends(): string[] {
  const entries = allEntries();
  const namesOf = (paths: readonly string[]): string[] => publicExports(paths).map(({ name }) => name);
  const own = entries.get("@scope/autodiff/backend") ?? "";
  const others = new Set(namesOf([...entries.values()].filter((path) => path !== own)));
  return namesOf([own]).filter((name) => !others.has(name));
}

/** `Class.member` of each member that is protected or private, and the names of functions, classes and members that are marked as internal or meant for backends. */
export function hiddenNames(): string[] {
  const found = namesForBackends();
  const isInternal = (node: ts.Node): boolean =>
    ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal");
  const visitMember = (type: string, member: ts.ClassElement): void => {
    const flags = ts.getCombinedModifierFlags(member);
    const isHidden =
      (flags & (ts.ModifierFlags.Protected | ts.ModifierFlags.Private)) !== 0 || isInternal(member);
    if (isHidden)
      found.push(
        ts.isConstructorDeclaration(member) ? `new ${type}` : `${type}.${member.name?.getText() ?? ""}`,
      );
  };
  const files = [...filesUnder("packages/autodiff/src", ".ts"), ...filesUnder("packages/nn/src", ".ts")];
  for (const path of files) {
    const source = ts.createSourceFile(path, read(path), ts.ScriptTarget.ES2022, true);
    for (const statement of source.statements) {
      const name =
        ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)
          ? statement.name?.text
          : undefined;
      if (isInternal(statement)) {
        if (name !== undefined) found.push(name);
        if (ts.isVariableStatement(statement))
          found.push(...statement.declarationList.declarations.map((each) => each.name.getText()));
      }
      if (ts.isClassDeclaration(statement))
        for (const member of statement.members) visitMember(name ?? "", member);
    }
  }
  return found;
}

interface ChildEnd {
  readonly code: number | null;
  readonly errors: string;
}
function runChild(file: string, orderFile: string, describe: boolean): Promise<ChildEnd> {
  const args = [
    `--max-old-space-size=${limits.heapMegabytes}`,
    file,
    orderFile,
    ...(describe ? ["describe"] : []),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    child.stderr.on("data", (text) => {
      errors = (errors + text).slice(-20_000);
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, errors }));
  });
}

/** Calls everything that the packages export with arguments that it should refuse, and lists what went wrong.
 * The same seed makes the same calls. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { calls, seed, only = "", planted = new Map<string, string>() } = options;
  const folder = mkdtempSync(join(tmpdir(), "scope-fuzz-"));
  try {
    const file = join(folder, "child.mjs");
    await bundleOfEntries(new Map([...allEntries(), ...planted]), file);
    const programs = examplePrograms();
    const hidden = hiddenNames();
    const targets: Record<string, number> = {};
    const failures: FuzzFailure[] = [];
    let from = 0;
    const answer = join(folder, "answer");
    const reportOf = (): FuzzReport => JSON.parse(readFileSync(answer, "utf8")) as FuzzReport;
    const orderOf = (first: number, to: number): string => {
      const journal = join(folder, "journal");
      writeFileSync(journal, new Uint8Array(4));
      const order: FuzzOrder = {
        seed,
        from: first,
        to,
        only,
        programs,
        hidden,
        journal,
        answer,
        hangMs: options.hangMs ?? limits.hangMs,
        memoryBytes: limits.memoryBytes,
      };
      const path = join(folder, "order.json");
      writeFileSync(path, JSON.stringify(order));
      return path;
    };
    while (from < calls) {
      const to = Math.min(calls, from + 5000);
      const { code, errors } = await runChild(file, orderOf(from, to), false);
      if (code === 0) {
        const report = reportOf();
        failures.push(...report.failures);
        for (const [name, count] of Object.entries(report.targets))
          targets[name] = (targets[name] ?? 0) + count;
        from = to;
        continue;
      }
      // It did not reach its end: the journal knows the call, another child draws it again without making it.
      const index = readFileSync(join(folder, "journal")).readInt32LE(0);
      if (code === 1 && index === 0 && !errors.startsWith("fuzz")) throw new Error(errors);
      const told = await runChild(file, orderOf(index, index + 1), true);
      const call = told.code === 0 ? readFileSync(answer, "utf8") : "unknown";
      const kind = /^fuzz (hang|memory):/m.exec(errors)?.[1] as "hang" | "memory" | undefined;
      failures.push({ index, kind: kind ?? "crash", call, reason: errors.slice(0, 1500) });
      if (failures.length > 50) break;
      // What the child found before is found again by one that stops short of this call.
      if (index > from) {
        const again = await runChild(file, orderOf(from, index), false);
        if (again.code === 0) failures.push(...reportOf().failures);
      }
      from = index + 1;
    }
    return { calls, targets, failures };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// packages/autodiff/test/fuzz/fuzz.ts
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync as readFileSync2, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as join2 } from "node:path";
import { build } from "esbuild";
import ts2 from "typescript";

// packages/autodiff/test/repository/docstrings.ts
function docstringExamples(source) {
  const examples = [];
  for (const comment of source.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
    const start = source.slice(0, comment.index).split("\n").length;
    const lines = comment[0]
      .slice(3, -2)
      .split("\n")
      .map((line, i) => (i === 0 ? line : line.replace(/^\s*\* ?/, "")));
    for (let i = 0; i < lines.length; i++) {
      const tag = /^\s*@example\b(.*)$/.exec(lines[i]);
      if (!tag) continue;
      const code = [tag[1]];
      let end = i + 1;
      while (end < lines.length && !/^\s*@[a-z]/i.test(lines[end])) code.push(lines[end++]);
      const unfenced = code.filter((line) => !/^\s*```/.test(line));
      examples.push({ line: start + i, code: unfenced.join("\n").trim() });
      i = end - 1;
    }
  }
  return examples;
}

// packages/autodiff/test/repository/source-files.ts
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

var here = dirname(fileURLToPath(import.meta.url));
var repository = join(here, "..", "..", "..", "..");
var generated = /* @__PURE__ */ new Set(["node_modules", "dist", ".git", "site"]);
function filesUnder(folder, ending) {
  const found = [];
  const walk = (path) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (generated.has(entry.name)) continue;
      const child = join(path, entry.name);
      if (entry.isDirectory()) walk(child);
      else if (entry.name.endsWith(ending)) found.push(relative(repository, child).split(sep).join("/"));
    }
  };
  const start = join(repository, folder);
  if (existsSync(start)) walk(start);
  return found.sort();
}
var read = (path) => readFileSync(join(repository, path), "utf8");

// packages/autodiff/test/repository/entries.ts
function allEntries() {
  const found = /* @__PURE__ */ new Map();
  for (const folder of ["packages/autodiff", "packages/nn"]) {
    const { name, exports } = JSON.parse(read(`${folder}/package.json`));
    for (const [entry, { types }] of Object.entries(exports))
      if (types !== void 0)
        found.set(
          `${name}${entry.slice(1)}`,
          types.replace(/^\.\/dist\/(.*)\.d\.ts$/, `${folder}/src/$1.ts`),
        );
  }
  return found;
}

// packages/autodiff/test/repository/example-program.ts
import ts from "typescript";

var claimPattern = /\/\/ ?(=>|throws (?=[A-Z]\w*Error\b))(.*)$/;
function compileExample(code) {
  const source = ts.createSourceFile("example.ts", code, ts.ScriptTarget.ES2022, true);
  const claims = [];
  const edits = [];
  const lineOf = (position) => source.getLineAndCharacterOfPosition(position).line + 1;
  const lines = code.split("\n");
  const claimAfter = (node) => {
    const end = code.indexOf("\n", node.end);
    const rest = code.slice(node.end, end < 0 ? code.length : end);
    const match = /^\s*;?\s*/.exec(rest);
    const comment = rest.slice(match?.[0].length ?? 0);
    const found = comment.startsWith("//") ? claimPattern.exec(comment) : null;
    if (!found) return void 0;
    const line = lineOf(node.end);
    const text = found[2].trim();
    if (found[1] !== "=>") return claims.push({ line, kind: "throws", text }) - 1;
    if (text !== "") return claims.push({ line, kind: "value", text }) - 1;
    const following = [];
    for (let i = line; i < lines.length && /^\s*\/\//.test(lines[i]); i++)
      following.push(lines[i].replace(/^\s*\/\/ ?/, "").trimEnd());
    return claims.push({ line, kind: "text", text: following.join("\n") }) - 1;
  };
  const replace = (node, before, after) => {
    edits.push({ start: node.getStart(), end: node.getStart(), text: before });
    edits.push({ start: node.end, end: node.end, text: after });
  };
  const claim = (statement) => {
    const index = claimAfter(statement);
    if (index === void 0) return false;
    if (claims[index].kind === "throws") {
      const waits = /\bawait\b/.test(statement.getText());
      const [open, run] = waits ? ["await ", "async () =>"] : ["", "() =>"];
      replace(statement, `${open}__throws(${index}, ${run} {`, "});");
    } else if (ts.isExpressionStatement(statement)) {
      replace(statement.expression, `__check(${index}, (`, "))");
    } else if (ts.isVariableStatement(statement)) {
      const [{ name }] = statement.declarationList.declarations;
      edits.push({
        start: statement.end,
        end: statement.end,
        text: `; __check(${index}, (${name.getText()}));`,
      });
    } else {
      keepLast(statement);
      replace(statement, "{ let __last; ", ` __check(${index}, __last); }`);
    }
    return true;
  };
  const keepLast = (node) => {
    if (ts.isExpressionStatement(node)) replace(node.expression, "__last = (", ")");
    else if (ts.isBlock(node)) {
      const last = node.statements.at(-1);
      if (last) keepLast(last);
    } else if (ts.isTryStatement(node)) {
      keepLast(node.tryBlock);
      if (node.catchClause) keepLast(node.catchClause.block);
    } else if (ts.isIfStatement(node)) {
      keepLast(node.thenStatement);
      if (node.elseStatement) keepLast(node.elseStatement);
    } else if (ts.isIterationStatement(node, false)) keepLast(node.statement);
  };
  const visit = (node) => {
    if (ts.isStatement(node) && !ts.isBlock(node) && claim(node)) return;
    ts.forEachChild(node, visit);
  };
  for (const statement of source.statements) {
    if (ts.isImportDeclaration(statement)) {
      edits.push({ start: statement.getStart(), end: statement.end, text: importAsLoad(statement) });
      continue;
    }
    edits.push({
      start: statement.getStart(),
      end: statement.getStart(),
      text: `__at(${lineOf(statement.getStart())}); `,
    });
    const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
    for (const modifier of modifiers)
      if (modifier.kind === ts.SyntaxKind.ExportKeyword)
        edits.push({ start: modifier.getStart(), end: modifier.end, text: "" });
    visit(statement);
  }
  const written = lines.filter((line) => claimPattern.test(line) && !/^\s*\*/.test(line)).length;
  if (written !== claims.length)
    throw new Error(
      `${written - claims.length} of ${written} claims (// => or // throws) do not end a statement:
${code}`,
    );
  const { outputText } = ts.transpileModule(applyEdits(code, edits), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  return { javascript: outputText, claims };
}
function importAsLoad(node) {
  const specifier = node.moduleSpecifier.getText();
  const clause = node.importClause;
  if (!clause) return `await __load(${specifier});`;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return "";
  const parts = [];
  if (clause.name) parts.push(`var { default: ${clause.name.text} } = await __load(${specifier});`);
  const bindings = clause.namedBindings;
  if (bindings && ts.isNamespaceImport(bindings))
    parts.push(`var ${bindings.name.text} = await __load(${specifier});`);
  if (bindings && ts.isNamedImports(bindings)) {
    const names = bindings.elements
      .filter((element) => !element.isTypeOnly)
      .map(({ name, propertyName }) =>
        propertyName ? `${propertyName.getText()}: ${name.text}` : name.text,
      );
    parts.push(`var { ${names.join(", ")} } = await __load(${specifier});`);
  }
  return parts.join(" ");
}
function applyEdits(text, edits) {
  const ordered = edits.map((edit, order) => ({ ...edit, order }));
  ordered.sort((a, b) => a.start - b.start || a.order - b.order);
  let result = "";
  let position = 0;
  for (const { start, end, text: inserted } of ordered) {
    result += text.slice(position, start) + inserted;
    position = end;
  }
  return result + text.slice(position);
}

// packages/autodiff/test/fuzz/fuzz.ts
var limits = { hangMs: 2e3, memoryBytes: 1.5 * 2 ** 30, heapMegabytes: 768 };
async function bundleOfEntries(entries, file) {
  const list = [...entries].map(([name], i) => `import * as m${i} from "${name}";`);
  const contents = `${list.join("\n")}
export const entries = { ${[...entries].map(([name], i) => `"${name}": m${i}`).join(", ")} };`;
  await build({
    entryPoints: [join2(import.meta.dirname, "child.ts")],
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
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^fuzz:entries$/ }, () => ({ path: "entries", namespace: "fuzz" }));
          onLoad({ filter: /^entries$/, namespace: "fuzz" }, () => ({
            contents,
            resolveDir: import.meta.dirname,
          }));
          onResolve({ filter: /^(@scope\/|planted)/ }, ({ path }) => {
            const source = path === "@scope/autodiff" ? "packages/autodiff/src/server.ts" : entries.get(path);
            return source === void 0 ? void 0 : { path: join2(repository, source) };
          });
          onLoad({ filter: /base\/limits\.ts$/ }, () => ({
            contents: "export const mostElements = 2 ** 22;",
          }));
        },
      },
    ],
  });
}
function examplePrograms() {
  const files = [...filesUnder("packages/autodiff/src", ".ts"), ...filesUnder("packages/nn/src", ".ts")];
  return files.flatMap((path) =>
    docstringExamples(read(path)).map(({ code }) => compileExample(code).javascript),
  );
}
function hiddenNames() {
  const found = [];
  const isInternal = (node) => ts2.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal");
  const visitMember = (type, member) => {
    const flags = ts2.getCombinedModifierFlags(member);
    const isHidden =
      (flags & (ts2.ModifierFlags.Protected | ts2.ModifierFlags.Private)) !== 0 || isInternal(member);
    if (isHidden)
      found.push(
        ts2.isConstructorDeclaration(member) ? `new ${type}` : `${type}.${member.name?.getText() ?? ""}`,
      );
  };
  const files = [...filesUnder("packages/autodiff/src", ".ts"), ...filesUnder("packages/nn/src", ".ts")];
  for (const path of files) {
    const source = ts2.createSourceFile(path, read(path), ts2.ScriptTarget.ES2022, true);
    for (const statement of source.statements) {
      const name =
        ts2.isFunctionDeclaration(statement) || ts2.isClassDeclaration(statement)
          ? statement.name?.text
          : void 0;
      if (isInternal(statement)) {
        if (name !== void 0) found.push(name);
        if (ts2.isVariableStatement(statement))
          found.push(...statement.declarationList.declarations.map((each) => each.name.getText()));
      }
      if (ts2.isClassDeclaration(statement))
        for (const member of statement.members) visitMember(name ?? "", member);
    }
  }
  return found;
}
function runChild(file, orderFile, describe) {
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
      if (process.env.H5PROF) process.stderr.write(text);
      errors = (errors + text).slice(-2e4);
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, errors }));
  });
}
async function fuzz(options) {
  const { calls: calls2, seed: seed2, only: only2 = "", planted = /* @__PURE__ */ new Map() } = options;
  const folder = mkdtempSync(join2(tmpdir(), "scope-fuzz-"));
  try {
    const file = join2(folder, "child.mjs");
    await bundleOfEntries(new Map([...allEntries(), ...planted]), file);
    const programs = examplePrograms();
    const hidden = hiddenNames();
    const targets2 = {};
    const failures2 = [];
    let from = 0;
    const answer = join2(folder, "answer");
    const reportOf = () => JSON.parse(readFileSync2(answer, "utf8"));
    const orderOf = (first, to) => {
      const journal = join2(folder, "journal");
      writeFileSync(journal, new Uint8Array(4));
      const order = {
        seed: seed2,
        from: first,
        to,
        only: only2,
        programs,
        hidden,
        journal,
        answer,
        hangMs: options.hangMs ?? limits.hangMs,
        memoryBytes: limits.memoryBytes,
      };
      const path = join2(folder, "order.json");
      writeFileSync(path, JSON.stringify(order));
      return path;
    };
    while (from < calls2) {
      const to = Math.min(calls2, from + 5e3);
      const { code, errors } = await runChild(file, orderOf(from, to), false);
      if (code === 0) {
        const report = reportOf();
        failures2.push(...report.failures);
        for (const [name, count] of Object.entries(report.targets))
          targets2[name] = (targets2[name] ?? 0) + count;
        from = to;
        continue;
      }
      const index = readFileSync2(join2(folder, "journal")).readInt32LE(0);
      if (code === 1 && index === 0 && !errors.startsWith("fuzz")) throw new Error(errors);
      const told = await runChild(file, orderOf(index, index + 1), true);
      const call = told.code === 0 ? readFileSync2(answer, "utf8") : "unknown";
      const kind = /^fuzz (hang|memory):/m.exec(errors)?.[1];
      failures2.push({ index, kind: kind ?? "crash", call, reason: errors.slice(0, 1500) });
      if (failures2.length > 50) break;
      if (index > from) {
        const again = await runChild(file, orderOf(from, index), false);
        if (again.code === 0) failures2.push(...reportOf().failures);
      }
      from = index + 1;
    }
    return { calls: calls2, targets: targets2, failures: failures2 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// packages/autodiff/test/fuzz/run.ts
var [calls, seed, only] = process.argv.slice(2);
var t = Date.now();
var { failures, targets } = await fuzz({ calls: Number(calls), seed: Number(seed), only });
var groups = /* @__PURE__ */ new Map();
for (const f of failures) {
  const key =
    f.kind +
    " | " +
    f.reason
      .split("\n")
      .slice(0, 3)
      .map((s) =>
        s
          .replace(/\(.*\/child.mjs/, "(")
          .trim()
          .slice(0, 110),
      )
      .join(" ~ ");
  groups.set(key, [...(groups.get(key) ?? []), f]);
}
for (const [key, list] of [...groups].sort((a, b) => b[1].length - a[1].length))
  console.log(list.length, key, "\n     e.g.", list[0].index, list[0].call.split("\n")[0].slice(0, 200));
console.log(failures.length, "failures", Object.keys(targets).length, "targets", Date.now() - t, "ms");

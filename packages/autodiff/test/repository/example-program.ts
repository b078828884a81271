import { inspect } from "node:util";
import ts from "typescript";
import { difference, parseExpected } from "./example-values.js";

/** What an example may name: its variables, and the modules that it may import. */
export interface Surroundings {
  readonly names: ReadonlyMap<string, unknown>;
  readonly load: (specifier: string) => Promise<Readonly<Record<string, unknown>>>;
}

/** One `// => value`, `// throws XError` or `// =>` with text on the following lines. */
interface Claim {
  readonly line: number;
  readonly kind: "value" | "throws" | "text";
  readonly text: string;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** An example as JavaScript, with its claims turned into calls of `__check` and `__throws`. */
interface Program {
  readonly javascript: string;
  readonly claims: readonly Claim[];
}

const claimPattern = /\/\/ ?(=>|throws (?=[A-Z]\w*Error\b))(.*)$/;

/** Runs an example; resolves to the number of claims that held, rejects with the line of the first that did not. */
export async function runExample(code: string, { names, load }: Surroundings): Promise<number> {
  const { javascript, claims } = compileExample(code);
  const held = new Set<number>();
  let line = 0;
  const at = (now: number): void => {
    line = now;
  };
  const check = (index: number, value: unknown): unknown => {
    const { kind, text, line: where } = claims[index];
    line = where;
    const found = kind === "text" ? textDifference(value, text) : difference(value, parseExpected(text));
    if (found) throw new Error(found);
    held.add(index);
    return value;
  };
  const caught = (index: number, error: unknown, thrown: boolean): void => {
    const { text, line: where } = claims[index];
    line = where;
    const [, name = "", message = ""] = /^(\w+)(?::\s*(.*))?/.exec(text) ?? [];
    if (!thrown) throw new Error(`nothing was thrown, expected ${name}`);
    const found = error instanceof Error ? error : new Error(inspect(error));
    const is = found.name === name || found.constructor.name === name;
    if (!is || !found.message.includes(message)) throw new Error(`expected ${text}`, { cause: found });
    held.add(index);
  };
  const throws = (index: number, run: () => unknown): unknown => {
    let result: unknown;
    try {
      result = run();
    } catch (error) {
      caught(index, error, true);
      return undefined;
    }
    if (result instanceof Promise)
      return result.then(
        () => caught(index, undefined, false),
        (error) => caught(index, error, true),
      );
    return caught(index, undefined, false);
  };
  const print = (...parts: unknown[]): unknown =>
    parts.length === 1 ? parts[0] : parts.map(String).join(" ");
  const scope = new Map<string, unknown>([
    ...names,
    ["console", { log: print, info: print, warn: print, error: print }],
    ["__at", at],
    ["__check", check],
    ["__throws", throws],
    ["__load", load],
  ]);
  try {
    const body = `"use strict"; return (async () => {\n${javascript}\n})();`;
    await new Function(...scope.keys(), body)(...scope.values());
    const idle = claims.findIndex((_, index) => !held.has(index));
    if (idle >= 0) {
      line = claims[idle].line;
      throw new Error("this claim was never reached");
    }
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : inspect(error);
    throw new Error(`line ${line}: ${code.split("\n")[line - 1]?.trim() ?? ""}\n  ${reason}`, {
      cause: error,
    });
  }
  return claims.length;
}

function textDifference(value: unknown, text: string): string | undefined {
  const lines = String(value)
    .split("\n")
    .map((each) => each.trimEnd());
  while (lines.at(-1) === "") lines.pop();
  const actual = lines.join("\n");
  return actual === text ? undefined : `the text is\n${actual}\nexpected\n${text}`;
}

/** Turns an example into JavaScript; throws for a claim that follows no statement. */
export function compileExample(code: string): Program {
  const source = ts.createSourceFile("example.ts", code, ts.ScriptTarget.ES2022, true);
  const claims: Claim[] = [];
  const edits: Edit[] = [];
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line + 1;
  const lines = code.split("\n");

  const claimAfter = (node: ts.Node): number | undefined => {
    const end = code.indexOf("\n", node.end);
    const rest = code.slice(node.end, end < 0 ? code.length : end);
    const match = /^\s*;?\s*/.exec(rest);
    const comment = rest.slice(match?.[0].length ?? 0);
    const found = comment.startsWith("//") ? claimPattern.exec(comment) : null;
    if (!found) return undefined;
    const line = lineOf(node.end);
    const text = found[2].trim();
    if (found[1] !== "=>") return claims.push({ line, kind: "throws", text }) - 1;
    if (text !== "") return claims.push({ line, kind: "value", text }) - 1;
    const following: string[] = [];
    for (let i = line; i < lines.length && /^\s*\/\//.test(lines[i]); i++)
      following.push(lines[i].replace(/^\s*\/\/ ?/, "").trimEnd());
    return claims.push({ line, kind: "text", text: following.join("\n") }) - 1;
  };

  const replace = (node: ts.Node, before: string, after: string): void => {
    edits.push({ start: node.getStart(), end: node.getStart(), text: before });
    edits.push({ start: node.end, end: node.end, text: after });
  };
  const claim = (statement: ts.Statement): boolean => {
    const index = claimAfter(statement);
    if (index === undefined) return false;
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
  // The value of a compound statement is that of the last expression that ran in it, as in a REPL.
  const keepLast = (node: ts.Node): void => {
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

  const visit = (node: ts.Node): void => {
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

  // A docstring inside a page claims what its own test checks.
  const written = lines.filter((line) => claimPattern.test(line) && !/^\s*\*/.test(line)).length;
  if (written !== claims.length)
    throw new Error(
      `${written - claims.length} of ${written} claims (// => or // throws) do not end a statement:\n${code}`,
    );

  const { outputText } = ts.transpileModule(applyEdits(code, edits), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  return { javascript: outputText, claims };
}

function importAsLoad(node: ts.ImportDeclaration): string {
  const specifier = node.moduleSpecifier.getText();
  const clause = node.importClause;
  if (!clause) return `await __load(${specifier});`;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return "";
  const parts: string[] = [];
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

/** Insertions at one place keep the order in which they were made. */
function applyEdits(text: string, edits: readonly Edit[]): string {
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

import ts from "typescript";
import { filesUnder, read } from "./source-files.js";

/** One place where an error of Scope is made. */
export interface ErrorSite {
  readonly code: string;
  /** The class, `…` where the place does not say. */
  readonly kind: string;
  readonly problem: string;
  readonly mend: string;
  readonly path: string;
}

const unknown = "…";

/** Every error that the sources can throw: object literals with a `code`, a `problem` and a `mend`. */
export function errorSites(path: string, text: string): ErrorSite[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const sites: ErrorSite[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isObjectLiteralExpression(node)) {
      const fields = fieldsOf(node);
      const code = fields.get("code");
      if (code && fields.has("op") && fields.has("problem") && fields.has("expected"))
        for (const bind of bindings(node, source)) sites.push(...siteOf(fields, code, node, bind, path));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return sites;
}

/** Values of a literal's fields; those of an object that it spreads, declared in the same block, included. */
function fieldsOf(node: ts.ObjectLiteralExpression): Map<string, ts.Expression> {
  const fields = new Map<string, ts.Expression>();
  for (const property of node.properties) {
    if (ts.isPropertyAssignment(property)) fields.set(property.name.getText(), property.initializer);
    else if (ts.isShorthandPropertyAssignment(property)) fields.set(property.name.text, property.name);
    else if (ts.isSpreadAssignment(property) && ts.isIdentifier(property.expression)) {
      const declared = declarationOf(property.expression.text, node);
      if (declared && ts.isObjectLiteralExpression(declared))
        for (const [name, value] of fieldsOf(declared)) fields.set(name, value);
    }
  }
  return fields;
}

function declarationOf(name: string, from: ts.Node): ts.Expression | undefined {
  for (let scope: ts.Node | undefined = from.parent; scope; scope = scope.parent) {
    if (!ts.isBlock(scope) && !ts.isSourceFile(scope)) continue;
    for (const statement of scope.statements)
      if (ts.isVariableStatement(statement))
        for (const { name: declared, initializer } of statement.declarationList.declarations)
          if (declared.getText() === name && initializer) return initializer;
  }
  return undefined;
}

type Binding = ReadonlyMap<string, ts.Expression>;

/** What the parameters of the surrounding function are at each of its calls in the file, where the code is one of them. */
function bindings(node: ts.Node, source: ts.SourceFile): Binding[] {
  const code = fieldsOf(node as ts.ObjectLiteralExpression).get("code");
  if (!code || !ts.isIdentifier(code)) return [new Map()];
  let scope: ts.Node | undefined = node.parent;
  while (scope && !ts.isArrowFunction(scope) && !ts.isFunctionDeclaration(scope)) scope = scope.parent;
  if (!scope) return [new Map()];
  const names = scope.parameters.map((p) => p.name.getText());
  const name = ts.isFunctionDeclaration(scope)
    ? scope.name?.text
    : ts.isVariableDeclaration(scope.parent)
      ? scope.parent.name.getText()
      : undefined;
  const found: Binding[] = [];
  const visit = (each: ts.Node): void => {
    if (ts.isCallExpression(each) && each.expression.getText() === name)
      found.push(new Map(each.arguments.map((value, i) => [names[i], value])));
    ts.forEachChild(each, visit);
  };
  visit(source);
  return found;
}

function siteOf(
  fields: ReadonlyMap<string, ts.Expression>,
  code: ts.Expression,
  node: ts.Node,
  bind: Binding,
  path: string,
): ErrorSite[] {
  const made = node.parent;
  const kind = ts.isNewExpression(made) ? made.expression.getText() : unknown;
  const text = (name: string): string => {
    const value = fields.get(name);
    return value ? textsOf(value, bind).join(" / ") : unknown;
  };
  return textsOf(code, bind).map((each) => ({
    code: each,
    kind,
    problem: text("problem"),
    mend: text("mend"),
    path,
  }));
}

/** What a text may be: every literal that an expression can come to, with `…` for what is filled in. */
function textsOf(node: ts.Expression, bind: Binding): string[] {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text];
  if (ts.isTemplateExpression(node))
    return [node.head.text + node.templateSpans.map((span) => unknown + span.literal.text).join("")];
  if (ts.isConditionalExpression(node))
    return [...textsOf(node.whenTrue, bind), ...textsOf(node.whenFalse, bind)];
  if (ts.isParenthesizedExpression(node)) return textsOf(node.expression, bind);
  if (!ts.isIdentifier(node)) return [unknown];
  const bound = bind.get(node.text);
  if (bound) return textsOf(bound, new Map());
  const declared = declarationOf(node.text, node);
  return declared ? textsOf(declared, bind) : [unknown];
}

/** Every site in the sources of all packages. */
export const allErrorSites = (): ErrorSite[] =>
  ["packages/autodiff/src", "packages/nn/src", "packages/native/src"].flatMap((folder) =>
    filesUnder(folder, ".ts").flatMap((path) => errorSites(path, read(path))),
  );

const families: { readonly [family: string]: string } = {
  anomaly: "The first NaN or infinity, found by `detectAnomalies`.",
  async: "A function that returns a promise.",
  compile: "Programs.",
  derivative: "Derivatives that do not exist, or cannot be had this way.",
  dtype: "Numbers of a kind that a function does not take.",
  index: "Positions and axes.",
  leak: "Symbols of a trace that has ended.",
  shape: "Shapes that do not fit.",
  symbolic: "A value was asked for while a function was traced.",
  tree: "Nested arrays and objects of tensors.",
  value: "Numbers and options that make no sense.",
  variable: "Assigning Variables.",
};

/** The generated part of docs/errors.md: one table for each family of codes. */
export function errorTables(sites: readonly ErrorSite[]): string {
  const rows = new Map<string, Set<string>>();
  for (const { code, kind, problem, mend } of sites) {
    const [family] = code.split("/");
    const cell = (text: string): string =>
      text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("\n", " ");
    const table = rows.get(family) ?? new Set();
    table.add(`| \`${code}\` | ${kind} | ${cell(problem)} | ${cell(mend)} |`);
    rows.set(family, table);
  }
  return [...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([family, table]) =>
      [
        `## ${family}`,
        "",
        ...(families[family] === undefined ? [] : [families[family], ""]),
        "| code | class | what is wrong | what to do |",
        "|---|---|---|---|",
        ...[...table].sort(),
      ].join("\n"),
    )
    .join("\n\n");
}

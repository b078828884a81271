import { dirname, join, posix } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { pageCode } from "./documents.js";
import { allEntries } from "./entries.js";
import { filesUnder, read, repository } from "./source-files.js";

const entries = new Map([...allEntries()].map(([specifier, path]) => [specifier, join(repository, path)]));
const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2023.d.ts", "lib.dom.d.ts"],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
  paths: Object.fromEntries([...entries].map(([specifier, path]) => [specifier, [path]])),
};

/** A page's code as a module that imports every public name that it uses without declaring it; lines stay where they are. */
function moduleOf(code: string, publicNames: ReadonlyMap<string, string>): string {
  const source = ts.createSourceFile("page.ts", code, ts.ScriptTarget.ES2022, true);
  const declared = new Set<string>();
  const used = new Set<string>();
  const visit = (node: ts.Node, top: boolean): void => {
    if (ts.isIdentifier(node)) used.add(node.text);
    if (ts.isImportSpecifier(node)) declared.add(node.name.text);
    const declares =
      ts.isVariableDeclaration(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isClassDeclaration(node) ||
      ts.isTypeAliasDeclaration(node) ||
      ts.isInterfaceDeclaration(node);
    if (declares && top && node.name && ts.isIdentifier(node.name)) declared.add(node.name.text);
    if (declares && top && node.name && ts.isArrayBindingPattern(node.name))
      for (const element of node.name.elements)
        if (!ts.isOmittedExpression(element)) declared.add(element.name.getText());
    const inside =
      top && (ts.isSourceFile(node) || ts.isVariableStatement(node) || ts.isVariableDeclarationList(node));
    ts.forEachChild(node, (child) => visit(child, inside));
  };
  visit(source, true);
  const imports = [...used]
    .filter((name) => publicNames.has(name) && !declared.has(name))
    .map((name) => `import { ${name} } from "${publicNames.get(name)}";`);
  const output = "declare const __output: (index: number, text: unknown) => void;";
  return `${output} ${imports.join(" ")}${code}\nexport {};`;
}

test("the code of pages has types, as its readers' compilers will say", () => {
  const pages = new Map<string, string>();
  const names = new Map<string, string>();
  const checker = ts.createProgram([...entries.values()], options);
  for (const [specifier, path] of entries) {
    const file = checker.getSourceFile(path);
    const symbol = file && checker.getTypeChecker().getSymbolAtLocation(file);
    for (const { name } of symbol ? checker.getTypeChecker().getExportsOfModule(symbol) : [])
      if (!names.has(name)) names.set(name, specifier);
  }
  expect(names.size).toBeGreaterThan(100);

  for (const page of ["README.md", ...filesUnder("docs", ".md"), ...filesUnder("packages", ".md")]) {
    const { code, folder, blocks } = pageCode(read(page));
    if (blocks === 0) continue;
    const place = join(
      repository,
      folder ?? "packages/autodiff/src",
      `${page.replaceAll(/\W/g, "-")}.page.ts`,
    );
    pages.set(posix.normalize(place), moduleOf(code, names));
  }
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.readFile = (path) => pages.get(posix.normalize(path)) ?? readFile(path);
  host.fileExists = (path) => pages.has(posix.normalize(path)) || fileExists(path);
  const program = ts.createProgram([...pages.keys()], options, host, checker);
  const complaints = [...pages.keys()].flatMap((path) => {
    const file = program.getSourceFile(path);
    return program.getSemanticDiagnostics(file).map(({ messageText, start = 0 }) => {
      const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
      return `${path.slice(dirname(path).length + 1)}:${line} ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
    });
  });
  expect(complaints).toEqual([]);
});

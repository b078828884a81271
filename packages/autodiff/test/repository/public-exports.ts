import { join } from "node:path";
import ts from "typescript";
import { repository } from "./source-files.js";

/** One public name and what its docstring has. */
export interface PublicExport {
  readonly name: string;
  /** `FILE:LINE` of its declaration. */
  readonly where: string;
  readonly documented: boolean;
  readonly hasExample: boolean;
  /** Whether it exists at run time and says more than its base class does, so that an example is due. */
  readonly needsExample: boolean;
}

/** Every name that a module exports, through all re-exports; nothing is type-checked, so this is quick. */
export function publicExports(
  entries: readonly string[],
  files?: ReadonlyMap<string, string>,
): PublicExport[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    noLib: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  if (files) {
    host.fileExists = (path) => files.has(path);
    host.readFile = (path) => files.get(path);
    host.getSourceFile = (path) => {
      const text = files.get(path);
      return text === undefined ? undefined : ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
    };
  }
  const roots = files ? [...entries] : entries.map((path) => join(repository, path));
  const program = ts.createProgram(roots, options, host);
  const checker = program.getTypeChecker();
  const found = new Map<ts.Symbol, PublicExport>();
  for (const root of roots) {
    const file = program.getSourceFile(root);
    const module = file && checker.getSymbolAtLocation(file);
    if (!module) throw new Error(`${root} is not a module`);
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const [declaration] = symbol.declarations ?? [];
      // A name of another package is documented there.
      if (!declaration || declaration.getSourceFile().fileName.includes("node_modules")) continue;
      found.set(symbol, describe(exported.name, symbol, declaration, checker));
    }
  }
  return [...found.values()];
}

function describe(
  name: string,
  symbol: ts.Symbol,
  declaration: ts.Declaration,
  checker: ts.TypeChecker,
): PublicExport {
  const file = declaration.getSourceFile();
  const { line } = file.getLineAndCharacterOfPosition(declaration.getStart());
  const isValue = (symbol.flags & ts.SymbolFlags.Value) !== 0;
  // An error class spells out its name, because a minifier would change it; beside that it says nothing of its own.
  const inheritsAll =
    ts.isClassDeclaration(declaration) &&
    declaration.members.every((member) => member.name?.getText() === "name") &&
    declaration.heritageClauses !== undefined;
  return {
    name,
    where: `${file.fileName.replace(`${repository}/`, "")}:${line + 1}`,
    documented: symbol.getDocumentationComment(checker).length > 0,
    hasExample: symbol.getJsDocTags(checker).some((tag) => tag.name === "example"),
    needsExample: isValue && !inheritsAll,
  };
}

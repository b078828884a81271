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

/** What `tsc --init` turns on beside `strict`: readers have it. */
const optionsOfReaders: ts.CompilerOptions = {
  ...options,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  noUncheckedSideEffectImports: true,
  moduleDetection: ts.ModuleDetectionKind.Force,
};

/** A page's code as a module: nothing is added but how an output block hands over what it shows; lines stay where they are. */
const moduleOf = (code: string): string =>
  `declare const __output: (index: number, text: unknown) => void; ${code}\nexport {};`;

const pages = new Map<string, string>();
const pagesOfReaders: string[] = [];
const pagesOfThisRepository: string[] = [];
for (const page of ["README.md", ...filesUnder("docs", ".md"), ...filesUnder("packages", ".md")]) {
  const { code, folder, blocks } = pageCode(read(page));
  if (blocks === 0) continue;
  const place = posix.normalize(
    join(repository, folder ?? "packages/autodiff/src", `${page.replaceAll(/\W/g, "-")}.page.ts`),
  );
  pages.set(place, moduleOf(code));
  (folder === undefined ? pagesOfReaders : pagesOfThisRepository).push(place);
}

function complaints(paths: readonly string[], options: ts.CompilerOptions): string[] {
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.readFile = (path) => pages.get(posix.normalize(path)) ?? readFile(path);
  host.fileExists = (path) => pages.has(posix.normalize(path)) || fileExists(path);
  const program = ts.createProgram(paths, options, host);
  return paths.flatMap((path) => {
    const file = program.getSourceFile(path);
    return program.getSemanticDiagnostics(file).map(({ messageText, start = 0 }) => {
      const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
      return `${path.slice(dirname(path).length + 1)}:${line} ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
    });
  });
}

test("the blocks of a page, pasted in order into one file, import what they use and have types", () => {
  expect(pagesOfReaders.length).toBeGreaterThan(8);
  expect(complaints(pagesOfReaders, optionsOfReaders)).toEqual([]);
});
test("so do those of pages that stand in a folder of this repository, with its options", () => {
  expect(complaints(pagesOfThisRepository, options)).toEqual([]);
});
test("a name that a page does not import is found", () => {
  const place = posix.normalize(join(repository, "packages/autodiff/src/forgetful.page.ts"));
  pages.set(place, moduleOf('import { tensor } from "@scope/autodiff";\nsin(tensor(1));'));
  expect(complaints([place], optionsOfReaders)).toEqual(["forgetful.page.ts:2 Cannot find name 'sin'."]);
});

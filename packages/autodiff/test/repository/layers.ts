import { posix } from "node:path";
import ts from "typescript";

/** Imports by file: specifiers as written, of values and of types alike. */
export type ImportTable = ReadonlyMap<string, readonly string[]>;

/** Folders of packages/autodiff/src, lowest first; files beside them come last. */
export const layers: readonly string[] = [
  "base",
  "tensor",
  "kernel",
  "backends",
  "trace",
  "ops",
  "transforms",
  "compiler",
  "testing",
];

/** What a source file imports, dynamic imports and re-exports included. */
export const importsOf = (source: string): string[] =>
  ts.preProcessFile(source, true, true).importedFiles.map(({ fileName }) => fileName);

/** Imports that exist at run time: types are erased, so two files may name each other's types. */
export const valueImportsOf = (source: string): string[] =>
  importsOf(source.replace(/^\s*(import|export) type [^;]*? from "[^"]*"/gm, ""));

/** The file that a relative specifier means. */
const target = (from: string, specifier: string): string =>
  posix.join(posix.dirname(from), specifier).replace(/\.js$/, ".ts");

function layerOf(path: string): number {
  const [folder] = path.split("/");
  return path.includes("/") ? layers.indexOf(folder) : layers.length;
}

/** Imports that go from a layer to one above it, or to a folder that is no layer; paths are relative to the source folder. */
export function upwardImports(table: ImportTable): string[] {
  const found: string[] = [];
  for (const [file, specifiers] of table) {
    if (layerOf(file) < 0) found.push(`${file} is in no layer`);
    for (const specifier of specifiers) {
      if (!specifier.startsWith(".")) continue;
      const imported = target(file, specifier);
      if (imported.startsWith("..")) found.push(`${file} leaves the package: ${specifier}`);
      else if (layerOf(imported) > layerOf(file)) found.push(`${file} -> ${imported}`);
    }
  }
  return found;
}

/** One cycle of imports between files, as a path that ends where it began; `undefined` if there is none. */
export function importCycle(table: ImportTable): string[] | undefined {
  const finished = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | undefined => {
    const at = path.indexOf(file);
    if (at >= 0) return [...path.slice(at), file];
    if (finished.has(file)) return undefined;
    path.push(file);
    for (const specifier of table.get(file) ?? []) {
      const cycle = specifier.startsWith(".") ? visit(target(file, specifier)) : undefined;
      if (cycle) return cycle;
    }
    path.pop();
    finished.add(file);
    return undefined;
  };
  for (const file of table.keys()) {
    const cycle = visit(file);
    if (cycle) return cycle;
  }
  return undefined;
}

/** Imports of packages that are not on the list. */
export function foreignImports(
  table: ImportTable,
  allowed: (file: string, specifier: string) => boolean,
): string[] {
  return [...table].flatMap(([file, specifiers]) =>
    specifiers
      .filter((specifier) => !specifier.startsWith(".") && !allowed(file, specifier))
      .map((specifier) => `${file} -> ${specifier}`),
  );
}

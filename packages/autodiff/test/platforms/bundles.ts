import { join } from "node:path";
import { build } from "esbuild";
import { allEntries } from "../repository/entries.js";
import { repository } from "../repository/source-files.js";

/** One module with everything that it imports, from the sources of the packages.
 * @param code - a module that may import `@scope/autodiff`, `@scope/nn` and the files of this folder
 */
export async function bundle(code: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: import.meta.dirname, loader: "ts" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    logLevel: "silent",
    // Longer names first: an alias also stands for what lies under it.
    alias: Object.fromEntries(
      [...allEntries()].reverse().map(([name, path]) => [name, join(repository, path)]),
    ),
  });
  return outputFiles[0].text;
}

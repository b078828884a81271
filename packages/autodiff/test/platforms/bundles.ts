import { join } from "node:path";
import { build } from "esbuild";
import { repository } from "../repository/source-files.js";

const source = (path: string): string => join(repository, "packages", path);

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
    alias: {
      "@scope/autodiff": source("autodiff/src/index.ts"),
      "@scope/autodiff/accelerate": source("autodiff/src/accelerate.ts"),
      "@scope/autodiff/compile": source("autodiff/src/compile.ts"),
      "@scope/nn": source("nn/src/index.ts"),
    },
  });
  return outputFiles[0].text;
}

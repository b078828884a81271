import { filesUnder, read } from "../repository/source-files.js";

const folders = ["packages/autodiff/src/backends", "packages/autodiff/src/compiler"];
const declared = /^\s*(?:export )?const \w*(?:block|rows|length|width|chain|panel|axis)\w* = (\d+);/gim;

/** The sizes at which backends and passes begin another block, tile or chain, found in their sources; larger ones have tests of their own. */
export const blockSizes: readonly number[] = [
  ...new Set(
    folders
      .flatMap((folder) => filesUnder(folder, ".ts"))
      .flatMap((file) => [...read(file).matchAll(declared)].map(([, size]) => Number(size)))
      // Vectors of two and four elements, and panels of two of them.
      .concat(2, 4, 8)
      .filter((size) => size > 1 && size <= 600),
  ),
].sort((a, b) => a - b);

/** Measures one trap on the library of one checkout. `node trap-process.js NAME FOLDER` prints the number. */
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Library } from "./trap.js";
import { traps } from "./traps.js";

const [, , name, folder] = process.argv;
const trap = traps.find((each) => each.name === name);
if (trap === undefined || folder === undefined) throw new Error("usage: trap-process NAME FOLDER");
/** A built file of the checkout; it has the types of this one as far as a trap uses them. */
const load = <T>(file: string): Promise<T> =>
  import(pathToFileURL(path.join(folder, "packages", file)).href) as Promise<T>;
const autodiff = await load<Library["autodiff"]>("autodiff/dist/server.js");
const { compile } = await load<Pick<Library, "compile">>("autodiff/dist/compile.js");
const nn = await load<Library["nn"]>("nn/dist/index.js");
const { sequenceTask } = await load<Pick<Library, "sequenceTask">>("bench/dist/workloads/sequence-train.js");
console.log(JSON.stringify({ value: await trap.measure({ autodiff, compile, nn, sequenceTask }) }));

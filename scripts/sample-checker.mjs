// Lets Stryker run only the mutants that mutate.mjs drew: others that lie in the same places count as not compiling.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { declareClassPlugin, PluginKind } from "@stryker-mutator/api/plugin";
import { root } from "./prepare.mjs";

const nameOf = ({ fileName, mutatorName, replacement, location: { start, end } }) =>
  [
    fileName.replaceAll("\\", "/"),
    mutatorName,
    replacement,
    start.line,
    start.column,
    end.line,
    end.column,
  ].join("\n");

class SampleChecker {
  #chosen = new Set();
  async init() {
    const sample = JSON.parse(readFileSync(join(root, ".stryker-tmp", "sample.json"), "utf8"));
    this.#chosen = new Set(sample.map(nameOf));
  }
  async check(mutants) {
    const isChosen = (mutant) => {
      const name = nameOf(mutant);
      return [...this.#chosen].some((each) => name.endsWith(each));
    };
    return Object.fromEntries(
      mutants.map((mutant) => [
        mutant.id,
        isChosen(mutant) ? { status: "passed" } : { status: "compileError", reason: "not drawn" },
      ]),
    );
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.Checker, "sample", SampleChecker)];

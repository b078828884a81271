import { runOnSymbols } from "@scope/autodiff/checks";
import { Tensor } from "@scope/autodiff/functions";
import { ModuleError } from "../errors.js";
import { showShape } from "../option-checks.js";
import { placeError } from "./error-place.js";
import { aroundForwards, type Forward, forwardOf } from "./forward-calls.js";
import { type Parameter, parametersReadBy } from "./parameter.js";

/** What a summary asks of a module. */
interface Summarized {
  namedModules(): readonly (readonly [name: string, module: Summarized])[];
  namedParameters(): readonly (readonly [name: string, parameter: Parameter])[];
  parameters(): readonly Parameter[];
}

/** Shapes of the tensors in a result, as text. */
function shapesIn(value: unknown): string {
  if (value instanceof Tensor) return showShape(value.shape);
  if (typeof value !== "object" || value === null) return "";
  if (Array.isArray(value))
    return value
      .map(shapesIn)
      .filter((text) => text !== "")
      .join(" ");
  const parts = Object.entries(value).map(([key, part]) => [key, shapesIn(part)] as const);
  return `{ ${parts.map(([key, text]) => `${key}: ${text}`).join(", ")} }`;
}

const bytesOf = (parameter: Parameter): number =>
  (parameter.dtype === "float64" ? 8 : 4) * countOf([parameter]);
const countOf = (parameters: readonly Parameter[]): number =>
  parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

/** Notes what every module's `forward` returns while `run` runs. */
function outputsDuring(
  modules: readonly (readonly [name: string, module: Summarized])[],
  run: () => void,
): ReadonlyMap<Summarized, string> {
  const outputs = new Map<Summarized, string>();
  const noting = (name: string, module: Summarized, call: () => unknown): unknown => {
    try {
      const result = call();
      if (!outputs.has(module)) outputs.set(module, shapesIn(result));
      return result;
    } catch (error) {
      if (name !== "") placeError(error, name, null);
      throw error;
    }
  };
  aroundForwards(modules, noting, run);
  return outputs;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, k) => (k === row.length - 1 ? cell.padStart(widths[k]) : cell.padEnd(widths[k])))
      .join("  ")
      .trimEnd();
  return rows.map(line);
}

/** The table behind `module.summary(...)`. Parameters count at the innermost module that has a `forward`. */
export function summarize(root: Summarized, inputs: readonly Tensor[]): string {
  const type = root.constructor.name;
  if (forwardOf(root) === null) {
    throw new ModuleError({
      code: "module/forward",
      op: `${type}.summary`,
      problem: "the module has no forward.",
      got: `a ${type} without a method called forward`,
      expected: "a module with forward(...inputs)",
      mend: "give it a forward, or summarize the module that calls it",
    });
  }
  const modules = root.namedModules().filter(([name, module]) => name === "" || forwardOf(module) !== null);
  const listed = new Set(root.parameters());
  let read: ReadonlySet<Parameter> = new Set();
  const outputs = outputsDuring(modules, () => {
    // Looked up when it is called, so that the noted one runs.
    const forward: Forward = (...symbols) => forwardOf(root)?.apply(root, [...symbols]);
    read = parametersReadBy(() => runOnSymbols("trace", forward, inputs));
  });
  const counted = new Set<Parameter>();
  const counts = new Map<Summarized, number>();
  for (const [, module] of [...modules].reverse()) {
    const own = module.parameters().filter((parameter) => !counted.has(parameter));
    for (const parameter of own) counted.add(parameter);
    counts.set(module, countOf(own));
  }
  // The whole has a row only where it says what no other row does.
  const rowed = modules.filter(
    ([name, module]) => name !== "" || modules.length === 1 || counts.get(module) !== 0,
  );
  const rows = rowed.map(([name, module]) => [
    name === "" ? "(whole)" : `  ${name}`,
    module.constructor.name,
    outputs.get(module) ?? "not called",
    grouped(counts.get(module) ?? 0),
  ]);
  const all = root.parameters();
  const unlisted = [...read].filter((parameter) => !listed.has(parameter));
  return [
    ...table([["module", "type", "output", "parameters"], ...rows]),
    `${grouped(countOf(all))} parameters, ${grouped(all.reduce((sum, parameter) => sum + bytesOf(parameter), 0))} bytes`,
    ...(unlisted.length === 0
      ? []
      : [
          `not listed, and so neither trained nor saved: ${unlisted.length} parameters that forward reads (${unlisted.map(({ shape }) => showShape(shape)).join(", ")});` +
            " private #fields, Maps and Sets cannot be walked",
        ]),
  ].join("\n");
}

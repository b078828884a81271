import { add, type DType, lossAndGradients, mul, sum, type Tensor, Variable } from "@scope/autodiff";
import type { Module } from "@scope/nn";
import { expectAllClose, type StoredTensor, type StoredTensors, storedRecord } from "../fixture-cases.js";

/** What every fixture of a module holds. */
export interface ModuleCase {
  readonly module: string;
  readonly parameters: StoredTensors;
  readonly inputs: StoredTensors;
  readonly outputs: StoredTensors;
  readonly cotangents: StoredTensors;
  readonly loss: StoredTensor;
  readonly inputGradients: StoredTensors;
  readonly parameterGradients: StoredTensors;
}

/** Holds a module to PyTorch: every output, and the gradient of Σ output·cotangent by every input and parameter. */
export function expectTorch(
  module: Module,
  each: ModuleCase,
  dtype: DType,
  tolerance: number,
  run: (inputs: Readonly<Record<string, Tensor>>) => Readonly<Record<string, Tensor>>,
): void {
  module.loadStateDict(storedRecord(each.parameters));
  const fixed = storedRecord(each.inputs, dtype);
  const leaves = Object.fromEntries(
    Object.keys(each.inputGradients).map((name) => [name, new Variable(fixed[name])]),
  );
  const parameters = Object.fromEntries(module.namedParameters());
  const cotangents = storedRecord(each.cotangents, dtype);
  const [, gradients, outputs] = lossAndGradients(
    () => {
      const values = Object.fromEntries(Object.entries(leaves).map(([name, leaf]) => [name, leaf.value]));
      const found = run({ ...fixed, ...values });
      const loss = Object.entries(cotangents)
        .map(([name, cotangent]) => sum(mul(found[name], cotangent)))
        .reduce((a, b) => add(a, b));
      return [loss, found] as const;
    },
    // Names of inputs and parameters never meet.
    { ...leaves, ...parameters },
  );
  expectAllClose(outputs, each.outputs, tolerance, "outputs");
  expectAllClose(gradients, { ...each.inputGradients, ...each.parameterGradients }, tolerance, "gradients");
}

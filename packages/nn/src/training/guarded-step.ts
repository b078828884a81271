import {
  add,
  isFinite,
  lossAndGradients,
  type Result,
  type Sync,
  type Tensor,
  type Variable,
  where,
} from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import type { Module } from "../modules/module.js";
import { clipByGlobalNorm, globalNorm } from "../optimizers/clipping.js";

/** What `fit` asks of an optimiser. */
export interface StepTaker {
  /** What is trained. */
  parameters(): Variable[];
  /** All state that a step changes beside them. */
  variables(): Variable[];
  /** Takes a step; gradients in the order of the parameters. */
  step(gradients: readonly Tensor[]): void;
  learningRate: number;
}

/** The function itself, or one program made of it: the one place where training decides. */
export function compiledIf<Args extends readonly unknown[], R extends Result>(
  wanted: boolean,
  f: (...args: Args) => R & Sync<R>,
  name: string,
): (...args: Args) => R {
  return wanted ? compile(f, { name }) : f;
}

/** One step of training that leaves everything as it was if its loss or gradients are not finite. The choice is part of the step, so that it costs no
 * copies of the weights and compiles with the rest.
 * @returns the loss before the step and the global norm of its gradients */
export function guardedStep<Batch>(
  model: Module,
  optimizer: StepTaker,
  loss: (batch: Batch) => Tensor,
  clipNorm: number | null,
): (batch: Batch) => [loss: Tensor, gradientNorm: Tensor] {
  const parameters = optimizer.parameters();
  const guarded = [...new Set([...parameters, ...optimizer.variables(), ...model.variables()])];
  return (batch) => {
    const before = guarded.map((variable) => variable.value);
    const [value, gradients] = lossAndGradients(() => loss(batch), parameters);
    const norm = globalNorm(gradients);
    optimizer.step(clipNorm === null ? gradients : clipByGlobalNorm(gradients, clipNorm));
    const good = isFinite(add(value, norm));
    guarded.forEach((variable, k) => {
      const now = variable.value;
      if (now !== before[k]) variable.value = where(good, now, before[k]);
    });
    return [value, norm];
  };
}

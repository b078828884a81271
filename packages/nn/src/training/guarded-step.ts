import { compile } from "@scope/autodiff/compile";
import {
  add,
  isFinite,
  lossAndGradients,
  type Result,
  type Sync,
  type Tensor,
  ValueError,
  type Variable,
  where,
} from "@scope/autodiff/functions";
import type { Module } from "../modules/module.js";
import { Parameter, parametersReadBy } from "../modules/parameter.js";
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
  // Reading is seen of Parameters only: nothing can be said where other Variables are trained.
  let isSettled = parameters.length === 0 || !parameters.every((variable) => variable instanceof Parameter);
  // Only the first batch tells: later ones may leave the model out on purpose.
  const connectedLoss = (batch: Batch): Tensor => {
    if (isSettled) return loss(batch);
    const values: Tensor[] = [];
    const read: ReadonlySet<Variable> = parametersReadBy(() => {
      values.push(loss(batch));
    });
    if (!parameters.some((variable) => read.has(variable))) throw notConnected(parameters.length, read.size);
    isSettled = true;
    return values[0];
  };
  return (batch) => {
    const before = guarded.map((variable) => variable.value);
    const [value, gradients] = lossAndGradients(() => connectedLoss(batch), parameters);
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

const notConnected = (trained: number, others: number): ValueError =>
  new ValueError({
    code: "fit/not-connected",
    op: "fit",
    problem: "the loss does not depend on what the optimiser trains.",
    got: `a loss that reads none of its ${trained} parameters${others > 0 ? `, but ${others} others` : ""}`,
    expected: "a loss of what the model makes of the batch",
    mend: "call model.forward(batch) inside loss, and give the optimiser that model's parameters()",
  });

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
import { Parameter } from "../modules/parameter.js";
import { type ParameterReads, parameterReads } from "../modules/parameter-reads.js";
import { clipByGlobalNorm, globalNorm } from "../optimizers/clipping.js";
import { showShape } from "../option-checks.js";

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

/** What a step may change: trained parameters, the optimiser's state, the model's Variables. */
export const guardedVariables = (model: Module, optimizer: StepTaker): Variable[] => [
  ...new Set([...optimizer.parameters(), ...optimizer.variables(), ...model.variables()]),
];

/** One step of training that leaves everything as it was if its loss or gradients are not finite, or if it throws. The choice is part of the step, so that it costs no
 * copies of the weights and compiles with the rest.
 * @param caller - who is to be named in errors
 * @returns the loss before the step and the global norm of its gradients */
export function guardedStep<Batch>(
  caller: { readonly op: string },
  model: Module,
  optimizer: StepTaker,
  loss: (batch: Batch) => Tensor,
  clipNorm: number | null,
): (batch: Batch) => [loss: Tensor, gradientNorm: Tensor] {
  const parameters = optimizer.parameters();
  const guarded = guardedVariables(model, optimizer);
  let isSettled = false;
  // Only the first batch tells: later ones may leave the model out on purpose.
  const connectedLoss = (batch: Batch): Tensor => {
    if (isSettled) return loss(batch);
    const values: Tensor[] = [];
    const reads = parameterReads(model, () => {
      values.push(loss(batch));
    });
    checkConnected(caller.op, parameters, reads);
    warnOfUnlisted(caller.op, parameters, reads);
    isSettled = true;
    return values[0];
  };
  return (batch) => {
    const before = guarded.map((variable) => variable.value);
    try {
      const [value, gradients] = lossAndGradients(() => connectedLoss(batch), parameters);
      const norm = globalNorm(gradients);
      optimizer.step(clipNorm === null ? gradients : clipByGlobalNorm(gradients, clipNorm));
      const good = isFinite(add(value, norm));
      guarded.forEach((variable, k) => {
        const now = variable.value;
        if (now !== before[k]) variable.value = where(good, now, before[k]);
      });
      return [value, norm];
    } catch (error) {
      // A random state may have been drawn from, or a mean updated, before the step failed.
      guarded.forEach((variable, k) => {
        if (variable.value !== before[k]) variable.value = before[k];
      });
      throw error;
    }
  };
}

function checkConnected(op: string, parameters: readonly Variable[], reads: ParameterReads): void {
  // Reading is seen of Parameters only: nothing can be said where other Variables are trained.
  if (parameters.length === 0 || !parameters.every((variable) => variable instanceof Parameter)) return;
  const read: ReadonlyMap<Variable, unknown> = reads.all;
  if (parameters.some((variable) => read.has(variable))) return;
  const others = reads.all.size;
  throw new ValueError({
    code: "fit/not-connected",
    op,
    problem: "the loss does not depend on what the optimiser trains.",
    got: `a loss that reads none of its ${parameters.length} parameters${others > 0 ? `, but ${others} others` : ""}`,
    expected: "a loss of what the model makes of the batch",
    mend: "call model.forward(batch) inside loss, and give the optimiser that model's parameters()",
  });
}

const mostNamed = 5;

function warnOfUnlisted(op: string, parameters: readonly Variable[], reads: ParameterReads): void {
  const trained: ReadonlySet<Variable> = new Set(parameters);
  const unseen = reads.unlisted.filter(([parameter]) => !trained.has(parameter));
  if (unseen.length === 0) return;
  const named = unseen
    .slice(0, mostNamed)
    .map(([{ shape }, reader]) => `${showShape(shape)}${reader === null ? "" : ` in ${reader}`}`);
  if (unseen.length > mostNamed) named.push(`and ${unseen.length - mostNamed} more`);
  console.warn(
    `@scope/nn: ${op}: the loss reads ${unseen.length === 1 ? "a Parameter" : `${unseen.length} Parameters`} that the model does not list: ${named.join(", ")}.\n` +
      "  Neither the optimiser trains it nor stateDict() saves it. #private fields, Maps, Sets and objects of other classes cannot be walked: hold Parameters and modules in\n" +
      "  plain properties, arrays or records. What is frozen on purpose may be a property of the model as well, left out of what the optimiser gets.",
  );
}

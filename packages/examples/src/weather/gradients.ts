import { type Complex, eigenvalues, gradientFlow, huber, recurrentMatrices, spectralRadius } from "@scope/nn";
import type { CellName, Forecaster } from "./forecaster.js";
import type { Examples } from "./training.js";

/** What became of the gradient over time in one trained network, and the matrices that it passes through. */
export interface GradientStory {
  readonly cell: CellName;
  /** ‖∂L/∂h_t‖, the first day first. */
  readonly norms: readonly number[];
  /** For each recurrent matrix: its eigenvalues and the largest modulus among them. */
  readonly matrices: readonly {
    readonly gate: string;
    readonly spectralRadius: number;
    readonly eigenvalues: readonly Complex[];
  }[];
}

/** Looks at one trained network with the loss that it was trained with. */
export function gradientStory(cell: CellName, model: Forecaster, { days, highest }: Examples): GradientStory {
  const unit = model.change.deviation.value.data[0];
  const { h } = gradientFlow(model.recurrent, model.inputs.forward(days), (outputs) =>
    huber(model.fromOutputs(days, outputs).div(unit), highest.div(unit)),
  );
  const matrices = Object.entries(recurrentMatrices(model.recurrent)).map(([gate, matrix]) => ({
    gate,
    spectralRadius: spectralRadius(matrix),
    eigenvalues: eigenvalues(matrix),
  }));
  return { cell, norms: h, matrices };
}

/** By which factor the norm changes for one step into the past, on average. */
export function factorPerStep(norms: readonly number[]): number {
  const [first, last] = [norms[0], norms[norms.length - 1]];
  return (first / last) ** (1 / (norms.length - 1));
}

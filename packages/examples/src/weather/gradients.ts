import { type Complex, eigenvalues, gradientFlow, huber, recurrentMatrices, spectralRadius } from "@scope/nn";
import type { CellName, Forecaster } from "./forecaster.js";
import type { Examples } from "./training.js";

/** What became of the gradient over time in one trained network, and the matrices that it passes through. */
export interface GradientStory {
  readonly cell: CellName;
  /** ‖∂L/∂h_t‖, the first day first. */
  readonly norms: readonly number[];
  /** ‖∂L/∂c_t‖ of an LSTM, whose memory does not go through h; null for the others. */
  readonly memoryNorms: readonly number[] | null;
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
  const { h, c = null } = gradientFlow(model.recurrent, model.inputs.forward(days), (outputs) =>
    huber(model.fromOutputs(days, outputs).div(unit), highest.div(unit)),
  );
  const matrices = Object.entries(recurrentMatrices(model.recurrent)).map(([gate, matrix]) => ({
    gate,
    spectralRadius: spectralRadius(matrix),
    eigenvalues: eigenvalues(matrix),
  }));
  return { cell, norms: h, memoryNorms: c, matrices };
}

/** The curves of all networks, with what to call them. */
export function gradientCurves(stories: readonly GradientStory[]): {
  readonly name: string;
  readonly cell: CellName;
  readonly mark: string;
  readonly memory: boolean;
  readonly norms: readonly number[];
}[] {
  return stories.flatMap(({ cell, norms, memoryNorms }) => {
    const name = cell.toUpperCase();
    const hidden = { name, cell, mark: name[0], memory: false, norms };
    return memoryNorms === null
      ? [hidden]
      : [hidden, { name: `${name} memory c`, cell, mark: "c", memory: true, norms: memoryNorms }];
  });
}

/** By which factor the norm changes for one step into the past, on average. */
export function factorPerStep(norms: readonly number[]): number {
  // The memory gets nothing from the last step itself.
  const to = norms.length - (norms[norms.length - 1] > 0 ? 1 : 2);
  return (norms[0] / norms[to]) ** (1 / to);
}

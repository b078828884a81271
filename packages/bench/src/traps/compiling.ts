import type { Tensor } from "@scope/autodiff";
import type { Compiled } from "@scope/autodiff/compile";
import { findWork } from "../work.js";
import { sequenceWorks } from "../work-data.js";
import { expectNear, type Library, secondsOf, type Trap } from "./trap.js";

/** The step of lstm-train and its batch, compiled but not yet traced. */
function lstmTrain({ compile, sequenceTask }: Library): {
  step: Compiled<[Tensor, Tensor], Tensor>;
  batch: readonly [Tensor, Tensor];
} {
  const { train, x, y } = sequenceTask(sequenceWorks["lstm-train"]!);
  return { step: compile(train), batch: [x, y] };
}

function expectLoss(loss: number): void {
  const { check, tolerance } = findWork("lstm-train");
  expectNear("the first loss", loss, check, tolerance);
}

const unrolledSteps = 200;

/** What the first call of a compiled function takes. */
export const compilations: readonly Trap[] = [
  {
    name: "lstm-train-compile",
    about: "lstm-train: the step is traced and compiled",
    unit: "s",
    wanted: { atMost: 0.08 },
    measure(library) {
      const { step, batch } = lstmTrain(library);
      const seconds = secondsOf(() => void step.explain(...batch));
      expectLoss(step(...batch).item());
      return seconds;
    },
  },
  {
    name: "lstm-train-first-call",
    about: "lstm-train: the first call, from trace to loss",
    unit: "s",
    wanted: { atMost: 0.25 },
    measure(library) {
      const { step, batch } = lstmTrain(library);
      let loss = Number.NaN;
      const seconds = secondsOf(() => {
        loss = step(...batch).item();
      });
      expectLoss(loss);
      return seconds;
    },
  },
  {
    name: "unrolled-loop-compile",
    about: `a training step with for (const x of unstack(xs)) of T = ${unrolledSteps}, first call`,
    unit: "s",
    wanted: { atMost: 0.8 },
    measure({ autodiff, compile, nn }) {
      const cell = new nn.LSTMCell(8, 16, { seed: 1 });
      const parameters = cell.parameters();
      const optimizer = new nn.SGD(parameters, { learningRate: 0.1 });
      const loss = (xs: Tensor): Tensor => {
        let state = cell.initialState(4);
        for (const x of autodiff.unstack(xs)) state = cell.step(x, state);
        return autodiff.mean(state.h.square());
      };
      const xs = autodiff
        .arange(unrolledSteps * 32)
        .div(unrolledSteps * 32)
        .reshape([unrolledSteps, 4, 8]);
      const wanted = loss(xs).item();
      const step = compile((t: Tensor) => {
        const [value, gradients] = autodiff.lossAndGradients(() => loss(t), parameters);
        optimizer.step(gradients);
        return value;
      });
      let value = Number.NaN;
      const seconds = secondsOf(() => {
        value = step(xs).item();
      });
      expectNear("the loss", value, wanted, 1e-5 * Math.abs(wanted));
      return seconds;
    },
  },
];

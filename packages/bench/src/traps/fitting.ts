import type { Tensor } from "@scope/autodiff";
import { expectNear, type Library, leastMs, type Trap } from "./trap.js";

/** A batch of padded sequences, and which of all they are. */
interface Sequences {
  readonly values: Tensor;
  readonly lengths: Tensor;
  readonly indices: Tensor;
}

const sequences = 240;
const lengths = 30;
const batchSize = 8;

/** Sequences of one feature, of 30 lengths, and the mean of each as its target. */
function sequencesOf({ autodiff }: Library): { xs: Tensor[]; targets: Tensor } {
  const data = Array.from({ length: sequences }, (_, i) =>
    Array.from({ length: 11 + ((i * 7) % lengths) }, (__, t) => [Math.sin(i + t)]),
  );
  const means = data.map((steps) => [steps.reduce((sum, [x]) => sum + (x ?? 0), 0) / steps.length]);
  return { xs: data.map((steps) => autodiff.tensor(steps)), targets: autodiff.tensor(means) };
}

/** `fit` of one example, called again and again as online learners do, against a compiled step of one's own. */
const fitAgain = (name: string, inputs: number, outputs: number): Trap => ({
  name,
  about: `fit of one example, called again and again, against a compiled step of one's own: Linear(${inputs}, ${outputs})`,
  unit: "×",
  wanted: { atMost: 2 },
  async measure({ autodiff, compile, nn }) {
    const x = autodiff.tensor([Array.from({ length: inputs }, (_, i) => Math.sin(i))]);
    const y = autodiff.ones([1, outputs]);
    const start = (): { model: InstanceType<typeof nn.Linear>; optimizer: InstanceType<typeof nn.SGD> } => {
      const model = new nn.Linear(inputs, outputs, { seed: 1 });
      return { model, optimizer: new nn.SGD(model.parameters(), { learningRate: 1e-5 }) };
    };
    const own = start();
    const step = compile((input: Tensor, target: Tensor) => {
      const [loss, gradients] = autodiff.lossAndGradients(
        () => nn.meanSquaredError(own.model.forward(input), target),
        own.model.parameters(),
      );
      own.optimizer.step(gradients);
      return loss;
    });
    const fitted = start();
    const options = {
      loss: (batch: { x: Tensor; y: Tensor }) => nn.meanSquaredError(fitted.model.forward(batch.x), batch.y),
      optimizer: fitted.optimizer,
      epochs: 1,
    };
    const calls = 50;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < calls; i++) {
      const started = performance.now();
      await nn.fit(fitted.model, [{ x, y }], options);
      least = Math.min(least, performance.now() - started);
      step(x, y).item();
    }
    const [a, b] = [own.model.weight.value.data, fitted.model.weight.value.data];
    for (let i = 0; i < inputs; i++) expectNear(`weight ${i}`, b[i] ?? Number.NaN, a[i] ?? 0, 1e-6);
    return least / leastMs(() => void step(x, y).item(), calls);
  },
});

/** What `fit` takes beside the steps themselves. */
export const fits: readonly Trap[] = [
  fitAgain("fit-again", 4096, 32),
  fitAgain("fit-again-tiny", 4, 1),
  {
    name: "buckets-in-fit",
    about: `an epoch of bucketByLength over ${lengths} lengths, compiling included, against one of padded batches`,
    unit: "×",
    wanted: { atMost: 2 },
    async measure(library) {
      const { autodiff, nn } = library;
      const { xs, targets } = sequencesOf(library);
      class Reader extends nn.Module {
        readonly lstm = new nn.LSTM(1, 16, { seed: 1 });
        readonly head = new nn.Linear(16, 1, { seed: 2 });
      }
      const epoch = async (data: Iterable<Sequences>): Promise<number> => {
        const model = new Reader();
        const loss = ({ values, lengths: valid, indices }: Sequences): Tensor => {
          const [, { h }] = model.lstm.forward(values, undefined, { lengths: valid });
          return nn.meanSquaredError(model.head.forward(h.at(0)), autodiff.take(targets, indices));
        };
        const optimizer = new nn.Adam(model.parameters(), { learningRate: 1e-3 });
        const started = performance.now();
        const { losses } = await nn.fit(model, data, { loss, optimizer, epochs: 1 });
        expectNear("the number of steps", losses.length, sequences / batchSize, 0);
        return performance.now() - started;
      };
      const padded = nn.padSequences(xs);
      const all = { ...padded, indices: autodiff.arange(0, sequences, { dtype: "int32" }) };
      const withoutBuckets = await epoch(nn.batches(all, { size: batchSize }));
      return (await epoch(nn.bucketByLength(xs, { size: batchSize }))) / withoutBuckets;
    },
  },
];

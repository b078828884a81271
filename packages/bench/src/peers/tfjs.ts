/** TensorFlow.js on its WASM backend. The maths of the works written by hand, x·W for the whole sequence at once: its fastest form. */
import { createRequire } from "node:module";
import path from "node:path";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
// For its side effect: in Node it is the small package that registers the gradients of the core.
import "@tensorflow/tfjs-layers";
import { cannot, type Runner, serve } from "../child/serve.js";
import {
  characterStride,
  ids,
  learningRates,
  longSizes,
  mlpSizes,
  oneHotRows,
  rightWave,
  type SequenceSizes,
  sequenceWorks,
  smallLength,
  streamSizes,
  targetStride,
  wave,
  weights,
} from "../work-data.js";

const entry = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm");
setWasmPaths(path.dirname(entry) + path.sep);
setThreadsCount(1);
if (!(await tf.setBackend("wasm"))) throw new Error("tfjs: no wasm backend");
await tf.ready();

/** PyTorch keeps `[out, in]`; stored transposed here, since tfjs's transposed matmul leaves its fast path. */
const matrix = (inputs: number, outputs: number, index: number): tf.Variable<tf.Rank.R2> =>
  tf.tidy(() => tf.variable(tf.transpose(tf.tensor2d(weights([outputs, inputs], index), [outputs, inputs]))));
const bias = (length: number, index: number): tf.Variable<tf.Rank.R1> =>
  tf.variable(tf.tensor1d(weights([length], index)));
const targets = (count: number, classes: number): tf.Tensor2D =>
  tf.tensor2d(oneHotRows(ids(count, targetStride, classes), classes), [count, classes]);

function trainer(optimizer: tf.Optimizer, variables: tf.Variable[], loss: () => tf.Scalar): Runner {
  return {
    step: () => {
      const value = optimizer.minimize(loss, true, variables);
      const [first = Number.NaN] = value?.dataSync() ?? [];
      value?.dispose();
      return first;
    },
  };
}

type State = readonly tf.Tensor2D[];
type Cell = (fromInput: tf.Tensor2D, state: State) => State;

function rnnCell(recurrent: tf.Tensor2D): Cell {
  return (fromInput, [h]) => [tf.tanh(tf.add(fromInput, tf.matMul(h as tf.Tensor2D, recurrent)))];
}

function lstmCell(recurrent: tf.Tensor2D): Cell {
  return (fromInput, [h, c]) => {
    const gates = tf.add(fromInput, tf.matMul(h as tf.Tensor2D, recurrent));
    const [i, f, g, o] = tf.split(gates, 4, 1) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    const next: tf.Tensor2D = tf.add(
      tf.mul(tf.sigmoid(f), c as tf.Tensor2D),
      tf.mul(tf.sigmoid(i), tf.tanh(g)),
    );
    return [tf.mul(tf.sigmoid(o), tf.tanh(next)), next];
  };
}

function gruCell(recurrent: tf.Tensor2D, recurrentBias: tf.Tensor1D): Cell {
  return (fromInput, [state]) => {
    const h = state as tf.Tensor2D;
    const [xr, xz, xn] = tf.split(fromInput, 3, 1) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    const fromState = tf.add(tf.matMul(h, recurrent), recurrentBias);
    const [hr, hz, hn] = tf.split(fromState, 3, 1) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    const r = tf.sigmoid(tf.add(xr, hr));
    const z = tf.sigmoid(tf.add(xz, hz));
    const n: tf.Tensor2D = tf.tanh(tf.add(xn, tf.mul(r, hn)));
    return [tf.add(n, tf.mul(z, tf.sub(h, n)))];
  };
}

const gateCount = { rnn: 1, lstm: 4, gru: 3 } as const;

function recurrentParts(kind: SequenceSizes["kind"], input: number, hidden: number, first: number) {
  const width = gateCount[kind] * hidden;
  const fromInput = matrix(input, width, first);
  const fromState = matrix(hidden, width, first + 1);
  const inputBias = bias(width, first + 2);
  const stateBias = bias(width, first + 3);
  // The GRU's reset gate multiplies the state's own bias, so that one stays inside the loop.
  const outside = (): tf.Tensor1D => (kind === "gru" ? inputBias : tf.add(inputBias, stateBias));
  const cell =
    kind === "rnn"
      ? rnnCell(fromState)
      : kind === "lstm"
        ? lstmCell(fromState)
        : gruCell(fromState, stateBias);
  const project = (rows: tf.Tensor2D): tf.Tensor2D => tf.add(tf.matMul(rows, fromInput), outside());
  return { cell, project, width, variables: [fromInput, fromState, inputBias, stateBias] };
}

function sequence(sizes: SequenceSizes): Runner {
  const { kind, input, hidden, batch, time, classes } = sizes;
  const rows = time * batch;
  const table = sizes.embedding
    ? tf.variable<tf.Rank.R2>(tf.tensor2d(weights([classes, input], 0), [classes, input]))
    : null;
  const first = table === null ? 0 : 1;
  const parts = recurrentParts(kind, input, hidden, first);
  const head = matrix(hidden, classes, first + 4);
  const headBias = bias(classes, first + 5);
  const y = targets(rows, classes);
  const x =
    table === null
      ? tf.tensor2d(wave(rows * input), [rows, input])
      : tf.tensor2d(oneHotRows(ids(rows, characterStride, classes), classes), [rows, classes]);
  const zero = tf.zeros<tf.Rank.R2>([batch, hidden]);
  const variables = [...(table === null ? [] : [table]), ...parts.variables, head, headBias];
  const optimizer = table === null ? tf.train.adam(learningRates.adam) : tf.train.sgd(learningRates.sgd);
  const runner = trainer(optimizer, variables, () => {
    const embedded: tf.Tensor2D = table === null ? x : tf.matMul(x, table as tf.Tensor2D);
    const steps = tf.unstack(
      tf.reshape(parts.project(embedded), [time, batch, parts.width]),
    ) as tf.Tensor2D[];
    let state: State = kind === "lstm" ? [zero, zero] : [zero];
    const outputs: tf.Tensor2D[] = [];
    for (const step of steps) {
      state = parts.cell(step, state);
      outputs.push(state[0] as tf.Tensor2D);
    }
    const logits = tf.add(tf.matMul(tf.concat(outputs, 0), head), headBias);
    return tf.losses.softmaxCrossEntropy(y, logits) as tf.Scalar;
  });
  return table === null
    ? runner
    : { ...runner, note: "embedding by one-hot rows: gather has no gradient on wasm" };
}

function stream(): Runner {
  const { input, hidden, steps } = streamSizes;
  const { cell, project } = recurrentParts("lstm", input, hidden, 0);
  const data = wave(input);
  return {
    units: steps,
    step: () => {
      let state: State = [tf.zeros<tf.Rank.R2>([1, hidden]), tf.zeros<tf.Rank.R2>([1, hidden])];
      let output: ArrayLike<number> = [];
      for (let t = 0; t < steps; t++) {
        const next = tf.tidy(() => cell(project(tf.tensor2d(data, [1, input])), state) as tf.Tensor2D[]);
        tf.dispose(state as tf.Tensor2D[]);
        state = next;
        output = next[0]?.dataSync() ?? [];
      }
      tf.dispose(state as tf.Tensor2D[]);
      return Array.from(output).reduce((a, b) => a + b, 0);
    },
  };
}

function mlp(): Runner {
  const { input, hidden, classes, batch } = mlpSizes;
  const first = matrix(input, hidden, 0);
  const firstBias = bias(hidden, 1);
  const second = matrix(hidden, classes, 2);
  const secondBias = bias(classes, 3);
  const x = tf.tensor2d(wave(batch * input), [batch, input]);
  const y = targets(batch, classes);
  return trainer(tf.train.sgd(learningRates.sgd), [first, firstBias, second, secondBias], () => {
    const h = tf.relu(tf.add(tf.matMul(x, first), firstBias));
    return tf.losses.softmaxCrossEntropy(y, tf.add(tf.matMul(h, second), secondBias)) as tf.Scalar;
  });
}

function product(size: number): Runner {
  const a = tf.tensor2d(wave(size * size), [size, size]);
  const b = tf.tensor2d(rightWave(size * size), [size, size]);
  return {
    step: () => {
      const c = tf.matMul(a, b);
      const value = c.dataSync()[size + 1] ?? Number.NaN;
      c.dispose();
      return value;
    },
  };
}

function long(): Runner {
  const { input, hidden, batch, time } = longSizes;
  const parts = recurrentParts("rnn", input, hidden, 0);
  const x = tf.tensor2d(wave(time * batch * input), [time * batch, input]);
  const zero = tf.zeros<tf.Rank.R2>([batch, hidden]);
  return {
    step: () => {
      const { value, grads } = tf.variableGrads((): tf.Scalar => {
        let state: State = [zero];
        for (const step of tf.unstack(tf.reshape(parts.project(x), [time, batch, hidden])) as tf.Tensor2D[])
          state = parts.cell(step, state);
        return tf.mean(tf.square(state[0] as tf.Tensor2D));
      }, parts.variables);
      const [loss = Number.NaN] = value.dataSync();
      value.dispose();
      tf.dispose(grads);
      return loss;
    },
  };
}

function small(): Runner {
  const inputs = [0, 1, 2].map((k) =>
    tf.tensor1d(Float32Array.from({ length: smallLength }, (_, i) => Math.sin(i + k))),
  );
  const both = tf.valueAndGrads((a, b, c) =>
    tf.sum(tf.tanh(tf.add(tf.mul(a as tf.Tensor, b as tf.Tensor), c as tf.Tensor))),
  );
  return {
    step: () => {
      const { value, grads } = both(inputs);
      const [y = Number.NaN] = value.dataSync();
      value.dispose();
      tf.dispose(grads);
      return y;
    },
  };
}

const others: { readonly [work: string]: () => Runner } = {
  "eager-small": small,
  "lstm-stream": stream,
  "mlp-train": mlp,
  "long-bptt": long,
  "matmul-256": () => product(256),
  "matmul-512": () => product(512),
  "matmul-1024": () => product(1024),
};

await serve(`tfjs-wasm ${tf.version_core}`, (work) => {
  const sizes = sequenceWorks[work];
  if (sizes !== undefined) return sequence(sizes);
  return others[work]?.() ?? cannot("no such work");
});

import { grad, lossAndGradients, mul, Random, sin, type Tensor, tensor } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { Adam, clipByGlobalNorm, Linear, LSTM, meanSquaredError, setSeed } from "@scope/nn";

/** What a host made of the program. */
export interface TrainingReport {
  /** d(x·sin x)/dx at 2, eagerly. */
  readonly gradient: number;
  readonly eagerLosses: readonly number[];
  readonly compiledLosses: readonly number[];
  readonly forecast: readonly number[];
  /** How often the host ran a whole program in WebAssembly. */
  readonly programRuns: number;
  readonly warnings: readonly string[];
}

const steps = 20;

class Trainer {
  readonly lstm: LSTM;
  readonly head: Linear;
  readonly optimizer: Adam;
  readonly inputs: Tensor;
  readonly targets: Tensor;
  constructor() {
    setSeed(7);
    this.lstm = new LSTM(3, 16);
    this.head = new Linear(16, 1);
    const random = new Random(1);
    this.inputs = random.normal([8, 12, 3]);
    this.targets = sin(random.normal([8, 12, 1]));
    this.optimizer = new Adam([...this.lstm.parameters(), ...this.head.parameters()], { learningRate: 0.01 });
  }
  forward(inputs: Tensor): Tensor {
    return this.head.forward(this.lstm.forward(inputs)[0]);
  }
  step(inputs: Tensor, targets: Tensor): Tensor {
    const variables = [...this.lstm.parameters(), ...this.head.parameters()];
    const [loss, gradients] = lossAndGradients(
      () => meanSquaredError(this.forward(inputs), targets),
      variables,
    );
    this.optimizer.step(clipByGlobalNorm(gradients, 1));
    return loss;
  }
}

function train(step: (inputs: Tensor, targets: Tensor) => Tensor, { inputs, targets }: Trainer): number[] {
  return Array.from({ length: steps }, () => step(inputs, targets).item());
}

/** Counts calls of the exported `run` of every module that is instantiated while `action` runs. */
function countingProgramRuns(action: () => void): number {
  const { Instance } = WebAssembly;
  let runs = 0;
  WebAssembly.Instance = new Proxy(Instance, {
    construct(target, [module, imports]: [WebAssembly.Module, WebAssembly.Imports | undefined]) {
      const { exports } = new target(module, imports);
      const { run } = exports;
      if (typeof run !== "function") return { exports };
      const counted = (): void => {
        runs++;
        run();
      };
      return { exports: { ...exports, run: counted } };
    },
  });
  try {
    action();
  } finally {
    WebAssembly.Instance = Instance;
  }
  return runs;
}

/** A gradient and the training of a small LSTM, eagerly and compiled: the same on every host. */
export function runTraining(): TrainingReport {
  const warnings: string[] = [];
  const { warn } = console;
  console.warn = (...parts: unknown[]) => void warnings.push(parts.map(String).join(" "));
  try {
    const eager = new Trainer();
    const compiled = new Trainer();
    const eagerLosses = train((inputs, targets) => eager.step(inputs, targets), eager);
    let compiledLosses: number[] = [];
    let forecast: number[] = [];
    const programRuns = countingProgramRuns(() => {
      compiledLosses = train(
        compile((inputs: Tensor, targets: Tensor) => compiled.step(inputs, targets)),
        compiled,
      );
      // A second program, on the Variables of the first.
      const forward = compile((inputs: Tensor) => compiled.forward(inputs).reshape([-1]));
      forecast = [...forward(compiled.inputs).data];
    });
    const gradient = grad((x) => mul(x, sin(x)))(tensor(2)).item();
    return { gradient, eagerLosses, compiledLosses, forecast, programRuns, warnings };
  } finally {
    console.warn = warn;
  }
}

/** Runs of whole programs that {@link runTraining} asks for. */
export const expectedProgramRuns: number = steps + 1;

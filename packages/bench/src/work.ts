/** One piece of work that every library does with the same numbers. */
export interface Work {
  readonly name: string;
  readonly about: string;
  /** What one measured unit is, and how times are printed. */
  readonly unit: "step" | "product" | "call";
  /** The value of the first iteration, in float64 by PyTorch. */
  readonly check: number;
  /** The value of the third iteration: where the work trains, gradients and updates have moved it. */
  readonly third: number;
  readonly tolerance: number;
  readonly gigaflops?: number;
  readonly quick: boolean;
}

/** Three rounds of float32 on these losses differ by a few 1e-7; two updates of lstm-train move its loss by 2e-4. */
const near = (check: number, third = check): { check: number; third: number; tolerance: number } => ({
  check,
  third,
  tolerance: 3e-6 * Math.abs(check),
});

const product = (size: number, check: number, quick: boolean): Work => ({
  name: `matmul-${size}`,
  about: `C = A·B, ${size} × ${size}`,
  unit: "product",
  check,
  third: check,
  tolerance: 1e-4,
  gigaflops: (2 * size ** 3) / 1e9,
  quick,
});

export const works: readonly Work[] = [
  {
    name: "eager-small",
    about: "y = Σ tanh(a·b + c) and its three gradients, 16 elements; never compiled",
    unit: "call",
    ...near(3.4268864171180957),
    quick: true,
  },
  {
    name: "lstm-stream",
    about: "one LSTM step for one sequence, input 64, H 256; 1000 steps a measurement",
    unit: "step",
    check: -0.023253302543728753,
    third: -0.023253302543728753,
    tolerance: 2e-6,
    quick: true,
  },
  {
    name: "mlp-train",
    about: "784-256-10 relu, B 64, SGD",
    unit: "step",
    ...near(2.3053257290461717, 2.2879237139207307),
    gigaflops: 0.051,
    quick: true,
  },
  {
    name: "lstm-train-small",
    about: "input 16, H 32, B 8, T 32, 16 classes, Adam",
    unit: "step",
    ...near(2.774042352182991, 2.773808655898169),
    quick: true,
  },
  {
    name: "rnn-train",
    about: "character RNN, V 65, H 128, B 32, T 64, SGD",
    unit: "step",
    ...near(4.176326089701332, 4.1758842693253),
    quick: false,
  },
  {
    name: "rnn-train-odd",
    about: "the same with V 67 and H 131, no multiples of 4",
    unit: "step",
    ...near(4.206648152943498, 4.206199951175516),
    quick: false,
  },
  {
    name: "lstm-train",
    about: "input 64, H 256, B 32, T 64, 65 classes, Adam",
    unit: "step",
    ...near(4.175080690206432, 4.174422415309859),
    quick: false,
  },
  {
    name: "gru-train",
    about: "as lstm-train, with a GRU",
    unit: "step",
    ...near(4.175430165459579, 4.174629232366318),
    quick: false,
  },
  {
    name: "long-bptt",
    about: "RNN, H 64, B 8, T 1000: mean of the squared last state, and its gradients",
    unit: "step",
    ...near(0.0066162159841526),
    quick: false,
  },
  product(256, -0.36874317956792874, true),
  product(512, 0.23469195612700328, false),
  product(1024, -1.3128631442538743, false),
  {
    name: "gemm-peak",
    about: "multiply-adds in registers from WASM, as many as matmul-512 has: what a matmul could reach",
    unit: "product",
    check: 1,
    third: 1,
    tolerance: 0,
    gigaflops: (2 * 512 ** 3) / 1e9,
    quick: true,
  },
];

/** `name` is that of a work.
 * @throws `RangeError` with the names there are, if it is not. */
export function findWork(name: string): Work {
  const work = works.find((candidate) => candidate.name === name);
  if (work === undefined)
    throw new RangeError(`no work is called "${name}"; there are ${works.map((w) => w.name).join(", ")}`);
  return work;
}

/** Whether the first and the third value of a run are those that the work's maths gives. */
export function agrees(
  work: Work,
  { check, third }: { readonly check: number; readonly third: number },
): boolean {
  // NaN is near nothing.
  return Math.abs(check - work.check) <= work.tolerance && Math.abs(third - work.third) <= work.tolerance;
}

import type { Spec } from "../kernel/lowering.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Op } from "./op.js";
import type { Variable } from "./variable.js";

/** What sees ops pass the door: a reverse-mode tape or a forward-mode stream. */
export interface Recorder {
  watches(inputs: readonly Tensor[]): boolean;
  /** Runs the op below itself (`level` tapes are outside of it) and notes it. */
  record(level: number, op: Op, inputs: readonly Tensor[], attributes: unknown): readonly Tensor[];
  readonly leaves: Map<Variable, Tensor>;
  adopt(variable: Variable, leaf: Tensor): void;
}

/** What ops become nodes of while it is open. */
export interface OpenTrace {
  /** What stands inside for a tensor from wherever. */
  lift(t: Tensor): Tensor;
  /** Adds a node; the symbols of its outputs. */
  add(op: Op, inputs: readonly Tensor[], attributes: unknown, specs: readonly Spec[]): readonly Tensor[];
}

/** Where Variables live while a context is current: their own cells, a trace, or a replay's overlay. */
export interface Store {
  read(variable: Variable): Tensor;
  write(variable: Variable, value: Tensor, assigned: boolean): void;
}

/** How a plain value was read, and what it was. */
export interface StaticRead {
  readonly read: () => unknown;
  readonly value: unknown;
}

/** What is open around the code that runs: at most one trace, the tapes inside it, a store of Variables. */
export interface Context {
  readonly trace: OpenTrace | null;
  /** Outermost first. */
  readonly tapes: readonly Recorder[];
  readonly store: Store;
  /** Captured tensors of a replay, by id, and what stands for them. */
  readonly substitute: ReadonlyMap<number, Tensor> | null;
  /** Tapes below this were open before the store was: its values are already theirs. */
  readonly firstOwnTape: number;
  /** Where plain values that a compiled function reads are noted. */
  readonly statics: StaticRead[] | null;
}

/** The Variables' own cells. */
const cells: Store = {
  read: (variable) => variable.readCell(),
  write: (variable, value, assigned) => (assigned ? variable.writeCell(value) : variable.renameCell(value)),
};
export const ownCells: Store = cells;

// What is open right now. Other state of the process: the next id (tensor.ts), the search for anomalies (anomaly-search.ts), accelerators
// (backends/eager.ts), and memory that results share: slabs (tensor.ts) and shapes (base/shape.ts).
let context: Context = {
  trace: null,
  tapes: [],
  store: cells,
  substitute: null,
  firstOwnTape: 0,
  statics: null,
};

export const current = (): Context => context;

/** What stands for a captured tensor in a replay; any other tensor as it is. */
export const standIn = (t: Tensor): Tensor => context.substitute?.get(t.id) ?? t;

/** Runs with another context; whatever happens inside, the old one is back afterwards. */
export function within<T>(inner: Context, run: () => T): T {
  const outer = context;
  context = inner;
  try {
    return run();
  } finally {
    context = outer;
  }
}

export const withTapes = (outer: Context, tapes: readonly Recorder[]): Context => ({ ...outer, tapes });

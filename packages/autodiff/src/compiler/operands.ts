import type { Structure } from "../trace/op.js";

export type Loop = Extract<Structure, { kind: "loop" }>;
export type Branch = Extract<Structure, { kind: "branch" }>;
export type While = Extract<Structure, { kind: "while" }>;

// What stands where in the flat lists of an op with a body: the inputs of its node, the inputs of its bodies, or whatever is kept for each of them.

/** What goes into a loop over time, in order. */
export interface LoopInputs<T> {
  readonly constants: readonly T[];
  readonly carries: readonly T[];
  /** One slice of each per step. */
  readonly xs: readonly T[];
}
export const loopInputs = <T>({ constants: c, carries: h }: Loop, all: readonly T[]): LoopInputs<T> => ({
  constants: all.slice(0, c),
  carries: all.slice(c, c + h),
  xs: all.slice(c + h),
});

/** What comes out of a loop over time, in order. */
export interface LoopOutputs<T> {
  readonly carries: readonly T[];
  /** One slice of each per step. */
  readonly ys: readonly T[];
}
export const loopOutputs = <T>({ carries: h }: Loop, all: readonly T[]): LoopOutputs<T> => ({
  carries: all.slice(0, h),
  ys: all.slice(h),
});

/** What goes into a branch, in order: both bodies take the operands. */
export interface BranchInputs<T> {
  readonly condition: T;
  readonly operands: readonly T[];
}
export const branchInputs = <T>([condition, ...operands]: readonly T[]): BranchInputs<T> => ({
  condition,
  operands,
});

/** What goes into a while loop, in order; what comes out are the carries. The test takes its constants and the carries, the body likewise. */
export interface WhileInputs<T> {
  readonly testConstants: readonly T[];
  readonly bodyConstants: readonly T[];
  readonly carries: readonly T[];
}
export const whileInputs = <T>(
  { testConstants: p, bodyConstants: q }: While,
  all: readonly T[],
): WhileInputs<T> => ({
  testConstants: all.slice(0, p),
  bodyConstants: all.slice(p, p + q),
  carries: all.slice(p + q),
});

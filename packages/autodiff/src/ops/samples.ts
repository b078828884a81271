import type { DType } from "../base/dtype.js";
import type { Shape } from "../base/shape.js";
import type { NestedArray, Tensor } from "../tensor/tensor.js";
import type { TensorLike } from "./operands.js";

// What the tests read of each op, from the file `family.samples.ts` beside `family.ts`; nothing else imports those files.

/** What a caller without types may pass: an array is no operand. */
// @ts-expect-error That is what the samples need.
export const wrongOperand: TensorLike = [1, 2];

/** From … to, both finite. */
export type Interval = readonly [from: number, to: number];

/** Where the samples of a test come from: seeded, so that a failure can be run again. */
export interface SampleRandom {
  /** A number from an interval. */
  number(interval: Interval): number;
  /** A whole number from `from` to `to`, both included. */
  integer(from: number, to: number): number;
  /** One of these, each as likely as the others. */
  pick<T>(items: readonly T[]): T;
  /** 0 … n − 1 in any order. */
  permutation(n: number): number[];
  /** A shape of 0 to 3 axes (or `rank` axes) of sizes 1 to 3. */
  shape(rank?: number): Shape;
  /** Values from an interval, or several (−2 … 2), all different enough that no two tie; whole numbers for int32 and bool. */
  tensor(shape: Shape, domain?: Interval | readonly Interval[], dtype?: DType): Tensor;
  /** A tensor of these very values. */
  of(values: NestedArray, dtype?: DType): Tensor;
}

/** A call that must throw an error of this code before any work is done. */
export interface Rejection {
  readonly code: string;
  run(random: SampleRandom): unknown;
}

/** The names of an op elsewhere, for readers: docs/names.md lists them. */
export interface ForeignNames {
  readonly numpy?: string;
  readonly torch?: string;
  readonly onnx?: string;
}

/** Points at which derivatives are delicate (a rule avoids 0/0, 0 · ∞ or log 0 there, or the op is saturated, tied or infinite), with the first three;
 * or why there are none. An expected NaN stands for anything that is not finite, ±∞ for itself or NaN; other numbers for themselves. */
export type GuardPoints<P> = readonly P[] | string;

/** A function of a vector that gives a number, and its first three derivatives at a point; a number stands for a whole array of it. */
export interface Guard {
  readonly what: string;
  readonly at: readonly number[];
  f(x: Tensor): Tensor;
  readonly gradient: NestedArray;
  readonly hessian: NestedArray;
  readonly third: NestedArray;
}

/** Of an elementwise op: the test draws shapes that broadcast, and values from `domain`. */
export interface ElementwiseSamples {
  readonly names?: ForeignNames;
  /** One list of intervals per operand, away from kinks and poles. */
  readonly domain: readonly (readonly Interval[])[];
  /** Operands and then the result, equal to the last bit in float64 (NaN equals NaN, −0 is not 0); booleans as 0 and 1. */
  readonly exact: readonly (readonly number[])[];
  /** The same function on plain numbers. */
  reference(...operands: number[]): number;
  /** How far a float32 result may be from the reference, in units of its last place (2). */
  readonly ulps?: number;
  /** The dtype of each operand in gradient-free checks (float64). */
  readonly dtypes?: readonly DType[];
  /** Rows of the operands and then the derivatives: of f(x) f′, f″, f‴; of f(a, b) by a, b, aa, ab, bb, aaa, aab, abb, bbb. */
  readonly guardPoints: GuardPoints<readonly number[]>;
  readonly rejects: readonly Rejection[];
}

/** One application of an op. */
export interface Application<A> {
  /** Float inputs are float64, so that derivatives can be checked. */
  readonly inputs: readonly Tensor[];
  readonly attributes: A;
}

/** Of any other op: whole applications, drawn at random and written out. */
export interface StructuralSamples<A> {
  readonly names?: ForeignNames;
  /** A small application drawn at random, away from kinks. */
  draw(random: SampleRandom): Application<A>;
  /** Applications with the outputs that they must have (all of them, as nested arrays). */
  exact(random: SampleRandom): readonly (Application<A> & { readonly outputs: readonly NestedArray[] })[];
  /** The derivative is 0 on purpose, though the value varies. */
  readonly cutsGradient?: true;
  readonly guardPoints: GuardPoints<Guard>;
  readonly rejects: readonly Rejection[];
}

/** The samples `<name>Samples` of the record `<name>Op`. */
export type Samples<A = null> = ElementwiseSamples | StructuralSamples<A>;

import { clip, show } from "./show.js";

/** The data every error of Scope carries; the text is made from it. */
export interface Complaint {
  /** Stable identifier of the kind of mistake, e.g. `"shape/broadcast"`. */
  readonly code: string;
  /** The function that the user called. */
  readonly op: string;
  /** One sentence: what is wrong. */
  readonly problem: string;
  /** What came. */
  readonly got: string;
  /** What was expected. */
  readonly expected: string;
  /** How to put it right. */
  readonly mend: string;
}

const names = ["code", "op", "problem", "got", "expected", "mend"] as const;

/** Base of every error that Scope throws for a user's mistake; `code`, `op`, `problem`, `got`, `expected` and `mend` are data.
 * @example
 * try { matmul(ones([2, 3]), ones([4, 5])) } catch (error) { error.code } // => "shape/matmul"
 */
export class ScopeError extends Error {
  // Written out, here and below: a minifier renames classes.
  override readonly name: string = "ScopeError";
  declare readonly code: string;
  declare readonly op: string;
  declare readonly problem: string;
  declare readonly got: string;
  declare readonly expected: string;
  declare readonly mend: string;
  constructor(complaint: Complaint) {
    // Short enough for a message of less than 1,000 characters, whatever values stand in the texts.
    const data = Object.fromEntries(
      names.map((name) => [
        name,
        clip(typeof complaint?.[name] === "string" ? complaint[name] : show(complaint?.[name]), 210),
      ]),
    );
    super(
      `${data.op}: ${data.problem}\n  got:      ${data.got}\n  expected: ${data.expected}\n  mend:     ${data.mend}`,
    );
    Object.assign(this, data);
  }
}

/** Shapes that do not fit together, or a shape that is not a list of whole numbers ≥ 0. */
export class ShapeError extends ScopeError {
  override readonly name: string = "ShapeError";
}
/** An axis or an index outside of the tensor. */
export class IndexError extends ScopeError {
  override readonly name: string = "IndexError";
}
/** A dtype that the function does not take. */
export class DTypeError extends ScopeError {
  override readonly name: string = "DTypeError";
}
/** A value (option, number, array) that makes no sense to the function. */
export class ValueError extends ScopeError {
  override readonly name: string = "ValueError";
}
/** Trees whose structures differ, or a leaf that is not a tensor. */
export class TreeError extends ScopeError {
  override readonly name: string = "TreeError";
}
/** The value of a tensor was asked for while it is only a symbol in a trace. */
export class SymbolicValueError extends ScopeError {
  override readonly name: string = "SymbolicValueError";
}
/** A symbolic tensor was used after its trace ended. */
export class LeakError extends ScopeError {
  override readonly name: string = "LeakError";
}
/** An asynchronous function was given to a transform. */
export class AsyncError extends ScopeError {
  override readonly name: string = "AsyncError";
}
/** A Variable was assigned a value that does not fit. */
export class VariableError extends ScopeError {
  override readonly name: string = "VariableError";
}
/** A derivative that does not exist or cannot be had this way. */
export class DerivativeError extends ScopeError {
  override readonly name: string = "DerivativeError";
}
/** The first NaN or infinity found by `detectAnomalies`. */
export class AnomalyError extends ScopeError {
  override readonly name: string = "AnomalyError";
}
/** A program could not be compiled or run. */
export class CompileError extends ScopeError {
  override readonly name: string = "CompileError";
}

/** What the memory of a device holds was asked for at once, or the device is gone. */
export class DeviceError extends ScopeError {
  override readonly name: string = "DeviceError";
}

/** A fault of Scope itself, never of its user.
 * @example
 * new InternalError("a sum came out negative").name // => "InternalError"
 */
export class InternalError extends Error {
  override readonly name: string = "InternalError";
  constructor(message: string) {
    super(
      `${typeof message === "string" ? message : show(message)} (a bug in Scope: please report it with the program)`,
    );
  }
}

/** What the process that makes the calls is told. */
export interface FuzzOrder {
  readonly seed: number;
  /** Index of the first call. */
  readonly from: number;
  /** Index after the last call. */
  readonly to: number;
  /** Only targets whose name starts so. */
  readonly only: string;
  /** Programs that make valid calls, as JavaScript: the bodies of docstring examples. */
  readonly programs: readonly string[];
  /** Names of what the types do not offer: protected, private and internal members. */
  readonly hidden: readonly string[];
  /** A file whose first four bytes hold the index of the call that runs now. */
  readonly journal: string;
  /** The file for its report. */
  readonly answer: string;
  /** CPU time that one call may take. */
  readonly hangMs: number;
  /** Resident memory that the process may take. */
  readonly memoryBytes: number;
}

/** One call that ended otherwise than with a result or with the library's own error. */
export interface FuzzFailure {
  readonly index: number;
  readonly kind:
    | "raw error"
    | "hang"
    | "memory"
    | "crash"
    | "rejection"
    | "long text"
    | "unclear text"
    | "spoilt";
  readonly call: string;
  readonly reason: string;
}

/** What the process says at its end. */
export interface FuzzReport {
  readonly calls: number;
  /** Calls of each target. */
  readonly targets: Readonly<Record<string, number>>;
  readonly failures: readonly FuzzFailure[];
}

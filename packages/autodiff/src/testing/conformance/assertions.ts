/** What a backend did wrong, found by a case of the conformance suite. */
export interface ConformanceError extends Error {
  /** What came. */
  readonly got: string;
  /** What was expected. */
  readonly expected: string;
}

/** The error of a case that fails. */
export class ConformanceFailure extends Error implements ConformanceError {
  override readonly name: string = "ConformanceError";
  readonly got: string;
  readonly expected: string;
  constructor(what: string, got: string, expected: string) {
    super(`${what}\n  got:      ${got}\n  expected: ${expected}`);
    this.got = got;
    this.expected = expected;
  }
}

/** Demands something of a backend. */
export function demand(fine: boolean, what: string, got: unknown, expected: string): void {
  if (!fine) throw new ConformanceFailure(what, String(got), expected);
}

/** Demands the same numbers, zeros of the same sign; NaN equals NaN, whatever its bits. */
export function demandNumbers(what: string, got: readonly number[], want: readonly number[]): void {
  let at = want.findIndex((value, i) => !Object.is(value, got[i]));
  if (at < 0 && got.length !== want.length) at = Math.min(got.length, want.length);
  if (at < 0) return;
  const from = Math.max(0, at - 4);
  const around = (list: readonly number[]): string =>
    `${show(list[at])}; elements ${from} on: ${list
      .slice(from, from + 24)
      .map(show)
      .join(", ")}`;
  throw new ConformanceFailure(`${what}: element ${at}`, around(got), around(want));
}

const show = (x: number | undefined): string => (Object.is(x, -0) ? "-0" : String(x));

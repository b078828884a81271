import { checkFunction } from "../base/checks.js";
import { isFloatDType } from "../base/dtype.js";
import { AnomalyError } from "../base/errors.js";
import { showSpec } from "../base/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { type AnomalySearch, anomalies } from "./anomaly-search.js";
import { identityOp } from "./identity.js";
import type { Node, Op } from "./op.js";

/** Looks for the first NaN or infinity. */
const search: AnomalySearch = {
  inspect(op, inputs, outputs, backward) {
    for (const t of outputs) {
      if (!isFloatDType(t.dtype) || t.storage === null || op === identityOp) continue;
      const data = t.data;
      for (let i = 0; i < data.length; i++) {
        if (!Number.isFinite(data[i])) throw found(op, inputs, t, i, backward);
      }
    }
  },
  userSource,
};

/** The first line of the stack that is not Scope's own. */
function userSource(): string {
  const lines = (new Error().stack ?? "").split("\n").slice(1);
  const own = lines[0]?.replace(/^.*?((?:file:|https?:)?[^\s()]*)\/trace\/anomaly\.[^/]*$/, "$1");
  const line = lines.find((l) => own === undefined || !l.includes(`${own}/`));
  return line?.trim().replace(/^at /, "") ?? "an unknown place";
}

const range = (t: Tensor): string => {
  if (t.storage === null) return `${showSpec(t)} (value not kept)`;
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  let odd = 0;
  t.data.forEach((v) => {
    if (!Number.isFinite(v)) odd++;
    else {
      least = Math.min(least, v);
      most = Math.max(most, v);
    }
  });
  const finite = least <= most ? ` from ${least.toPrecision(4)} to ${most.toPrecision(4)}` : "";
  return `${showSpec(t)}${finite}${odd > 0 ? `, ${odd} not finite` : ""}`;
};

function found(
  op: Op,
  inputs: readonly Tensor[],
  output: Tensor,
  at: number,
  backward: Node | null,
): AnomalyError {
  const value = output.data[at];
  const where = backward === null ? "" : ` while going back through ${backward.op.name}`;
  const source = backward?.source ?? userSource();
  const ranges = inputs.map((t, i) => `input ${i}: ${range(t)}`).join("; ");
  return new AnomalyError({
    code: backward === null ? "anomaly/forward" : "anomaly/backward",
    op: backward?.op.name ?? op.name,
    problem: `first ${Number.isNaN(value) ? "NaN" : "infinity"}: element ${at} of the result of ${op.name}${where}, at ${source}.`,
    got: ranges === "" ? "no inputs" : ranges,
    expected: "finite numbers",
    mend:
      backward === null
        ? "look at the ranges: a logarithm of 0, a division by 0, an exp of a large number?"
        : `the value of ${backward.op.name} is finite there, its derivative is not: keep its input away, or use a stable form`,
  });
}

// How many runs are being searched; those of asynchronous functions may overlap.
let searches = 0;

function begin(): void {
  searches++;
  anomalies.search = search;
}

function end(): void {
  searches--;
  if (searches === 0) anomalies.search = null;
}

/** Runs `f` and reports the first NaN or infinity, in the forward or the reverse sweep, with the op, the ranges of its inputs and your source line.
 * Compiled functions run op by op meanwhile, so that theirs are found where they arise. If `f` is asynchronous, everything that runs until its promise is settled is searched:
 * `await detectAnomalies(() => fit(…))`.
 * @param f - any function; what it returns is returned
 * @throws {@link AnomalyError} at the first value that is not finite
 * @example
 * detectAnomalies(() => log(tensor([1, 0]))) // throws AnomalyError
 */
export function detectAnomalies<T>(f: () => T): T {
  checkFunction("detectAnomalies", "f", f, "detectAnomalies(() => step(x))");
  begin();
  let pending = false;
  try {
    const result = f();
    if (result instanceof Promise) {
      pending = true;
      // The type of a promise that settles like this one.
      return result.finally(end) as T;
    }
    return result;
  } finally {
    if (!pending) end();
  }
}

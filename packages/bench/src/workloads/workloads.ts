import type { Runner } from "../child/serve.js";
import { sequenceWorks } from "../work-data.js";
import { eagerSmall } from "./eager-small.js";
import { longBptt } from "./long-bptt.js";
import { lstmStream } from "./lstm-stream.js";
import { matmulSquare } from "./matmul.js";
import { mlpTrain } from "./mlp-train.js";
import { sequenceTrain } from "./sequence-train.js";

const others: { readonly [work: string]: (compiled: boolean) => Runner } = {
  "eager-small": eagerSmall,
  "lstm-stream": lstmStream,
  "mlp-train": mlpTrain,
  "long-bptt": longBptt,
  "matmul-256": (compiled) => matmulSquare(256, compiled),
  "matmul-512": (compiled) => matmulSquare(512, compiled),
  "matmul-1024": (compiled) => matmulSquare(1024, compiled),
};

/** Scope on a work: the same program, eager or compiled.
 * @throws `RangeError` for a work that is not here */
export function scopeWorkload(work: string, compiled: boolean): Runner {
  const sizes = sequenceWorks[work];
  if (sizes !== undefined) return sequenceTrain(sizes, compiled);
  const make = others[work];
  if (make === undefined) throw new RangeError(`no work is called "${work}"`);
  return make(compiled);
}

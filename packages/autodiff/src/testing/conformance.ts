/** The suite that a backend of any package must pass, for any test runner.
 * @packageDocumentation */
import { checkCount, checkList, checkNumber, checkOptions } from "../base/checks.js";
import { ValueError } from "../base/errors.js";
import { show } from "../base/show.js";
import { type Backend, isBackend } from "../kernel/backend.js";
import { checkConformance } from "./conformance/checks.js";
import { controlFlowConformance } from "./conformance/control-flow.js";
import { deviceConformance } from "./conformance/devices.js";
import { gemmConformance } from "./conformance/gemm.js";
import { instanceConformance } from "./conformance/instances.js";
import { instructionConformance } from "./conformance/instructions.js";
import { largeKernelConformance } from "./conformance/large-kernels.js";
import { mapConformance } from "./conformance/maps.js";
import { memoryConformance } from "./conformance/memory.js";
import { randomProgramConformance } from "./conformance/random-programs.js";
import { reductionConformance } from "./conformance/reductions.js";
import { routineConformance } from "./conformance/routines.js";
import { setupConformance } from "./conformance/setup.js";
import { specialValueConformance } from "./conformance/special-values.js";
import { type ConformanceCase, type ConformanceOptions, type LeftOut, Suite } from "./conformance/suite.js";

export type { ConformanceError } from "./conformance/assertions.js";
export type { ConformanceCase, ConformanceOptions, LeftOut };

/** What {@link conformance} gives. */
export interface Conformance {
  /** To be run one after the other, in any order. */
  readonly cases: readonly ConformanceCase[];
  /** How many programs the cases that have run were about. */
  programs(): number;
  /** What was not tried: for want of a dtype, which is known from the start, or because the backend refused a kernel when a case came to it. */
  leftOut(): readonly LeftOut[];
}

const groups: { readonly [name: string]: (suite: Suite) => void } = {
  instructions: instructionConformance,
  "special values": specialValueConformance,
  "maps, gathers, fills": mapConformance,
  reductions: reductionConformance,
  "control flow": controlFlowConformance,
  instances: instanceConformance,
  devices: deviceConformance,
  gemm: gemmConformance,
  routines: routineConformance,
  setup: setupConformance,
  checks: checkConformance,
  memory: memoryConformance,
  "large kernels": largeKernelConformance,
  "random programs": randomProgramConformance,
};

/** All that a backend must do, as cases for any test runner: what its programs compute is held against a naive evaluator of the kernels, against published answers, and against double precision.
 * Cases draw their data from their names, so that each is the same whichever others run.
 * @param backend - what is tried; what it lacks, or says that it refuses, is left out and counted
 * @param options - `threads`, `samples`, `seed`, `joined`
 * @throws {@link ValueError} if `backend` is none
 * @example
 * conformance(await setDefaultBackend("wasm")).cases.some(({ name }) => name === "instructions: tanh of float32") // => true
 */
export function conformance(backend: Backend, options: ConformanceOptions = {}): Conformance {
  checkOptions("conformance", options, ["threads", "samples", "seed", "joined"]);
  const { threads = [], samples = 300, seed = 20, joined = 1 } = options;
  checkList("conformance", "threads", threads, "a list of numbers of threads");
  for (const count of threads) checkCount("conformance", "threads", count);
  checkCount("conformance", "samples", samples, 0);
  checkNumber("conformance", "seed", seed);
  checkCount("conformance", "joined", joined, 1);
  if (!isBackend(backend)) {
    throw new ValueError({
      code: "value/backend",
      op: "conformance",
      problem: "this is no backend.",
      got: show(backend),
      expected: "{ name, capabilities: { dtypes, limits, packedLength }, prepare }",
      mend: "the object that compile(f, { backend }) takes",
    });
  }
  const suite = new Suite(backend, { threads, samples, seed, joined });
  for (const [name, addCases] of Object.entries(groups)) {
    suite.group(name);
    addCases(suite);
  }
  return { cases: suite.cases, programs: () => suite.programs(), leftOut: () => suite.leftOut() };
}

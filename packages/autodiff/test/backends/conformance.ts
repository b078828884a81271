import { describe } from "vitest";
import type { Backend } from "../../src/kernel/backend.js";

import { controlFlowConformance } from "./conformance-control-flow.js";
import { gemmConformance } from "./conformance-gemm.js";
import { instanceConformance } from "./conformance-instances.js";
import { instructionConformance } from "./conformance-instructions.js";
import { mapConformance } from "./conformance-maps.js";
import { randomProgramConformance } from "./conformance-random-programs.js";
import { reductionConformance } from "./conformance-reductions.js";
import { routineConformance } from "./conformance-routines.js";

/** The suite that every program backend runs: what it computes is held against a naive evaluator, published answers and double precision. */
export function conformance(name: string, backend: Backend): void {
  describe(`${name} conforms`, () => {
    describe("instructions", () => instructionConformance(backend));
    describe("maps, gathers, fills", () => mapConformance(backend));
    describe("reductions", () => reductionConformance(backend));
    describe("control flow", () => controlFlowConformance(backend));
    describe("instances", () => instanceConformance(backend));
    describe("gemm", () => gemmConformance(backend));
    describe("routines", () => routineConformance(backend));
    describe("random programs", () => randomProgramConformance(backend));
  });
}

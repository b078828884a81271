import { describe } from "vitest";
import type { ProgramBackend } from "../../src/kernel/program.js";
import { gemmConformance } from "./conformance-gemm.js";
import { instructionConformance } from "./conformance-instructions.js";
import { kernelConformance } from "./conformance-kernels.js";
import { randomProgramConformance } from "./conformance-random-programs.js";
import { routineConformance } from "./conformance-routines.js";

/** The suite that every program backend runs: what it computes is held against a naive evaluator, published answers and double precision. */
export function conformance(name: string, backend: ProgramBackend): void {
  describe(`${name} conforms`, () => {
    describe("instructions", () => instructionConformance(backend));
    describe("maps, reductions, fills, control flow", () => kernelConformance(backend));
    describe("gemm", () => gemmConformance(backend));
    describe("routines", () => routineConformance(backend));
    describe("random programs", () => randomProgramConformance(backend));
  });
}

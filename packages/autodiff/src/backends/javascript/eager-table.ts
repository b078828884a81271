import type { Lowering, Spec } from "../../kernel/lowering.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { EagerBackend } from "../eager.js";
import { coreTable, type EagerTable, eagerMap, eagerReduce } from "./eager.js";
import {
  eagerArgExtreme,
  eagerArgSort,
  eagerCumulative,
  eagerGather,
  eagerGemm,
  eagerIota,
  eagerPlace,
  eagerRandomBits,
  eagerScatterAdd,
} from "./eager-routines.js";
import { instructionLoops } from "./instructions.js";
import { reductions } from "./reduction-table.js";

/** The plain implementation of every kind of lowering. */
export const javascriptTable: EagerTable = {
  ...coreTable,
  map: eagerMap(instructionLoops),
  reduce: (lowering, inputs, outputs) => eagerReduce(reductions[lowering.combine])(lowering, inputs, outputs),
  iota: eagerIota,
  argExtreme: eagerArgExtreme,
  gemm: eagerGemm,
  place: eagerPlace,
  gather: eagerGather,
  scatterAdd: eagerScatterAdd,
  cumulative: eagerCumulative,
  argSort: eagerArgSort,
  randomBits: eagerRandomBits,
};

/** An eager backend that looks each lowering up in a table. */
export const tableBackend = (name: string, table: EagerTable): EagerBackend => ({
  name,
  execute(lowering, inputs, outputs) {
    // Each entry takes its own kind of lowering, which the key guarantees.
    const routine = table[lowering.kind] as (
      l: Lowering,
      i: readonly Tensor[],
      o: readonly Spec[],
    ) => readonly Tensor[];
    return routine(lowering, inputs, outputs);
  },
});

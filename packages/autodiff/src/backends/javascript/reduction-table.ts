import type { Combine } from "../../kernel/instruction.js";
import type { Reduction } from "./reductions.js";
import * as all from "./reductions.js";

/** A reduction for every way to combine: their module is complete, or this does not compile. */
export const reductions: { readonly [C in Combine]: Reduction } = all;

import { compilations } from "./compiling.js";
import { eagerCalls } from "./eager-calls.js";
import { fits } from "./fitting.js";
import { selections } from "./selection.js";
import type { Trap } from "./trap.js";

/** Programs that users met as traps, each with what is wanted of it. */
export const traps: readonly Trap[] = [...compilations, ...fits, ...selections, ...eagerCalls];

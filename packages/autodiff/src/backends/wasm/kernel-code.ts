import type { Access } from "../../kernel/program.js";
import type { Callable, I32 } from "./instructions.js";

/** The function of a kernel, and what it is called with. */
export interface KernelCode {
  readonly routine: Callable<null>;
  /** @param address - The address of an access (its own offset left out) plus so many elements, with the loops' counters at work. */
  operands(address: (access: Access, offset: number) => I32): I32[];
}

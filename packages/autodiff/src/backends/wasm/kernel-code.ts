import type { Expression } from "../../kernel/instruction.js";
import type { Access } from "../../kernel/program.js";
import type { Callable, I32 } from "./instructions.js";

/** The function of a kernel, and what it is called with. */
export interface KernelCode {
  readonly routine: Callable<null>;
  /** @param address - The address of an access (its own offset left out) plus so many elements, with the loops' counters at work. */
  operands(address: (access: Access, offset: number) => I32): I32[];
}

/** Text that is the same for equal expressions only; JSON would take NaN, ∞ and −∞ for one another, and −0 for 0. */
export function expressionKey({ nodes, results }: Expression): string {
  let key = results.join();
  for (const node of nodes) {
    const sign = node.kind === "constant" && Object.is(node.value, -0) ? "-" : "";
    key += `;${sign}${Object.values(node).join()}`;
  }
  return key;
}

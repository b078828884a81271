import type { Access } from "../../kernel/program.js";
import type { Callable, I32 } from "./instructions.js";

/** The function of a kernel, and what it is called with. */
export interface KernelCode {
  readonly routine: Callable<null>;
  /** @param address - The address of an access (its own offset left out) plus so many elements, with the loops' counters at work. */
  operands(address: (access: Access, offset: number) => I32): I32[];
}

/** Text that is the same for kernels of the same form only; JSON alone takes NaN, ∞ and −∞ for one another, and −0 for 0. */
export const formKey = (form: unknown): string =>
  JSON.stringify(form, (_name, value: unknown) =>
    typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))
      ? `${1 / value} of ${value}`
      : value,
  );

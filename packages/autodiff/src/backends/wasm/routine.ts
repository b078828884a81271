import type { FunctionBuilder, Local } from "./assembler.js";
import { type I32, i32 } from "./instructions.js";

/** A function of int32 whose parameters have names: long lists of addresses and sizes are not told apart by their order. */
export interface Routine<Name extends string> {
  readonly code: FunctionBuilder;
  readonly names: readonly Name[];
}
/** A routine's parameters, inside of it. */
export type Parameters<Name extends string> = { readonly [N in Name]: Local<"i32"> };
/** What a routine is called with. */
export type Operands<Name extends string> = { readonly [N in Name]: I32 | number };

/** Calls a routine. */
export function callRoutine<Name extends string>(
  f: FunctionBuilder,
  { code, names }: Routine<Name>,
  operands: Operands<Name>,
): void {
  const values = names.map((name): I32 => {
    const operand = operands[name];
    return typeof operand === "number" ? i32.const(operand) : operand;
  });
  f.run(code, ...values);
}

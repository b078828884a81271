import type { I32 } from "../instructions.js";
import { unsignedLeb } from "../instructions.js";

const at = (address: I32, opcode: string, value = ""): string =>
  `${address.code}${value}\xfe${opcode}\x02${unsignedLeb(0)}`;
const numberAt =
  (opcode: string) =>
  (address: I32): I32 => ({ type: "i32", code: at(address, opcode) });
const change =
  (opcode: string) =>
  (address: I32, by: I32): I32 => ({ type: "i32", code: at(address, opcode, by.code) });

/** Atomic instructions on int32 words, all in one order that every thread sees.
 * @source WebAssembly threads proposal, "Atomic memory accesses" */
export const atomic: {
  readonly load: (address: I32) => I32;
  readonly store: (address: I32, value: I32) => string;
  readonly add: (address: I32, by: I32) => I32;
  readonly sub: (address: I32, by: I32) => I32;
} = {
  load: numberAt("\x10"),
  /** Code that stores a value. */
  store: (address: I32, value: I32): string => at(address, "\x17", value.code),
  /** Adds, or subtracts, and gives what was there before. */
  add: change("\x1e"),
  sub: change("\x25"),
};

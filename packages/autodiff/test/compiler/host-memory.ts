import { InternalError } from "../../src/base/errors.js";
import type { Instance } from "../../src/compiler/instance.js";

/** The memory of a program that the host sees. */
export function hostMemory({ executable, program }: Instance): ArrayBufferLike {
  if ("array" in executable) return executable.array(program.buffers[0]).buffer;
  throw new InternalError("this program is on a device");
}

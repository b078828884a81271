import type { Kernel } from "../../kernel/program.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Block } from "./lower-block.js";
import { copyKernel, fillKernel } from "./simple-kernels.js";
import type { Value } from "./values.js";
import type { View } from "./views.js";

// Values on their way into bodies and out of them.

/** A value that is in memory whenever a body runs. */
export const inMemory = (view: View): Value => ({ kind: "stored", view, item: -1 });

/** A value as something the inside of a loop can read: a number stays a number. */
export const handedIn = (block: Block, value: Value, name: string): Value =>
  value.kind === "uniform" ? value : inMemory(block.stored(value, name));

/** The kernel that writes a value of a block to a place, whoever else writes it. */
export const writeKernel = (block: Block, value: Value, target: View, name: string): Kernel =>
  value.kind === "uniform"
    ? fillKernel(name, target, value.value)
    : copyKernel(name, block.stored(value, name), target);

/** Writes a value of a scheduled block to a place, unless its producer already does. */
export function deliver(body: Block, t: Tensor, target: View, name: string): Kernel[] {
  const value = body.valueOf(t);
  if (value.kind !== "uniform") {
    const { buffer, offset, steps } = body.stored(value, name);
    if (buffer === target.buffer && offset === target.offset && steps.join() === target.steps.join())
      return [];
  }
  return [writeKernel(body, value, target, name)];
}

import { expect, test } from "vitest";
import { sharedKernels } from "../../../src/backends/wasm/threads/choose-shared.js";
import { defaultOptions } from "../../../src/backends/wasm/threads/prepare.js";
import type { Kernel } from "../../../src/kernel/program.js";
import { access, loop, ProgramBuilder } from "../../../src/testing/conformance/program-builder.js";

/** Fills of so many microseconds, as estimated: 10,000 bytes take one. */
function fills(...times: number[]): { builder: ProgramBuilder; kernels: Kernel[] } {
  const builder = new ProgramBuilder();
  const kernels = times.map((time, i): Kernel => {
    const length = 2500 * time;
    const x = builder.buffer("float32", length);
    return { kind: "fill", name: `fill ${i}`, shape: [length], value: 1, target: access(x, [1]) };
  });
  return { builder, kernels };
}
/** Which of these kernels are shared, in a program that the given function makes of them. */
function sharedOf(times: readonly number[], arrange: (kernels: readonly Kernel[]) => readonly Kernel[]) {
  const { builder, kernels } = fills(...times);
  const shared = sharedKernels(builder.program([...arrange(kernels)]), { ...defaultOptions, threads: 2 });
  return kernels.map((kernel) => [...shared.keys()].includes(kernel as never));
}
const inTurn = (kernels: readonly Kernel[]): readonly Kernel[] => kernels;

test("a kernel is shared alone only if it saves more than waking the workers costs", () => {
  expect(sharedOf([30], inTurn)).toEqual([false]);
  expect(sharedOf([100], inTurn)).toEqual([false]);
  expect(sharedOf([200], inTurn)).toEqual([true]);
});

test("kernels that follow each other before the workers sleep are paid for together", () => {
  expect(sharedOf([50, 50, 50, 50], inTurn)).toEqual([true, true, true, true]);
  expect(sharedOf([50, 10, 50, 10, 50, 10, 50], inTurn).filter(Boolean)).toHaveLength(4);
  // What cannot be cut runs meanwhile, for too long.
  const apart = sharedOf([50, 18, 18, 18, 18, 18, 50], inTurn);
  expect(apart).toEqual(apart.map(() => false));
});

test("a loop keeps workers awake if its rounds are short", () => {
  expect(sharedOf([30], ([fill]) => [loop(50, false, [fill])])).toEqual([true]);
  const few = sharedOf([30, 18, 18, 18, 18, 18], (kernels) => [loop(50, false, [...kernels])]);
  expect(few[0]).toBe(false);
  expect(sharedOf([30], ([fill]) => [loop(0, false, [fill])])).toEqual([false]);
  expect(sharedOf([30], ([fill]) => [loop(2, false, [fill])])).toEqual([false]);
});

test("a burst that does not pay leaves a gap that others feel", () => {
  expect(sharedOf([200, 18, 18, 18, 18, 18, 30], inTurn)).toEqual([
    true,
    ...new Array<boolean>(6).fill(false),
  ]);
});

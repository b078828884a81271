import { add, DeviceError, grad, mul, ones, sum, Tensor, tensor, Variable } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { describe, expect, test } from "vitest";
import { collected } from "./collected.js";
import { listOf, workerDevice } from "./worker-device.js";

const backend = workerDevice("worker");
const other = workerDevice("other");
const on = { backend } as const;

describe("results of a device", () => {
  const f = compile((x: Tensor) => mul(x, 2), on);
  test("stay there until they are read", async () => {
    const y = f(tensor([1, 2, 3]));
    expect([y.shape, y.dtype, y.device, y instanceof Tensor]).toEqual([[3], "float32", "worker", true]);
    const before = backend.traffic();
    for (const use of [
      () => y.data,
      () => y.toArray(),
      () => y.toString(),
      () => JSON.stringify(y),
      () => +y,
      () => sum(y),
      () => y.reshape([3, 1]),
      () => grad((x: Tensor) => sum(mul(x, y)))(tensor([1, 1, 1])),
      () => compile((x: Tensor) => mul(x, 3))(y),
    ])
      expect(use).toThrow(expect.objectContaining({ name: "DeviceError", code: "device/read" }));
    expect(() => sum(y)).toThrow(/^sum: .*\n.*float32\[3\] on "worker"\n.*\n.*await t\.read\(\)/);
    expect(backend.traffic()).toEqual(before);
    expect(await listOf(y)).toEqual([2, 4, 6]);
    // From here on the host has the elements as well.
    expect([y.device, y.toArray(), sum(y).item(), y.reshape([3, 1]).shape]).toEqual([
      null,
      [2, 4, 6],
      12,
      [3, 1],
    ]);
    expect(compile((x: Tensor) => mul(x, 3))(y).toArray()).toEqual([6, 12, 18]);
    expect(await listOf(f(y))).toEqual([4, 8, 12]);
  });
  test("item() and comparisons say so, too", async () => {
    const total = compile((x: Tensor) => sum(x), on)(ones([4]));
    expect(() => total.item()).toThrow(DeviceError);
    expect(() => (total as unknown as number) > 1).toThrow(DeviceError);
    await total.read();
    expect(total.item()).toBe(4);
  });
  test("go to the next program without passing the host", async () => {
    const x = ones([1000]);
    const g = compile((a: Tensor, b: Tensor) => add(a, b), on);
    let y = f(x);
    const { written, read } = backend.traffic();
    for (let k = 0; k < 5; k++) y = g(y, f(y));
    expect(backend.traffic()).toMatchObject({ written, read });
    expect((await y.read())[999]).toBe(2 * 3 ** 5);
  });
  test("are values: later runs of the same program do not change them", async () => {
    const results = [1, 2, 3, 4].map((value) => f(tensor([value])));
    expect(await Promise.all(results.map(listOf))).toEqual([[2], [4], [6], [8]]);
    expect(await listOf(results[0])).toEqual([2]);
  });
  test("of one backend are refused by another, until they have been read", async () => {
    const y = f(tensor([5]));
    const elsewhere = compile((x: Tensor) => add(x, 1), { backend: other, name: "elsewhere" });
    expect(() => elsewhere(y)).toThrow(/^elsewhere: .*"worker"/s);
    await y.read();
    expect(await listOf(elsewhere(y))).toEqual([11]);
  });
  test("can be captured, on the device and elsewhere", async () => {
    const y = f(tensor([1, 2]));
    const { read } = backend.traffic();
    const captures = compile((x: Tensor) => mul(add(x, y), y), on);
    const z = captures(tensor([1, 1]));
    expect(backend.traffic().read).toBe(read);
    expect(await listOf(z)).toEqual([6, 20]);
    expect(() => compile((x: Tensor) => mul(x, z))(y)).toThrow(DeviceError);
  });
  test("pass through gradients of compiled functions", async () => {
    const square = compile((x: Tensor) => mul(x, x), on);
    const gradient = compile(
      grad((x: Tensor) => sum(square(x))),
      on,
    );
    expect(await listOf(gradient(f(tensor([1, 2]))))).toEqual([4, 8]);
    // Under a tape of the host, a program is one op, whose operands may be on the device.
    const w = new Variable(tensor([3]));
    const outside = compile((x: Tensor) => mul(x, w.value), on);
    const y = f(tensor([2]));
    expect(await listOf(outside(y))).toEqual([12]);
  });
  test("are let go of with their tensors", async () => {
    const plus = compile((x: Tensor) => add(x, 1), on);
    const { arrays } = backend.traffic();
    for (let k = 0; k < 50; k++) plus(ones([10]));
    expect(backend.traffic().arrays).toBe(arrays + 50);
    await collected(() => backend.traffic().arrays <= arrays);
    expect(backend.traffic().arrays).toBeLessThanOrEqual(arrays);
  });
});

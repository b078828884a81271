import { add, DeviceError, mul, ones, type Tensor, tensor, Variable } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { describe, expect, test } from "vitest";
import { listOf, workerDevice } from "./worker-device.js";

const backend = workerDevice("worker");
const on = { backend } as const;

describe("Variables on a device", () => {
  const counter = (start = [1, 2]): { v: Variable; step: (by: Tensor) => Tensor } => {
    const v = new Variable(tensor(start));
    const step = compile((by: Tensor) => {
      v.value = add(v.value, by);
      return mul(v.value, 10);
    }, on);
    return { v, step };
  };
  test("stay there between steps, and between programs", async () => {
    const { v, step } = counter();
    const twice = compile(() => {
      v.value = mul(v.value, 2);
    }, on);
    step(tensor([1, 1]));
    const { written, read } = backend.traffic();
    const by = tensor([1, 1]);
    for (let k = 0; k < 3; k++) {
      step(by);
      twice();
    }
    expect(backend.traffic()).toMatchObject({ written: written + 6, read });
    const { value } = v;
    expect(value.device).toBe("worker");
    expect(await listOf(value)).toEqual([30, 38]);
    expect(`${v}`).toBe("Variable(tensor([30, 38]))");
  });
  test("give values, which later steps do not change", async () => {
    const { v, step } = counter();
    const values = [0, 1, 2].map((k) => {
      step(tensor([k, 1]));
      return v.value;
    });
    expect(await Promise.all(values.map(listOf))).toEqual([
      [1, 3],
      [2, 4],
      [4, 5],
    ]);
  });
  test("come back when the program goes, and can be assigned from the host", async () => {
    const v = new Variable(tensor([1]));
    const step = compile(() => {
      v.value = add(v.value, 1);
    }, on);
    step();
    v.value = tensor([10]);
    step();
    step();
    step.dispose();
    expect(await listOf(v.value)).toEqual([12]);
    // Once read, a program of the host takes it on.
    const here = compile(() => {
      v.value = add(v.value, 1);
    });
    here();
    expect(v.value.toArray()).toEqual([13]);
    step();
    expect(await listOf(v.value)).toEqual([14]);
  });
  test("are refused by the host's programs, and by eager ops, until they have been read", async () => {
    const { v, step } = counter();
    step(tensor([1, 1]));
    const here = compile(() => mul(v.value, 2));
    expect(() => here()).toThrow(DeviceError);
    expect(() => add(v, 1)).toThrow(DeviceError);
    await v.value.read();
    expect(here().toArray()).toEqual([4, 6]);
    expect(add(v, 1).toArray()).toEqual([3, 4]);
  });
  test("constants that are made of them are made again when they change", async () => {
    const w = new Variable(ones([20, 20]));
    const product = compile((x: Tensor) => x.matmul(w.value), on);
    const set = compile((value: Tensor) => {
      w.value = value;
    }, on);
    expect((await product(ones([1, 20])).read())[0]).toBe(20);
    set(mul(ones([20, 20]), 3));
    expect((await product(ones([1, 20])).read())[0]).toBe(60);
  });
});

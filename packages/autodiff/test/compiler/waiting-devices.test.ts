import { add, DeviceError, IndexError, mul, sum, type Tensor, take, tensor, Variable } from "@scope/autodiff";
import type { DeviceBackend } from "@scope/autodiff/backend";
import { compile } from "@scope/autodiff/compile";
import { expect, test } from "vitest";
import { conformance } from "../../src/testing/conformance.js";
import { instantBackend } from "../backends/instant-backend.js";
import { workerBackend } from "../backends/worker/worker-backend.js";
import { whole } from "./worker-device.js";

const on = { backend: instantBackend } as const;

test.each(conformance(instantBackend).cases.filter(({ name }) => name.startsWith("devices: ")))(
  "$name",
  (each) => each.run(),
);

test("what a host can wait for is read where it is needed", async () => {
  const f = compile((x: Tensor) => mul(x, 2), on);
  expect([f(tensor([1])).item(), f(tensor([1, 2])).toArray(), `${f(tensor([3]))}`]).toEqual([
    2,
    [2, 4],
    "tensor([6])",
  ]);
  const y = f(tensor([1, 2]));
  expect([y.device, add(y, y).toArray(), sum(y).item()]).toEqual([null, [4, 8], 6]);
  expect([...(await f(y).read())]).toEqual([4, 8]);
  expect(compile((x: Tensor) => add(x, 1))(f(tensor([1]))).toArray()).toEqual([3]);
  const worker = workerBackend("worker");
  const there = compile((x: Tensor) => add(x, 1), { backend: worker })(f(tensor([1])));
  expect(() => f(there)).toThrow(DeviceError);
  expect([...(await there.read())]).toEqual([3]);
  await worker.end();
});

test("what is made of constants is made again when a Variable that is only read changes", () => {
  let count = 0;
  const backend: DeviceBackend = {
    ...instantBackend,
    prepare(program, options) {
      const executable = instantBackend.prepare(program, options);
      const setUp = executable.setUp.bind(executable);
      executable.setUp = () => {
        count++;
        setUp();
      };
      return executable;
    },
  };
  const [read, written] = [new Variable(tensor(1)), new Variable(tensor(1))];
  const f = compile(
    (x: Tensor) => {
      written.value = add(written.value, 1);
      return mul(x, read.value);
    },
    { backend },
  );
  const counts = [null, null, tensor(2), null, tensor(3)].map((value) => {
    if (value !== null) read.value = value;
    f(tensor(1));
    return count;
  });
  written.value = tensor(5);
  f(tensor(1));
  expect([...counts, count]).toEqual([1, 1, 2, 2, 3, 3]);
});

test("its Variables are at hand, also after an index out of range", () => {
  const table = new Variable(tensor([10, 20, 30]));
  const hits = new Variable(tensor(0));
  const look = compile((at: Tensor) => {
    hits.value = add(hits.value, 1);
    return take(table.value, at);
  }, on);
  const total = compile((x: Tensor) => sum(x), on);
  expect(look(whole(2)).toArray()).toEqual([30]);
  const wrong = look(whole(0, 3));
  const used = total(wrong);
  look(whole(1));
  expect(() => used.item()).toThrow(IndexError);
  expect(() => wrong.data).toThrow(
    expect.objectContaining({ op: "take", got: expect.stringContaining("index 3") }),
  );
  expect(hits.value.item()).toBe(1);
  look(whole(1));
  expect(add(hits, 1).item()).toBe(3);
  look.dispose();
  expect(hits.value.item()).toBe(2);
});

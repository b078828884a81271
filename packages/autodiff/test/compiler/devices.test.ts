import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  add,
  DeviceError,
  detectAnomalies,
  exp,
  grad,
  IndexError,
  mul,
  ones,
  sum,
  Tensor,
  take,
  tensor,
  Variable,
} from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { afterAll, describe, expect, test } from "vitest";
import { workerBackend } from "../backends/worker/worker-backend.js";

const backend = workerBackend("worker");
const other = workerBackend("other");
afterAll(async () => {
  await backend.end();
  await other.end();
});
const on = { backend } as const;
const listOf = async (t: Tensor): Promise<number[]> => [...(await t.read())];
const whole = (...values: number[]): Tensor => tensor(values, { dtype: "int32" });

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Collects garbage until something holds, or for some time. */
async function collected(done: () => boolean): Promise<void> {
  for (let k = 0; k < 50 && !done(); k++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    collect();
  }
}

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

test("what a device cannot run is refused before anything runs", () => {
  const f = compile((x: Tensor) => exp(x), on);
  expect(() => f(tensor([1], { dtype: "float64" }))).toThrow(
    expect.objectContaining({ code: "compile/backend", got: expect.stringContaining("float64") }),
  );
  const inside = compile((x: Tensor) => exp(x.cast("float64")).cast("float32"), on);
  expect(() => inside(tensor([1]))).toThrow(expect.objectContaining({ code: "compile/backend" }));
});

test("profiles are read, and explain() names the machine", async () => {
  const f = compile((x: Tensor) => exp(x), { ...on, name: "exponential" });
  expect(() => f.profile(tensor([1]))).toThrow(expect.objectContaining({ code: "device/profile" }));
  expect(await f.readProfile(tensor([1]))).toContain("exponential: ");
  expect(f.explain(tensor([1]))).toContain("machine: a worker, 1 thread");
  const here = compile((x: Tensor) => exp(x));
  expect(await here.readProfile(tensor([1]))).toContain("ms in kernels");
});

test("anomalies are looked for on the host, which says where it cannot", async () => {
  const v = new Variable(tensor([1]));
  const step = compile(() => {
    v.value = mul(v.value, 2);
    return v.value;
  }, on);
  step();
  expect(() => detectAnomalies(() => step())).toThrow(DeviceError);
  await v.value.read();
  expect(detectAnomalies(() => step()).item()).toBe(4);
});

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

describe("an index that a device finds out of range", () => {
  const made = () => {
    const table = new Variable(tensor([10, 20, 30]));
    const hits = new Variable(tensor(0));
    const look = compile(
      (at: Tensor) => {
        hits.value = add(hits.value, 1);
        return take(table.value, at);
      },
      { ...on, name: "look" },
    );
    return { table, hits, look };
  };
  const refusal = expect.objectContaining({
    name: "IndexError",
    op: "take",
    got: expect.stringContaining("7"),
  });

  test("is told when the result is read, each time", async () => {
    const { look } = made();
    const wrong = look(whole(0, 7));
    await expect(wrong.read()).rejects.toThrow(IndexError);
    await expect(wrong.read()).rejects.toEqual(refusal);
    expect(() => look(whole(0)) && wrong.item()).toThrow(DeviceError);
  });
  test("is told by a Variable that the run was to assign; then that is as before", async () => {
    const { look, hits } = made();
    look(whole(1));
    look(whole(7));
    const doubtful = hits.value;
    await expect(doubtful.read()).rejects.toEqual(refusal);
    await expect(doubtful.read()).rejects.toEqual(refusal);
    expect(await listOf(hits.value)).toEqual([1]);
    expect(await listOf(look(whole(2, 0)))).toEqual([30, 10]);
    expect(await listOf(hits.value)).toEqual([2]);
  });
  test("is told by a later program that used a result or a Variable, which stores nothing either", async () => {
    const { look, hits, table } = made();
    const sums = new Variable(tensor(0));
    const useResult = compile((x: Tensor) => {
      sums.value = add(sums.value, sum(x));
      return sum(x);
    }, on);
    const useVariable = compile(() => {
      hits.value = mul(hits.value, 100);
      return hits.value;
    }, on);
    const unrelated = compile((x: Tensor) => mul(x, table.value), on);
    look(whole(1));
    const wrong = look(whole(7));
    const a = useResult(wrong);
    const b = useVariable();
    const c = useVariable();
    const d = look(whole(0));
    const e = unrelated(ones([3]));
    await expect(c.read()).rejects.toEqual(refusal);
    await expect(a.read()).rejects.toEqual(refusal);
    await expect(b.read()).rejects.toEqual(refusal);
    await expect(d.read()).rejects.toEqual(refusal);
    expect(await listOf(e)).toEqual([10, 20, 30]);
    expect(await listOf(hits.value)).toEqual([1]);
    expect(await listOf(sums.value)).toEqual([0]);
    // The failure is known now: what it left is refused at once.
    expect(() => useResult(wrong)).toThrow(IndexError);
    expect(await listOf(useVariable())).toEqual([100]);
    expect(await listOf(useResult(look(whole(1))))).toEqual([20]);
    expect(await listOf(sums.value)).toEqual([20]);
  });
  test("has the first error, where several fail", async () => {
    const { look } = made();
    const numbers = compile((x: Tensor) => x.cast("int32"), on);
    look(whole(7));
    const second = look(whole(8));
    const third = numbers(second);
    await expect(third.read()).rejects.toEqual(refusal);
  });
  test("is found in Variables that were copied to another program before it was known", async () => {
    const { look, hits } = made();
    const read = compile(() => add(hits.value, 0.5), on);
    look(whole(7));
    const doubtful = read();
    const again = read();
    await expect(again.read()).rejects.toEqual(refusal);
    await expect(doubtful.read()).rejects.toEqual(refusal);
    expect(await listOf(read())).toEqual([0.5]);
    look(whole(1));
    expect(await listOf(read())).toEqual([1.5]);
  });
  test("is told in the words of the program that found it, by one with checks of its own", async () => {
    const { look } = made();
    const further = compile((x: Tensor) => take(ones([100]), x.cast("int32")), on);
    const used = further(look(whole(7)));
    await expect(used.read()).rejects.toEqual(
      expect.objectContaining({ got: "index 7 along an axis of size 3" }),
    );
    expect(await listOf(further(look(whole(0))))).toEqual([1]);
  });
  test("is not forgotten by a Variable that was assigned a result of the run", async () => {
    const { look } = made();
    const kept = new Variable(tensor([0]));
    const read = compile(() => add(kept.value, 1), on);
    kept.value = look(whole(7));
    await expect(read().read()).rejects.toEqual(refusal);
    expect(() => read()).toThrow(IndexError);
    kept.value = look(whole(0));
    expect(await listOf(read())).toEqual([11]);
  });
  test("is found in captured constants by the host, as everywhere", () => {
    const at = whole(7);
    expect(() => compile((x: Tensor) => take(x, at), on)(ones([3]))).toThrow(IndexError);
  });
  test("of a captured tensor on the device is found by the program", async () => {
    const at = compile((x: Tensor) => x.cast("int32"), on)(tensor([7]));
    const look = compile((x: Tensor) => take(x, at), on);
    await expect(look(ones([3])).read()).rejects.toEqual(refusal);
  });
  test("is told by a profile", async () => {
    const { look } = made();
    await expect(look.readProfile(whole(7))).rejects.toEqual(refusal);
    expect(await look.readProfile(whole(1))).toContain("look: ");
  });
  test("nobody has to read: many runs in a row keep little", async () => {
    const { look, hits } = made();
    const { arrays } = backend.traffic();
    for (let k = 0; k < 2000; k++) look(whole(k % 3));
    await collected(() => backend.traffic().arrays < arrays + 300);
    expect(backend.traffic().arrays).toBeLessThan(arrays + 300);
    expect(await listOf(hits.value)).toEqual([2000]);
  });
  test("is told however long after, and only then", async () => {
    const { look, hits } = made();
    look(whole(1));
    look(whole(7));
    for (let k = 0; k < 600; k++) look(whole(k % 3));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await expect(hits.value.read()).rejects.toEqual(refusal);
    expect(await listOf(hits.value)).toEqual([1]);
  });
});

describe("a device that is lost", () => {
  test("refuses all that is asked of it, and keeps nobody waiting", async () => {
    const mortal = workerBackend("mortal");
    const v = new Variable(tensor([1]));
    const step = compile(
      (x: Tensor) => {
        v.value = add(v.value, x);
        return v.value;
      },
      { backend: mortal },
    );
    const early = step(tensor([1]));
    expect(await listOf(early)).toEqual([2]);
    // So much work that the device ends in the middle of it.
    compile((x: Tensor) => x.matmul(x).matmul(x), { backend: mortal })(ones([900, 900]));
    const pending = step(tensor([1]));
    const later = step(tensor([1]));
    const waiting = expect(pending.read()).rejects.toThrow(expect.objectContaining({ code: "device/lost" }));
    await mortal.end();
    await waiting;
    await expect(later.read()).rejects.toThrow(expect.objectContaining({ code: "device/lost" }));
    await expect(v.value.read()).rejects.toThrow(DeviceError);
    expect(() => step(tensor([1]))).toThrow(expect.objectContaining({ code: "device/lost" }));
    await expect(step.readProfile(tensor([1]))).rejects.toThrow(DeviceError);
    expect(() => step.dispose()).not.toThrow();
    // What was read is on the host.
    expect(early.toArray()).toEqual([2]);
    v.value = tensor([5]);
    expect(v.value.item()).toBe(5);
  });
});

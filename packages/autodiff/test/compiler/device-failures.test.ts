import {
  add,
  DeviceError,
  IndexError,
  mul,
  ones,
  sum,
  type Tensor,
  take,
  tensor,
  Variable,
} from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { describe, expect, test } from "vitest";
import { collected } from "./collected.js";
import { listOf, whole, workerDevice } from "./worker-device.js";

const backend = workerDevice("worker");
const on = { backend } as const;

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

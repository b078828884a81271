import {
  add,
  DeviceError,
  detectAnomalies,
  exp,
  mul,
  ones,
  type Tensor,
  tensor,
  Variable,
} from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { describe, expect, test } from "vitest";
import { workerBackend } from "../backends/worker/worker-backend.js";
import { listOf, workerDevice } from "./worker-device.js";

const on = { backend: workerDevice("worker") } as const;

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

import { type Tensor, tensor } from "@scope/autodiff";
import { afterAll } from "vitest";
import { type WorkerBackend, workerBackend } from "../backends/worker/worker-backend.js";

/** A backend in a Worker, which ends with the tests of the file. */
export function workerDevice(name: string): WorkerBackend {
  const backend = workerBackend(name);
  afterAll(() => backend.end());
  return backend;
}

/** The elements of a tensor, wherever it is. */
export const listOf = async (t: Tensor): Promise<number[]> => [...(await t.read())];

/** A vector of int32. */
export const whole = (...values: number[]): Tensor => tensor(values, { dtype: "int32" });

import type { DType } from "@scope/autodiff";
import type { Backend } from "@scope/autodiff/backend";
import { setDefaultBackend } from "@scope/autodiff/compile";
import { afterAll, beforeAll, describe, test } from "vitest";
import { workerBackend } from "../../../autodiff/test/backends/worker/worker-backend.js";
import { isNativeAvailable, native } from "../../../native/src/index.js";

const worker = workerBackend("worker");

/** What trains, each in the same tests: what a backend lacks for one is left out and counted. */
const backends: readonly { readonly name: string; readonly backend: "wasm" | "javascript" | Backend }[] = [
  { name: "wasm", backend: "wasm" },
  { name: "javascript", backend: "javascript" },
  // Machines without a C compiler go without; continuous integration has one.
  ...(isNativeAvailable() || process.env.CI ? [{ name: "native", backend: native }] : []),
  { name: "worker", backend: worker },
];

/** One backend, while it is the default. */
export interface Trial {
  readonly name: string;
  /** Whether its memory is out of the host's sight. */
  readonly isDevice: boolean;
  /** A test, which is left out and counted where the backend lacks a dtype. */
  test(title: string, body: () => void | Promise<void>, needs?: readonly DType[]): void;
}

/** The same tests on every backend, which is the default while they run; prints how many were left out, and why. */
export function onEveryBackend(title: string, body: (trial: Trial) => void): void {
  describe.each(backends)(`${title} on $name`, ({ name, backend }) => {
    const dtypes = typeof backend === "string" ? null : backend.capabilities.dtypes;
    const lacking = new Map<string, number>();
    let count = 0;
    let taken: Backend | null = null;
    beforeAll(async () => {
      taken = await setDefaultBackend(backend);
    });
    afterAll(async () => {
      await setDefaultBackend("wasm");
      if (taken?.name !== name) throw new Error(`${taken?.name} ran in place of ${name}`);
      const told = [...lacking].map(([dtype, cases]) => `${cases} for want of ${dtype}`).join(", ");
      process.stdout.write(`${title} on ${name}: ${count} cases; left out: ${told || "none"}\n`);
    });
    body({
      name,
      isDevice: typeof backend !== "string" && backend.deviceInstance !== undefined,
      test(what, run, needs = ["float32"]) {
        const missing = needs.find((dtype) => dtypes !== null && !dtypes.includes(dtype));
        if (missing !== undefined) {
          lacking.set(missing, (lacking.get(missing) ?? 0) + 1);
          return;
        }
        count++;
        test(what, run);
      },
    });
  });
}

afterAll(() => worker.end());

import { setDefaultBackend, setDefaultThreads } from "@scope/autodiff/compile";
import { UsageError } from "./usage-error.js";

/** What the programs of the examples can run on. */
export const backendNames = ["wasm", "javascript", "native"] as const;

/** Where an example is to run; the library's defaults for what is left out. */
export interface MachineOptions {
  readonly backend?: (typeof backendNames)[number];
  readonly threads?: number;
}

/** Makes everything that is compiled from now on run there.
 * @throws {@link UsageError} if it cannot run here, with the reason */
export async function useMachine({ backend, threads }: MachineOptions): Promise<void> {
  if (threads !== undefined) setDefaultThreads(threads);
  if (backend === undefined) return;
  // Machine code brings Node's own modules, which no other backend needs.
  const choice = backend === "native" ? (await import("@scope/native")).native : backend;
  if (typeof choice !== "string") {
    const reason = await choice.unavailable?.();
    if (typeof reason === "string") throw new UsageError(`--backend ${backend}: ${reason}`);
  }
  await setDefaultBackend(choice);
}

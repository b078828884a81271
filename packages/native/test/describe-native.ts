import { describe, it } from "vitest";
import { unavailableReason } from "../src/machine.js";

/** Tests that need a C compiler: where there is none they are left out, with the reason, and under CI they fail. */
export function describeNative(name: string, body: () => void): void {
  const reason = unavailableReason();
  if (reason === null) return void describe(name, body);
  if (process.env.CI)
    it(name, () => {
      throw new Error(reason);
    });
  else it.todo(`${name} (left out: ${reason})`);
}

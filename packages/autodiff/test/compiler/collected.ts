import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Collects garbage until `done` says so, or gives up. */
export async function collected(done: () => boolean): Promise<boolean> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let k = 0; k < 50; k++) {
    // Finalizers run between tasks; what a task looked at stays until its end.
    await new Promise((resolve) => setTimeout(resolve, 5));
    collect();
    if (done()) return true;
  }
  return false;
}

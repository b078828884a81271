import { Worker } from "node:worker_threads";
import type { FuzzOrder } from "./protocol.js";

// Runs in a thread of its own, because a call that hangs holds the main one.
const source = `
const { workerData } = require("node:worker_threads");
const { writeSync } = require("node:fs");
const { seen, hangMs, memoryBytes } = workerData;
const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
let last = -1, since = 0, wall = 0;
const end = (kind, reason) => { writeSync(2, "fuzz " + kind + ": " + reason + "\\n"); process.kill(process.pid, "SIGKILL"); };
setInterval(() => {
  const now = Atomics.load(seen, 0);
  if (now !== last) { last = now; since = cpu(); wall = Date.now(); }
  // CPU time, since others may use the machine; and much more time on the wall, for a call that waits.
  const used = cpu() - since;
  if (used > hangMs || Date.now() - wall > 10 * hangMs) end("hang", Math.round(used) + " ms of CPU time");
  const { rss } = process.memoryUsage();
  if (rss > memoryBytes) end("memory", Math.round(rss / 2 ** 20) + " MiB resident");
}, 50);
`;

/** Kills the process when a call takes too long or too much memory; call the result at each call. */
export function watch({ hangMs, memoryBytes }: FuzzOrder): (index: number) => void {
  const seen = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(source, { eval: true, workerData: { seen, hangMs, memoryBytes } });
  worker.unref();
  return (index) => {
    Atomics.store(seen, 0, index);
  };
}

/** Scope in a process of its own. `node scope.js compiled|wasm2|native|native2|eager` */

import { setDefaultBackend, setDefaultThreads } from "@scope/autodiff/compile";
import { scopeWorkload } from "../workloads/workloads.js";
import { serve } from "./serve.js";

const mode = process.argv[2] ?? "compiled";
setDefaultThreads(mode.endsWith("2") ? 2 : 1);
if (mode.startsWith("native")) {
  const { native } = await import("@scope/native");
  await setDefaultBackend(native);
}
await serve(`Scope, Node ${process.versions.node}`, (work) => scopeWorkload(work, mode !== "eager"));

/** Scope in a process of its own. `node scope.js compiled|eager` */

import { scopeWorkload } from "../workloads/workloads.js";
import { serve } from "./serve.js";

const compiled = process.argv[2] === "compiled";
await serve(`Scope, Node ${process.versions.node}`, (work) => scopeWorkload(work, compiled));

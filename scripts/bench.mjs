// npm run bench: the benchmarks, from a bare checkout.
import { runProgram } from "./prepare.mjs";

await runProgram("bench");

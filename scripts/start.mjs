// npm start: the main job, from a bare checkout.
import { runProgram } from "./prepare.mjs";

await runProgram("examples");

/** What this machine and this JavaScript engine can do at most: multiply-adds in registers, from a loop of WASM. */
import { type Runner, serve } from "../child/serve.js";
import { findWork } from "../work.js";
import { flopsPerIteration, multiplyAddModule } from "./multiply-add-module.js";

await serve(`WASM registers, Node ${process.versions.node}`, (name): Runner => {
  const { gigaflops = 1 } = findWork(name);
  const fused = WebAssembly.validate(multiplyAddModule(true));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(multiplyAddModule(fused)));
  const run = exports.run as (iterations: number) => number;
  const iterations = Math.round((gigaflops * 1e9) / flopsPerIteration);
  return {
    step: () => (Number.isFinite(run(iterations)) ? findWork(name).check : Number.NaN),
    note: fused ? "fused multiply-add (relaxed SIMD)" : "multiply, then add: no relaxed SIMD in this Node",
  };
});

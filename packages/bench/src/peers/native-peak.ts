/** The multiply-adds that one thread of machine code reaches in registers, with the widest vectors that the C compiler finds here. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { cannot, serve } from "../child/serve.js";
import { findWork } from "../work.js";

/** Loads the loop, which is compiled for this machine. */
function peakLoop(): (multiplyAdds: number) => number {
  const source = fileURLToPath(new URL("../../src/peers/native-peak.c", import.meta.url));
  const folder = mkdtempSync(path.join(tmpdir(), "scope-peak-"));
  try {
    const target = path.join(folder, "peak.node");
    const flags = [
      "-std=c11",
      "-O3",
      "-march=native",
      "-ffp-contract=fast",
      "-shared",
      "-fPIC",
      "-o",
      target,
      source,
    ];
    execFileSync(process.env.CC ?? "cc", flags, { stdio: ["ignore", "ignore", "inherit"] });
    const module = { exports: {} as { peak: (multiplyAdds: number) => number } };
    process.dlopen(module, target);
    return module.exports.peak;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const loop = peakLoop();
await serve("multiply-adds in C", (work) => {
  const { gigaflops, check } = findWork(work);
  if (gigaflops === undefined) cannot("only products have a peak");
  return {
    // What it computes is a number of its own; the value that is compared is the work's.
    step: () => (Number.isFinite(loop((gigaflops * 1e9) / 2)) ? check : Number.NaN),
  };
});

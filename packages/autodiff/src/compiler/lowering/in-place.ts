import { accessesOf } from "../../kernel/accesses.js";
import { type Buffer, bodiesOf, type Kernel } from "../../kernel/program.js";

/** The buffers that a kernel reads and writes, those of the kernels inside it included. */
function touchedBy(kernel: Kernel): Touched {
  let touched = touchedOf.get(kernel);
  if (touched === undefined) {
    const { reads, writes } = accessesOf(kernel);
    touched = { reads: new Set(reads.map((a) => a.buffer)), writes: new Set(writes.map((a) => a.buffer)) };
    for (const inner of bodiesOf(kernel).flat().map(touchedBy)) {
      for (const buffer of inner.reads) touched.reads.add(buffer);
      for (const buffer of inner.writes) touched.writes.add(buffer);
    }
    touchedOf.set(kernel, touched);
  }
  return touched;
}
interface Touched {
  readonly reads: Set<Buffer>;
  readonly writes: Set<Buffer>;
}
/** Asked for each Variable and each carry of a loop; kernels do not change. */
const touchedOf = new WeakMap<Kernel, Touched>();

/** Whether results written to `next` may be written over `old`: every read of the old value comes before, or is of the very element that is written.
 * @param from - the first kernel that may write them */
export function inPlace(kernels: readonly Kernel[], old: Buffer, next: Buffer, from = 0): boolean {
  let writer = -1;
  let last = -1;
  for (let i = 0; i < kernels.length; i++) {
    const { reads, writes } = touchedBy(kernels[i]);
    if (writes.has(next)) {
      if (writer >= 0) return false;
      writer = i;
    }
    if (reads.has(old)) last = i;
    if (writes.has(old)) return false;
  }
  if (writer < from) return false;
  if (last < writer) return true;
  if (last > writer) return false;
  const kernel = kernels[writer];
  if (
    kernel.kind !== "map" ||
    kernel.reads.some((r) => r.kind === "gathered" && (r.at.buffer === old || r.index.buffer === old))
  )
    return false;
  const write = kernel.writes.find((w) => w.buffer === next)!;
  const same = (a: { offset: number; strides: readonly number[] }): boolean =>
    a.offset === write.offset && a.strides.join() === write.strides.join();
  return kernel.reads.every((r) => r.at.buffer !== old || same(r.at));
}

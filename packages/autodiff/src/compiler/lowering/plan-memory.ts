import { bytesOf } from "../../base/dtype.js";
import { type Access, type Buffer, bodiesOf, type Kernel } from "../../kernel/program.js";

const alignment = 64;
/** Kernels may load a vector past the end of a buffer, never store there. */
const slack = 64;

/** The accesses of one kernel that is no control flow. */
export function accessesOf(kernel: Kernel): { reads: Access[]; writes: Access[] } {
  switch (kernel.kind) {
    case "map":
    case "reduce":
      return {
        reads: kernel.reads.flatMap((r) => (r.kind === "plain" ? [r.at] : [r.at, r.index])),
        writes: kernel.kind === "map" ? [...kernel.writes] : [kernel.write],
      };
    case "pack":
      return { reads: [kernel.source], writes: [kernel.packed] };
    case "gemm": {
      const reads = [kernel.a, kernel.b.at];
      if (kernel.bias !== undefined) reads.push(kernel.bias);
      if (kernel.mode === "accumulate") reads.push(kernel.c);
      return { reads, writes: [kernel.c] };
    }
    case "fill":
      return { reads: [], writes: [kernel.target] };
    case "scatterAdd":
      return { reads: [kernel.source, kernel.index, kernel.target], writes: [kernel.target] };
    case "row":
      return { reads: [kernel.source], writes: [kernel.target] };
    case "randomBits":
      return { reads: [kernel.state], writes: [kernel.target] };
    case "check":
      return { reads: [kernel.index], writes: [kernel.status] };
    case "loop":
      return { reads: [], writes: [] };
    case "branch":
    case "while":
      return { reads: [kernel.condition], writes: [] };
  }
}

/** When a buffer's content matters: positions in program order. */
interface Life {
  first: number;
  last: number;
}

/** Finds from when until when each buffer's content matters. Inside a loop a buffer that comes from outside, or is read outside, lives through the whole loop. */
function livesOf(kernels: readonly Kernel[], resolve: (buffer: Buffer) => Buffer): Map<Buffer, Life> {
  let clock = 0;
  // Each use with the chain of loops around it.
  const uses = new Map<Buffer, { at: number; loops: readonly { first: number; last: number }[] }[]>();
  const visit = (list: readonly Kernel[], loops: readonly { first: number; last: number }[]): void => {
    for (const kernel of list) {
      const at = clock++;
      const { reads, writes } = accessesOf(kernel);
      for (const access of [...reads, ...writes]) {
        const buffer = resolve(access.buffer);
        const known = uses.get(buffer);
        if (known === undefined) uses.set(buffer, [{ at, loops }]);
        else known.push({ at, loops });
      }
      const bodies = bodiesOf(kernel);
      if (bodies.length === 0) continue;
      const span = { first: at, last: at };
      for (const body of bodies) visit(body, [...loops, span]);
      span.last = clock++;
    }
  };
  visit(kernels, []);
  const lives = new Map<Buffer, Life>();
  for (const [buffer, list] of uses) {
    // The loops that all uses share do not stretch its life; the next one out does.
    let shared = list[0].loops.length;
    for (const { loops } of list) {
      let k = 0;
      while (k < shared && loops[k] === list[0].loops[k]) k++;
      shared = k;
    }
    const life: Life = { first: Number.POSITIVE_INFINITY, last: -1 };
    for (const { at, loops } of list) {
      const span = loops[shared];
      life.first = Math.min(life.first, span?.first ?? at);
      life.last = Math.max(life.last, span?.last ?? at);
    }
    lives.set(buffer, life);
  }
  return lives;
}

/** Bytes that are taken for a time. */
interface Region extends Life {
  readonly from: number;
  readonly to: number;
}

/** Keeps a list in the order of its addresses. */
function insertByAddress(regions: Region[], region: Region): void {
  let low = 0;
  for (let high = regions.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (regions[middle].from <= region.from) low = middle + 1;
    else high = middle;
  }
  regions.splice(low, 0, region);
}

/** Gives every buffer its address; buffers whose lives do not meet share memory. Returns the size of the memory in bytes.
 * @param persistent - buffers that the host reads or writes between runs
 * @param aliases - buffers that are another buffer */
export function planMemory(
  kernels: readonly Kernel[],
  persistent: readonly Buffer[],
  aliases: ReadonlyMap<Buffer, Buffer>,
): { bytes: number; buffers: readonly Buffer[] } {
  let top = 64;
  const sizeOf = (b: Buffer): number =>
    Math.ceil((b.length * bytesOf[b.dtype] + slack) / alignment) * alignment;
  const placed: Region[] = [];
  for (const buffer of persistent) {
    if (aliases.has(buffer)) continue;
    buffer.address = top;
    top += sizeOf(buffer);
  }
  const floor = top;
  const fixed = new Set(persistent);
  const resolve = (buffer: Buffer): Buffer => {
    let target = buffer;
    for (let next = aliases.get(target); next !== undefined; next = aliases.get(target)) target = next;
    return target;
  };
  const lives = livesOf(kernels, resolve);
  const rest = [...lives]
    .filter(([b]) => !fixed.has(b) && !aliases.has(b))
    .sort((p, q) => sizeOf(q[0]) - sizeOf(p[0]));
  for (const [buffer, life] of rest) {
    const size = sizeOf(buffer);
    let at = floor;
    for (const rival of placed) {
      if (rival.first > life.last || life.first > rival.last) continue;
      if (at + size <= rival.from) break;
      at = Math.max(at, rival.to);
    }
    buffer.address = at;
    insertByAddress(placed, { first: life.first, last: life.last, from: at, to: at + size });
    top = Math.max(top, at + size);
  }
  for (const alias of aliases.keys()) alias.address = resolve(alias).address;
  return { bytes: top + slack, buffers: [...persistent, ...rest.map(([b]) => b)] };
}

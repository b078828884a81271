import { bytesOf, sizeText } from "../base/dtype.js";
import { CompileError, InternalError } from "../base/errors.js";
import { accessesOf } from "./accesses.js";
import { type Buffer, bodiesOf, homeOf, type Kernel, type Program } from "./program.js";

const alignment = 64;
/** Kernels may load a vector past the end of a buffer, never store there. */
const slack = 64;

/** When a buffer's content matters: positions in program order. */
interface Life {
  first: number;
  last: number;
}

/** Finds from when until when each buffer's content matters. Inside a loop a buffer that comes from outside, or is read outside, lives through the whole loop. */
function livesOf(kernels: readonly Kernel[]): Map<Buffer, Life> {
  let clock = 0;
  // Each use with the chain of loops around it.
  const uses = new Map<Buffer, { at: number; loops: readonly { first: number; last: number }[] }[]>();
  const visit = (list: readonly Kernel[], loops: readonly { first: number; last: number }[]): void => {
    for (const kernel of list) {
      const at = clock++;
      const { reads, writes } = accessesOf(kernel);
      for (const access of [...reads, ...writes]) {
        const buffer = homeOf(access.buffer);
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

/** Where the buffers of a program lie in one memory. */
export interface MemoryPlan {
  /** Bytes of the memory in all. */
  readonly bytes: number;
  /** Byte offset of a buffer, a multiple of 64. */
  addressOf(buffer: Buffer): number;
}

/** Gives every buffer a place in one memory; temporaries whose lives do not meet share theirs. For backends with linear memory.
 * @param most - bytes that the backend can address
 * @param where - the backend's name
 * @throws {@link CompileError} if the program needs more
 * @example
 * const x = { id: 0, name: "x", dtype: "float32", length: 4, role: "state", inPlaceOf: null }
 * planMemory({ name: "p", buffers: [x], checks: [], status: null, setup: [], kernels: [], flushSubnormals: false }).addressOf(x) % 64 // => 0
 */
export function planMemory(
  program: Program,
  most: number = Number.POSITIVE_INFINITY,
  where: string = "",
): MemoryPlan {
  const addresses = new Map<Buffer, number>();
  let top = 64;
  for (const buffer of program.buffers) {
    if (buffer.role === "temporary") continue;
    addresses.set(buffer, top);
    top += placeBytes(buffer);
  }
  const floor = top;
  const placed: Region[] = [];
  const rest = [...livesOf([...program.setup, ...program.kernels])]
    .filter(([b]) => b.role === "temporary")
    .sort((p, q) => placeBytes(q[0]) - placeBytes(p[0]));
  for (const [buffer, life] of rest) {
    const size = placeBytes(buffer);
    let at = floor;
    for (const rival of placed) {
      if (rival.first > life.last || life.first > rival.last) continue;
      if (at + size <= rival.from) break;
      at = Math.max(at, rival.to);
    }
    addresses.set(buffer, at);
    insertByAddress(placed, { first: life.first, last: life.last, from: at, to: at + size });
    top = Math.max(top, at + size);
  }
  const bytes = top + slack;
  if (bytes > most) throw tooLarge(program, bytes, `at most ${sizeText(most)} on ${where}`);
  return {
    bytes,
    addressOf(buffer) {
      const address = addresses.get(homeOf(buffer));
      if (address === undefined)
        throw new InternalError(`buffer ${buffer.name} has no place in ${program.name}`);
      return address;
    },
  };
}

const placeBytes = (b: Buffer): number => Math.ceil((bytesOfBuffer(b) + slack) / alignment) * alignment;

/** Bytes of a buffer.
 * @example
 * const x = { id: 0, name: "x", dtype: "float32", length: 4, role: "state", inPlaceOf: null }
 * bytesOfBuffer(x) // => 16
 */
export const bytesOfBuffer = (b: Buffer): number => b.length * bytesOf[b.dtype];

/** A program needs more memory than there is. */
export function tooLarge({ name, buffers }: Program, bytes: number, expected: string): CompileError {
  const [largest] = [...buffers].sort((a, b) => bytesOfBuffer(b) - bytesOfBuffer(a));
  return new CompileError({
    code: "compile/memory",
    op: name,
    problem: "the program needs more memory than there is.",
    got: `${sizeText(bytes)}, of which ${sizeText(bytesOfBuffer(largest))} for one value of ${largest.length} ${largest.dtype}`,
    expected,
    mend: `smaller batches, checkpoint(…) around parts of a long computation, fewer programs (dispose()) at a time, or { backend: "javascript" }`,
  });
}

import { bytesOf, sizeText } from "../base/dtype.js";
import { CompileError, InternalError } from "../base/errors.js";
import { accessesOf } from "./accesses.js";
import { type Access, type Buffer, bodiesOf, homeOf, type Kernel, type Program } from "./program.js";

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
  const uses = new Map<Buffer, Uses>();
  const visit = (list: readonly Kernel[], loops: readonly Life[]): void => {
    for (const kernel of list) {
      const at = clock++;
      // Uses come in program order, and so do the ends of their loops: the first and the last say it all.
      const use = ({ buffer }: Access): void => {
        const home = homeOf(buffer);
        const known = uses.get(home);
        if (known === undefined)
          uses.set(home, { first: { at, loops }, last: { at, loops }, shared: loops.length });
        else {
          let k = 0;
          while (k < known.shared && loops[k] === known.first.loops[k]) k++;
          known.shared = k;
          known.last = { at, loops };
        }
      };
      const { reads, writes } = accessesOf(kernel);
      reads.forEach(use);
      writes.forEach(use);
      const bodies = bodiesOf(kernel);
      if (bodies.length === 0) continue;
      const span: Life = { first: at, last: at };
      for (const body of bodies) visit(body, [...loops, span]);
      span.last = clock++;
    }
  };
  visit(kernels, []);
  const lives = new Map<Buffer, Life>();
  for (const [buffer, { first, last, shared }] of uses)
    lives.set(buffer, {
      first: first.loops[shared]?.first ?? first.at,
      last: last.loops[shared]?.last ?? last.at,
    });
  return lives;
}
/** The first and the last kernel that use a buffer, each with the loops around it, from the outside in. */
interface Uses {
  readonly first: { readonly at: number; readonly loops: readonly Life[] };
  last: Uses["first"];
  /** How many loops all uses share: these do not stretch the buffer's life; the next one in does. */
  shared: number;
}

/** Bytes that are taken for a time, in the order of their addresses; in columns, because all of them are walked for each buffer. */
class TakenBytes {
  readonly #from: Float64Array;
  readonly #to: Float64Array;
  readonly #first: Float64Array;
  readonly #last: Float64Array;
  #count = 0;

  /** @param most - how many buffers will take some */
  constructor(most: number) {
    this.#from = new Float64Array(most);
    this.#to = new Float64Array(most);
    this.#first = new Float64Array(most);
    this.#last = new Float64Array(most);
  }

  /** Takes the first `size` bytes from `floor` on that are free during a life; where they begin. */
  take(size: number, life: Life, floor: number): number {
    const [from, to, first, last] = [this.#from, this.#to, this.#first, this.#last];
    const { first: begin, last: end } = life;
    const count = this.#count++;
    let at = floor;
    let next = 0;
    for (; next < count; next++) {
      if (first[next] > end || begin > last[next]) continue;
      if (at + size <= from[next]) break;
      if (to[next] > at) at = to[next];
    }
    // Behind all that begin there or before.
    while (next > 0 && from[next - 1] > at) next--;
    while (next < count && from[next] <= at) next++;
    for (const column of [from, to, first, last]) column.copyWithin(next + 1, next, count);
    from[next] = at;
    to[next] = at + size;
    first[next] = begin;
    last[next] = end;
    return at;
  }
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
  const rest = [...livesOf([...program.setup, ...program.kernels])]
    .filter(([b]) => b.role === "temporary")
    .sort((p, q) => placeBytes(q[0]) - placeBytes(p[0]));
  const taken = new TakenBytes(rest.length);
  for (const [buffer, life] of rest) {
    const size = placeBytes(buffer);
    const at = taken.take(size, life, floor);
    addresses.set(buffer, at);
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

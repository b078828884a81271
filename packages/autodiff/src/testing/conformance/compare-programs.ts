import { newArray } from "../../base/dtype.js";
import { InternalError } from "../../base/errors.js";
import type { Backend, Executable } from "../../kernel/backend.js";
import type { Buffer, Program } from "../../kernel/program.js";
import { demandNumbers } from "./assertions.js";
import { type NaiveMemory, naiveMemory, runNaively } from "./naive-program.js";

/** The elements of a buffer that is no temporary. */
export async function readBuffer(executable: Executable, buffer: Buffer): Promise<number[]> {
  return [...("array" in executable ? executable.array(buffer) : await executable.read(buffer))];
}

/** Writes the elements of a buffer, as the host does between runs. */
export async function writeBuffer(
  executable: Executable,
  buffer: Buffer,
  values: readonly number[],
): Promise<void> {
  if ("array" in executable) executable.array(buffer).set(values);
  else {
    const elements = newArray(buffer.dtype, buffer.length);
    elements.set(values);
    executable.write(buffer, elements);
  }
}

/** Prepares another run after a check has failed. */
export function resetStatus(executable: Executable, status: Buffer): void {
  // A device does so by itself.
  if ("array" in executable) executable.array(status)[0] = 0;
}

/** What the host sees after a run. */
export type Outcome = Map<Buffer, number[]>;

/** The elements that a buffer was left with. */
export function elementsOf(outcome: Outcome, buffer: Buffer): readonly number[] {
  const elements = outcome.get(buffer);
  if (elements === undefined) throw new InternalError(`nobody reads ${buffer.name}`);
  return elements;
}

/** The buffers that hosts read and cases compare: not what is packed, whose layout is the backend's own. */
export const comparable = ({ buffers }: Program): readonly Buffer[] =>
  buffers.filter(
    ({ role, initial }) => role !== "temporary" && (role !== "constant" || initial !== undefined),
  );

/** What a program leaves in the buffers that a host reads. */
export async function readOutcome(executable: Executable, program: Program): Promise<Outcome> {
  const outcome: Outcome = new Map();
  for (const buffer of comparable(program)) outcome.set(buffer, await readBuffer(executable, buffer));
  return outcome;
}

/** Prepares a program, and runs it once. */
export async function runOnce(
  backend: Backend,
  program: Program,
  threads: number | null,
): Promise<{ readonly executable: Executable; readonly outcome: Outcome }> {
  const executable = backend.prepare(program, { threads });
  executable.setUp();
  executable.run();
  return { executable, outcome: await readOutcome(executable, program) };
}

/** Demands that what the host sees is what is expected. */
export function demandOutcome(
  what: string,
  got: ReadonlyMap<Buffer, readonly number[]>,
  want: ReadonlyMap<Buffer, readonly number[]>,
): void {
  for (const [buffer, values] of got)
    demandNumbers(`${what}: ${buffer.name}`, values, want.get(buffer) ?? []);
}

/** A program from its start, naively. */
export const naiveOutcome = (program: Program): NaiveMemory => runNaively(program, naiveMemory(program));

const greatestFloat32 = 2 ** 127 * (2 - 2 ** -23);

/** Distance in units in the last place of the dtype at the wanted value; 0 for equal, infinite for NaN against a number. */
export function ulps(got: number, want: number, dtype: "float32" | "float64"): number {
  const single = dtype === "float32";
  const rounded = single ? Math.fround(want) : want;
  if (Object.is(got, rounded)) return 0;
  if (Number.isNaN(got) || Number.isNaN(want)) return Infinity;
  if (!Number.isFinite(want)) return Infinity;
  const greatest = single ? greatestFloat32 : Number.MAX_VALUE;
  // Near the end of the range an infinity counts as the number after the greatest.
  const g = Number.isFinite(got) ? got : Math.sign(got) * greatest * (1 + (single ? 2 ** -24 : 2 ** -53));
  const w = Math.max(-greatest, Math.min(greatest, want));
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(w))), single ? -126 : -1022);
  const unit = Math.max(2 ** (exponent - (single ? 23 : 52)), single ? 2 ** -149 : Number.MIN_VALUE);
  return Math.abs(g - w) / unit;
}

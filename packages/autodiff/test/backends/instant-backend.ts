import {
  type Buffer,
  type DeviceArray,
  type DeviceBackend,
  type DeviceExecutable,
  deviceInstance,
  type HostExecutable,
  type Profile,
  type Program,
  type TypedArray,
} from "@scope/autodiff/backend";
import { javascriptProgramBackend } from "../../src/backends/javascript/program.js";

/** A device that the host can wait for: its arrays have `readSync`. */
export const instantBackend: DeviceBackend = {
  name: "instant",
  capabilities: javascriptProgramBackend.capabilities,
  deviceInstance,
  prepare: (program) => new InstantExecutable(program),
};

class InstantArray implements DeviceArray {
  readonly backend = instantBackend;
  readonly dtype: DeviceArray["dtype"];
  readonly length: number;
  readonly elements: TypedArray;

  constructor({ dtype, length }: Buffer, elements: TypedArray) {
    this.dtype = dtype;
    this.length = length;
    this.elements = elements;
  }
  readSync(): TypedArray {
    return this.elements.slice();
  }
  async read(): Promise<TypedArray> {
    return this.readSync();
  }
  dispose(): void {}
}

const failedOf = (unless: readonly DeviceArray[]): TypedArray | undefined =>
  unless
    .flatMap((array) => (array instanceof InstantArray ? [array.elements] : []))
    .find(([code]) => code !== 0);

class InstantExecutable implements DeviceExecutable {
  readonly bytes: number;
  readonly codeBytes = 0;
  readonly machine = "the host, which calls itself a device";
  readonly #executable: HostExecutable;
  readonly #status: Buffer | null;

  constructor(program: Program) {
    this.#executable = javascriptProgramBackend.prepare(program, { threads: null });
    this.bytes = this.#executable.bytes;
    this.#status = program.status;
  }
  write(buffer: Buffer, from: TypedArray | DeviceArray): void {
    this.#executable.array(buffer).set(from instanceof InstantArray ? from.elements : (from as TypedArray));
  }
  setUp(): void {
    this.#executable.setUp();
  }
  run(unless: readonly DeviceArray[] = []): void {
    if (this.#begins(unless)) this.#executable.run();
  }
  async profile(unless: readonly DeviceArray[] = []): Promise<Profile> {
    return this.#begins(unless) ? this.#executable.profile() : [];
  }
  async read(buffer: Buffer): Promise<TypedArray> {
    return this.#executable.array(buffer).slice();
  }
  release(buffer: Buffer): DeviceArray {
    return new InstantArray(buffer, this.#executable.array(buffer).slice());
  }
  dispose(): void {}

  #begins(unless: readonly DeviceArray[]): boolean {
    const failed = failedOf(unless);
    if (this.#status !== null) this.#executable.array(this.#status).set(failed ?? [0, 0]);
    return failed === undefined;
  }
}

import type { TypedArray } from "../base/dtype.js";
import { DeviceError } from "../base/errors.js";
import { showSpec } from "../base/shape.js";
import type { DeviceArray, DeviceBackend } from "../kernel/backend.js";
import type { Spec } from "../kernel/lowering.js";
import { type ReadonlyData, Tensor } from "../tensor/tensor.js";
import type { RunOutcome } from "./run-outcome.js";

const memory = /* @__PURE__ */ new FinalizationRegistry<DeviceArray>((array) => array.dispose());

/** Elements on a device, and on the host as well once they have been read there: what all names of one value share. */
export class DeviceValue {
  readonly array: DeviceArray;
  /** The runs that it is right only with. */
  readonly outcomes: readonly RunOutcome[];
  #host: TypedArray | null = null;

  constructor(array: DeviceArray, outcomes: readonly RunOutcome[]) {
    this.array = array;
    this.outcomes = outcomes;
    memory.register(this, array);
  }

  get host(): TypedArray | null {
    return this.#host;
  }

  async read(): Promise<TypedArray> {
    if (this.#host !== null) return this.#host;
    const reading = this.array.read();
    // Where the run has failed, nobody waits for the elements.
    reading.catch(() => undefined);
    for (const outcome of this.outcomes) await outcome.settle();
    this.#host ??= await reading;
    return this.#host;
  }

  /** The elements at once; null if the device can only be waited for. */
  readNow(): TypedArray | null {
    if (this.#host !== null) return this.#host;
    if (this.array.readSync === undefined) return null;
    for (const outcome of this.outcomes) if (outcome.settleNow() === null) return null;
    this.#host = this.array.readSync();
    return this.#host;
  }
}

/** A tensor whose elements are in the memory of a device, in row-major order. */
export class DeviceTensor extends Tensor {
  readonly value: DeviceValue;
  declare storage: TypedArray | null;

  constructor({ shape, dtype }: Spec, value: DeviceValue) {
    super(shape, dtype, null, value.host, 0, null);
    this.value = value;
  }

  override get device(): string | null {
    const { array, host } = this.value;
    return host === null && array.readSync === undefined ? array.backend.name : null;
  }

  override get isSymbolic(): boolean {
    return false;
  }

  override hostStorage(
    what: string,
    mend: string = "await t.read() (of a whole model: await model.readState()); once read, the elements are on the host as well",
  ): TypedArray {
    this.storage ??= this.value.readNow();
    if (this.storage !== null) return this.storage;
    throw new DeviceError({
      code: "device/read",
      op: what,
      problem: "the elements are on a device, which the host has to wait for.",
      got: `${showSpec(this)} on "${this.value.array.backend.name}"`,
      expected: "a tensor whose elements are on the host",
      mend,
    });
  }

  override async read(): Promise<ReadonlyData> {
    const elements = await this.value.read();
    this.storage = elements;
    return elements;
  }

  override renamed(): Tensor {
    return new DeviceTensor({ shape: this.sizes, dtype: this.dtype }, this.value);
  }
}

/** The value of a tensor if it is in the memory of this device; null for all others. */
export const valueOn = (backend: DeviceBackend, t: Tensor): DeviceValue | null =>
  t instanceof DeviceTensor && t.value.array.backend === backend ? t.value : null;

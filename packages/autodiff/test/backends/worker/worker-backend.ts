import { join } from "node:path";
import { Worker } from "node:worker_threads";
import {
  type Buffer,
  cpuLimits,
  type DeviceArray,
  type DeviceBackend,
  DeviceError,
  type DeviceExecutable,
  type DType,
  deviceInstance,
  homeOf,
  type Profile,
  type Program,
  planMemory,
  type TypedArray,
} from "@scope/autodiff/backend";
import { buildSync } from "esbuild";
import type { Answer, Order } from "./messages.js";

/** A machine that shares nothing with the host: its memory is a worker's, messages are all that passes, answers take their time, and it has no float64.
 * Its `end` and `traffic` are for tests. */
export interface WorkerBackend extends DeviceBackend {
  /** Ends the worker, as a device is lost. */
  end(): Promise<void>;
  /** What has passed, in elements of arrays, and what there is. */
  traffic(): { readonly written: number; readonly read: number; readonly arrays: number };
}

/** Makes such a machine; its worker starts with the first program.
 * @param name - the backend's name */
export function workerBackend(name: string): WorkerBackend {
  const link = new Link(name);
  const backend: WorkerBackend = {
    name,
    capabilities: {
      dtypes: ["bool", "int32", "float32"],
      limits: cpuLimits,
      packedLength: () => 0,
    },
    deviceInstance,
    prepare: (program) => new WorkerExecutable(backend, link, program),
    end: () => link.end(),
    traffic: () => ({ written: link.written, read: link.read, arrays: link.arrays }),
  };
  return backend;
}

let code: string | null = null;
function machineCode(): string {
  code ??= buildSync({
    entryPoints: [join(import.meta.dirname, "worker-machine.ts")],
    bundle: true,
    write: false,
    format: "cjs",
    platform: "node",
    logLevel: "silent",
  }).outputFiles[0].text;
  return code;
}

interface Waiting {
  readonly resolve: (value: Answer["value"]) => void;
  readonly reject: (error: Error) => void;
}

/** The messages to and from one worker. */
class Link {
  readonly #name: string;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #lost: DeviceError | null = null;
  #numbers = 0;
  written = 0;
  read = 0;
  arrays = 0;

  constructor(name: string) {
    this.#name = name;
  }

  number(): number {
    return ++this.#numbers;
  }

  /** Sends an order.
   * @throws {@link DeviceError} if the worker has ended */
  send(order: Order): void {
    if (this.#lost !== null) throw this.#lost;
    this.#worker ??= this.#start();
    this.#worker.postMessage(order);
  }

  /** Sends an order if there is still somebody to take it. */
  tell(order: Order): void {
    if (this.#lost === null) this.send(order);
  }

  /** Sends an order that is answered. */
  ask(order: (request: number) => Order): Promise<Answer["value"]> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== null) {
        reject(this.#lost);
        return;
      }
      const request = this.number();
      this.#waiting.set(request, { resolve, reject });
      this.send(order(request));
      // The process stays for those who wait, and for nobody else.
      this.#worker?.ref();
    });
  }

  async end(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(machineCode(), { eval: true });
    worker.unref();
    worker.on("message", ({ request, value }: Answer) => {
      const waiting = this.#waiting.get(request);
      this.#waiting.delete(request);
      if (this.#waiting.size === 0) worker.unref();
      waiting?.resolve(value);
    });
    worker.on("error", (error) => this.#lose(String(error)));
    worker.on("exit", (exitCode) => this.#lose(`its worker ended with code ${exitCode}`));
    return worker;
  }

  #lose(reason: string): void {
    this.#lost ??= new DeviceError({
      code: "device/lost",
      op: this.#name,
      problem: "the device is lost, with all that was in its memory.",
      got: reason,
      expected: "a device that works",
      mend: "make the model again, and load the state that was saved last",
    });
    for (const { reject } of this.#waiting.values()) reject(this.#lost);
    this.#waiting.clear();
  }
}

class WorkerExecutable implements DeviceExecutable {
  readonly bytes: number;
  readonly codeBytes = 0;
  readonly machine = "a worker, 1 thread";
  readonly #backend: DeviceBackend;
  readonly #link: Link;
  readonly #id: number;

  constructor(backend: DeviceBackend, link: Link, program: Program) {
    this.#backend = backend;
    this.#link = link;
    this.#id = link.number();
    this.bytes = planMemory(program).bytes;
    link.send({ kind: "prepare", program: this.#id, made: program });
  }

  write(buffer: Buffer, from: TypedArray | DeviceArray): void {
    const order = { program: this.#id, buffer: homeOf(buffer).id };
    if (from instanceof WorkerArray) {
      this.#link.send({ kind: "copy", ...order, array: from.id });
      return;
    }
    if (!ArrayBuffer.isView(from)) throw new TypeError("an array of another backend");
    this.#link.written += from.length;
    // A message would take all of the memory that a view looks at.
    this.#link.send({ kind: "write", ...order, elements: from.slice() });
  }

  setUp(): void {
    this.#link.send({ kind: "setUp", program: this.#id });
  }

  run(unless: readonly DeviceArray[] = []): void {
    this.#link.send({ kind: "run", program: this.#id, unless: idsOf(unless) });
  }

  async profile(unless: readonly DeviceArray[] = []): Promise<Profile> {
    const order = { kind: "profile", program: this.#id, unless: idsOf(unless) } as const;
    const profile = await this.#link.ask((request) => ({ ...order, request }));
    return ArrayBuffer.isView(profile) ? [] : profile;
  }

  async read(buffer: Buffer): Promise<TypedArray> {
    const array = this.release(buffer);
    try {
      return await array.read();
    } finally {
      array.dispose();
    }
  }

  release(buffer: Buffer): DeviceArray {
    const array = new WorkerArray(this.#backend, this.#link, buffer);
    this.#link.tell({ kind: "release", program: this.#id, buffer: homeOf(buffer).id, array: array.id });
    return array;
  }

  dispose(): void {
    this.#link.tell({ kind: "end", program: this.#id });
  }
}

class WorkerArray implements DeviceArray {
  readonly backend: DeviceBackend;
  readonly dtype: DType;
  readonly length: number;
  readonly id: number;
  readonly #link: Link;

  constructor(backend: DeviceBackend, link: Link, { dtype, length }: Buffer) {
    this.backend = backend;
    this.#link = link;
    this.dtype = dtype;
    this.length = length;
    this.id = link.number();
    link.arrays++;
  }

  async read(): Promise<TypedArray> {
    const elements = await this.#link.ask((request) => ({ kind: "read", array: this.id, request }));
    if (!ArrayBuffer.isView(elements)) throw new TypeError("no elements");
    this.#link.read += elements.length;
    return elements;
  }

  dispose(): void {
    this.#link.arrays--;
    this.#link.tell({ kind: "free", array: this.id });
  }
}

const idsOf = (arrays: readonly DeviceArray[]): number[] =>
  arrays.flatMap((array) => (array instanceof WorkerArray ? [array.id] : []));

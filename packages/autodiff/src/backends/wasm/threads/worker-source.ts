import { hostFunctions } from "../host-functions.js";
import { poolWords, words } from "./control.js";

/** What a worker is told. */
export type Message =
  /** First of all. */
  | { readonly kind: "start"; readonly pool: SharedArrayBuffer; readonly index: number }
  | {
      readonly kind: "add";
      readonly id: number;
      readonly module: WebAssembly.Module;
      readonly memory: WebAssembly.Memory;
      readonly control: number;
      readonly shift: number;
    }
  | { readonly kind: "drop"; readonly id: number };

/** Functions of `Math` by their names, others as their own text: they use nothing else. */
function hostText(): string {
  const known = Math as unknown as Readonly<Record<string, unknown>>;
  const entries = Object.entries(hostFunctions).map(
    ([name, f]) => `${name}: ${known[name] === f ? `Math.${name}` : `(${f.toString()})`}`,
  );
  return `{ ${entries.join(",\n")} }`;
}

/** The script of a worker, which needs no file and no import. It sleeps inside of its handler of messages, and leaves that only for the next message. */
export const workerSource = (): string => `
const port = globalThis.process?.getBuiltinModule?.("node:worker_threads").parentPort ?? globalThis;
const functions = ${hostText()};
const programs = new Map();
let pool, mail, handled = 0;
function add({ id, module, memory, control, shift }) {
  const view = new Int32Array(memory.buffer, control, 128);
  const nothing = () => {};
  const host = { ...functions, wake: nothing, stall: nothing, finished: () => Atomics.notify(view, ${words.done / 4}) };
  const { work } = new WebAssembly.Instance(module, { env: { memory, shift }, host }).exports;
  programs.set(id, () => {
    try {
      work();
    } catch (error) {
      Atomics.store(view, ${words.failed / 4}, 1);
      Atomics.notify(view, ${words.done / 4});
      throw error;
    }
  });
  Atomics.add(pool, ${poolWords.held}, 1);
  Atomics.add(view, ${words.joined / 4}, 1);
  Atomics.notify(view, ${words.joined / 4});
}
function help() {
  while (Atomics.load(pool, mail) <= handled) {
    const bell = Atomics.load(pool, ${poolWords.bell});
    programs.get(Atomics.load(pool, ${poolWords.active}))?.();
    if (Atomics.load(pool, mail) <= handled) Atomics.wait(pool, ${poolWords.bell}, bell);
  }
}
port.onmessage = ({ data }) => {
  handled++;
  if (data.kind === "start") {
    pool = new Int32Array(data.pool);
    mail = ${poolWords.mail} + data.index;
    Atomics.add(pool, ${poolWords.started}, 1);
  } else if (data.kind === "add") add(data);
  else if (programs.delete(data.id)) Atomics.sub(pool, ${poolWords.held}, 1);
  help();
};
`;

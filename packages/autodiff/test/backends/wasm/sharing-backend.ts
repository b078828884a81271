import { wasmProgramBackend } from "../../../src/backends/wasm/index.js";
import { prepareThreaded, type ThreadOptions } from "../../../src/backends/wasm/threads/prepare.js";
import type { HostBackend } from "../../../src/kernel/backend.js";

/** WebAssembly that shares among threads whatever can be shared, however small it is. */
export const sharingBackend = (options: Partial<ThreadOptions> = {}): HostBackend => ({
  ...wasmProgramBackend,
  prepare: (program, { threads }) => {
    const shared =
      threads === null || threads === 1
        ? null
        : prepareThreaded(program, threads, { worthwhile: 0, grain: 1, ...options });
    return shared ?? wasmProgramBackend.prepare(program, { threads: 1 });
  },
});

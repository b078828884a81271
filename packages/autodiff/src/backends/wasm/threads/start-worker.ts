/** A thread beside the one that runs programs. */
export interface WorkerHandle {
  post(message: unknown): void;
  /** Ends it, and nobody is told. */
  end(): void;
  /** Ends it as if it had failed (tests). */
  kill(): void;
}

/** Of Node's `worker_threads`, what is needed; Deno and Bun have it, too. */
interface NodeWorker {
  postMessage(message: unknown): void;
  on(event: "error" | "exit", listener: (what: unknown) => void): void;
  unref(): void;
  terminate(): unknown;
}
interface WorkerThreads {
  readonly Worker: new (
    source: string,
    options: { readonly eval: true; readonly execArgv: readonly string[] },
  ) => NodeWorker;
}
interface Host {
  readonly process?: { getBuiltinModule?(name: string): unknown };
  readonly crossOriginIsolated?: boolean;
}
const host = (): Host => globalThis as Host;

/** Found at run time, so that no bundler looks for it. */
const workerThreads = (): WorkerThreads | null =>
  (host().process?.getBuiltinModule?.("node:worker_threads") as WorkerThreads | undefined) ?? null;

/** Whether workers are those of pages. */
export const inPage = (): boolean => workerThreads() === null;

/** Why this host cannot run programs on several threads; null if it can. */
export function whyNoThreads(): string | null {
  if (typeof SharedArrayBuffer !== "function" || host().crossOriginIsolated === false)
    return "memory cannot be shared: the page is not cross-origin isolated (its server sends Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp)";
  if (workerThreads() === null && typeof Worker !== "function") return "there are no workers";
  return null;
}

/** Whether this thread may sleep until a word of shared memory changes: a page's main thread may not. */
export function mayWait(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}

/** Starts a worker that does not keep the process alive.
 * @param ended - told why, when it ends other than by `end`
 * @throws what the host throws if it starts none */
export function startWorker(source: string, ended: (reason: string) => void): WorkerHandle {
  const threads = workerThreads();
  return threads === null ? startInPage(source, ended) : startInNode(threads, source, ended);
}

function startInNode(
  { Worker }: WorkerThreads,
  source: string,
  ended: (reason: string) => void,
): WorkerHandle {
  const worker = new Worker(source, { eval: true, execArgv: [] });
  let wanted = true;
  const tell = (reason: string): void => {
    if (wanted) ended(reason);
    wanted = false;
  };
  worker.on("error", (error) => tell(String(error)));
  worker.on("exit", (code) => tell(`it exited with code ${code}`));
  worker.unref();
  return {
    post: (message) => worker.postMessage(message),
    end: () => {
      wanted = false;
      void worker.terminate();
    },
    kill: () => void worker.terminate(),
  };
}

function startInPage(source: string, ended: (reason: string) => void): WorkerHandle {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.onerror = (event) => {
    event.preventDefault();
    ended(event.message || "its script was refused; a Content-Security-Policy allows it by worker-src blob:");
  };
  return {
    post: (message) => worker.postMessage(message),
    end: () => {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
    kill: () => worker.terminate(),
  };
}

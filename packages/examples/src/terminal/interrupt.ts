/** A signal that the first Ctrl-C aborts; the second one ends the program as usual. */
export function onInterrupt(notice: () => void): {
  readonly signal: AbortSignal;
  readonly release: () => void;
} {
  const controller = new AbortController();
  const stop = (): void => {
    process.off("SIGINT", stop);
    notice();
    controller.abort();
  };
  process.on("SIGINT", stop);
  return { signal: controller.signal, release: () => void process.off("SIGINT", stop) };
}

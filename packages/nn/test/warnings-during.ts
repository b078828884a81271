/** What is printed by `console.warn` while `run` runs: warnings that are wanted, and do not fail the test that makes them. */
export async function warningsDuring(run: () => unknown): Promise<string[]> {
  const warnings: string[] = [];
  const before = console.warn;
  console.warn = (...parts: unknown[]) => void warnings.push(parts.map(String).join(" "));
  try {
    await run();
  } finally {
    console.warn = before;
  }
  return warnings;
}

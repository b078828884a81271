/** Runs work that needs a scratch memory; false if the host refuses it: then plain JavaScript, which needs none, does the work. */
export function withScratch(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

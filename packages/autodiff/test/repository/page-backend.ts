import type { Backend } from "../../src/kernel/backend.js";
import { pageCode } from "./documents.js";
import { runExample } from "./example-program.js";
import { read } from "./source-files.js";
import { surroundingsOf } from "./surroundings.js";

/** The backend that the guide writes, as a package of its own would export it: the code of the page up to where it is used. */
export async function backendOfTheGuide(): Promise<Backend> {
  const { code } = pageCode(read("docs/write-a-backend.md").split("\nThat is all.")[0]);
  let found: Backend | undefined;
  const take = (backend: Backend): void => {
    found = backend;
  };
  await runExample(`${code}\n__take(source);`, surroundingsOf(new Map([["__take", take]])));
  if (found === undefined) throw new Error("the guide makes no backend");
  return found;
}

import type { Samples } from "../../src/ops/samples.js";
import type { Op } from "../../src/trace/op.js";

declare global {
  interface ImportMeta {
    /** Vite's import of every file that matches. */
    glob(pattern: string, options: { readonly eager: true }): Record<string, Record<string, unknown>>;
  }
}

/** A record with its samples, from the file `name.samples.ts` beside that of the record. */
export interface Entry {
  readonly name: string;
  readonly op: Op;
  readonly samples: Samples<unknown>;
}

/** The exports of files, by path. */
export type Modules = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Every file of ops. */
export const opModules: Modules = import.meta.glob("../../src/ops/**/*.ts", { eager: true });

const isOp = (name: string, value: unknown): value is Op =>
  /Op$/.test(name) && typeof value === "object" && value !== null && "infer" in value && "pullback" in value;

/** Every record with its samples, and what is wrong with the table. */
export function opTable(modules: Modules): {
  readonly entries: readonly Entry[];
  readonly missing: readonly string[];
} {
  const entries: Entry[] = [];
  const missing: string[] = [];
  for (const [path, exports] of Object.entries(modules)) {
    for (const [exported, op] of Object.entries(exports)) {
      if (!isOp(exported, op)) continue;
      const name = exported.slice(0, -2);
      const besidePath = path.replace(/\.ts$/, ".samples.ts");
      const samples = modules[besidePath]?.[`${name}Samples`];
      // Exports are looked up by name; the naming rule says what they are.
      const beside = samples as Samples<unknown> | undefined;
      if (beside === undefined) missing.push(`${path}: ${exported} has no ${name}Samples in ${besidePath}`);
      else if (beside.guardPoints === undefined || beside.guardPoints.length === 0)
        missing.push(`${besidePath}: ${name}Samples has neither guard points nor a reason for none`);
      else entries.push({ name, op, samples: beside });
    }
  }
  return { entries, missing };
}

import { InternalError } from "../base/errors.js";
import type { Op } from "../trace/op.js";

/** What the compiler's own ops have in place of derivatives and vmap: passes make them when nobody differentiates or batches any more. */
export function madeLast(name: string): Pick<Op<unknown>, "pullback" | "pushforward" | "batch"> {
  const refuse = (): never => {
    throw new InternalError(`${name} exists after differentiation and loop motion only`);
  };
  return { pullback: refuse, pushforward: refuse, batch: refuse };
}

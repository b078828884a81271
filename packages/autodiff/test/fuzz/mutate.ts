import { types } from "node:util";
import type { Draws } from "./draws.js";
import { type Drawn, drawGuess, drawNasty, isLong } from "./nasty-values.js";

/** Arguments of a call, and how a report writes what was changed in them. */
export interface DrawnArguments {
  readonly args: readonly unknown[];
  readonly text: string;
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" &&
  value !== null &&
  !types.isProxy(value) &&
  (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null);

/** One value changed inside: a part of a list or of a record replaced, added or taken away. */
function mutateInside(value: unknown, draws: Draws): Drawn | null {
  if (types.isProxy(value)) return null;
  if (Array.isArray(value) && value.length > 0) {
    const copy: unknown[] = [...value];
    const at = draws.below(copy.length);
    if (draws.chance(0.15)) {
      delete copy[at];
      return [`without element ${at}`, copy];
    }
    const [text, part] = draws.chance(0.2)
      ? (mutateInside(copy[at], draws) ?? drawNasty(draws))
      : drawNasty(draws);
    copy[at] = part;
    return [`with element ${at}: ${text}`, copy];
  }
  if (isPlain(value)) {
    const names = Object.keys(value);
    if (names.length === 0) return null;
    const name = draws.pick(names);
    const copy = { ...value };
    if (draws.chance(0.15)) {
      delete copy[name];
      return [`without ${name}`, copy];
    }
    const [text, part] = draws.chance(0.2)
      ? (mutateInside(copy[name], draws) ?? drawNasty(draws, isLong(name)))
      : drawNasty(draws, isLong(name));
    copy[name] = part;
    return [`with ${name}: ${text}`, copy];
  }
  return null;
}

/** A valid call's arguments with one or two changed. */
export function mutateArguments(
  valid: readonly unknown[],
  draws: Draws,
  options: ReadonlySet<string>,
): DrawnArguments {
  const args = [...valid];
  const texts: string[] = [];
  const changes = draws.chance(0.75) ? 1 : 2;
  for (let i = 0; i < changes; i++) {
    const how = draws.next();
    const at = draws.below(args.length);
    if (args.length === 0 || how < 0.15) {
      const [text, value] = draws.chance(0.6) ? drawGuess(draws, options) : drawNasty(draws);
      args.push(value);
      texts.push(`argument ${args.length} added: ${text}`);
    } else if (how < 0.22) {
      args.pop();
      texts.push(`argument ${args.length + 1} left out`);
    } else {
      const drawn = how < 0.5 ? mutateInside(args[at], draws) : null;
      const [text, value] =
        drawn ?? (isPlain(args[at]) && draws.chance(0.3) ? drawGuess(draws, options) : drawNasty(draws));
      args[at] = value;
      texts.push(`argument ${at + 1} ${drawn === null ? "=" : ""} ${text}`);
    }
  }
  return { args, text: texts.join("; ") };
}

/** Arguments out of nothing, for what no program calls. */
export function drawArguments(draws: Draws, options: ReadonlySet<string>): DrawnArguments {
  const drawn = Array.from({ length: draws.below(4) }, () =>
    draws.chance(0.2) ? drawGuess(draws, options) : drawNasty(draws),
  );
  return { args: drawn.map(([, value]) => value), text: `(${drawn.map(([text]) => text).join(", ")})` };
}

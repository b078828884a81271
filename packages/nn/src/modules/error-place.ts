import { ScopeError } from "@scope/autodiff/functions";

/** Where an error arose, as a path seen from a module; from null, it is seen from the whole model, and no more can be added. */
interface ErrorPath {
  readonly path: string;
  readonly from: object | null;
}

const places = new WeakMap<ScopeError, ErrorPath>();

/** Tells in an error of a part of `from` which part it was: `encoder.1`, as in the state dict. */
export function placeError(error: unknown, path: string, from: object | null): void {
  if (!(error instanceof ScopeError)) return;
  const known = places.get(error);
  if (known?.from === null) return;
  const line = (place: string): string => `\n  in:       ${place}`;
  const place = { path: known === undefined ? path : `${path}.${known.path}`, from };
  const before = error.message;
  const bare = known === undefined ? before : before.slice(0, -line(known.path).length);
  // What is printed of an uncaught error is its stack, which begins with the message that it had when the stack was first looked at.
  const { stack } = error;
  error.message = bare + line(place.path);
  if (stack !== undefined) error.stack = stack.replace(before, () => error.message);
  places.set(error, place);
}

/** Completes the place of an error that left a model, if the part that told it is one of the model's modules. */
export function placeInModel(
  error: unknown,
  model: { namedModules(): readonly (readonly [name: string, module: object])[] },
): void {
  const from = error instanceof ScopeError ? places.get(error)?.from : undefined;
  if (from === undefined || from === null) return;
  const name = model.namedModules().find(([, module]) => module === from)?.[0];
  if (name !== undefined && name !== "") placeError(error, name, null);
}

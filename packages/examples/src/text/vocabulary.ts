import { UsageError } from "../usage-error.js";

/** Stands for every character that the vocabulary does not have. */
const unknown = "\uFFFD";
const mostCharacters = 255;

/** The characters of a text as small whole numbers. */
export interface Vocabulary {
  readonly characters: readonly string[];
  encode(text: string): Int32Array;
  decode(ids: Iterable<number>): string;
}

/** The characters of a text, the most frequent first; rare ones beyond 255 share one number. */
export function vocabularyOf(text: string): Vocabulary {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  if (counts.size < 2)
    throw new UsageError("the text has only one character in it, over and over: there is nothing to learn");
  const frequent = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, mostCharacters);
  const characters = frequent.map(([character]) => character);
  if (counts.size > mostCharacters) characters.push(unknown);
  const ids = new Map(characters.map((character, id) => [character, id]));
  return {
    characters,
    encode: (of) =>
      Int32Array.from(Array.from(of), (character) => ids.get(character) ?? characters.length - 1),
    decode: (of) => Array.from(of, (id) => characters[id] ?? unknown).join(""),
  };
}

/** Bits per character of the best guess that knows frequencies only: what a model has to be better than. */
export function frequencyBits(ids: Int32Array): number {
  const counts = new Map<number, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts.values()].reduce(
    (bits, count) => bits - (count / ids.length) * Math.log2(count / ids.length),
    0,
  );
}

import { progressReporter } from "../terminal/progress.js";
import type { CellName } from "../weather/forecaster.js";
import type { Output } from "../weather/run-weather.js";
import { ownSources, readCorpus } from "./corpus.js";
import { sampleText } from "./sample-text.js";
import { bits, checkLength, trainText } from "./train-text.js";
import { frequencyBits, vocabularyOf } from "./vocabulary.js";

/** What the text job is asked for. */
export interface TextOptions {
  readonly cell: CellName;
  readonly hidden: number;
  readonly seed: number;
  readonly steps: number;
  readonly length: number;
  readonly temperature: number;
  /** Characters to write at the end. */
  readonly sample: number;
}

/** Trains a character model on a file, or on this repository's own sources, and lets it write. */
export async function runText(
  file: string | undefined,
  options: TextOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const { cell, hidden, steps, temperature, sample, seed } = options;
  const { name, text } = file === undefined ? ownSources() : readCorpus(file);
  const vocabulary = vocabularyOf(text);
  const ids = vocabulary.encode(text);
  checkLength(ids, options.length);
  output.print(`Text: ${name}, ${ids.length} characters, ${vocabulary.characters.length} different ones.`);
  const { model, history, heldOutBits } = await trainText(ids, vocabulary.characters.length, {
    ...options,
    reportEvery: 25,
    signal,
    reporter: progressReporter(output.progress, {
      label: `${cell.toUpperCase()} ${hidden}`,
      position: (record) => `step ${record.steps}/${steps}`,
      describe: ({ loss, validationLoss }) =>
        `${bits(loss).toFixed(2)} bits per character${validationLoss === null ? "" : `, held out ${bits(validationLoss).toFixed(2)}`}`,
    }),
  });
  const last = history.epochs[history.epochs.length - 1];
  const trained =
    last === undefined ? "no step was taken" : `${bits(last.loss).toFixed(2)} on the text it learns from`;
  const heldOut = heldOutBits === null ? "" : `, ${heldOutBits.toFixed(2)} on text that was held out`;
  output.print(
    `\nBits per character after ${history.losses.length} steps: ${trained}${heldOut}; by the frequencies of characters alone ${frequencyBits(ids).toFixed(2)}.`,
  );
  const written = await sampleText(model, vocabulary.encode("\n"), sample, temperature, seed);
  output.print(`\nIt writes (temperature ${temperature}):\n\n${printable(vocabulary.decode(written))}`);
}

/** A text that a terminal may show: control characters other than line ends and tabs, which a text may have taught, are written as escapes. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}]/gu, (sign) =>
    sign === "\n" || sign === "\t" ? sign : `\\u{${sign.codePointAt(0)?.toString(16)}}`,
  );

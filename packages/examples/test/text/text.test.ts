import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ownSources, readCorpus } from "../../src/text/corpus.js";
import { printable, runText } from "../../src/text/run-text.js";
import { sampleText } from "../../src/text/sample-text.js";
import { bits, trainText } from "../../src/text/train-text.js";
import { frequencyBits, vocabularyOf } from "../../src/text/vocabulary.js";
import { cellNames } from "../../src/weather/forecaster.js";

const folder = mkdtempSync(join(tmpdir(), "scope-text-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

describe("the text", () => {
  test("this repository's own sources are found from the module", () => {
    const { name, text } = ownSources();
    expect(name).toMatch(/^this repository's own sources \(\d+ files\)$/);
    expect(text.length).toBeLessThanOrEqual(1_000_000);
    expect(text).toContain("// autodiff/src/base/shape.ts\n");
  });

  test("files that are no text are refused in one line", () => {
    expect(readCorpus(file("good.txt", "grüße\n")).text).toBe("grüße\n");
    expect(() => readCorpus(join(folder, "none.txt"))).toThrow("there is no file");
    expect(() => readCorpus(folder)).toThrow("is a folder");
    expect(() => readCorpus(file("empty.txt", ""))).toThrow("is empty");
    expect(() => readCorpus(file("zero.bin", new Uint8Array([65, 0, 66])))).toThrow("zero bytes");
    expect(() => readCorpus(file("latin1.txt", new Uint8Array([0x67, 0xfc, 0x74])))).toThrow(
      "not a text in UTF-8",
    );
  });

  test("a vocabulary brings a text back, and rare characters beyond 255 share one number", () => {
    const vocabulary = vocabularyOf("hello 𝄞\n");
    expect(vocabulary.decode(vocabulary.encode("hello 𝄞\n"))).toBe("hello 𝄞\n");
    expect(vocabulary.characters[0]).toBe("l");
    const many = vocabularyOf(
      `${"a".repeat(9)}${Array.from({ length: 400 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join("")}`,
    );
    expect(many.characters).toHaveLength(256);
    expect(many.decode(many.encode("a\u{1F600}"))).toBe("a\uFFFD");
    expect(() => vocabularyOf("aaaa")).toThrow("nothing to learn");
  });

  test("frequencies alone: one bit for a coin, none for certainty", () => {
    expect(frequencyBits(Int32Array.of(0, 1, 1, 0))).toBe(1);
    expect(frequencyBits(Int32Array.of(2, 2))).toBeCloseTo(0, 15);
  });
});

describe("the model", () => {
  const text = "the quick brown fox. ".repeat(60);
  const vocabulary = vocabularyOf(text);
  const ids = vocabulary.encode(text);
  const options = { hidden: 32, seed: 0, length: 24, reportEvery: 20, learningRate: 1e-2 };

  for (const cell of cellNames) {
    test(`${cell}: a repeating text costs almost no bits, and is written on and on`, async () => {
      const { model, history, heldOutBits } = await trainText(ids, vocabulary.characters.length, {
        ...options,
        cell,
        steps: 120,
      });
      const last = history.epochs[history.epochs.length - 1];
      expect(history.losses).toHaveLength(120);
      expect(bits(last.loss)).toBeLessThan(0.1);
      expect(heldOutBits).toBeLessThan(0.4);
      const written = vocabulary.decode(
        await sampleText(model, vocabulary.encode("fox. the qu"), 42, 0.3, 1),
      );
      expect(written).toBe("ick brown fox. the quick brown fox. the qu");
      const best = vocabulary.decode(await sampleText(model, vocabulary.encode("fox. the qu"), 21, 0, 1));
      expect(best).toBe("ick brown fox. the qu");
    });
  }

  test("a short text makes fewer streams, and one that is too short is refused", async () => {
    const { history, heldOutBits } = await trainText(ids.subarray(0, 40), vocabulary.characters.length, {
      ...options,
      cell: "gru",
      steps: 3,
    });
    expect(history.losses).toHaveLength(3);
    expect(heldOutBits).toBeNull();
    await expect(trainText(ids.subarray(0, 25), 3, { ...options, cell: "gru", steps: 3 })).rejects.toThrow(
      "too short: 25 characters",
    );
  });

  test("interrupted, it still reports and writes", async () => {
    const controller = new AbortController();
    const printed: string[] = [];
    const lines: string[] = [];
    setTimeout(() => controller.abort(), 300);
    await runText(
      file("fox.txt", text),
      { cell: "rnn", hidden: 16, seed: 1, steps: 10_000_000, length: 16, temperature: 1, sample: 30 },
      { print: (line) => void printed.push(line), progress: { write: (line) => void lines.push(line) } },
      controller.signal,
    );
    expect(lines[lines.length - 1]).toContain("stopped on request");
    expect(printed.join("\n")).toMatch(/Bits per character after \d+ steps: \d/);
    expect(printed[printed.length - 1]).toMatch(/^\nIt writes \(temperature 1\):\n\n[\s\S]{30}$/);
  });
});

test("what was learnt is shown without control characters", () => {
  expect(printable("a\u001b[2Jb\tc\nd\u0007\u202e")).toBe("a\\u{1b}[2Jb\tc\nd\\u{7}\\u{202e}");
});

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { runCommandLine } from "../src/command-line.js";

const folder = mkdtempSync(join(tmpdir(), "scope-command-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const out: string[] = [];
  const error: string[] = [];
  const code = await runCommandLine(args, {
    out: { write: (text) => void out.push(text) },
    error: { write: (text) => void error.push(text) },
  });
  return { code, out: out.join(""), error: error.join("") };
}

const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const mistakes: [name: string, args: string[], says: string][] = [
  ["a missing file", ["text", join(folder, "none.txt")], "there is no file"],
  ["an empty file", ["text", file("empty.txt", "")], "is empty"],
  ["a binary file", ["text", file("zeros.bin", "a\0b")], "zero bytes"],
  ["a short file", ["text", file("short.txt", "hello")], "too short"],
  ["a file of one character", ["text", file("same.txt", "a".repeat(999))], "nothing to learn"],
  ["two files", ["text", "a", "b"], "too many arguments"],
  ["an unknown flag", ["text", "--speed", "9"], "unknown option '--speed'"],
  ["an unknown flag of the main job", ["--speed"], "unknown option '--speed'"],
  ["an unknown command", ["wether"], "unknown command 'wether': there are weather, text, adding, help"],
  ["a flag that is nearly one", ["text", "--step", "9"], "Did you mean --steps?"],
  ["a file without its job", [file("prose.txt", "Once.")], "npm start -- text"],
  ["an argument too many", ["weather", "now"], "too many arguments"],
  ["an unknown backend", ["text", "--backend", "gpu"], "Allowed choices are wasm, javascript, native"],
  ["no threads", ["text", "--threads", "0"], "whole number from 1"],
  ["an unknown cell", ["text", "--cell", "tree"], "Allowed choices are rnn, lstm, gru"],
  ["a number that is none", ["text", "--hidden", "big"], "whole number"],
  ["a number with more behind it", ["text", "--steps", "12abc"], "whole number"],
  ["a number below its range", ["--epochs", "0"], "whole number from 1"],
  ["a negative number", ["--seed", "-1"], "whole number from 0"],
  ["a flag without its value", ["text", "--steps"], "argument missing"],
  ["a temperature below 0", ["text", "--temperature", "-1"], "from 0 to 100"],
  ["a report in no folder", ["--report", join(folder, "none", "report.html")], "cannot write"],
];
for (const [name, args, says] of mistakes) {
  test(`${name}: one clear line, exit code 2, nothing written`, async () => {
    const { code, out, error } = await run(...args);
    expect(error).toContain(says);
    expect(error).toMatch(/^error: [^\n]+\n$/);
    expect(out).toBe("");
    expect(code).toBe(2);
    expect(existsSync(join(folder, "none"))).toBe(false);
  });
}

test("--help says what there is, for the program and for each job", async () => {
  const program = await run("--help");
  expect(program.code).toBe(0);
  expect(program.out).toContain("weather [options]");
  expect(program.out).toContain("text [options] [file]");
  const text = await run("text", "--help");
  expect(text.code).toBe(0);
  for (const flag of ["--cell", "--hidden", "--seed", "--steps", "--length", "--temperature"])
    expect(text.out).toContain(flag);
  expect((await run("weather", "--help")).out).toContain("--report <file>");
});

test("a whole text job from the command line", async () => {
  const path = file("abc.txt", "abcdefg ".repeat(50));
  const { code, out, error } = await run(
    "text",
    path,
    "--cell",
    "gru",
    "--hidden",
    "8",
    "--steps",
    "30",
    "--length",
    "8",
    "--sample",
    "16",
  );
  expect(code).toBe(0);
  expect(out).toContain("400 characters, 8 different ones");
  expect(out).toMatch(
    /Bits per character after 30 steps: \d+\.\d\d on the text it learns from, \d+\.\d\d on text that was held out/,
  );
  expect(error).toContain("GRU 8  step 30/30");
});

test("a whole weather job from the command line", async () => {
  const report = join(folder, "report.html");
  const { code, out } = await run(
    "weather",
    "--runs",
    "1",
    "--epochs",
    "1",
    "--hidden",
    "3",
    "--seed",
    "4",
    "--report",
    report,
  );
  expect(code).toBe(0);
  expect(out).toContain("1461 days");
  expect(out).toContain(`Report: ${report}`);
  expect(existsSync(report)).toBe(true);
});

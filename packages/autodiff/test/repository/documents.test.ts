import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { pageCode } from "./documents.js";
import { runExample } from "./example-program.js";
import { pageWithOutputs, showsWhatIsPrinted } from "./outputs.js";
import { filesUnder, read, repository } from "./source-files.js";
import { surroundingsOf } from "./surroundings.js";

describe("code of a page", () => {
  test("blocks keep their lines and share a program", () => {
    const page = [
      "# T",
      "```ts",
      "const a = 1;",
      "```",
      "text",
      "```sh",
      "rm",
      "```",
      "```ts",
      "a // => 1",
      "```",
    ].join("\n");
    const { code, blocks } = pageCode(page);
    expect(blocks).toBe(2);
    expect(code.split("\n")[2]).toBe("const a = 1;");
    expect(code.split("\n")[9]).toBe("a // => 1");
    expect(code).not.toContain("rm");
  });
  test("a block may be left out for a reason", () => {
    expect(pageCode("```ts no-run: needs a browser\nwindow.x\n```").blocks).toBe(0);
    expect(() => pageCode("```ts no-run\nwindow.x\n```")).toThrow("says why");
  });
  test("a page may say where its relative imports start", () => {
    expect(pageCode("```ts in packages/autodiff/src/ops\n```").folder).toBe("packages/autodiff/src/ops");
  });
  test("a block may show what an expression prints", () => {
    const page = "```text of f(1)\na\nb\n```\n```text\nc\n```";
    const { code, outputs } = pageCode(page);
    expect(code.split("\n")[0]).toBe("__output(0, f(1));");
    expect(outputs).toEqual([{ line: 1, lines: ["a", "b"] }]);
    expect(pageWithOutputs(page, outputs, ["a\nb"])).toBe(page);
    expect(pageWithOutputs(page, outputs, ["a\nd\ne\n"])).toBe(page.replace("b", "d\ne"));
  });
  test("times, and the size of generated code, are not compared; all else is", () => {
    const profile = [
      "f: 1.25 ms in kernels",
      "kernel  calls    ms    %",
      "a·b        50  0.75  60.0",
      "sum         1  0.50  40.0",
    ];
    const later = [
      "f: 3.5 ms in kernels",
      "kernel  calls    ms    %",
      "sum         1  2.00  57.1",
      "a·b        50  1.50  42.9",
    ];
    expect(showsWhatIsPrinted(profile, later)).toBe(true);
    expect(showsWhatIsPrinted([...profile.slice(0, 3), "…"], later)).toBe(true);
    expect(showsWhatIsPrinted(profile.slice(0, 3), later)).toBe(false);
    expect(showsWhatIsPrinted([...profile.slice(0, 2), "tanh 1 0.75 60.0", "…"], later)).toBe(false);
    expect(showsWhatIsPrinted(profile, [...later.slice(0, 3), "a·b        49  1.50  42.9"])).toBe(false);
    expect(showsWhatIsPrinted(["9 buffers, 2.1 kB of code"], ["9 buffers, 2.4 kB of code"])).toBe(true);
    expect(showsWhatIsPrinted(["9 buffers, 2.1 kB of code"], ["8 buffers, 2.1 kB of code"])).toBe(false);
  });
  test("an open block is refused", () => {
    expect(() => pageCode("```ts\n1")).toThrow("not closed");
  });
});

describe("pages", () => {
  const pages = [
    ...["README.md", "CONTRIBUTING.md"].filter((path) => existsSync(join(repository, path))),
    ...filesUnder("docs", ".md"),
    ...filesUnder("packages", ".md"),
  ];
  for (const path of pages)
    test(path, async () => {
      const page = read(path);
      const { code, folder, outputs } = pageCode(page);
      const printed: string[] = [];
      // Nothing else: a page imports what it uses.
      const surrounding = new Map([
        [
          "__output",
          (index: number, text: unknown) => {
            printed[index] = String(text);
          },
        ],
      ]);
      await runExample(code, surroundingsOf(surrounding, folder));
      const current = pageWithOutputs(page, outputs, printed);
      if (current !== page) await expect(current).toMatchFileSnapshot(join(repository, path));
    });

  test("links from page to page lead somewhere", () => {
    const broken = pages.flatMap((path) =>
      [...read(path).matchAll(/\]\((?!\w+:|#)([^)#\s]+)[^)]*\)/g)]
        .filter(([, target]) => !existsSync(join(repository, path, "..", target)))
        .map(([, target]) => `${path}: ${target}`),
    );
    expect(broken).toEqual([]);
  });
  test("pages that are packed link to nothing outside of their package", () => {
    const packed = pages.filter((path) => /^packages\/[\w-]+\/\w+\.md$/.test(path));
    expect(packed).toContain("packages/autodiff/ARCHITECTURE.md");
    const leaving = packed.flatMap((path) =>
      [...read(path).matchAll(/\]\((\.\.\/[^)]*)\)/g)].map(([, target]) => `${path}: ${target}`),
    );
    expect(leaving).toEqual([]);
  });
});

import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { pageCode } from "./documents.js";
import { runExample } from "./example-program.js";
import { filesUnder, read, repository } from "./source-files.js";
import { publicNames, surroundingsOf } from "./surroundings.js";

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
  test("an open block is refused", () => {
    expect(() => pageCode("```ts\n1")).toThrow("not closed");
  });
});

describe("pages", () => {
  const names = publicNames();
  const pages = [
    ...["README.md", "CONTRIBUTING.md"].filter((path) => existsSync(join(repository, path))),
    ...filesUnder("docs", ".md"),
    ...filesUnder("packages", ".md"),
  ];
  for (const path of pages)
    test(path, async () => {
      const { code, folder } = pageCode(read(path));
      await runExample(code, surroundingsOf(names, folder));
    });

  test("a page that compiles says where that is imported from", () => {
    const silent = pages.filter((path) => {
      const { code } = pageCode(read(path));
      const imported = /import \{([^}]*)\} from "@scope\/autodiff\/compile"/g;
      const named = [...code.matchAll(imported)].flatMap(([, names]) =>
        names.split(",").map((n) => n.trim()),
      );
      return ["compile", "cond", "whileLoop"].some(
        (name) => new RegExp(`(?<![\\w.])${name}\\(`).test(code) && !named.includes(name),
      );
    });
    expect(silent).toEqual([]);
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

import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { layers } from "./layers.js";
import { filesUnder, read, repository } from "./source-files.js";

const source = "packages/autodiff/src";
const page = read("packages/autodiff/ARCHITECTURE.md");

test("every path that ARCHITECTURE.md names exists", () => {
  const paths = [...page.matchAll(/`([\w-]+(?:\/[\w-]+)*\.ts)`/g)].map(([, path]) => path);
  expect(paths.length).toBeGreaterThan(30);
  expect(paths.filter((path) => !existsSync(join(repository, source, path)))).toEqual([]);
});

test("its table lists the layers in their order", () => {
  const listed = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, folder]) => folder);
  expect(listed).toEqual(layers);
});

test("paths of this repository that guides and decisions name exist", () => {
  const pages = ["README.md", "CONTRIBUTING.md", ...filesUnder("docs", ".md")];
  const named = pages.flatMap((each) =>
    [...read(each).matchAll(/`((?:packages|docs(?!\/site)|scripts)\/[\w./-]+)`/g)].map(
      ([, path]) => `${each}: ${path}`,
    ),
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((each) => !existsSync(join(repository, each.split(": ")[1])))).toEqual([]);
});

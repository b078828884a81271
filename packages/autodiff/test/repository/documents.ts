import type { OutputBlock } from "./outputs.js";

/** The code of one page, its runnable blocks joined at the lines where they stand. */
export interface PageCode {
  readonly code: string;
  /** Where relative imports start, if a fence says `in FOLDER`. */
  readonly folder: string | undefined;
  /** Blocks that run. */
  readonly blocks: number;
  /** Blocks that show what an expression prints: the code hands each to `__output`, with its place in this list. */
  readonly outputs: readonly OutputBlock[];
}

const runnable = new Set(["ts", "typescript", "js", "javascript", "mjs"]);

/** Joins the code blocks of a Markdown page into one program, line for line; throws for a block left out without a reason. */
export function pageCode(markdown: string): PageCode {
  const lines: string[] = [];
  let folder: string | undefined;
  let blocks = 0;
  const outputs: OutputBlock[] = [];
  let shown: string[] | undefined;
  let fence = "";
  let running = false;
  for (const [i, line] of markdown.split("\n").entries()) {
    const [, mark = "", language = "", info = ""] = /^\s*(`{3,}|~{3,})\s*([\w-]*)(.*)$/.exec(line) ?? [];
    let kept = "";
    if (fence === "" && mark !== "") {
      fence = mark;
      running = runnable.has(language) && !/^\s*no-run\b/.test(info);
      if (running) blocks++;
      if (/^\s*no-run\b/.test(info) && !/^\s*no-run:\s*\S+/.test(info))
        throw new Error(`line ${i + 1}: a block that is not run says why: ts no-run: needs a browser`);
      folder = /^\s*in\s+(\S+)/.exec(info)?.[1] ?? folder;
      const expression = language === "text" ? /^ of (.+)/.exec(info)?.[1] : undefined;
      if (expression !== undefined) {
        kept = `__output(${outputs.length}, ${expression});`;
        shown = [];
        outputs.push({ line: i + 1, lines: shown });
      }
    } else if (fence !== "" && mark.startsWith(fence) && language === "" && info.trim() === "") {
      fence = "";
      running = false;
      shown = undefined;
    } else if (running) kept = line;
    else shown?.push(line);
    lines.push(kept);
  }
  if (fence !== "") throw new Error("a code block is not closed");
  return { code: lines.join("\n"), folder, blocks, outputs };
}

/** One `@example` of a docstring. */
export interface DocstringExample {
  /** Line of the tag in its file, from 1. */
  readonly line: number;
  readonly code: string;
}

/** Every `@example` in the docstrings of a source file; a fence around the code is taken off. */
export function docstringExamples(source: string): DocstringExample[] {
  const examples: DocstringExample[] = [];
  for (const comment of source.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
    const start = source.slice(0, comment.index).split("\n").length;
    const lines = comment[0]
      .slice(3, -2)
      .split("\n")
      .map((line, i) => (i === 0 ? line : line.replace(/^\s*\* ?/, "")));
    for (let i = 0; i < lines.length; i++) {
      const tag = /^\s*@example\b(.*)$/.exec(lines[i]);
      if (!tag) continue;
      const code = [tag[1]];
      let end = i + 1;
      while (end < lines.length && !/^\s*@[a-z]/i.test(lines[end])) code.push(lines[end++]);
      const unfenced = code.filter((line) => !/^\s*```/.test(line));
      examples.push({ line: start + i, code: unfenced.join("\n").trim() });
      i = end - 1;
    }
  }
  return examples;
}

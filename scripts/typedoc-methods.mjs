// TypeDoc plugin. The methods of Tensor are derived from functions by a mapped type, which carries no comments: each gets its function's.
// What the main entry exports stands in its package itself, beside the modules of the other entries: pages keep short names. And docstrings may link to
// names of other entries, and to errors of the other package, without importing them.
import { Comment, Converter, ReflectionKind, Renderer } from "typedoc";

/** Pages of the classes of the packages that have been read, by name: all pages lie in folders beside each other. */
const classPages = new Map();
/** What the package that is being read exports, by name. */
let exported = new Map();

/** @param {import("typedoc").Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    const main = project.getChildByName(["index"]);
    if (main?.kind === ReflectionKind.Module) project.mergeReflections(main, project);

    const page = project.packageName?.replace(/[^\w]/g, "_");
    for (const { name } of project.getReflectionsByKind(ReflectionKind.Class))
      classPages.set(name, `../classes/${page}.${name}.html`);

    const functions = new Map(
      project.getReflectionsByKind(ReflectionKind.Function).map((each) => [each.name, each]),
    );
    exported = functions;
    for (const owner of project.getReflectionsByKind(ReflectionKind.Class | ReflectionKind.Interface)) {
      if (owner.name !== "Tensor") continue;
      for (const member of owner.children ?? []) {
        const source = functions.get(member.name)?.signatures?.[0]?.comment;
        if (source === undefined) continue;
        for (const reflection of [member, ...(member.signatures ?? [])])
          if (!reflection.hasComment())
            reflection.comment = new Comment(Comment.cloneDisplayParts(source.summary));
      }
    }
  });
  // The first page has the project's name as its title; the README's own would stand right below it.
  app.renderer.on(Renderer.EVENT_BEGIN, ({ project }) => {
    const [first] = project.readme ?? [];
    if (first?.kind === "text") first.text = first.text.replace(/^# .*\n+/, "");
  });
  app.converter.addUnknownSymbolResolver((reference) => {
    const path = reference.symbolReference?.path;
    if (path?.length !== 1) return undefined;
    const [{ path: name }] = path;
    return exported.has(name) ? { target: exported.get(name), caption: name } : classPages.get(name);
  });
}

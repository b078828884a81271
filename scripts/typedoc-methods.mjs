// TypeDoc plugin. The methods of Tensor are derived from functions by a mapped type, which carries no comments: each gets its function's.
// And docstrings of one package may link to the errors of another, which a file often throws without importing them.
import { Comment, Converter, ReflectionKind } from "typedoc";

/** Pages of the classes of the packages that have been read, by name: all pages lie in folders beside each other. */
const classPages = new Map();

/** @param {import("typedoc").Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    const page = project.packageName?.replace(/[^\w]/g, "_");
    for (const { name } of project.getReflectionsByKind(ReflectionKind.Class))
      classPages.set(name, `../classes/${page}.${name}.html`);

    const functions = new Map(
      project.getReflectionsByKind(ReflectionKind.Function).map((each) => [each.name, each]),
    );
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
  app.converter.addUnknownSymbolResolver((reference) => {
    const path = reference.symbolReference?.path;
    return path?.length === 1 ? classPages.get(path[0].path) : undefined;
  });
}

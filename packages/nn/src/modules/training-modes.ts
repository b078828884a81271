import type { Module } from "./module.js";

/** Notes the mode of a module and of every module inside, and returns what brings them back. */
export function trainingModes(model: Module): () => void {
  // Parents come first, and set those inside them: what is inside is then put right.
  const modes = model.modules().map((module) => [module, module.training] as const);
  return () => {
    for (const [module, training] of modes) {
      if (module.training === training) continue;
      if (training) module.train();
      else module.eval();
    }
  };
}

import type { Direction } from "../metrics/direction.js";

// Words in the names of measures of which more is better.
const larger =
  /acc|auc|f1|f_?score|precision|recall|r2|r_squared|correct|right|hit|score|skill|bleu|rouge|iou|dice|jaccard|kappa|correlation|psnr|ssim|reward|return|likelihood|success|map$/i;
const smaller = /loss|err|mae|mse|rmse|perplexity|distance|diverg|nll|negative|wrong|miss/i;

/** Which way a metric of one's own gets better, by its name, and a warning that says what was taken for granted. */
export function guessDirection(metric: string): Direction {
  const mode = larger.test(metric) && !smaller.test(metric) ? "max" : "min";
  console.warn(
    `@scope/nn: fit watches ${JSON.stringify(metric)}, of which it does not know whether smaller or larger is better; by its name, it takes ${mode === "max" ? "larger" : "smaller"} as better.\n` +
      `  Say it: watch: { metric: ${JSON.stringify(metric)}, mode: ${JSON.stringify(mode)} }`,
  );
  return mode;
}

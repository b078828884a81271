/** How much one kernel, or one stack over time, takes on. */
export interface FusionLimits {
  /** Reads and results of one elementwise kernel: with more of them it spills registers instead of saving memory traffic. */
  readonly maxAccesses: number;
  /** Elementwise nodes on the longest chain that a reduction computes itself. It bounds the depth of a tree, not how many nodes it has. */
  readonly maxLazyDepth: number;
  /** Bytes that are stacked over all steps of a loop for the sake of one large product: past this, long loops (and those cut up by checkpoints)
   * would lose more in memory than they win in time. */
  readonly maxStackBytes: number;
}

/** Limits that suit a CPU with 16 vector registers. */
export const fusionLimits: FusionLimits = { maxAccesses: 40, maxLazyDepth: 24, maxStackBytes: 2 ** 27 };

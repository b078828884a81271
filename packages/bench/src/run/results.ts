import type { ContestantId, ScopeId } from "../contestants.js";

export interface RoundResult {
  readonly medianMs: number;
  readonly minMs: number;
  readonly samples: number;
}

/** One library on one work. */
export type Outcome =
  | {
      readonly id: ContestantId;
      readonly label: string;
      readonly ran: true;
      readonly version: string;
      readonly medianMs: number;
      readonly minMs: number;
      readonly rounds: readonly RoundResult[];
      readonly check: number;
      readonly third: number;
      readonly agrees: boolean;
      readonly firstCallMs: number;
      readonly peakMb: number;
      readonly note?: string;
    }
  | { readonly id: ContestantId; readonly label: string; readonly ran: false; readonly reason: string };

export type Ran = Extract<Outcome, { ran: true }>;

/** How many times faster Scope is than a peer. */
export interface Ratio {
  readonly scope: ScopeId;
  readonly peer: ContestantId;
  readonly perRound: readonly number[];
  readonly median: number;
  readonly ofMinima: number;
  /** What Scope sets out to reach in a Node of this kind. */
  readonly goal?: number;
}

export interface WorkResult {
  readonly work: string;
  readonly about: string;
  readonly unit: string;
  readonly check: number;
  readonly third: number;
  readonly gigaflops?: number;
  readonly outcomes: readonly Outcome[];
  readonly ratios: readonly Ratio[];
}

export interface Results {
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  readonly libraryNode: string;
  readonly relaxedSimd: boolean;
  readonly rounds: number;
  readonly secondsPerMeasurement: number;
  readonly works: readonly WorkResult[];
}

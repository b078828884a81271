import type { Prepared } from "../child/protocol.js";
import { type Contestant, type ContestantId, isScope, rivals } from "../contestants.js";
import { goalOf } from "../goals.js";
import { agrees, type Work } from "../work.js";
import { LibraryProcess } from "./library-process.js";
import type { Outcome, Ran, Ratio, RoundResult, WorkResult } from "./results.js";
import { median, minimum } from "./statistics.js";

export interface Pace {
  readonly rounds: number;
  readonly secondsPerMeasurement: number;
  readonly warmUpSeconds: number;
}

interface Entrant {
  readonly contestant: Contestant;
  readonly process: LibraryProcess;
  readonly prepared: Prepared;
  readonly rounds: RoundResult[];
  peakMb: number;
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Runs one work on every contestant: all are built and warmed up, then they measure in turn, A B C A B C …, so that what else
 * the machine does meets them alike. */
export async function runWork(
  work: Work,
  contestants: readonly Contestant[],
  pace: Pace,
  relaxedSimd: boolean,
  say: (what: string) => void,
): Promise<WorkResult> {
  const outcomes = new Map<ContestantId, Outcome>();
  const entrants: Entrant[] = [];
  const drop = ({ id, label }: Contestant, error: unknown): void => {
    outcomes.set(id, { id, label, ran: false, reason: reasonOf(error) });
  };
  const taking = contestants.filter((contestant) => contestant.only?.(work.name) ?? true);
  const started: LibraryProcess[] = [];
  try {
    for (const contestant of taking) {
      say(`${work.name}: ${contestant.label} gets ready`);
      if (contestant.missing !== undefined) {
        drop(contestant, contestant.missing);
        continue;
      }
      const process = new LibraryProcess(contestant);
      started.push(process);
      try {
        const prepared = await process.prepare(work.name, pace.warmUpSeconds);
        entrants.push({ contestant, process, prepared, rounds: [], peakMb: 0 });
      } catch (error) {
        process.end();
        drop(contestant, error);
      }
    }
    for (let round = 1; round <= pace.rounds; round++) {
      for (const entrant of [...entrants]) {
        say(`${work.name}: round ${round} of ${pace.rounds}, ${entrant.contestant.label}`);
        try {
          const { samplesMs, peakMb } = await entrant.process.measure(pace.secondsPerMeasurement);
          entrant.rounds.push({
            medianMs: median(samplesMs),
            minMs: minimum(samplesMs),
            samples: samplesMs.length,
          });
          entrant.peakMb = peakMb;
        } catch (error) {
          drop(entrant.contestant, error);
          entrants.splice(entrants.indexOf(entrant), 1);
        }
      }
    }
  } finally {
    for (const process of started) process.end();
  }
  for (const entrant of entrants) outcomes.set(entrant.contestant.id, outcomeOf(work, entrant));
  const ordered = taking.flatMap(({ id }) => outcomes.get(id) ?? []);
  return {
    work: work.name,
    about: work.about,
    unit: work.unit,
    check: work.check,
    third: work.third,
    ...(work.gigaflops === undefined ? {} : { gigaflops: work.gigaflops }),
    outcomes: ordered,
    ratios: ratiosOf(work, ordered, relaxedSimd),
  };
}

function outcomeOf(work: Work, { contestant, prepared, rounds, peakMb }: Entrant): Ran {
  return {
    id: contestant.id,
    label: contestant.label,
    ran: true,
    version: prepared.version,
    medianMs: median(rounds.map((r) => r.medianMs)),
    minMs: minimum(rounds.map((r) => r.minMs)),
    rounds,
    check: prepared.check,
    third: prepared.third,
    agrees: agrees(work, prepared),
    firstCallMs: prepared.firstCallMs,
    peakMb,
    ...(prepared.note === undefined ? {} : { note: prepared.note }),
  };
}

/** Scope against each peer: the median of the ratios round by round, and the ratio of the minima of the whole run. */
export function ratiosOf(work: Work, outcomes: readonly Outcome[], relaxedSimd: boolean): readonly Ratio[] {
  const ran = outcomes.filter((outcome): outcome is Ran => outcome.ran);
  return ran.flatMap((scope) => {
    const { id } = scope;
    if (!isScope(id)) return [];
    const others = ran.filter((other) => rivals[id].includes(other.id));
    return others.map((peer): Ratio => {
      const perRound = scope.rounds.flatMap(({ medianMs }, i) => {
        const other = peer.rounds[i];
        return other === undefined ? [] : [other.medianMs / medianMs];
      });
      const goal = goalOf(work.name, id, peer.id, relaxedSimd);
      return {
        scope: id,
        peer: peer.id,
        perRound,
        median: median(perRound),
        ofMinima: peer.minMs / scope.minMs,
        ...(goal === undefined ? {} : { goal }),
      };
    });
  });
}

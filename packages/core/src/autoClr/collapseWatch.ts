import { median } from '../statistics.ts';

/**
 * The gain of a run is the largest fall of its loss so far, measured by the median of `tail` losses. A run has
 * collapsed if both conditions hold:
 *
 * - The gain is above `noises` standard deviations of the losses before anything was learned.
 * - The median of the last `steps` losses shows that the share `share` of the gain is lost.
 *
 * The numbers were chosen by hand, so that noise does not look like a collapse, and a collapse is seen early enough to
 * start again.
 */
const collapse = { noises: 8, steps: 20, tail: 5, share: 0.9 } as const;

/** What a watch has seen: the last losses, and the largest fall of the loss. */
export interface CollapseState {
  readonly losses: readonly number[];
  readonly gained: number;
}

/** Watches the losses of a training run. */
export interface CollapseWatch {
  readonly collapsed: boolean;
  see(loss: number | null): void;
  state(): CollapseState;
}

/**
 * Detects a run that has lost what it had learned. At too high a rate, units can die (as dead ReLUs do). The loss then
 * stays finite, but lowering the rate does not reduce it again.
 *
 * @param untrained - losses before anything was learned; if there are none, no collapse is reported
 * @param from - the state of a watch to continue
 */
export function createCollapseWatch(
  untrained: readonly number[],
  from: CollapseState = { losses: [], gained: 0 },
): CollapseWatch {
  const start = untrained.length > 0 ? median(untrained) : Infinity;
  const noise = Math.sqrt(
    untrained.reduce((sum, loss) => sum + (loss - start) ** 2, 0) / Math.max(1, untrained.length),
  );
  const losses = [...from.losses];
  let { gained } = from;
  let collapsed = false;
  return {
    get collapsed() {
      return collapsed;
    },
    state: () => ({ losses: [...losses], gained }),
    see(loss) {
      losses.push(loss ?? Infinity);
      losses.splice(0, losses.length - collapse.steps);
      if (untrained.length === 0 || losses.length < collapse.tail) return;
      gained = Math.max(gained, start - median(losses.slice(-collapse.tail)));
      if (losses.length < collapse.steps) return;
      const left = start - median(losses);
      collapsed ||= gained > collapse.noises * noise && left < (1 - collapse.share) * gained;
    },
  };
}

import { averagingWeights, checkOptionNames, type RestoreOptions } from '@clr/core';
import { fail } from '../errors.ts';
import { show } from '../show.ts';
import type { FloatArray } from '../training/buckets.ts';
import type { Engine } from './accumulate.ts';
import type { Feeds } from './feeds.ts';
import type { Runners } from './runners.ts';
import { type FittingSnapshot, fitSnapshot, type OnnxSnapshot, type SnapshotOwner } from './snapshot.ts';
import type { StateVectors } from './stateVectors.ts';

/** Takes, checks, averages and restores the snapshots of one trainer. */
export class Snapshots {
  readonly #owner: SnapshotOwner;
  readonly #state: StateVectors;
  readonly #feeds: Feeds;
  readonly #runners: Runners;

  constructor(owner: SnapshotOwner, { state, feeds, runners }: Pick<Engine, 'state' | 'feeds' | 'runners'>) {
    this.#owner = owner;
    this.#state = state;
    this.#feeds = feeds;
    this.#runners = runners;
  }

  #make(step: number, state: Readonly<Record<string, FloatArray>>): OnnxSnapshot {
    const { optimizer, graph } = this.#owner;
    const [layout, forms] = [this.#state.layout(), this.#runners.forms];
    return { format: 'clr/onnx', version: 2, step, optimizer, graph, layout, forms, state };
  }

  async take(): Promise<OnnxSnapshot> {
    return this.#make(this.#feeds.steps, await this.#state.save());
  }

  /** Checks a snapshot against the trainer. */
  fit(snapshot: object, options: RestoreOptions = {}): FittingSnapshot {
    const { partial = false } = checkOptionNames('clr/onnx', 'restore', options, ['partial']);
    if (typeof partial === 'boolean') return fitSnapshot(this.#owner, snapshot, partial);
    throw fail(
      'partial to be true or false',
      `partial = ${show(partial)}`,
      'Pass { partial: true } to restore the parts that fit, or leave it out.',
    );
  }

  /** @param free - whether to use the snapshot's forms, too */
  async restore(fitting: FittingSnapshot, free: boolean): Promise<void> {
    if (free && fitting.forms) await this.#runners.adopt(fitting.forms);
    await this.#state.load(fitting);
    if (fitting.sameOptimizer) this.#feeds.steps = fitting.step;
  }

  /** Returns the last snapshot, but with the weighted means of all parameters and running statistics. */
  average(snapshots: readonly object[], weights?: readonly number[]): OnnxSnapshot {
    if (!Array.isArray(snapshots)) {
      throw fail('a list of snapshots', show(snapshots), 'Pass the result of snapshot().');
    }
    const fitting = snapshots.map((snapshot) => this.fit(snapshot));
    const last = fitting.at(-1);
    if (!last) throw fail('at least one snapshot', 'an empty list', 'Pass the result of snapshot().');
    return this.#make(last.step, this.#state.average(fitting, averagingWeights(snapshots, weights)));
  }
}

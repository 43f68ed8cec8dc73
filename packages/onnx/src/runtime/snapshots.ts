import { averagingWeights, type RestoreOptions } from '@clr/core';
import { fail } from '../errors.ts';
import { show } from '../show.ts';
import type { FloatArray } from '../training/buckets.ts';
import type { Feeds } from './feeds.ts';
import { type FittingSnapshot, fitSnapshot, type OnnxSnapshot, type SnapshotOwner } from './snapshot.ts';
import type { StateVectors } from './stateVectors.ts';

/** Takes, checks, averages and restores the snapshots of one trainer. */
export class Snapshots {
  readonly #owner: SnapshotOwner;
  readonly #state: StateVectors;
  readonly #feeds: Feeds;

  constructor(owner: SnapshotOwner, state: StateVectors, feeds: Feeds) {
    this.#owner = owner;
    this.#state = state;
    this.#feeds = feeds;
  }

  #make(step: number, state: Readonly<Record<string, FloatArray>>): OnnxSnapshot {
    const { optimizer, graph } = this.#owner;
    return { format: 'clr/onnx', version: 2, step, optimizer, graph, layout: this.#state.layout(), state };
  }

  async take(): Promise<OnnxSnapshot> {
    return this.#make(this.#feeds.steps, await this.#state.save());
  }

  /** Checks a snapshot against the trainer. */
  fit(snapshot: object, options: RestoreOptions = {}): FittingSnapshot {
    const partial = options?.partial ?? false;
    if (typeof options === 'object' && typeof partial === 'boolean')
      return fitSnapshot(this.#owner, snapshot, partial);
    throw fail(
      'partial to be true or false',
      `options = ${show(options)}, partial = ${show(partial)}`,
      'Pass { partial: true } to take what fits, or nothing.',
    );
  }

  async restore(fitting: FittingSnapshot): Promise<void> {
    await this.#state.load(fitting);
    if (fitting.sameOptimizer) this.#feeds.steps = fitting.step;
  }

  /** The last snapshot with the weighted means of all parameters and running statistics. */
  average(snapshots: readonly object[], weights?: readonly number[]): OnnxSnapshot {
    if (!Array.isArray(snapshots)) {
      throw fail('a list of snapshots', show(snapshots), 'Pass what snapshot() gave.');
    }
    const fitting = snapshots.map((snapshot) => this.fit(snapshot));
    const last = fitting.at(-1);
    if (!last) throw fail('at least one snapshot', 'an empty list', 'Pass what snapshot() gave.');
    return this.#make(last.step, this.#state.average(fitting, averagingWeights(snapshots, weights)));
  }
}

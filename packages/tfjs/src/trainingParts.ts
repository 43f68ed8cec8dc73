import type * as tfjs from '@tensorflow/tfjs';
import type { NamedVariable } from './layerTree.ts';
import type { StatefulLayer } from './statefulLayers.ts';

/** The live state that a snapshot copies. */
export interface TrainingParts {
  readonly optimizer: tfjs.Optimizer;
  readonly weights: readonly NamedVariable[];
  /** The weights that the optimizer trains, in its order. */
  readonly trained: readonly NamedVariable[];
  readonly stateful: readonly StatefulLayer[];
  readonly topology?: readonly string[];
}

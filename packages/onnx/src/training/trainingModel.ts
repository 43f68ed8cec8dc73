import type { Dim } from '../graph/dim.ts';
import type { FloatArray, Part } from './buckets.ts';

/** A tensor that a model reads. */
export interface TensorInfo {
  /** The name of the input or output. */
  readonly name: string;
  /** As ONNX Runtime names types: `float32`, `int64`. */
  readonly type: string;
  /** A number for each fixed axis, a text for each free one; `undefined` when even the rank is open. */
  readonly dims: readonly Dim[] | undefined;
}

/** A float tensor that reaches the loss and is not trained. */
export interface UntrainedTensor {
  /** The tensor's name. */
  readonly name: string;
  /** The sizes of its axes. */
  readonly dims: readonly number[];
  /** Why not. */
  readonly why: string;
}

/** A tensor that a loss compares with. */
export interface TargetInfo extends TensorInfo {
  /** The number of classes of `'crossEntropy'`, if the model declares it. */
  readonly classes?: number;
  /** The axis of the classes in the logits. */
  readonly axis?: number;
  /** A label that does not count. */
  readonly ignored?: number;
  /** Shapes that targets would have if the classes were on another axis of the logits. */
  readonly others?: readonly (readonly Dim[])[];
}

/** A vector that goes into a step and comes out of it changed. */
export interface StateTensor {
  /** `parameters`, `buffers` (running statistics) or the optimizer's slot: `velocity`, `mean`, `square`. */
  readonly role: string;
  /** The input's name. */
  readonly input: string;
  /** The name of the output that replaces it, if this model changes it. */
  readonly output?: string;
  /** The layout of the vector: for slots, the slot of each parameter. */
  readonly parts: readonly Part[];
  /** Its content before the first step. */
  readonly initial: FloatArray;
}

/** A model made by this package, with all a runtime needs to know to run it. */
export interface TrainingModel {
  /** The ONNX file. */
  readonly bytes: Uint8Array;
  /**
   * A hash of the source model's nodes, by which a snapshot recognises its model. Only whole training models have it.
   */
  readonly graph?: string;
  /**
   * How far back gradients go: through how many of the source model's nodes, of how many. Nothing before the first trained
   * weight is differentiated. Training and gradient models have it.
   */
  readonly backward?: {
    /** The number of nodes that gradients go through. */
    readonly nodes: number;
    /** The number of nodes of the source model. */
    readonly of: number;
  };
  /** The inputs of the source model. */
  readonly data: readonly TensorInfo[];
  /** The inputs the losses compare with, one for each loss that the model does not compute itself. */
  readonly targets: readonly TargetInfo[];
  /** Where the source file keeps each parameter and running statistic, by name. */
  readonly places: Readonly<Record<string, string>>;
  /**
   * Float tensors of more than one element that reach the loss and are not trained, each with the reason; `trainable`
   * can name them.
   */
  readonly untrained: readonly UntrainedTensor[];
  /** How many elements all its values have together, with a free axis (the batch) counted as 1. */
  readonly elements: number;
  /** Inputs and outputs that are vectors kept between steps. */
  readonly state: readonly StateTensor[];
  /** float32 scalar input. */
  readonly lr?: string;
  /** float32 scalar input: momentum, or β₁, with its value for steps that give none. */
  readonly momentum?: {
    /** The input's name. */
    readonly name: string;
    /** The value for steps that give none. */
    readonly preset: number;
  };
  /** float32 scalar input, if `hyperparameters` lists it, with its value for steps that give none. */
  readonly weightDecay?: {
    /** The input's name. */
    readonly name: string;
    /** The value for steps that give none. */
    readonly preset: number;
  };
  /** float32 scalar input, if `hyperparameters` lists it, with a value that clips nothing unless the options give one. */
  readonly clipNorm?: {
    /** The input's name. */
    readonly name: string;
    /** The value for steps that give none. */
    readonly preset: number;
  };
  /** int64 scalar input: the number of updates applied before this one. */
  readonly step?: string;
  /**
   * int64 scalar input: decides dropout masks and all random numbers. Feed a different number at every forward pass,
   * such as the step.
   */
  readonly rngStep?: string;
  /** Scalar output. In a training model it is NaN if a parameter or running statistic after the step is not finite. */
  readonly loss?: string;
  /** Float32 scalar output of an apply model: 0, or NaN if a parameter after the step is not finite. */
  readonly spoiled?: string;
  /** Of an apply model of some vectors of parameters: the same for each of them. */
  readonly spoils?: readonly string[];
  /** Scalar output, float32. */
  readonly accuracy?: string;
  /** Of an evaluation model: its answers, float32, probabilities where it classifies. */
  readonly outputs?: string;
  /** Vectors of gradients, one for each of the parameters' vectors: outputs, or inputs of an apply model. */
  readonly gradients?: readonly {
    /** The name of the output or input. */
    readonly name: string;
    /** The parameters whose gradients the vector holds. */
    readonly parts: readonly Part[];
  }[];
}

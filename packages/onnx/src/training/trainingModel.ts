import type { Dim } from '../graph/dim.ts';
import type { FloatArray, Part } from './buckets.ts';

/** A tensor that a model reads or outputs. */
export interface TensorInfo {
  /** The name of the input or output. */
  readonly name: string;
  /** Its type as named by ONNX Runtime: `float32`, `int64`. */
  readonly type: string;
  /** A number for each fixed axis, a string for each dynamic axis. It is `undefined` if the rank is unknown. */
  readonly dims: readonly Dim[] | undefined;
}

/** A float tensor that reaches the loss but is not trained. */
export interface UntrainedTensor {
  /** The tensor's name. */
  readonly name: string;
  /** The sizes of its axes. */
  readonly dims: readonly number[];
  /** The reason. */
  readonly why: string;
}

/** A target that a loss compares an output with. */
export interface TargetInfo extends TensorInfo {
  /** The number of classes of `'crossEntropy'`, if the model declares it. */
  readonly classes?: number;
  /** The axis of the classes in the logits. */
  readonly axis?: number;
  /** A label that is ignored. */
  readonly ignored?: number;
  /** The weight of each class, if classes have weights. */
  readonly classWeights?: readonly number[];
  /** The shapes that targets would have with the classes on another axis of the logits. */
  readonly others?: readonly (readonly Dim[])[];
}

/** A vector that a step reads and replaces. */
export interface StateTensor {
  /** `parameters`, `buffers` (running statistics) or the optimizer's slot: `velocity`, `mean`, `square`. */
  readonly role: string;
  /** The input's name. */
  readonly input: string;
  /** The name of the output with its next value, if this model changes it. */
  readonly output?: string;
  /** The layout of the vector. In a vector of slots, each part is the slot of one parameter. */
  readonly parts: readonly Part[];
  /** Its content before the first step. */
  readonly initial: FloatArray;
}

/** A model made by this package, with the information that a runtime needs to run it. */
export interface TrainingModel {
  /** The ONNX file. */
  readonly bytes: Uint8Array;
  /**
   * A hash of the source model's nodes. A snapshot uses it to recognise its model. Only complete training models have
   * this field.
   */
  readonly graph?: string;
  /**
   * The extent of the backward pass: the number of the source model's nodes through which gradients flow, and the
   * number of all its nodes. No gradients are computed for nodes before the first trained weight. Only training and
   * gradient models have this field.
   */
  readonly backward?: {
    /** The number of nodes through which gradients flow. */
    readonly nodes: number;
    /** The number of nodes of the source model. */
    readonly of: number;
  };
  /** The inputs of the source model. */
  readonly data: readonly TensorInfo[];
  /** The inputs for the targets of the losses. A loss that the model computes itself has no target. */
  readonly targets: readonly TargetInfo[];
  /** The place of each parameter and running statistic in the source file, by name. */
  readonly places: Readonly<Record<string, string>>;
  /**
   * Float tensors of more than one element that reach the loss and are not trained, each with the reason. `trainable`
   * can select them.
   */
  readonly untrained: readonly UntrainedTensor[];
  /** The total number of elements of the model's values. A dynamic axis (the batch) counts as 1. */
  readonly elements: number;
  /** Inputs and outputs that are vectors kept between steps. */
  readonly state: readonly StateTensor[];
  /** float32 scalar input: the learning rate. */
  readonly lr?: string;
  /** float32 scalar input: momentum or β₁. */
  readonly momentum?: {
    /** The input's name. */
    readonly name: string;
    /** The value for steps that give none. */
    readonly preset: number;
  };
  /** float32 scalar input, if `hyperparameters` lists it. */
  readonly weightDecay?: {
    /** The input's name. */
    readonly name: string;
    /** The value for steps that give none. */
    readonly preset: number;
  };
  /**
   * float32 scalar input, if `hyperparameters` lists it. Its preset is the option `clipNorm`, or else a value that
   * clips nothing.
   */
  readonly clipNorm?: {
    /** The input's name. */
    readonly name: string;
    /** The value for steps that give none. */
    readonly preset: number;
  };
  /** int64 scalar input: the number of updates applied before this one. */
  readonly step?: string;
  /**
   * int64 scalar input that determines dropout masks and all random numbers. Feed a different number in every forward
   * pass, such as the step.
   */
  readonly rngStep?: string;
  /** Scalar output. In a training model it is NaN if a parameter or running statistic after the step is not finite. */
  readonly loss?: string;
  /** Float32 scalar output of an apply model: 0, or NaN if a parameter after the step is not finite. */
  readonly spoiled?: string;
  /**
   * As `spoiled`, but for each vector of parameters separately. Only an apply model of some of the vectors has this
   * field.
   */
  readonly spoils?: readonly string[];
  /** Scalar output, float32. */
  readonly accuracy?: string;
  /** The outputs of an evaluation model, in float32. For a classifier, these are probabilities. */
  readonly outputs?: string;
  /** The vectors of gradients, one for each vector of parameters. They are outputs, or inputs of an apply model. */
  readonly gradients?: readonly {
    /** The name of the output or input. */
    readonly name: string;
    /** The parameters whose gradients the vector holds. */
    readonly parts: readonly Part[];
  }[];
}

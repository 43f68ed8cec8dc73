import type { Optimizer } from '@clr/core';
import type { LossOptions } from '../loss/loss.ts';
import type { Forms } from '../lower/question.ts';
import type { Provider } from '../lower/target.ts';
import type { Sizes } from '../read/sizes.ts';

/** Parameters that share multipliers, like Caffe's `lr_mult` and `decay_mult`. The first matching group counts. */
export interface ParameterGroup {
  /** Whether a parameter of this name belongs to the group. */
  readonly match: (name: string) => boolean;
  /** Multiplies the learning rate. Default 1. */
  readonly lrScale?: number;
  /** Multiplies the optimizer's weight decay. Default 1. */
  readonly weightDecayScale?: number;
}

/** Options of {@link buildTrainingModel} and `createTrainer`. */
export interface TrainingOptions extends LossOptions {
  /** The optimizer whose updates the model applies, made by `sgd()`, `adam()` and others of `@clr/core`. */
  readonly optimizer: Optimizer;
  /**
   * Selects the weights to train by name. Candidates are float initializers, and float tensors in Constant nodes,
   * branches, loops' bodies and functions. A tensor in a node has the name of its value, with its path if the name is
   * not unique (`loop_1/body/w`). By default, every candidate that reaches the loss is trained, except for tensors that
   * are not finite (a mask of −∞), quantisation scales, buffers (`inv_freq`, `attn_mask`, `…_buffer`) and constants of
   * a formula. Such constants are exponents, scalars with names that exporters generate (`gelu/Const:0`,
   * `onnx::Mul_12`), and tensors in nodes that no layer uses as weights. A file does not distinguish weights from other
   * tables, such as fixed positional encodings, nor does it mark stopped gradients: exclude such tensors here. The
   * trainer's `untrained` lists the tensors that are excluded by default.
   *
   * A function decides for every initializer, including constants of a formula (exponents, the bounds of a Clip). A
   * function that picks some names (`(name) => name.startsWith('head.')`) decides for all tensors, and the build
   * refuses a picked tensor that no gradient reaches. A function that excludes some names (`(name) =>
   * !name.startsWith('body.')`, `() => true`) never selects constants in nodes or tensors that are not finite. The
   * selected tensors that cannot change the loss stay unchanged. The running statistics of BatchNormalization are never
   * trained.
   */
  readonly trainable?: (name: string) => boolean;
  /** Multipliers of the rate and the weight decay for some parameters. Default: none. */
  readonly groups?: readonly ParameterGroup[];
  /**
   * Sets sizes of the model's inputs. Give free axes by name, as in `{ sequence: 20 }`, or all axes of an input, as
   * in `{ image: [16, 3, 224, 224] }`, where `null` leaves an axis unchanged. Sizes that the file fixes can be
   * changed too. Lists must have a known length. Everything else works with free axes, though more slowly. If the
   * file fixed a size, the constants that repeat this size change with it, such as the batch size in a Reshape. A
   * model is refused if one of its nodes cannot change.
   */
  readonly sizes?: Sizes;
  /**
   * The execution provider that the models are for. For example, WebGPU's MaxPool has no indices, and `'cpu'` (also in
   * WebAssembly) has faster forms whose products GPUs may round. Default `'any'`: all except WebGPU. createTrainer
   * reads it from its session options.
   */
  readonly provider?: Provider;
  /**
   * For a training model that runs without this package. The rates (and momenta) of all steps, made by
   * `sampleSchedule`, become tables inside the model. The input `step` is the index into a table. Past the end of a
   * table, its last entry is used.
   */
  readonly schedule?: {
    /** The rate of each step. */
    readonly lr: Float32Array;
    /** The momentum of each step. Default: the optimizer's own. */
    readonly momentum?: Float32Array;
    /** The weight decay of each step. Default: the optimizer's own. */
    readonly weightDecay?: Float32Array;
    /** The largest gradient norm of each step. Default: the option `clipNorm`. */
    readonly clipNorm?: Float32Array;
  };
  /** Scales the gradient down to this global norm if it is longer (PyTorch's `clip_grad_norm_`). */
  readonly clipNorm?: number;
  /**
   * Hyperparameters besides rate and momentum that each step may set, as `hyper` of core's `train` does. Each becomes a
   * scalar input of the graph. By default, weight decay and `clipNorm` are constants of the graph, and a step that sets
   * them is refused.
   */
  readonly hyperparameters?: readonly ('weightDecay' | 'clipNorm')[];
  /**
   * `'activations'` turns on gradient checkpointing. Some activations are kept for the backward pass. The others are
   * computed again when the backward pass reaches them. Of n equal layers, about √n need memory at the same time, and a
   * step takes up to a third longer. Dropout masks and the statistics of batch normalisation are the same as in the
   * forward pass. This is useful for deep nets and large batches. A model that would save no memory is unchanged.
   * Default: all activations are kept.
   */
  readonly checkpoint?: 'activations';
}

/** Build options for a session on this very machine. */
export interface BuildOptions extends TrainingOptions {
  /**
   * The channel block of ONNX Runtime's NCHWc layout on this processor: 8 or 16. Convolutions are then written in that
   * layout, which other processors would read wrongly. Default 1: plain layout, for every processor.
   */
  readonly channelBlock?: number;
  /**
   * The form of each node that has several forms, that is, several ways to write it as ONNX operators. Pass
   * `trainer.forms` of a trainer on this machine. The results of different forms differ in their last bits. By
   * default, rules of thumb choose the forms.
   */
  readonly forms?: Forms;
}

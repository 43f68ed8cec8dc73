import type { Optimizer } from '@clr/core';
import type { LossOptions } from '../loss/loss.ts';
import type { Forms } from '../lower/question.ts';
import type { Provider } from '../lower/target.ts';
import type { Sizes } from '../read/sizes.ts';

/** Parameters that share multipliers, like Caffe's `lr_mult` and `decay_mult`. The first group that matches is used. */
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
  /** The optimizer whose updates the model applies, made by `sgd()`, `adam()` or another function of `@clr/core`. */
  readonly optimizer: Optimizer;
  /**
   * Selects the weights to train by name. Candidates are float initializers, and float tensors in Constant nodes,
   * branches, loops' bodies and functions. A tensor in a node has the name of its value, with its path if the name is
   * not unique (`loop_1/body/w`). By default, every candidate that reaches the loss is trained, except for tensors that
   * are not finite (a mask of −∞), quantisation scales, buffers (`inv_freq`, `attn_mask`, `…_buffer`) and constants of
   * formulas. Such constants are exponents, scalars with names that exporters generate (`gelu/Const:0`,
   * `onnx::Mul_12`), and tensors in nodes that no layer uses as weights. A file does not distinguish weights from other
   * tables, such as fixed positional encodings, nor does it mark stopped gradients: exclude such tensors here. The
   * trainer's `untrained` lists the tensors that are excluded by default.
   *
   * A function decides for every initializer, including constants of formulas (exponents, the bounds of a Clip). A
   * function that picks some names (`(name) => name.startsWith('head.')`) can also select constants in nodes and
   * tensors that are not finite. A function that excludes some names (`(name) => !name.startsWith('body.')`) or none
   * (`() => true`) never selects these. The build refuses a selected tensor that no gradient reaches. But if the
   * function excludes none, a tensor that cannot change the loss stays unchanged. The running statistics of
   * BatchNormalization are never trained, nor are the scales of quantised weights that are trained.
   */
  readonly trainable?: (name: string) => boolean;
  /** Multipliers of the rate and the weight decay for some parameters. Default: none. */
  readonly groups?: readonly ParameterGroup[];
  /**
   * Sets sizes of the model's inputs. Give dynamic axes by name, as in `{ sequence: 20 }`, or all axes of an input, as
   * in `{ image: [16, 3, 224, 224] }`, where `null` leaves an axis unchanged. Lists of tensors (ONNX's sequence type)
   * must have a known length. Everything else also works with dynamic axes, though more slowly. Sizes that the file
   * fixes can be changed too. The constants that repeat such a size change with it, for example the batch size in a
   * Reshape. A model is refused if one of its nodes cannot change.
   */
  readonly sizes?: Sizes;
  /**
   * The execution provider that runs the models. WebGPU, for example, has no MaxPool with indices. For `'cpu'` (also in
   * WebAssembly) clr uses faster operators, some of which need exact products, but GPUs may round the factors. A model
   * for `'any'` (default) runs correctly on every provider except WebGPU. createTrainer reads the provider from its
   * session options.
   */
  readonly provider?: Provider;
  /**
   * The rates (and momenta) of all steps, made by `sampleSchedule`, for a training model that runs without this
   * package. They become tables inside the model. The input `step` is the index into a table. Past the end of a table,
   * its last entry is used.
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
   * computed again when the backward pass reaches them. For n equal layers, the memory grows with √n, and a
   * step takes up to a third longer. Dropout masks and the statistics of batch normalisation are the same as in the
   * forward pass. This is useful for deep nets and large batches. A model that would save no memory is unchanged.
   * Default: all activations are kept.
   */
  readonly checkpoint?: 'activations';
}

/** Build options for models that run on this machine only. */
export interface BuildOptions extends TrainingOptions {
  /**
   * The number of channels in a block of ONNX Runtime's NCHWc layout on this processor: 8 or 16. Convolutions then use
   * that layout, which processors with another block size would misread. Default 1: the usual layout, for every
   * processor.
   */
  readonly channelBlock?: number;
  /**
   * The form of each node that has several forms, that is, several ways to write it as ONNX operators. Pass
   * `trainer.forms` of a trainer on this machine. The results of different forms differ in their last bits. By
   * default, rules of thumb choose the forms.
   */
  readonly forms?: Forms;
}

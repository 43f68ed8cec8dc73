export { type Cifar10Options, cifar10 } from './cifar10.ts';
export { mnist } from './mnist.ts';
export {
  type BatchOptions,
  type Cifar10Part,
  type Dataset,
  type FloatBatch,
  floatBatches,
  floatImages,
  type IdxArray,
  type LabelledImages,
  type MnistFiles,
  type Normalisation,
  parseCifar10,
  parseIdx,
  parseMnist,
  pickClasses,
  random,
  shuffledIndices,
} from './pure.ts';
export { writeDigits } from './writeDigits.ts';

// The exports that do not need Node, so that they also work in browsers.

export type { Dataset, LabelledImages } from './dataset.ts';
export { type BatchOptions, type FloatBatch, floatBatches } from './floatBatches.ts';
export { floatImages, type Normalisation } from './floatImages.ts';
export { type Cifar10Part, parseCifar10 } from './parseCifar10.ts';
export { type IdxArray, parseIdx } from './parseIdx.ts';
export { type MnistFiles, parseMnist } from './parseMnist.ts';
export { pickClasses } from './pickClasses.ts';
export { random } from './random.ts';
export { shuffledIndices } from './shuffledIndices.ts';

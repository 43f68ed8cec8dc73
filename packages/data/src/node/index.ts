export { type FileSource, fileSource } from './fileSource.ts';
export { listImages, listLooseImages } from './listImages.ts';
export { temporaryStore } from './temporaryStore.ts';

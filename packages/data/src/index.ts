export { type ArrayField, arraysDataset } from './arrays/arraysDataset.ts';
export { encodeNpz, type NpzArray } from './arrays/encodeNpz.ts';
export { type Matched, type MatchOptions, type ModelInput, matchArrays } from './arrays/matchArrays.ts';
export { openArrays } from './arrays/openArrays.ts';
export type { Dtype, RawArray } from './arrays/rawArray.ts';
export { batchesOfRows, type RowBatchOptions } from './batchesOfRows.ts';
export { type ByteSource, bytesSource } from './byteSource.ts';
export type { ByteStore } from './byteStore.ts';
export { type Axis, checkShape } from './checks/checkShape.ts';
export { checkValues, type Wanted } from './checks/checkValues.ts';
export type { Curve, CurveOptions, CurveSource } from './curves/curve.ts';
export { readCurve } from './curves/readCurve.ts';
export type { Dataset, Field, Values } from './dataset.ts';
export {
  channelMoments,
  type ImageEncoding,
  type ImageFile,
  ImageReader,
  imagesDataset,
} from './images/imagesDataset.ts';
export { inputNamed } from './inputNamed.ts';
export { type SplitOptions, splitRows } from './splitRows.ts';
export {
  type FeatureEncoding,
  type TableEncoding,
  type TargetEncoding,
  textColumns,
} from './tables/encoding.ts';
export { type FitTableOptions, fitTable } from './tables/fitTable.ts';
export { openArrowTable } from './tables/openArrowTable.ts';
export { openParquetTable } from './tables/openParquetTable.ts';
export { readCsvTable } from './tables/readCsvTable.ts';
export { type ColumnValues, type Table, type TableColumn, tableOf } from './tables/table.ts';
export { type TableDatasetOptions, tableDataset } from './tables/tableDataset.ts';

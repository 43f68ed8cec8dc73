import type { ImageEncoding, TableEncoding } from '@clr/data';

/** The encoding of data as numbers, as it is stored beside a model. */
export type Encoding = TableEncoding | ImageEncoding;

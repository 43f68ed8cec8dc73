import type { ImageEncoding, TableEncoding } from '@clr/data';

/** The encoding of data as numbers, in the form stored beside a model. */
export type Encoding = TableEncoding | ImageEncoding;

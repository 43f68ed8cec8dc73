import { readFileSync } from 'node:fs';
import { oraclePath, readOracle } from '@clr/tooling/oracle';
import * as ort from 'onnxruntime-node';
import { type OracleJson, type OracleModel, parseOracle } from './oracleModel.ts';

export { type OracleModel, relativeError } from './oracleModel.ts';

/** One of the oracle's models, read from its files. */
export function oracleModel(name: string): OracleModel {
  const read = (kind: string): Uint8Array => new Uint8Array(readFileSync(oraclePath(`onnx/${name}.${kind}`)));
  return parseOracle(ort.Tensor, readOracle<OracleJson>(`onnx/${name}.json`), read('bin'), read('onnx'));
}

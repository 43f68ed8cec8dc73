import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as ort from 'onnxruntime-node';
import { type OracleJson, type OracleModel, parseOracle } from './oracleModel.ts';

const { resolve } = createRequire(import.meta.url);

/** Reads the files of a model that PyTorch trained. */
export function oracleModel(name: string): OracleModel {
  const read = (kind: string): Uint8Array =>
    new Uint8Array(readFileSync(resolve(`@clr/tooling/oracle/models/${name}.${kind}`)));
  const json = JSON.parse(new TextDecoder().decode(read('json'))) as OracleJson;
  return parseOracle(ort.Tensor, json, read('bin'), read('onnx'));
}

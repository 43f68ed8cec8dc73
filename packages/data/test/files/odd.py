"""Writes files with PyArrow 25. odd.arrow and odd.parquet hold values that readers often get wrong. twice.* hold two
columns of the same name. times.* hold times of day and durations in every unit."""
import decimal

import pyarrow as pa
import pyarrow.parquet as pq

D = decimal.Decimal
columns = {
    'decimal': pa.array([D('-1.25'), D('99999.99'), None, D('-0.01')], pa.decimal256(60, 2)),
    'unsigned': pa.array([2**64 - 1, 1, None, 0], pa.uint64()),
    'keyed': pa.array([-10, 20, None, -10], pa.int32()).dictionary_encode(),
    'at': pa.array([1, -1, None, 1700000000123456], pa.timestamp('us')),
    '__proto__': pa.array([1, 2, None, 4], pa.int8()),
    'bytes': pa.array([b'a', b'\xff', None, b'b']),
}
# A time just after half past one, and one just before midnight, in each unit.
moments = {'s': [5400, None, 86399], 'ms': [5400250, None, 86399999]}
moments['us'] = [5400250125, None, 86399999999]
moments['ns'] = [5400250125500, None, 86399999999999]
times = {unit: pa.array(values, (pa.time32 if unit in ('s', 'ms') else pa.time64)(unit)) for unit, values in moments.items()}
spans = {f'span {unit}': pa.array([1500, None, -1], pa.duration(unit)) for unit in moments}
odd, twice = pa.table(columns), pa.table([[1, 2], [3, 4]], names=['x', 'x'])
for name, table in (('odd', odd), ('twice', twice), ('times', pa.table({**times, **spans}))):
    with pa.OSFile(f'{name}.arrow', 'wb') as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=3)
    # An empty row group in the middle.
    with pq.ParquetWriter(f'{name}.parquet', table.schema) as writer:
        for part in (table.slice(0, 2), table.slice(0, 0), table.slice(2)):
            writer.write_table(part, row_group_size=3)

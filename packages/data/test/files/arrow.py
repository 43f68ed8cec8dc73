"""Writes two files with PyArrow 25. table.arrow has nulls, float16, decimals, dictionaries and dates, in two batches.
packed.arrow has the same table, compressed."""
import datetime
import decimal

import pyarrow as pa

n = 40
even = [i for i in range(n)]
table = pa.table({
    'id': pa.array(even, pa.int64()),
    'half': pa.array([pa.scalar(i / 4).as_py() if i % 5 else None for i in even], pa.float32()).cast(pa.float16()),
    'price': pa.array([decimal.Decimal(i * 125 - 300) / 100 if i % 7 else None for i in even], pa.decimal128(12, 2)),
    'flag': pa.array([i % 2 == 0 for i in even]),
    'day': pa.array([datetime.date(2020, 1, 1) + datetime.timedelta(days=i) for i in even], pa.date32()),
    'at': pa.array([datetime.datetime(2020, 1, 1, 0, 0, i) for i in even], pa.timestamp('us')),
    'town': pa.array([['Rome', 'Oslo', None][i % 3] for i in even]).dictionary_encode(),
    'list': pa.array([[i] for i in even]),
    'y': pa.array(['high' if i > 20 else 'low' for i in even]),
})
with pa.OSFile('table.arrow', 'wb') as sink, pa.ipc.new_file(sink, table.schema) as writer:
    writer.write_table(table, max_chunksize=25)
with pa.OSFile('packed.arrow', 'wb') as sink, pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression='lz4')) as writer:
    writer.write_table(table)

#!/usr/bin/env bash
# MPICH's transport UCX grows and shrinks the process's heap by one page in MPI_Init, to test its memory hooks.
# No lock keeps another thread, such as a thread of Node, from growing the heap in between.
set -euo pipefail
cd "$(mktemp -d)"
apt-get download -q=2 libmpich12=4.0.2-3+b1 libucx0=1.13.1-1 libhwloc15=2.9.0-1 libnuma1=2.0.16-1 \
  strace=6.1-0.1 libunwind8=1.6.2-3 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund koffi@3.3.4
cat > see.mjs <<'JS'
import koffi from 'koffi';

const mpi = koffi.load('libmpich.so.12', { global: true });
process.exitCode = mpi.func('MPI_Init', 'int', ['void *', 'void *'])(null, null);
mpi.func('MPI_Finalize', 'int', [])();
JS
export LD_LIBRARY_PATH=$PWD/usr/lib/x86_64-linux-gnu
# Counts how often the main thread raises the heap's end by exactly one page and lowers it back in its next call.
pages() {
  UCX_MEM_EVENTS=$1 usr/bin/strace -f -e trace=brk -o "$1.txt" node see.mjs
  awk 'NR == 1 { main = $1 } $1 == main && $NF ~ /^0x/ { print $NF }' "$1.txt" | while read -r end; do echo $((end)); done |
    awk '{ if (NR > 2 && last - before == 4096 && $1 == before) found++; before = last; last = $1 } END { print found + 0 }'
}
with=$(pages yes)
without=$(pages no)
echo "MPICH 4.0.2, UCX 1.13.1: with memory hooks the heap grew and shrank by one page $with times in MPI_Init,"
echo "without them (UCX_MEM_EVENTS=no) $without times"
[ "$with" -ge 1 ] && [ "$without" -eq 0 ]

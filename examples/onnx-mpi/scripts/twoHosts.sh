#!/bin/sh
# Simulates two hosts on one machine: two network namespaces with an address each, joined by a virtual cable. Trains the
# example over TCP between them, and compares the model with that of two ranks on one host. Needs root, Open MPI and
# iproute2. Run it in examples/onnx-mpi:
#
#   sh scripts/twoHosts.sh [steps]
set -eu
steps=${1:-60}
work=$(mktemp -d)
names="clr-one clr-two"
cleanup() {
  for name in $names; do ip netns delete "$name" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT

ip netns add clr-one
ip netns add clr-two
ip link add cable netns clr-one type veth peer name cable netns clr-two
ip -n clr-one address add 10.77.0.1/24 dev cable
ip -n clr-two address add 10.77.0.2/24 dev cable
for name in $names; do
  ip -n "$name" link set lo up
  ip -n "$name" link set cable up
done

# A replacement for ssh in mpirun: it enters the namespace of an address, with its own host name.
cat > "$work/enter" <<'END'
#!/bin/sh
case "$1" in 10.77.0.1) name=clr-one ;; 10.77.0.2) name=clr-two ;; *) exit 255 ;; esac
shift
exec ip netns exec "$name" unshare --uts sh -c "hostname $name; $*"
END
chmod +x "$work/enter"

run() {
  name=$1
  shift
  "$@" node --import tsx src/main.ts --steps "$steps" --images 6400 \
    --checkpoint "$work/$name.safetensors" --out "$work/$name.onnx"
}
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

echo "one host:"
run one mpirun -n 2 --oversubscribe
echo "two hosts, 10.77.0.1 and 10.77.0.2:"
run two "$work/enter" 10.77.0.1 mpirun -n 2 --host 10.77.0.1:1,10.77.0.2:1 \
  --mca plm_rsh_agent "$work/enter" --mca oob_tcp_if_include 10.77.0.0/24 \
  --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24 \
  -x OMPI_MCA_mpi_yield_when_idle
bytes=$(ip netns exec clr-two cat /sys/class/net/cable/statistics/rx_bytes)
echo "$bytes bytes came to the second host"
cmp "$work/one.onnx" "$work/two.onnx" && echo "the same model, bit for bit"

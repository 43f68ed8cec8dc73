"""Trains one net in PyTorch on command: one line of JSON in, one line of JSON out."""

import ctypes
import json
import resource
import sys
import time
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F
from onnx import TensorProto, helper

from nets import NETS

THREADS = 2
# The exporter warns about the batch counter of every batch norm.
warnings.filterwarnings("ignore")


class Run:
    """One net with its batch and optimizer; exports itself so that both sides start from the same weights."""

    def __init__(self, net, batch, momentum, weightDecay, folder=None):
        make, shape, classes = NETS[net]
        torch.manual_seed(1)
        self.model = make().train()
        self.input = torch.randn(batch, *shape)
        self.target = torch.randint(0, classes, (batch,))
        if folder is not None:
            self.export(Path(folder), net)
        self.optimizer = torch.optim.SGD(
            [p for p in self.model.parameters() if p.requires_grad], lr=0.01, momentum=momentum, weight_decay=weightDecay)
        self.shape = [batch, *shape]

    def export(self, folder, net):
        self.input.numpy().tofile(folder / f'{net}.input')
        self.target.numpy().tofile(folder / f'{net}.target')
        # The exporter runs the model, which changes running statistics, so restore them.
        start = {name: value.clone() for name, value in self.model.state_dict().items()}
        torch.onnx.export(
            self.model, self.input[:2], str(folder / f'{net}.onnx'), opset_version=17,
            input_names=['input'], output_names=['output'], do_constant_folding=False,
            # Modules in inference mode stay in that mode.
            training=torch.onnx.TrainingMode.PRESERVE,
            dynamic_axes={'input': {0: 'batch'}, 'output': {0: 'batch'}},
        )
        self.model.load_state_dict(start)
        self.model.train()

    def step(self, lr):
        for group in self.optimizer.param_groups:
            group['lr'] = lr
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(self.input), self.target)
        loss.backward()
        self.optimizer.step()
        return loss.item()


SIZE = 1024


def write_product(path, size):
    """A product of two square matrices as ONNX."""
    value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [size, size])
    node = helper.make_node('MatMul', ['a', 'b'], ['y'])
    graph = helper.make_graph([node], 'product', [value('a'), value('b')], [value('y')])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 18)], ir_version=8)
    path.write_bytes(model.SerializeToString())


def kernels(paths):
    """The names of the kernels that OpenBLAS chose, if it is loaded. OPENBLAS_CORETYPE can make it choose slower ones."""
    found = set()
    for path in paths:
        try:
            name = ctypes.CDLL(path).openblas_get_corename
        except (OSError, AttributeError):
            continue
        name.restype = ctypes.c_char_p
        found.add(name().decode())
    return ', '.join(sorted(found))


def blas(folder):
    """The library that computes matrix products, its kernels, and its speed. Also writes products as ONNX."""
    a, b = torch.randn(SIZE, SIZE), torch.randn(SIZE, SIZE)
    write_product(Path(folder) / 'product.onnx', SIZE)
    write_product(Path(folder) / 'small.onnx', 1)
    times = []
    for _ in range(12):
        start = time.perf_counter()
        a @ b
        times.append(time.perf_counter() - start)
    with open('/proc/self/maps') as maps:
        paths = {line.split()[-1] for line in maps if '/' in line}
    libraries = sorted({str(Path(path).resolve()) for path in paths if 'blas' in path or 'mkl' in path})
    names = ', '.join(Path(path).name for path in libraries) or 'its own'
    chosen = kernels(libraries)
    return {'library': f'{names}: {chosen}' if chosen else names, 'gigaflops': 2 * SIZE ** 3 / sorted(times)[6] / 1e9}


def profile(run, count, lr):
    """The time of each operator in a step, in milliseconds: the fastest of several steps, from PyTorch's own profile."""
    fastest = {}
    for step in range(count + 1):
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as recorded:
            run.step(lr)
        # The first profile of a process pays for starting the profiler.
        if step == 0:
            continue
        for event in recorded.key_averages():
            # The own time of an operator that calls many short operators can come out below zero.
            time = max(0, event.self_cpu_time_total / 1000)
            fastest[event.key] = min(time, fastest.get(event.key, time))
    return fastest


def peak_mebibytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    torch.set_num_threads(THREADS)
    run = None
    for line in sys.stdin:
        request = json.loads(line)
        command = request.pop('command')
        if command == 'prepare':
            run = Run(**request)
            answer = {'shape': run.shape}
        elif command == 'steps':
            times, losses = [], []
            for _ in range(request['count']):
                start = time.perf_counter()
                losses.append(run.step(request['lr']))
                times.append((time.perf_counter() - start) * 1000)
            answer = {'milliseconds': times, 'losses': losses}
        elif command == 'profile':
            answer = {'operators': profile(run, **request)}
        elif command == 'blas':
            answer = blas(**request)
        elif command == 'memory':
            if run is None:
                torch.ones(1, 1) @ torch.ones(1, 1)
            answer = {'peak': peak_mebibytes()}
        else:
            answer = {'versions': f'PyTorch {torch.__version__}, {torch.get_num_threads()} threads'}
        print(json.dumps(answer), flush=True)


main()

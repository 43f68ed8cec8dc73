"""Writes the two CIFAR-10 nets of Caffe's examples as ONNX files, at full and at half width.

Run with Debian's python3-onnx: /usr/bin/python3 nets.py
The weights are zeros; `net.ts` sets the initial weights of a seed. The files are kept in git.

Source: BVLC/caffe, examples/cifar10/cifar10_{quick,full}_train_test.prototxt. Caffe's pooling rounds sizes up and cuts
windows at the edge. Its local response normalisation within a channel divides by 9 at the edge, too.
"""

import pathlib

import numpy
from onnx import TensorProto, checker, helper, numpy_helper, save

FOLDER = pathlib.Path(__file__).parent / "nets"


class Net:
    def __init__(self):
        self.nodes, self.tensors, self.value = [], [], "input"

    def then(self, operator, *operands, output=None, **attributes):
        output = output or f"{operator.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, [self.value, *operands], [output], **attributes))
        self.value = output

    def weights(self, layer, *shape):
        for name, dims in ((f"{layer}.weight", shape), (f"{layer}.bias", shape[:1])):
            self.tensors.append(numpy_helper.from_array(numpy.zeros(dims, numpy.float32), name))
        return f"{layer}.weight", f"{layer}.bias"

    def constant(self, name, value):
        self.tensors.append(numpy_helper.from_array(numpy.float32(value), name))
        return name

    def conv(self, layer, inputs, outputs):
        self.then("Conv", *self.weights(layer, outputs, inputs, 5, 5), pads=[2] * 4)

    def max_pool(self):
        self.then("MaxPool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)

    def average_pool(self):
        self.then("AveragePool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)

    def lrn(self, layer):
        """x (1 + alpha mean(x^2))^-beta, the mean over 3 x 3 pixels of the same channel."""
        x = self.value
        self.then("Mul", x)
        self.then("AveragePool", kernel_shape=[3, 3], pads=[1] * 4, count_include_pad=1)
        self.then("Mul", self.constant(f"{layer}.alpha", 5e-5))
        self.then("Add", self.constant(f"{layer}.k", 1))
        self.then("Pow", self.constant(f"{layer}.exponent", -0.75))
        self.then("Mul", x)

    def dense(self, layer, inputs, outputs, **names):
        self.then("Gemm", *self.weights(layer, outputs, inputs), transB=1, **names)

    def write(self, name):
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, 32, 32])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 10])],
            self.tensors,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
        checker.check_model(model, full_check=True)
        save(model, str(FOLDER / f"{name}.onnx"))


def quick(a, b, c, hidden):
    net = Net()
    net.conv("conv1", 3, a)
    net.max_pool()
    net.then("Relu")
    net.conv("conv2", a, b)
    net.then("Relu")
    net.average_pool()
    net.conv("conv3", b, c)
    net.then("Relu")
    net.average_pool()
    net.then("Flatten")
    net.dense("ip1", 16 * c, hidden)
    net.dense("ip2", hidden, 10, output="logits")
    return net


def full(a, b, c):
    net = Net()
    net.conv("conv1", 3, a)
    net.max_pool()
    net.then("Relu")
    net.lrn("norm1")
    net.conv("conv2", a, b)
    net.then("Relu")
    net.average_pool()
    net.lrn("norm2")
    net.conv("conv3", b, c)
    net.then("Relu")
    net.average_pool()
    net.then("Flatten")
    net.dense("ip1", 16 * c, 10, output="logits")
    return net


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    quick(32, 32, 64, 64).write("quick")
    quick(16, 16, 32, 32).write("quick-half")
    full(32, 32, 64).write("full")
    full(16, 16, 32).write("full-half")

"""
Twenty steps of PyTorch's optimizers on two smooth problems, in float32: data/optimizers.json.

Both problems are smooth, so that float32 can reproduce their trajectories. The script checks this.
"""

import numpy as np
import torch
import torch.nn.functional as F

from common import dyadic, held, numbers, write_json

STEPS = 20
SGD, ADAM, ADAMW = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
RMSPROP, ADAGRAD = torch.optim.RMSprop, torch.optim.Adagrad

# name, class, options, whether the momentum is cycled, lowest and highest rate
OPTIMIZERS = [
    ("sgd", SGD, {}, False, 0.01, 0.1),
    ("sgd_momentum0.9", SGD, {"momentum": 0.9}, False, 0.01, 0.1),
    ("sgd_momentum0.9_cycled", SGD, {"momentum": 0.9}, True, 0.01, 0.1),
    ("sgd_nesterov0.9", SGD, {"momentum": 0.9, "nesterov": True}, False, 0.01, 0.1),
    ("sgd_nesterov_cycled", SGD, {"momentum": 0.9, "nesterov": True}, True, 0.01, 0.1),
    ("sgd_momentum0.9_wd1e-2", SGD, {"momentum": 0.9, "weight_decay": 0.01}, False, 0.01, 0.1),
    ("sgd_wd1e-1", SGD, {"weight_decay": 0.1}, False, 0.01, 0.1),
    ("adam", ADAM, {}, False, 0.001, 0.02),
    ("adam_betas0.8_0.95_eps1e-6", ADAM, {"betas": [0.8, 0.95], "eps": 1e-6}, False, 0.001, 0.02),
    ("adam_wd1e-2", ADAM, {"weight_decay": 0.01}, False, 0.001, 0.02),
    ("adamw", ADAMW, {}, False, 0.001, 0.02),
    ("adamw_wd0.1", ADAMW, {"weight_decay": 0.1}, False, 0.001, 0.02),
    ("rmsprop", RMSPROP, {}, False, 0.001, 0.01),
    ("rmsprop_alpha0.9_momentum0.9", RMSPROP, {"alpha": 0.9, "momentum": 0.9}, False, 0.001, 0.01),
    ("rmsprop_centered_wd", RMSPROP, {"centered": True, "weight_decay": 0.01}, False, 0.001, 0.01),
    ("adagrad", ADAGRAD, {}, False, 0.01, 0.2),
    (
        "adagrad_init0.1_lrdecay1e-2_wd",
        ADAGRAD,
        {"initial_accumulator_value": 0.1, "lr_decay": 0.01, "weight_decay": 0.01},
        False,
        0.01,
        0.2,
    ),
]


def quadratic(random):
    """0.5 (w - c)^T A (w - c), A symmetric with a dominant diagonal."""
    part = dyadic(random, (6, 6), 0.5, 1 / 64)
    matrix = (part + part.T) / 2 + np.diag(dyadic(random, 6, 1, 1 / 8) + 3.5)
    centre, start = dyadic(random, 6, 2, 1 / 8), dyadic(random, 6, 2, 1 / 8)

    def loss(weights):
        distance = weights["w"] - torch.tensor(centre, dtype=weights["w"].dtype)
        return 0.5 * distance @ torch.tensor(matrix, dtype=distance.dtype) @ distance

    description = {"A": matrix.tolist(), "c": centre.tolist(), "w0": start.tolist()}
    return description, {"w": start}, loss


def mlp(random):
    """tanh MLP 5-8-3 (y = x W^T + b), cross-entropy, one full batch of 12."""
    inputs, classes = dyadic(random, (12, 5), 2, 1 / 8), random.randint(0, 3, size=12)
    start = {
        "w1": dyadic(random, (8, 5), 0.5, 1 / 64),
        "b1": dyadic(random, 8, 0.25, 1 / 64),
        "w2": dyadic(random, (3, 8), 0.5, 1 / 64),
        "b2": dyadic(random, 3, 0.25, 1 / 64),
    }

    def loss(weights):
        x = torch.tensor(inputs, dtype=weights["w1"].dtype)
        hidden = torch.tanh(F.linear(x, weights["w1"], weights["b1"]))
        return F.cross_entropy(F.linear(hidden, weights["w2"], weights["b2"]), torch.tensor(classes))

    init = {name: {"shape": list(value.shape), "data": value.ravel().tolist()} for name, value in start.items()}
    return {"X": inputs.tolist(), "Y": classes.tolist(), "init": init}, start, loss


def train(start, loss_of, optimizer_class, options, cycled, low, high, dtype, nudge):
    weights = {name: nudge(torch.tensor(value)).to(dtype).requires_grad_() for name, value in start.items()}
    optimizer = optimizer_class(weights.values(), lr=low, **options)
    scheduler = torch.optim.lr_scheduler.CyclicLR(
        optimizer, low, high, 4, 3, "triangular2", cycle_momentum=cycled, base_momentum=0.8, max_momentum=0.95
    )
    record = {"lr": [], "momentum": [], "loss": []}
    for _ in range(STEPS):
        (group,) = optimizer.param_groups
        record["lr"].append(group["lr"])
        record["momentum"].append(group.get("momentum", 0))
        optimizer.zero_grad()
        loss = loss_of(weights)
        record["loss"].append(loss)
        loss.backward()
        optimizer.step()
        scheduler.step()
    return record, weights


def main():
    random = np.random.RandomState(1)
    problems = {"quadratic": quadratic(random), "mlp": mlp(random)}
    runs = []
    for problem, (_, start, loss_of) in problems.items():
        for name, kind, options, cycled, low, high in OPTIMIZERS:
            kept = {}

            def run(dtype, nudge):
                record, weights = train(start, loss_of, kind, options, cycled, low, high, dtype, nudge)
                if not kept:
                    kept.update(record=record, weights=weights)
                losses = np.array([loss.item() for loss in record["loss"]])
                return {"loss": losses, **{key: value.detach().numpy() for key, value in weights.items()}}

            assert held(run), f"{problem} {name}: float32 cannot reproduce it"
            record = kept["record"]
            entry = {"problem": problem, "optimizer": name, "cls": kind.__name__, "options": options}
            entry["lr"] = record["lr"]
            if cycled:
                entry["momentum"] = record["momentum"]
            entry["loss"] = [number for loss in record["loss"] for number in numbers(loss)]
            entry["parameters"] = {key: numbers(value) for key, value in kept["weights"].items()}
            runs.append(entry)
    descriptions = {name: problem[0] for name, problem in problems.items()}
    write_json("optimizers", torch=torch.__version__, problems=descriptions, runs=runs)


if __name__ == "__main__":
    main()
